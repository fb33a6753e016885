//! `buildout:recipe/paths`: paths that a recipe reports as created, locks of directories that several buildouts share, and
//! what WASI lacks: permissions, owners, links with absolute targets, a temporary directory.
//!
//! Locks are advisory (`flock`): the kernel releases one when the process that has it ends, for any reason. The file
//! stays: if it were removed, two processes could have locks with the same name.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::fs::{MetadataExt as _, OpenOptions};
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;
use wasmtime::component::{HasData, Resource, ResourceTable};

use super::bindings::PathFailure;
use super::bindings::buildout::recipe::paths::{Host, HostLock, Kind, PathError, Permissions, Status};
use super::bindings::buildout::recipe::types::UnnamedError;
use super::resources::HeldLock;
use crate::call::Call;
use crate::grants::granted::{GrantedPath, Ungranted};
use crate::grants::mounts::{Access, normalize};
use crate::grants::symlinks::resolve;
use crate::limits;
use crate::native::account::CommandAccount;
use crate::native::shared::Native;

/// Marks the interface in the linker.
pub(crate) struct Paths;

/// The state that its functions see.
pub(crate) struct PathsView<'a> {
    pub(crate) call: &'a mut Call,
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) native: &'a Arc<Native>,
}

impl HasData for Paths {
    type Data<'a> = PathsView<'a>;
}

impl PathsView<'_> {
    fn check_phase(&self) -> Result<(), PathError> {
        if self.call.phase.is_making() { Ok(()) } else { Err(PathError::NotInstalling) }
    }

    /// Checks that the call may change files.
    fn check_changes(&self) -> Result<(), PathError> {
        if self.call.phase.is_of_program() { Ok(()) } else { Err(PathError::NotInstalling) }
    }

    fn absolute(&self, path: &str) -> Result<PathBuf, PathError> {
        self.call.rights.absolute(path).map_err(error_of)
    }

    fn route(&self, path: &str) -> Result<GrantedPath, PathError> {
        self.call.rights.route(path).map_err(error_of)
    }

    /// The path that is meant, with the links in granted directories followed.
    fn real(&self, path: &str, follows_last: bool) -> Result<PathBuf, PathError> {
        let absolute = self.absolute(path)?;
        resolve(&self.call.rights.mounts, &absolute, follows_last).map_err(|error| failed(&error))
    }

    /// A path, which must be granted. What is denied is kept for the report of a failure.
    fn granted(&mut self, path: &Path, access: Access) -> Result<GrantedPath, PathError> {
        let granted = self.call.rights.granted(path, access);
        granted.ok_or_else(|| {
            self.call.deny(path.to_owned(), access);
            PathError::Outside
        })
    }

    /// The status of a directory above a granted one.
    fn look_above(&mut self, path: &Path) -> Result<Status, PathError> {
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                use std::os::unix::fs::MetadataExt as _;
                let owner = CommandAccount { user: found.uid(), group: found.gid() };
                Ok(self.status(Kind::Directory, found.mode(), owner, found.nlink(), found.size()))
            }
            _ => Err(PathError::Missing),
        }
    }

    fn status(&self, kind: Kind, mode: u32, owner: CommandAccount, links: u64, size: u64) -> Status {
        let CommandAccount { user, group } = owner.seen(self.native.settings.level);
        Status { kind, mode: mode & 0o7777, user_id: user, group_id: group, links, size }
    }

    /// What the commands of the part may do with a path of the system, which the recipe itself does not see.
    fn access_of_commands(&self, path: &Path) -> Permissions {
        let mut allowed = Permissions::empty();
        if self.call.rights.run.is_empty() || !confine::is_of_system(path) {
            return allowed;
        }
        for (bit, permission) in BITS.into_iter().filter(|(_, permission)| *permission != Permissions::WRITE) {
            if rustix::fs::access(path, bit).is_ok() {
                allowed |= permission;
            }
        }
        allowed
    }
}

/// The permissions, as the system calls them.
const BITS: [(rustix::fs::Access, Permissions); 3] = [
    (rustix::fs::Access::READ_OK, Permissions::READ),
    (rustix::fs::Access::WRITE_OK, Permissions::WRITE),
    (rustix::fs::Access::EXEC_OK, Permissions::EXECUTE),
];

/// What this process may do with a granted path.
fn access_to(granted: &GrantedPath, writable: bool) -> Permissions {
    let mut allowed = Permissions::empty();
    let Ok((holder, name)) = granted.in_directory() else { return allowed };
    // The links on the way were followed: this one was made meanwhile.
    if holder.symlink_metadata(&name).is_ok_and(|found| found.is_symlink()) {
        return allowed;
    }
    for (bit, permission) in BITS {
        let is_granted = writable || permission != Permissions::WRITE;
        if is_granted && rustix::fs::accessat(&holder, &name, bit, AtFlags::empty()).is_ok() {
            allowed |= permission;
        }
    }
    allowed
}

