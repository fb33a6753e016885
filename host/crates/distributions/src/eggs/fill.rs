//! Fills an eggs directory: an egg is made aside, appears whole by one rename, and is never changed.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base::files::FileError;
use rustix::fs::{FlockOperation, flock, ioctl_ficlone, syncfs};
use tempfile::TempDir;

/// The prefix of the directories in which eggs are made. It starts with a dot, so no tool takes them for eggs.
const PREFIX: &str = ".filling-";

/// A directory next to the eggs, in which one is made. It is removed in the end; the next process removes one that a
/// killed process left.
pub(crate) struct Workshop {
    directory: TempDir,
    eggs: PathBuf,
    lock: File,
}

impl Workshop {
    /// Creates one, and the eggs directory if necessary.
    pub(crate) fn new(eggs: &Path) -> Result<Self, FileError> {
        std::fs::create_dir_all(eggs).map_err(FileError::of("make the directory", eggs))?;
        let parent = File::open(eggs).map_err(FileError::of("open", eggs))?;
        // Where files cannot be locked, left-overs cannot be told from directories in use, so nothing is removed.
        if flock(&parent, FlockOperation::NonBlockingLockExclusive).is_ok() {
            remove_abandoned(eggs);
        }
        // Until the new directory is locked, no process must take it for a left-over.
        let _ = flock(&parent, FlockOperation::LockShared);
        let directory = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir_in(eggs)
            .map_err(FileError::of("make a directory in", eggs))?;
        let lock = File::open(directory.path()).map_err(FileError::of("open", directory.path()))?;
        let _ = flock(&lock, FlockOperation::NonBlockingLockExclusive);
        Ok(Self { directory, eggs: eggs.to_owned(), lock })
    }

    /// The directory in which eggs are made.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The permissions that new files do not get here (the umask cannot be read without changing it).
    pub(crate) fn mask(&self) -> Result<u32, FileError> {
        let path = self.path().join("mask");
        let failed = FileError::of("make", &path);
        let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o777).open(&path);
        let mode = made.and_then(|file| file.metadata()).map_err(failed)?.permissions().mode();
        std::fs::remove_file(&path).map_err(FileError::of("remove", &path))?;
        Ok(0o777 & !mode)
    }

    /// Writes the files made here to the disk: a rename makes them visible, and after a power cut an egg that looks
    /// whole would contain empty files.
    pub(crate) fn sync(&self) {
        let _ = syncfs(&self.lock);
    }

    /// Moves an egg that was made here to its place. An existing one stays: another run has made it meanwhile.
    pub(crate) fn publish(&self, egg: &Path, name: &str) -> Result<PathBuf, FileError> {
        let destination = self.eggs.join(name);
        make_accessible(egg)?;
        match std::fs::rename(egg, &destination) {
            Err(error) if !matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => {
                Err(FileError::of("rename", egg)(error))
            }
            _ => Ok(destination),
        }
    }
}

/// A directory that was made in private gets the permissions that it would otherwise have.
fn make_accessible(egg: &Path) -> Result<(), FileError> {
    let metadata = egg.symlink_metadata().map_err(FileError::of("read", egg))?;
    if metadata.permissions().mode() & 0o700 == 0o700 {
        return Ok(());
    }
    std::fs::set_permissions(egg, std::fs::Permissions::from_mode(0o755))
        .map_err(FileError::of("set permissions of", egg))
}

fn remove_abandoned(eggs: &Path) {
    let entries = std::fs::read_dir(eggs).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes())) {
        let abandoned =
            File::open(entry.path()).is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok());
        if abandoned {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Copies a tree of files and directories; the file system shares the content until one copy is changed, if it can.
pub(crate) fn clone_tree(from: &Path, to: &Path) -> Result<(), FileError> {
    std::fs::create_dir(to).map_err(FileError::of("make the directory", to))?;
    for entry in std::fs::read_dir(from).map_err(FileError::of("read", from))? {
        let entry = entry.map_err(FileError::of("read", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(FileError::of("read", &source))?;
        match kind.is_dir() {
            true => clone_tree(&source, &target)?,
            false => clone_file(&source, &target)?,
        }
    }
    Ok(())
}

fn clone_file(from: &Path, to: &Path) -> Result<(), FileError> {
    let source = File::open(from).map_err(FileError::of("open", from))?;
    let mode = source.metadata().map_err(FileError::of("read", from))?.permissions().mode();
    let target = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode & 0o777)
        .open(to)
        .map_err(FileError::of("make", to))?;
    if ioctl_ficlone(&target, &source).is_err() {
        std::io::copy(&mut &source, &mut &target).map_err(FileError::of("copy to", to))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_whole_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let eggs = directory.path().join("eggs/v5");
        let make = |text: &str| {
            let workshop = Workshop::new(&eggs).unwrap();
            let egg = workshop.path().join("a.egg");
            std::fs::create_dir(&egg).unwrap();
            std::fs::write(egg.join("x"), text).unwrap();
            workshop.sync();
            workshop.publish(&egg, "a.egg").unwrap()
        };
        assert_eq!(make("first"), make("second"));
        assert_eq!(std::fs::read_to_string(eggs.join("a.egg/x")).unwrap(), "first");
        let left: Vec<_> = std::fs::read_dir(&eggs).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["a.egg"]);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_is_in_use_is_not() {
        let eggs = tempfile::tempdir().unwrap();
        let in_use = Workshop::new(eggs.path()).unwrap();
        std::fs::create_dir_all(eggs.path().join(".filling-dead/x.egg")).unwrap();
        drop(Workshop::new(eggs.path()).unwrap());
        assert!(in_use.path().exists() && !eggs.path().join(".filling-dead").exists());
    }

    #[test]
    fn a_copy_is_not_the_original() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("to"));
        std::fs::create_dir_all(from.join("a")).unwrap();
        std::fs::write(from.join("a/x"), "text").unwrap();
        std::fs::set_permissions(from.join("a/x"), std::fs::Permissions::from_mode(0o755)).unwrap();
        clone_tree(&from, &to).unwrap();
        assert_eq!(std::fs::metadata(to.join("a/x")).unwrap().permissions().mode() & 0o777, 0o755);
        std::fs::write(to.join("a/x"), "changed").unwrap();
        assert_eq!(std::fs::read_to_string(from.join("a/x")).unwrap(), "text");
    }
}
