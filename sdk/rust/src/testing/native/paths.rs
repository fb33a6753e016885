//! Locks: among the threads of this process.

use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::bindings::buildout::recipe::paths::PathError;
use crate::bindings::buildout::recipe::types::UnnamedError;

/// A lock among the threads of this process.
#[derive(Debug)]
pub(crate) struct Lock(PathBuf);

static LOCKED: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);

pub(crate) fn try_lock(path: &str) -> Result<Option<Lock>, PathError> {
    let other = |error: std::io::Error| UnnamedError { code: "io".to_owned(), message: error.to_string() };
    File::options().create(true).append(true).open(path).map_err(|error| PathError::Other(other(error)))?;
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
