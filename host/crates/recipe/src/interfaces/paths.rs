//! `buildout:recipe/paths`: paths that a recipe reports as created, permissions, and locks of directories that several
//! buildouts share.
//!
//! Locks are advisory (`flock`): the kernel releases one when the process that has it ends, for any reason. The file
//! stays: if it were removed, two processes could have locks with the same name.

use std::fs::{File, TryLockError};
use std::io;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::fs::OpenOptions;
use wasmtime::component::{HasData, Resource, ResourceTable};

use super::bindings::PathFailure;
use super::bindings::buildout::recipe::paths::{Host, HostLock, PathError};
use super::bindings::buildout::recipe::types::UnnamedError;
use super::resources::HeldLock;
use crate::call::Call;
use crate::grants::mounts::normalize;
use crate::grants::writable::{Unwritable, WritablePath};
use crate::limits;

/// Marks the interface in the linker.
pub(crate) struct Paths;

/// The state that its functions see.
pub(crate) struct PathsView<'a> {
    pub(crate) call: &'a mut Call,
    pub(crate) table: &'a mut ResourceTable,
}

impl HasData for Paths {
    type Data<'a> = PathsView<'a>;
}

impl PathsView<'_> {
    fn check_phase(&self) -> Result<(), PathError> {
        if self.call.phase.is_making() { Ok(()) } else { Err(PathError::NotInstalling) }
    }

    fn route(&self, path: &str) -> Result<WritablePath, PathError> {
        self.call.rights.route(path).map_err(|error| match error {
            Unwritable::TooLong => PathError::Limit,
            Unwritable::Invalid => PathError::Invalid,
            Unwritable::NotGranted => PathError::Outside,
        })
    }
}

impl Host for PathsView<'_> {
    fn convert_path_error(&mut self, failure: PathFailure) -> wasmtime::Result<PathError> {
        failure.downcast()
    }

    fn created(&mut self, path: String) -> Result<(), PathFailure> {
        self.call.note("paths.created", &[&path]);
        self.check_phase()?;
        if self.call.created.len() >= limits::PATHS || path.len() > limits::PATH {
            return Err(PathError::Limit.into());
        }
        if path.is_empty() || path.contains('\0') || path.split('/').any(|component| component == "..") {
            return Err(PathError::Invalid.into());
        }
        if self.call.rights.check_path(&path).is_err() {
            return Err(PathError::Outside.into());
        }
        let absolute = normalize(&self.call.rights.directory().join(&path));
        let is_new = absolute.symlink_metadata().is_err() && self.call.rights.mounts.writable(&absolute);
        if is_new || self.call.rights.is_own_place(&absolute) {
            self.call.created.push(path);
        }
        let is_staged = self.call.is_confined && self.call.rights.is_staged(&absolute);
        if is_new && !is_staged {
            if !self.call.rights.is_own_place(&absolute) {
                let announced = self.call.unfinished.announce_for_later(&self.call.part, &absolute);
                announced.map_err(|error| failed(&error))?;
            }
            self.call.made.add(absolute);
        }
        Ok(())
    }

    fn try_lock(&mut self, path: String) -> Result<Option<Resource<HeldLock>>, PathFailure> {
        self.call.note("paths.try-lock", &[&path]);
        self.check_phase()?;
        // Recipes try repeatedly while another process has it.
        self.call.check().map_err(PathFailure::trap)?;
        let file = open(&self.route(&path)?).map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(self.table.push(HeldLock { _file: file }).map_err(PathFailure::trap)?)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(&error).into()),
        }
    }

    fn set_mode(&mut self, path: String, mode: u32) -> Result<(), PathFailure> {
        self.call.note("paths.set-mode", &[&path]);
        self.check_phase()?;
        Ok(self.route(&path)?.set_mode(mode).map_err(|error| failed(&error))?)
    }
}

impl HostLock for PathsView<'_> {
    fn drop(&mut self, lock: Resource<HeldLock>) -> wasmtime::Result<()> {
        self.table.delete(lock)?;
        Ok(())
    }
}

/// The error that the system reported.
fn failed(error: &io::Error) -> PathError {
    PathError::Other(UnnamedError { code: "io".to_owned(), message: error.to_string() })
}

/// Opens a lock file, without waiting; its last name is not followed if it is a symbolic link.
fn open(path: &WritablePath) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).follow(FollowSymlinks::No).nonblock(true);
    let (directory, rest) = path.place()?;
    let file = directory.open_with(rest, &options)?.into_std();
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}
