//! The filling of an eggs directory: what is made aside appears whole, by one rename, and is never changed.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base::files::FileError;
use rustix::fs::{FlockOperation, flock, ioctl_ficlone, syncfs};
use rustix::io::Errno;
use tempfile::TempDir;

/// What the directories begin with in which eggs are made. They are not taken for eggs: their names begin with a dot.
const PREFIX: &str = ".filling-";

/// A directory next to the eggs, in which one is made. It is removed in the end; what a killed process left of this kind
/// is removed by the next one.
pub(crate) struct EggWorkshop {
    directory: TempDir,
    eggs: PathBuf,
    lock: File,
}

impl EggWorkshop {
    /// Makes one, and the eggs directory if need be.
    pub(crate) fn new(eggs: &Path) -> Result<Self, FileError> {
        std::fs::create_dir_all(eggs).map_err(FileError::of("make the directory", eggs))?;
        remove_abandoned(eggs);
        loop {
            let directory = tempfile::Builder::new()
                .prefix(PREFIX)
                .permissions(std::fs::Permissions::from_mode(0o700))
                .tempdir_in(eggs)
                .map_err(FileError::of("make a directory in", eggs))?;
            if let Some(lock) = lock(directory.path())? {
                return Ok(Self { directory, eggs: eggs.to_owned(), lock });
            }
        }
    }

    /// Where things are made.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The permissions that new files do not get here (the umask cannot be asked for without changing it).
    pub(crate) fn mask(&self) -> Result<u32, FileError> {
        let path = self.path().join("mask");
        let failed = FileError::of("make", &path);
        let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o777).open(&path);
        let mode = made.and_then(|file| file.metadata()).map_err(failed)?.permissions().mode();
        std::fs::remove_file(&path).map_err(FileError::of("remove", &path))?;
        Ok(0o777 & !mode)
    }

    /// Puts on the disk what was made here: a rename makes it visible, and a power cut would leave empty files in an egg
    /// that looks whole.
    pub(crate) fn sync(&self) {
        let _ = syncfs(&self.lock);
    }

    /// Gives an egg that was made here its place. One that is there already stays: another run has put it there meanwhile.
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

/// A directory that was made in private gets the permissions that it would have had.
fn make_accessible(egg: &Path) -> Result<(), FileError> {
    let metadata = egg.symlink_metadata().map_err(FileError::of("read", egg))?;
    if metadata.permissions().mode() & 0o700 == 0o700 {
        return Ok(());
    }
    std::fs::set_permissions(egg, std::fs::Permissions::from_mode(0o755))
        .map_err(FileError::of("set permissions of", egg))
}

/// Locks a directory that was just made; `None` if another run took it for one that was left behind, before it was locked.
fn lock(directory: &Path) -> Result<Option<File>, FileError> {
    let lock = match File::open(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(FileError::of("open", directory))?,
    };
    // Where files cannot be locked, nothing left behind can be distinguished from what is in use, and nothing is removed.
    let is_taken = matches!(flock(&lock, FlockOperation::NonBlockingLockExclusive), Err(Errno::WOULDBLOCK));
    Ok(Some(lock).filter(|_| !is_taken && directory.symlink_metadata().is_ok()))
}

/// Removes what runs that were killed have left.
pub(crate) fn remove_abandoned(eggs: &Path) {
    let entries = std::fs::read_dir(eggs).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes())) {
        let abandoned =
            File::open(entry.path()).is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok());
        if abandoned {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Copies a tree of files and directories; where the file system can share the content until one copy is changed, it does.
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
            let workshop = EggWorkshop::new(&eggs).unwrap();
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
        let in_use = EggWorkshop::new(eggs.path()).unwrap();
        std::fs::create_dir_all(eggs.path().join(".filling-dead/x.egg")).unwrap();
        drop(EggWorkshop::new(eggs.path()).unwrap());
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
