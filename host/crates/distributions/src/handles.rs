//! Files in directories that builds, recipes or other programs can change, reached through open directories: no link is
//! followed, and no pipe or device is waited for.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Component, Path};

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, FileType, OpenOptions, OpenOptionsExt as _};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// The deepest directory that is entered below another one.
pub(crate) const DEEPEST: usize = 128;

/// Bytes that are copied between two looks at whether to stop.
const PIECE: u64 = 4 << 20;

/// Opens the directory at an absolute path on which no part is a symbolic link.
pub(crate) fn open_real(path: &Path) -> io::Result<Dir> {
    let mut directory = Dir::open_ambient_dir("/", ambient_authority())?;
    for component in path.components() {
        match component {
            Component::RootDir => {}
            Component::Normal(name) => directory = open_directory(&directory, name)?,
            _ => return Err(ErrorKind::InvalidInput.into()),
        }
    }
    Ok(directory)
}

/// Opens the directory `name` of `directory`; a link is an error.
pub(crate) fn open_directory(directory: &Dir, name: &OsStr) -> io::Result<Dir> {
    directory.open_dir_nofollow(name)
}

/// A handle of the directory that can be locked and made durable.
pub(crate) fn as_file(directory: &Dir) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(directory, ".", flags, Mode::empty())?.into())
}

/// Opens the regular file `name` of `directory` for reading; a link, a pipe or a device is an error.
pub(crate) fn open_file(directory: &Dir, name: &OsStr) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    options.read(true).follow(FollowSymlinks::No).custom_flags(flags);
    let file = match directory.open_with(name, &options) {
        Err(error) if Errno::from_io_error(&error) == Some(Errno::LOOP) => return Err(no_file()),
        other => other?.into_std(),
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(no_file()) }
}

/// The content of the regular file `name` of `directory`, of at most `most` bytes.
pub(crate) fn read(directory: &Dir, name: &OsStr, most: u64) -> io::Result<Vec<u8>> {
    base::files::read_open(&open_file(directory, name)?, most)
}

/// Creates the file `name` of `directory`, which must not exist.
pub(crate) fn create(directory: &Dir, name: &OsStr, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    Ok(directory.open_with(name, &options)?.into_std())
}

/// The entries of a directory, sorted by name.
pub(crate) fn entries(directory: &Dir) -> io::Result<Vec<(OsString, FileType)>> {
    let mut found = Vec::new();
    for entry in directory.entries()? {
        let entry = entry?;
        found.push((entry.file_name(), entry.file_type()?));
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

/// Copies the content of a file; where the file system can share it until one copy is changed, it does. `canceled` is
/// called often.
pub(crate) fn copy_content(from: &File, to: &File, canceled: &dyn Fn() -> bool) -> io::Result<()> {
    if rustix::fs::ioctl_ficlone(to, from).is_ok() {
        return Ok(());
    }
    loop {
        if canceled() {
            return Err(ErrorKind::Interrupted.into());
        }
        if io::copy(&mut io::Read::take(from, PIECE), &mut { to })? == 0 {
            return Ok(());
        }
    }
}

/// The error about something that is not a regular file.
pub(crate) fn no_file() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")
}

/// What may still be copied: the input decides how much there is.
pub(crate) struct CopyBudget<'a> {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    pub(crate) canceled: &'a dyn Fn() -> bool,
}

impl CopyBudget<'_> {
    /// Counts one entry of so many bytes.
    ///
    /// # Errors
    /// When there is too much, or the run was interrupted.
    pub(crate) fn take(&mut self, bytes: u64) -> io::Result<()> {
        if (self.canceled)() {
            return Err(ErrorKind::Interrupted.into());
        }
        match (self.entries.checked_sub(1), self.bytes.checked_sub(bytes)) {
            (Some(entries), Some(bytes)) => {
                (self.entries, self.bytes) = (entries, bytes);
                Ok(())
            }
            _ => Err(io::Error::new(ErrorKind::FileTooLarge, "there is too much to copy")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, mknodat};

    #[test]
    fn only_regular_files_and_real_directories_are_opened() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("inner")).unwrap();
        std::fs::write(root.join("inner/file"), "text").unwrap();
        std::os::unix::fs::symlink("inner", root.join("link")).unwrap();
        std::os::unix::fs::symlink("file", root.join("inner/link")).unwrap();
        mknodat(CWD, root.join("inner/pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert!(open_real(&root.join("link")).is_err());
        let inner = open_real(&root.join("inner")).unwrap();
        assert_eq!(read(&inner, OsStr::new("file"), 4).unwrap(), b"text");
        assert!(read(&inner, OsStr::new("file"), 3).is_err());
        for name in ["link", "pipe", "../inner/file"] {
            assert!(open_file(&inner, OsStr::new(name)).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_copied_is_limited() {
        let mut budget = CopyBudget { entries: 2, bytes: 10, canceled: &|| false };
        budget.take(10).unwrap();
        assert!(budget.take(1).is_err());
        budget.take(0).unwrap();
        assert!(budget.take(0).is_err());
        assert_eq!(
            CopyBudget { entries: 1, bytes: 1, canceled: &|| true }.take(0).unwrap_err().kind(),
            ErrorKind::Interrupted
        );
    }
}