/// The kind of file with these mode bits.
fn kind_of(mode: u32) -> Kind {
    match FileType::from_raw_mode(mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Link,
        _ => Kind::Special,
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
        if is_new || self.call.rights.is_own_place(&absolute) || self.call.made.includes(&absolute) {
            self.call.created.push(path);
        }
        let is_staged = self.call.is_confined && self.call.rights.is_staged(&absolute);
        if is_new && !is_staged {
            // What the recipe makes by itself is announced when it does. Its commands may make the path much later.
            if !self.call.rights.run.is_empty() && !self.call.rights.is_own_place(&absolute) {
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
        self.check_changes()?;
        Ok(self.route(&path)?.set_mode(mode).map_err(|error| failed(&error))?)
    }

    fn look(&mut self, path: String, follow: bool) -> Result<Status, PathFailure> {
        self.call.note("paths.look", &[&path]);
        let real = self.real(&path, follow)?;
        if self.call.rights.mounts.route(&real).is_none() && self.call.rights.mounts.is_above(&real) {
            return Ok(self.look_above(&real)?);
        }
        let (directory, rest) = self.granted(&real, Access::Read)?.place().map_err(|error| failed(&error))?;
        let found = directory.symlink_metadata(rest).map_err(|error| failed(&error))?;
        let owner = CommandAccount { user: found.uid(), group: found.gid() };
        Ok(self.status(kind_of(found.mode()), found.mode(), owner, found.nlink(), found.size()))
    }

    fn access(&mut self, path: String) -> wasmtime::Result<Permissions> {
        self.call.note("paths.access", &[&path]);
        let Ok(real) = self.real(&path, true) else { return Ok(Permissions::empty()) };
        let rights = &self.call.rights;
        if let Some(granted) = rights.granted(&real, Access::Read) {
            return Ok(access_to(&granted, rights.mounts.writable(&real)));
        }
        if rights.mounts.is_above(&real) && real.is_dir() {
            return Ok(Permissions::EXECUTE);
        }
        Ok(self.access_of_commands(&real))
    }

    fn make_link(&mut self, target: String, path: String) -> Result<(), PathFailure> {
        self.call.note("paths.make-link", &[&target, &path]);
        self.check_changes()?;
        if target.is_empty() || target.contains('\0') {
            return Err(PathError::Invalid.into());
        }
        if target.len() > limits::PATH {
            return Err(PathError::Limit.into());
        }
        let real = self.real(&path, false)?;
        let granted = self.granted(&real, Access::Write)?;
        if granted.is_directory_of_grant() {
            // It would be followed the next time the granted directory is opened.
            return Err(PathError::Exists.into());
        }
        let (holder, name) = granted.holder().map_err(|error| failed(&error))?;
        self.call.will_make(&real).map_err(|error| failed(&error))?;
        rustix::fs::symlinkat(target, &holder, name).map_err(|error| failed(&error.into()))?;
        self.call.made.add(real);
        Ok(())
    }

    fn read_link(&mut self, path: String) -> Result<String, PathFailure> {
        self.call.note("paths.read-link", &[&path]);
        let real = self.real(&path, false)?;
        let (directory, rest) = self.granted(&real, Access::Read)?.place().map_err(|error| failed(&error))?;
        let target = directory.read_link_contents(rest).map_err(|error| failed(&error))?;
        Ok(target.to_string_lossy().into_owned())
    }

    fn temporary_directory(&mut self) -> Result<String, PathFailure> {
        self.call.note("paths.temporary-directory", &[]);
        self.check_changes()?;
        let made = self.native.settings.temporaries.make(&self.call.part).map_err(|error| failed(&error))?;
        Ok(made.to_string_lossy().into_owned())
    }
}

impl HostLock for PathsView<'_> {
    fn drop(&mut self, lock: Resource<HeldLock>) -> wasmtime::Result<()> {
        self.table.delete(lock)?;
        Ok(())
    }
}

/// Why a path is refused.
fn error_of(error: Ungranted) -> PathError {
    match error {
        Ungranted::TooLong => PathError::Limit,
        Ungranted::Invalid => PathError::Invalid,
        Ungranted::NotGranted => PathError::Outside,
    }
}

/// The error that the system reported.
fn failed(error: &io::Error) -> PathError {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::NOTDIR) => return PathError::Missing,
        Some(Errno::EXIST) => return PathError::Exists,
        Some(Errno::INVAL) => return PathError::Invalid,
        _ => {}
    }
    PathError::Other(UnnamedError { code: "io".to_owned(), message: error.to_string() })
}

/// Opens a lock file, without waiting; its last name is not followed if it is a symbolic link.
fn open(path: &GrantedPath) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).follow(FollowSymlinks::No).nonblock(true);
    let (directory, rest) = path.place()?;
    let file = directory.open_with(rest, &options)?.into_std();
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}
