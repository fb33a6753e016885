//! The directory next to a destination in which a tree is made, before it becomes the destination by one rename.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use base::files::{self, FileError};
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

/// How the names of these directories begin.
const PREFIX: &str = ".buildout-fetch-";
/// The name of the tree in it.
const TREE: &str = "tree";

/// The directory. It is locked while it is in use, and removed when it is dropped: an unlocked one was left by a killed
/// process, and is removed by the next one that stages something next to it.
#[derive(Debug)]
pub(super) struct StagingDirectory {
    path: PathBuf,
    _lock: File,
}

impl StagingDirectory {
    pub(super) fn new(parent: &Path) -> Result<Self, FileError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        remove_abandoned(parent);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
            if let Some(lock) = create(&path).map_err(FileError::of("create the directory", &path))? {
                return Ok(Self { path, _lock: lock });
            }
        }
    }

    /// Where the tree is made.
    pub(super) fn tree(&self) -> PathBuf {
        self.path.join(TREE)
    }

    /// Makes the tree the destination, where nothing may be.
    pub(super) fn become_destination(&self, destination: &Path) -> io::Result<()> {
        match renameat_with(CWD, self.tree(), CWD, destination, RenameFlags::NOREPLACE) {
            // Not on this file system.
            Err(Errno::INVAL | Errno::NOSYS) if destination.symlink_metadata().is_err() => {
                fs::rename(self.tree(), destination)
            }
            other => Ok(other?),
        }
    }
}

impl Drop for StagingDirectory {
    fn drop(&mut self) {
        // If it cannot be removed now, the next process that stages something here removes it.
        let _ = files::remove_directory(&self.path);
    }
}

/// `None` if another process has the name, or took the new directory for one that was left behind.
fn create(path: &Path) -> io::Result<Option<File>> {
    match fs::create_dir(path) {
        // Of a process in another container, with the same number.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
        other => other?,
    }
    let lock = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => return Ok(None),
        other => other?,
    }
    // It is there, unless it was removed before it was locked.
    Ok(path.exists().then_some(lock))
}

fn remove_abandoned(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    let is_ours = |name: &OsStr| name.as_encoded_bytes().starts_with(OsString::from(PREFIX).as_encoded_bytes());
    for entry in entries.flatten().filter(|entry| is_ours(&entry.file_name())) {
        let lock = |path: &Path| -> io::Result<File> {
            let directory = File::open(path)?;
            flock(&directory, FlockOperation::NonBlockingLockExclusive)?;
            Ok(directory)
        };
        if entry.file_type().is_ok_and(|kind| kind.is_dir())
            && let Ok(_lock) = lock(&entry.path())
        {
            let _ = files::remove_directory(&entry.path());
        }
    }
}
