//! Paths that a recipe passes to the host, and that it must be granted.
//!
//! They are reached through the handle of the granted directory: nothing outside it is touched, regardless of links.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, Permissions, PermissionsExt as _};

use super::guard::{Change, Guard};
use super::mounts::{Mount, is_no_directory, normalize};

/// The bits of a file's permissions that a recipe may set.
const PERMISSIONS: u32 = 0o777;

/// Why a path cannot be used.
pub(crate) enum Ungranted {
    /// Longer than the system accepts.
    TooLong,
    /// Empty, or with a NUL.
    Invalid,
    /// No grant allows it.
    NotGranted,
}

/// A path that `recipes.toml` grants for writing.
#[derive(Clone, Debug)]
pub(crate) struct WritableGrant {
    /// Normalized.
    pub(crate) path: PathBuf,
    /// Whether it is written with a slash at the end.
    pub(crate) is_directory: bool,
}

impl WritableGrant {
    pub(super) fn of(path: &Path) -> Self {
        Self { path: normalize(path), is_directory: path.as_os_str().as_encoded_bytes().ends_with(b"/") }
    }
}

/// A path below a granted directory, or that directory itself.
pub(crate) struct GrantedPath {
    mount: Mount,
    /// The rest of the path; empty for the granted directory itself.
    rest: PathBuf,
    guard: Arc<Guard>,
}

impl GrantedPath {
    /// `guard` keeps what the recipe may not change there; of a path to be read, it is empty.
    pub(super) fn new(mount: &Mount, rest: &Path, guard: &Arc<Guard>) -> Self {
        Self { mount: mount.clone(), rest: rest.to_owned(), guard: Arc::clone(guard) }
    }

    /// A directory, and the path in it; `.` for a granted directory itself.
    pub(crate) fn place(&self) -> io::Result<(Dir, PathBuf)> {
        if !self.guard.is_empty() && !self.rest.as_os_str().is_empty() {
            let (directory, name) = self.changing(Change::Write)?;
            return Ok((directory, name.into()));
        }
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

    /// Whether it is a granted path itself.
    pub(crate) fn is_directory_of_grant(&self) -> bool {
        self.rest.as_os_str().is_empty()
    }

    /// As [`Self::holder`]; a granted directory itself is `.` in itself.
    pub(crate) fn in_directory(&self) -> io::Result<(Dir, OsString)> {
        match self.is_directory_of_grant() {
            true => self.place().map(|(directory, rest)| (directory, rest.into_os_string())),
            false => self.holder(),
        }
    }

    /// The parent directory and the name in it. No link that a recipe may have made is followed on the way.
    pub(crate) fn holder(&self) -> io::Result<(Dir, OsString)> {
        self.changing(Change::Replace)
    }

    fn changing(&self, change: Change) -> io::Result<(Dir, OsString)> {
        let (directory, name) = self.parent()?;
        match self.guard.keeps_entry(&directory, &name, change)? {
            true => Err(io::ErrorKind::PermissionDenied.into()),
            false => Ok((directory, name)),
        }
    }

    fn parent(&self) -> io::Result<(Dir, OsString)> {
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

    /// Checks that the way to the directory is free of links that a recipe may have made. What does not exist yet is in
    /// order.
    pub(crate) fn check_directory(&self) -> io::Result<()> {
        let mut directory = match self.mount.open() {
            Ok(directory) => Dir::from_std_file(directory),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for component in &self.rest {
            directory = match directory.open_dir_nofollow(component) {
                Ok(directory) => directory,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            };
        }
        Ok(())
    }

    /// Sets the permissions, but never those of a link's target.
    pub(crate) fn set_mode(&self, mode: u32) -> io::Result<()> {
        let (directory, rest) = self.place()?;
        if directory.symlink_metadata(&rest)?.is_symlink() {
            return Err(io::Error::other("it is a symbolic link"));
        }
        directory.set_permissions(&rest, Permissions::from_mode(mode & PERMISSIONS))
    }
}
