//! Permissions of real files, and locks between the threads of this process.

use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::bindings::buildout::recipe::paths::PathError;
use crate::bindings::buildout::recipe::types::UnnamedError;

/// A lock between the threads of this process.
#[derive(Debug)]
pub(crate) struct Lock(PathBuf);

static LOCKED: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);

pub(crate) fn try_lock(path: &str) -> Result<Option<Lock>, PathError> {
    File::options().create(true).append(true).open(path).map_err(failed)?;
    let mut locked = LOCKED.lock().unwrap_or_else(PoisonError::into_inner);
    let free = locked.get_or_insert_default().insert(path.into());
    Ok(free.then(|| Lock(path.into())))
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut locked = LOCKED.lock().unwrap_or_else(PoisonError::into_inner);
        locked.get_or_insert_default().remove(&self.0);
    }
}

pub(crate) fn set_mode(path: &str, mode: u32) -> Result<(), PathError> {
    use std::os::unix::fs::PermissionsExt as _;
    if std::fs::symlink_metadata(path).map_err(failed)?.is_symlink() {
        return Err(failed(std::io::Error::other("it is a symbolic link")));
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o777)).map_err(failed)
}

fn failed(error: std::io::Error) -> PathError {
    PathError::Other(UnnamedError { code: "io".to_owned(), message: error.to_string() })
}
