//! Paths that a recipe names to the host, and that it must be granted for writing.
//!
//! They are reached through the granted directory's handle: nothing beyond it is touched, whatever links there are.

use std::io;
use std::path::PathBuf;

use cap_std::fs::{Dir, Permissions, PermissionsExt as _};

use super::bindings::buildout::recipe::paths::PathError;
use super::bindings::buildout::recipe::types::UnnamedError;
use super::grants::Granted;
use super::limits;
use super::mounts::{Access, Mount, normalise};

/// The bits of a file's permissions that a recipe may set.
const PERMISSIONS: u32 = 0o777;

/// A path beneath a granted directory.
pub(super) struct Path {
    mount: Mount,
    /// The rest of the path; `.` for the directory itself.
    pub(super) rest: PathBuf,
}

impl Path {
    pub(super) fn directory(&self) -> io::Result<Dir> {
        Ok(Dir::from_std_file(self.mount.open()?))
    }
}

/// Where `path` leads, which the recipe must be granted for writing.
pub(super) fn route(granted: &Granted, path: &str) -> Result<Path, PathError> {
    if path.len() > limits::PATH {
        return Err(PathError::Limit);
    }
    if path.is_empty() || path.contains('\0') {
        return Err(PathError::Invalid);
    }
    let path = normalise(&granted.directory().join(path));
    let route = granted.mounts.route(&path).and_then(|(at, rest)| Some((granted.mounts.get(at)?, rest)));
    let Some((mount, rest)) = route.filter(|(mount, _)| mount.access == Access::Write) else {
        return Err(PathError::Outside);
    };
    let rest = if rest.as_os_str().is_empty() { ".".into() } else { rest.to_owned() };
    Ok(Path { mount: mount.clone(), rest })
}

/// Sets the permissions of what `path` names.
pub(super) fn set_mode(granted: &Granted, path: &str, mode: u32) -> Result<(), PathError> {
    let path = route(granted, path)?;
    let set = || {
        let directory = path.directory()?;
        if directory.symlink_metadata(&path.rest)?.is_symlink() {
            return Err(io::Error::other("it is a symbolic link"));
        }
        directory.set_permissions(&path.rest, Permissions::from_mode(mode & PERMISSIONS))
    };
    set().map_err(|error| failed(&error))
}

/// What the system said.
pub(super) fn failed(error: &io::Error) -> PathError {
    PathError::Other(UnnamedError { code: "io".to_owned(), message: error.to_string() })
}
