//! Opens files from the command line or from `extends`: a file, a device, or a pipe that this process inherited.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{OFlags, fcntl_setfl};

/// Opens a file for reading. A named pipe is refused, as opening it would block until someone writes to it; a
/// descriptor of this process (`/dev/stdin`, `<(COMMAND)` in bash) is accepted.
///
/// # Errors
/// The system's error; also if it is a directory, or a named pipe ([`ErrorKind::InvalidInput`]).
pub fn open_input(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        // The system's error for reading a directory.
        return Err(rustix::io::Errno::ISDIR.into());
    }
    if kind.is_fifo() && !is_open_already(path) {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is a named pipe, not a file"));
    }
    // Reading may block: the user asked for it.
    fcntl_setfl(&file, OFlags::empty())?;
    Ok(file)
}

fn is_open_already(path: &Path) -> bool {
    path == Path::new("/dev/stdin") || path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn refuses_a_named_pipe_and_a_directory() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert_eq!(open_input(&pipe).unwrap_err().to_string(), "it is a named pipe, not a file");
        assert_eq!(open_input(directory.path()).unwrap_err().kind(), ErrorKind::IsADirectory);
    }

    #[test]
    fn waits_for_a_pipe_that_is_open_already() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut file = open_input(Path::new(&format!("/proc/self/fd/{}", reader.as_raw_fd()))).unwrap();
        drop(reader);
        let mut text = String::new();
        std::thread::scope(|scope| {
            let read = scope.spawn(|| file.read_to_string(&mut text).unwrap());
            writer.write_all(b"late").unwrap();
            drop(writer);
            assert_eq!(read.join().unwrap(), 4);
        });
        assert_eq!(text, "late");
    }
}
