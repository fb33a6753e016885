//! Locks of files, for what the recipes of several buildouts make at one place.
//!
//! Advisory (`flock`): the kernel frees one when its holder ends, however it ends. The file stays, since removing it
//! would let two hold what has one name. Knows nothing of what is made.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, OpenOptions};

use super::bindings::buildout::recipe::paths::PathError;
use super::bindings::buildout::recipe::types::UnnamedError;
use super::grants::Granted;
use super::limits;
use super::mounts::{Access, Mount, normalise};

/// A lock that is held: closing the file frees it.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of `path`, which the recipe must be granted for writing; none if somebody else holds it.
    pub(super) fn attempt(granted: &Granted, path: &str) -> Result<Option<Self>, PathError> {
        if path.len() > limits::PATH {
            return Err(PathError::Limit);
        }
        if path.is_empty() || path.contains('\0') {
            return Err(PathError::Invalid);
        }
        let path = normalise(&granted.directory().join(path));
        let route = granted.mounts.route(&path).and_then(|(at, rest)| Some((granted.mounts.get(at)?, rest)));
        let Some((mount, rest)) = route.filter(|(mount, rest)| mount.access == Access::Write && rest != &Path::new(""))
        else {
            return Err(PathError::Outside);
        };
        let file = open(mount, rest).map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(&error)),
        }
    }
}

/// Opens the file beneath the directory; its last name is not followed where it is a symbolic link.
fn open(mount: &Mount, rest: &Path) -> io::Result<File> {
    let directory = Dir::from_std_file(mount.open()?);
    let mut options = OpenOptions::new();
    options.write(true).create(true).follow(FollowSymlinks::No);
    Ok(directory.open_with(rest, &options)?.into_std())
}

fn failed(error: &io::Error) -> PathError {
    PathError::Other(UnnamedError { code: "io".to_owned(), message: error.to_string() })
}
