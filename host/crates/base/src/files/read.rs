//! Reading of files that someone else can change: bounded, and never waiting.
//!
//! A path can be replaced by a named pipe at any time, and opening a pipe for reading blocks until someone writes. So
//! every file is opened without blocking, and then checked by its descriptor.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

use super::error::FileError;

/// Opens a regular file for reading; a symbolic link is followed.
///
/// # Errors
/// The system's error, or that it is not a regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let kind = file.metadata()?.file_type();
    match kind {
        _ if kind.is_file() => Ok(file),
        // The system's error for reading a directory.
        _ if kind.is_dir() => Err(rustix::io::Errno::ISDIR.into()),
        _ => Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
    }
}

/// The content of a regular file of at most `most` bytes.
///
/// # Errors
/// As [`open_regular`]; also if the file is larger.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_open(&open_regular(path)?, most)
}

/// The rest of an open file, of at most `most` bytes.
///
/// # Errors
/// The system's error; also if there is more.
pub fn read_open(file: &File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let message = format!("it is larger than {}", crate::source::size(most));
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// The content of a regular file; `None` if it does not exist.
///
/// # Errors
/// Any error except a missing file; a directory is an error.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match read_at_most(path, u64::MAX) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::of("read", path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn a_file_in_whose_place_a_pipe_is_holds_up_no_one() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let message = read(&pipe).unwrap_err().to_string();
        assert!(message.ends_with("/pipe: it is not a regular file"), "{message}");
        let message = read(directory.path()).unwrap_err().to_string();
        assert!(message.contains("Is a directory"), "{message}");
        assert_eq!(read(&directory.path().join("none")).unwrap(), None);
    }

    #[test]
    fn a_limit_is_exact() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(read_at_most(&path, 3).unwrap(), b"abc");
        assert_eq!(read_at_most(&path, 2).unwrap_err().to_string(), "it is larger than 2 bytes");
    }
}
