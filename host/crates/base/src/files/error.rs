//! An operation on a file that the operating system refused.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::source::Explain;

/// A failed operation on a file: which operation, on what, and the system's cause.
#[derive(Debug, thiserror::Error)]
#[error("Cannot {doing} {}: {cause}", .path.display())]
pub struct FileError {
    /// The operation, as in `Cannot <doing> <path>`: `write`, `open`, `remove`.
    pub(crate) doing: &'static str,
    /// The path it operated on.
    pub path: PathBuf,
    /// The operating system's error.
    pub cause: io::Error,
}

impl FileError {
    /// For `map_err`: wraps the system's error about `path`.
    pub fn of(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self { doing, path: path.to_owned(), cause }
    }

    fn errno(&self) -> Option<Errno> {
        self.cause.raw_os_error().map(Errno::from_raw_os_error)
    }
}

impl Explain for FileError {
    fn hints(&self) -> Vec<String> {
        let hint = match self.errno() {
            Some(Errno::NOSPC) => "The file system is full: make room, then run again.",
            Some(Errno::DQUOT) => "Your disk quota is used up: make room, then run again.",
            Some(Errno::IO) => "The device reports a fault: check it (`dmesg`) before you run again.",
            Some(Errno::ROFS) => "The file system is mounted read-only.",
            Some(Errno::PERM) if self.doing == "replace" => {
                "The file is immutable or append-only: check it with `lsattr`, and undo that with `chattr -ia`."
            }
            Some(Errno::ACCESS | Errno::PERM) => "Check who owns the file and its directory, and their permissions.",
            Some(Errno::MFILE | Errno::NFILE) => "Too many files are open: raise the limit (`ulimit -n`).",
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}
