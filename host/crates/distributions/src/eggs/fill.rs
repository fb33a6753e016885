//! The filling of an eggs directory: what is made aside appears whole, by one rename, and is never changed.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base::files::FileError;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fs::{FlockOperation, flock, syncfs};
use rustix::io::Errno;
use tempfile::TempDir;

use crate::handles::{self, CopyBudget, DEEPEST};

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
        std::fs::create_dir_all(eggs).map_err(FileError::of("create the directory", eggs))?;
        remove_abandoned(eggs);
        loop {
            let directory = tempfile::Builder::new()
                .prefix(PREFIX)
                .permissions(std::fs::Permissions::from_mode(0o700))
                .tempdir_in(eggs)
                .map_err(FileError::of("create a directory in", eggs))?;
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

impl Drop for EggWorkshop {
    fn drop(&mut self) {
        // A build may have left directories that are deep, or that their owner cannot list.
        let _ = base::files::remove_directory(self.directory.path());
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
    let Ok(directory) = Dir::open_ambient_dir(eggs, ambient_authority()) else { return };
    let names = handles::entries(&directory).unwrap_or_default().into_iter().map(|(name, _)| name);
    for name in names.filter(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes())) {
        let abandoned = handles::open_directory(&directory, &name)
            .and_then(|left| handles::as_file(&left))
            .is_ok_and(|left| flock(&left, FlockOperation::NonBlockingLockExclusive).is_ok());
        if abandoned {
            let _ = base::files::remove_directory(&eggs.join(name));
        }
    }
}

/// Copies a tree of files and directories, of which eggs consist; all else is left out. Where the file system can share
/// the content until one copy is changed, it does.
pub(crate) fn clone_tree(from: &Path, to: &Path) -> Result<(), FileError> {
    clone_within(from, to, &mut CopyBudget { entries: u64::MAX, bytes: u64::MAX, canceled: &|| false })
}

/// The same, as far as the budget allows.
pub(crate) fn clone_within(from: &Path, to: &Path, budget: &mut CopyBudget<'_>) -> Result<(), FileError> {
    let open = |path: &Path| Dir::open_ambient_dir(path, ambient_authority());
    std::fs::create_dir(to).map_err(FileError::of("create the directory", to))?;
    let (source, target) = (open(from).map_err(FileError::of("open", from))?, open(to));
    clone_directory((&source, from), &target.map_err(FileError::of("open", to))?, 0, budget)
}

fn clone_directory(
    (from, path): (&Dir, &Path),
    to: &Dir,
    depth: usize,
    budget: &mut CopyBudget<'_>,
) -> Result<(), FileError> {
    for (name, kind) in handles::entries(from).map_err(FileError::of("read", path))? {
        let path = path.join(&name);
        let failed = FileError::of("copy", &path);
        if kind.is_dir() && depth < DEEPEST {
            budget.take(0).map_err(failed)?;
            let below = handles::open_directory(from, &name);
            let target = to.create_dir(&name).and_then(|()| handles::open_directory(to, &name));
            let (below, target) = (below.map_err(FileError::of("open", &path))?, target);
            clone_directory((&below, &path), &target.map_err(FileError::of("copy", &path))?, depth + 1, budget)?;
        } else if kind.is_file() {
            clone_file(from, to, &name, budget).map_err(failed)?;
        }
    }
    Ok(())
}

fn clone_file(from: &Dir, to: &Dir, name: &OsStr, budget: &mut CopyBudget<'_>) -> std::io::Result<()> {
    let source = handles::open_file(from, name)?;
    let metadata = source.metadata()?;
    budget.take(metadata.len())?;
    let target = handles::create(to, name, metadata.permissions().mode() & 0o777)?;
    handles::copy_content(&source, &target, budget.canceled)
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
    fn a_pipe_or_a_link_in_its_place_holds_up_no_one() {
        let eggs = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("kept"), "").unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let pipe = eggs.path().join(".filling-pipe");
        rustix::fs::mknodat(rustix::fs::CWD, pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        std::os::unix::fs::symlink(outside.path(), eggs.path().join(".filling-link")).unwrap();
        drop(EggWorkshop::new(eggs.path()).unwrap());
        assert!(outside.path().join("kept").exists());
    }

    #[test]
    fn what_a_build_left_is_removed_whatever_it_is() {
        let eggs = tempfile::tempdir().unwrap();
        let workshop = EggWorkshop::new(eggs.path()).unwrap();
        let deep = workshop.path().join("d/".repeat(1500));
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::set_permissions(workshop.path().join("d/d"), std::fs::Permissions::from_mode(0o000)).unwrap();
        drop(workshop);
        assert_eq!(std::fs::read_dir(eggs.path()).unwrap().count(), 0);
    }

    #[test]
    fn links_and_pipes_are_not_copied() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("to"));
        std::fs::create_dir(&from).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", from.join("link")).unwrap();
        std::os::unix::fs::symlink("/etc", from.join("directory")).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, from.join("pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
        clone_tree(&from, &to).unwrap();
        assert_eq!(std::fs::read_dir(&to).unwrap().count(), 0);
        let mut nothing = CopyBudget { entries: 10, bytes: 3, canceled: &|| false };
        std::fs::write(from.join("file"), "text").unwrap();
        assert!(clone_within(&from, &directory.path().join("less"), &mut nothing).is_err());
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
