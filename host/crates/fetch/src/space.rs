//! Free space: prevents downloads and archives from filling up a file system.

use std::path::{Path, PathBuf};

use base::source::{Explain, size};

/// Number of bytes that must stay free on a file system, for other programs and the state of the buildout.
const RESERVE: u64 = 64 << 20;
/// On a small file system, only this fraction must stay free.
const FRACTION: u64 = 50;

/// There is not enough free space.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Not enough space in {}: {} are free, and {} are needed", .directory.display(), size(*.free), size(*.needed))]
pub struct NoSpace {
    /// The directory on the full file system.
    pub(crate) directory: PathBuf,
    /// Free bytes.
    pub(crate) free: u64,
    /// Required bytes, including the reserve.
    pub(crate) needed: u64,
}

impl Explain for NoSpace {
    fn hints(&self) -> Vec<String> {
        vec!["Make room on that file system, then run again.".to_owned()]
    }
}

/// Checks that there is room for `more` bytes in `directory`. If the free space is unknown, the check succeeds.
///
/// # Errors
/// If there is not enough room.
pub(crate) fn check(directory: &Path, more: u64) -> Result<(), NoSpace> {
    let Ok(status) = rustix::fs::statvfs(directory) else { return Ok(()) };
    let free = status.f_bavail.saturating_mul(status.f_frsize);
    let reserve = RESERVE.min(status.f_blocks.saturating_mul(status.f_frsize) / FRACTION);
    let needed = more.saturating_add(reserve);
    match free < needed {
        true => Err(NoSpace { directory: directory.to_owned(), free, needed }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_what_is_free_and_what_is_needed() {
        assert_eq!(check(Path::new("/"), 0), Ok(()));
        let error = check(Path::new("/"), 1 << 60).unwrap_err();
        assert!(error.to_string().starts_with("Not enough space in /: "), "{error}");
        assert!(error.to_string().ends_with("GB are needed"), "{error}");
    }
}
