//! Locks of files, for what the recipes of several buildouts make at one place.
//!
//! Advisory (`flock`): the kernel frees one when its holder ends, however it ends. The file stays, since removing it
//! would let two hold what has one name. Knows nothing of what is made.

use std::fs::{File, TryLockError};
use std::io;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::OpenOptions;

use super::bindings::buildout::recipe::paths::PathError;
use super::grants::Granted;
use super::writable;

/// A lock that is held: closing the file frees it.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of `path`, which the recipe must be granted for writing; none if somebody else holds it.
    pub(super) fn attempt(granted: &Granted, path: &str) -> Result<Option<Self>, PathError> {
        let path = writable::route(granted, path)?;
        let file = open(&path).map_err(|error| writable::failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(writable::failed(&error)),
        }
    }
}

/// Opens the file; its last name is not followed where it is a symbolic link.
fn open(path: &writable::Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).follow(FollowSymlinks::No);
    let (directory, rest) = path.place()?;
    Ok(directory.open_with(rest, &options)?.into_std())
}
