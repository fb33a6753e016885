//! The lock of `recipes.lock` while it is written.

use std::fs::File;
use std::path::Path;

use base::files::{FileError, lock_directory};

use super::sources::ConnectionContext;

/// Prevents other processes from writing `recipes.lock` until it is dropped. The lock is on the directory, so that no
/// lock file is left behind.
#[derive(Debug)]
pub struct LockFileGuard {
    _directory: File,
}

impl LockFileGuard {
    /// Takes the lock for the file at `path`; waits while another process holds it.
    ///
    /// # Errors
    /// When the directory cannot be locked, or the run was interrupted meanwhile.
    pub fn take(path: &Path, access: &ConnectionContext) -> Result<Self, FileError> {
        let waiting = format!("Waiting for another process that has locked the directory of {}", path.display());
        let directory = lock_directory(path.parent().unwrap_or(path), &*access.report, &waiting, &access.interrupt)?;
        Ok(Self { _directory: directory })
    }
}
