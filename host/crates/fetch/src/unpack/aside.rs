//! The directory next to the destination into which an archive is unpacked first.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::error::UnpackError;
use base::files::{self, FileError};

/// A directory that is removed again, unless it becomes the destination. It is locked while it is in use: an unlocked
/// one was left by a killed process, and is removed by the next one.
pub(super) struct Aside {
    destination: PathBuf,
    path: PathBuf,
    name: OsString,
    parent: Dir,
    directory: Dir,
    _lock: File,
}

impl Aside {
    pub(super) fn new(destination: &Path) -> Result<Self, UnpackError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let Some(name) = destination.file_name() else {
            return Err(FileError::of("unpack to", destination)(ErrorKind::InvalidInput.into()).into());
        };
        refuse_occupied(destination)?;
        let parent = match destination.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut prefix = OsString::from(".");
        prefix.push(name);
        prefix.push(".unpack-");
        remove_abandoned(&parent, &prefix);
        loop {
            let mut name = prefix.clone();
            name.push(format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
            if let Some(aside) = Self::create(destination, &parent, name)? {
                return Ok(aside);
            }
        }
    }

    /// `None` if another process took the new directory for one that was left behind, before it was locked.
    fn create(destination: &Path, parent: &Path, name: OsString) -> Result<Option<Self>, UnpackError> {
        let path = parent.join(&name);
        let failed = || FileError::of("create the directory", &path);
        let open = Dir::open_ambient_dir(parent, ambient_authority()).map_err(FileError::of("open", parent))?;
        match open.create_dir(&name) {
            // Of a process in another container, with the same number.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
            other => other.map_err(failed())?,
        }
        let lock = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other.map_err(failed())?,
        };
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => return Ok(None),
            other => other.map_err(|error| failed()(error.into()))?,
        }
        let directory = match open.open_dir(&name) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other.map_err(failed())?,
        };
        Ok(Some(Self { destination: destination.to_owned(), path, name, parent: open, directory, _lock: lock }))
    }

    /// The directory, initially empty.
    pub(super) fn directory(&self) -> &Dir {
        &self.directory
    }

    /// Makes this directory, or the directory `inner` in it, the destination.
    pub(super) fn become_destination(self, inner: Option<&OsStr>) -> Result<(), UnpackError> {
        let name = self.destination.file_name().unwrap_or_default();
        let renamed = match inner {
            Some(inner) => self.directory.rename(inner, &self.parent, name),
            None => self.parent.rename(&self.name, &self.parent, name),
        };
        renamed.map_err(|error| match error.kind() {
            ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                UnpackError::DestinationExists(self.destination.clone())
            }
            _ => FileError::of("unpack to", &self.destination)(error).into(),
        })
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // If it cannot be removed now, the next process that unpacks here removes it.
        let _ = files::remove_directory(&self.path);
    }
}

/// Reports early what the rename at the end would refuse.
fn refuse_occupied(destination: &Path) -> Result<(), UnpackError> {
    let occupied = match destination.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => Err(error),
        Ok(metadata) if metadata.is_dir() => std::fs::read_dir(destination).map(|mut entries| entries.next().is_some()),
        Ok(_) => Ok(true),
    };
    match occupied.map_err(FileError::of("read", destination))? {
        true => Err(UnpackError::DestinationExists(destination.to_owned())),
        false => Ok(()),
    }
}

/// Removes directories left by killed processes. Directories in use are locked.
fn remove_abandoned(parent: &Path, prefix: &OsStr) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    let ours = |name: &OsStr| name.as_encoded_bytes().starts_with(prefix.as_encoded_bytes());
    for entry in entries.flatten().filter(|entry| ours(&entry.file_name())) {
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let lock = |path: &Path| -> io::Result<File> {
            let directory = File::open(path)?;
            flock(&directory, FlockOperation::NonBlockingLockExclusive)?;
            Ok(directory)
        };
        if is_directory && let Ok(_lock) = lock(&entry.path()) {
            let _ = files::remove_directory(&entry.path());
        }
    }
}
