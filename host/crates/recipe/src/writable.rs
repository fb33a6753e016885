//! Paths that a recipe names to the host, and that it must be granted for writing.
//!
//! They are reached through the granted directory's handle: nothing beyond it is touched, whatever links there are.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, Permissions, PermissionsExt as _};

use super::bindings::buildout::recipe::paths::PathError;
use super::bindings::buildout::recipe::types::UnnamedError;
use super::grants::Granted;
use super::limits;
use super::mounts::{Access, Mount, is_no_directory, normalise};

/// The bits of a file's permissions that a recipe may set.
const PERMISSIONS: u32 = 0o777;

/// A path beneath a granted directory, or that itself.
pub(super) struct Path {
    mount: Mount,
    /// The rest of the path; nothing for what is granted itself.
    rest: PathBuf,
}

impl Path {
    /// A directory, and the path of what is meant in it; `.` for a granted directory itself.
    pub(super) fn place(&self) -> io::Result<(Dir, PathBuf)> {
        match self.mount.open() {
            Err(error) if is_no_directory(&error) && self.rest.as_os_str().is_empty() => {
                let (holder, name) = self.mount.holder()?;
                Ok((Dir::from_std_file(holder), name.into()))
            }
            opened => {
                let rest = if self.rest.as_os_str().is_empty() { ".".into() } else { self.rest.clone() };
                Ok((Dir::from_std_file(opened?), rest))
            }
        }
    }

    /// The directory that holds it, and its name there. No link that a recipe may have made is followed on the way.
    pub(super) fn holder(&self) -> io::Result<(Dir, OsString)> {
        let Some(name) = self.rest.file_name() else {
            let (holder, name) = self.mount.holder()?;
            return Ok((Dir::from_std_file(holder), name.to_owned()));
        };
        let mut directory = Dir::from_std_file(self.mount.open()?);
        for component in self.rest.parent().into_iter().flat_map(std::path::Path::iter) {
            directory = directory.open_dir_nofollow(component)?;
        }
        Ok((directory, name.to_owned()))
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
    Ok(Path { mount: mount.clone(), rest: rest.to_owned() })
}

/// Sets the permissions of what `path` names.
pub(super) fn set_mode(granted: &Granted, path: &str, mode: u32) -> Result<(), PathError> {
    let path = route(granted, path)?;
    let set = || {
        let (directory, rest) = path.place()?;
        if directory.symlink_metadata(&rest)?.is_symlink() {
            return Err(io::Error::other("it is a symbolic link"));
        }
        directory.set_permissions(&rest, Permissions::from_mode(mode & PERMISSIONS))
    };
    set().map_err(|error| failed(&error))
}

/// What the system said.
pub(super) fn failed(error: &io::Error) -> PathError {
    PathError::Other(UnnamedError { code: "io".to_owned(), message: error.to_string() })
}
