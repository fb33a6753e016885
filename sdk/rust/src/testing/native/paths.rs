//! Permissions, links and status of real files, locks between the threads of this process, temporary directories.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::bindings::buildout::recipe::paths::{Kind, PathError, Permissions, Status};
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

pub(crate) fn look(path: &str, follow: bool) -> Result<Status, PathError> {
    use std::os::unix::fs::MetadataExt as _;
    let found = if follow { std::fs::metadata(path) } else { std::fs::symlink_metadata(path) }.map_err(failed)?;
    let kind = match found.file_type() {
        kind if kind.is_file() => Kind::File,
        kind if kind.is_dir() => Kind::Directory,
        kind if kind.is_symlink() => Kind::Link,
        _ => Kind::Special,
    };
    let (mode, user_id, group_id) = (found.mode() & 0o7777, found.uid(), found.gid());
    Ok(Status { kind, mode, user_id, group_id, links: found.nlink(), size: found.size() })
}

/// By the permissions of the owner, who made the files of a test.
pub(crate) fn access(path: &str) -> Permissions {
    let Ok(Status { mode, .. }) = look(path, true) else { return Permissions::empty() };
    let bits = [(0o400, Permissions::READ), (0o200, Permissions::WRITE), (0o100, Permissions::EXECUTE)];
    let allowed = bits.into_iter().filter(|(bit, _)| mode & bit != 0).map(|(_, permission)| permission);
    allowed.fold(Permissions::empty(), |all, permission| all | permission)
}

pub(crate) fn make_link(target: &str, path: &str) -> Result<(), PathError> {
    std::os::unix::fs::symlink(target, path).map_err(failed)
}

pub(crate) fn read_link(path: &str) -> Result<String, PathError> {
    Ok(std::fs::read_link(path).map_err(failed)?.to_string_lossy().into_owned())
}

/// One for the thread, which is removed when the thread ends.
pub(crate) fn temporary_directory() -> Result<String, PathError> {
    thread_local! {
        static TEMPORARY: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
    }
    TEMPORARY.with_borrow_mut(|known| {
        if known.is_none() {
            *known = Some(tempfile::tempdir().map_err(failed)?);
        }
        Ok(known.as_ref().map(|made| made.path().to_string_lossy().into_owned()).unwrap_or_default())
    })
}

fn failed(error: std::io::Error) -> PathError {
    match error.kind() {
        std::io::ErrorKind::NotFound => return PathError::Missing,
        std::io::ErrorKind::AlreadyExists => return PathError::Exists,
        _ => {}
    }
    PathError::Other(UnnamedError { code: "io".to_owned(), message: error.to_string() })
}
