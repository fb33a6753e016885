//! Directories that other recipes and commands may replace at any time: what the host does in one happens in what it has
//! opened, and nowhere else.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use base::files::remove_directory_in;
use cap_std::fs::{Dir, FileType, MetadataExt as _};
use rustix::fs::{CWD, Mode, OFlags, RenameFlags, mkdirat, openat, renameat_with};
use rustix::io::Errno;

/// Opens a directory without following a link, for names in it.
const BY_NAME: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// An open directory.
#[derive(Debug)]
pub(crate) struct HeldDirectory {
    path: PathBuf,
    directory: Dir,
}

/// A directory that is opened again later. There can be hundreds, too many to keep open.
#[derive(Debug)]
pub(crate) struct DirectoryIdentity {
    pub(crate) path: PathBuf,
    device: u64,
    number: u64,
}

impl DirectoryIdentity {
    /// Opens the same directory again. That it is at the same path, without links, is part of what is checked.
    pub(crate) fn open(&self) -> io::Result<HeldDirectory> {
        let found = HeldDirectory::open(&self.path).and_then(|held| Ok((held.place()?, held)));
        match found {
            Ok((place, held)) if (place.device, place.number) == (self.device, self.number) => Ok(held),
            _ => Err(io::Error::other(format!("{} was replaced while the command ran", self.path.display()))),
        }
    }
}

impl HeldDirectory {
    /// Opens the directory at an absolute path; a link on it is an error.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut found: File = openat(CWD, "/", BY_NAME, Mode::empty())?.into();
        for component in path.components() {
            match component {
                Component::RootDir => {}
                Component::Normal(name) => found = openat(&found, name, BY_NAME, Mode::empty())?.into(),
                _ => return Err(io::ErrorKind::InvalidInput.into()),
            }
        }
        Self::of(path, &found)
    }

    fn of(path: &Path, found: &File) -> io::Result<Self> {
        let listed: File =
            openat(found, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?.into();
        Ok(Self { path: path.to_owned(), directory: Dir::from_std_file(listed) })
    }

    /// Makes a directory in it.
    pub(crate) fn make(&self, name: &OsStr) -> io::Result<Self> {
        mkdirat(&self.directory, name, Mode::from_raw_mode(0o777))?;
        let made: File = openat(&self.directory, name, BY_NAME, Mode::empty())?.into();
        Self::of(&self.path.join(name), &made)
    }

    /// Makes an empty file in it, with a time by which [`Self::is_marked_file`] recognizes it.
    pub(crate) fn make_marked_file(&self, name: &OsStr) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made: File = openat(&self.directory, name, flags, Mode::from_raw_mode(0o666))?.into();
        made.set_modified(SystemTime::UNIX_EPOCH)
    }

    /// Whether an entry is such a file, and nothing has changed it: whatever writes it sets the time.
    pub(crate) fn is_marked_file(&self, name: &OsStr) -> bool {
        let found = self.directory.symlink_metadata(name);
        found.is_ok_and(|found| found.is_file() && found.len() == 0 && (found.mtime(), found.mtime_nsec()) == (0, 0))
    }

    /// The path at which it was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How to open it again.
    pub(crate) fn place(&self) -> io::Result<DirectoryIdentity> {
        let found = self.directory.dir_metadata()?;
        Ok(DirectoryIdentity { path: self.path.clone(), device: found.dev(), number: found.ino() })
    }

    /// What the entry `name` is, if there is one.
    pub(crate) fn kind(&self, name: &OsStr) -> Option<FileType> {
        self.directory.symlink_metadata(name).ok().map(|found| found.file_type())
    }

    pub(crate) fn is_link(&self, name: &OsStr) -> bool {
        self.kind(name).is_some_and(|kind| kind.is_symlink())
    }

    /// The target of the link `name`.
    pub(crate) fn target(&self, name: &OsStr) -> Option<PathBuf> {
        self.directory.read_link_contents(name).ok()
    }

    /// The entries.
    pub(crate) fn entries(&self) -> io::Result<Vec<(OsString, FileType)>> {
        self.directory
            .entries()?
            .map(|entry| entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))))
            .collect()
    }

    /// Makes a link in it.
    pub(crate) fn link(&self, name: &OsStr, target: &Path) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(target, &self.directory, name)?)
    }

    /// Removes an entry that is no directory.
    pub(crate) fn unlink(&self, name: &OsStr) -> io::Result<()> {
        self.directory.remove_file(name)
    }

    /// Removes an entry with all its content, if it exists.
    pub(crate) fn clear(&self, name: &OsStr) -> io::Result<()> {
        match self.kind(name) {
            None => Ok(()),
            Some(kind) if kind.is_dir() => remove_directory_in(&self.directory, name),
            Some(_) => self.unlink(name),
        }
    }

    /// Renames the entry `name` to the same name in another directory, where nothing has it. A directory that its owner may
    /// not write cannot be moved to another directory: it is writable meanwhile.
    pub(crate) fn move_to(&self, name: &OsStr, to: &Self) -> io::Result<()> {
        match self.rename(name, to) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let Ok(moved) = openat(&self.directory, name, BY_NAME, Mode::empty()) else { return Err(error) };
                let moved = File::from(moved);
                let before = moved.metadata()?;
                // Permissions can be set only by a name, and this one leads to what is open.
                let opened = format!("/proc/self/fd/{}", moved.as_raw_fd());
                std::fs::set_permissions(&opened, Permissions::from_mode(before.mode() | 0o700))?;
                let outcome = self.rename(name, to);
                std::fs::set_permissions(&opened, before.permissions())?;
                outcome
            }
            outcome => outcome,
        }
    }

    fn rename(&self, name: &OsStr, to: &Self) -> io::Result<()> {
        match renameat_with(&self.directory, name, &to.directory, name, RenameFlags::NOREPLACE) {
            // Not every file system can do both at once.
            Err(Errno::INVAL | Errno::NOSYS) if to.kind(name).is_none() => {
                self.directory.rename(name, &to.directory, name)
            }
            outcome => Ok(outcome?),
        }
    }
}

impl AsFd for HeldDirectory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_its_place_is_not_touched() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let at = |path: &str| root.join(path);
        for directory in ["held", "outside/staged"] {
            std::fs::create_dir_all(at(directory)).unwrap();
        }
        std::fs::write(at("outside/kept"), "").unwrap();
        std::fs::write(at("outside/staged/secret"), "").unwrap();
        let held = HeldDirectory::open(&at("held")).unwrap();
        let staged = held.make(OsStr::new("staged")).unwrap();
        let (place, staged_place) = (held.place().unwrap(), staged.place().unwrap());
        assert_eq!(place.open().unwrap().path(), at("held"));
        for name in ["made", "kept"] {
            std::fs::write(at("held/staged").join(name), "").unwrap();
        }
        // Between the check and the operation, the directory becomes a link.
        std::fs::rename(at("held"), at("elsewhere")).unwrap();
        std::os::unix::fs::symlink(at("outside"), at("held")).unwrap();
        staged.move_to(OsStr::new("made"), &held).unwrap();
        assert_eq!(staged.entries().unwrap().len(), 1);
        held.clear(OsStr::new("kept")).unwrap();
        held.clear(OsStr::new("staged")).unwrap();
        assert!(at("outside/kept").exists() && at("outside/staged/secret").exists() && !at("outside/made").exists());
        assert!(at("elsewhere/made").exists() && !at("elsewhere/staged").exists());
        for place in [place, staged_place] {
            assert!(place.open().unwrap_err().to_string().ends_with("was replaced while the command ran"));
        }
    }
}
