//! The lock of `recipes.lock` while it is written.

use std::fs::File;
use std::path::Path;

use base::files::FileError;

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
    /// When the directory cannot be locked.
    pub fn take(path: &Path) -> Result<Self, FileError> {
        let directory = path.parent().unwrap_or(path);
        let file = File::open(directory).map_err(FileError::of("lock", directory))?;
        file.lock().map_err(FileError::of("lock", directory))?;
        Ok(Self { _directory: file })
    }
}
