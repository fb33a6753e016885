//! Moves recorded paths aside, to a name in the same directory, so that they can be restored if their replacement
//! fails.
//!
//! The rules of removal apply: only below the given roots, never through a symbolic link.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use rustix::fs::OFlags;

use super::removal_error::RemovalError;
use super::remove::{Removal, Removed};

/// Directories nested deeper than this are not copied.
const DEEPEST: usize = 200;

/// The name of the backup of `name`.
fn aside(name: &OsStr) -> OsString {
    sibling(name, ".previous")
}

/// The name of a copy until it is complete.
fn unfinished(name: &OsStr) -> OsString {
    sibling(name, ".copying")
}

fn sibling(name: &OsStr, suffix: &str) -> OsString {
    let mut sibling = OsString::from(".");
    sibling.push(name);
    sibling.push(suffix);
    sibling
}

impl Removal {
    /// Renames `path` to the name of its backup. Returns false if it does not exist. An earlier backup is removed.
    ///
    /// # Errors
    /// When the path may not be removed (then nothing was touched), or cannot be renamed.
    pub fn set_aside(&self, path: &Path) -> Result<bool, RemovalError> {
        self.discard(path)?;
        let Some((parent, name)) = self.open_parent(path)? else { return Ok(false) };
        match parent.rename(&name, &parent, aside(&name)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(RemovalError::Aside { operation: "move aside", path: path.to_owned(), cause }),
        }
    }

    /// Copies the directory `path` to its backup (see [`Self::set_aside`]) and leaves the original in place, for
    /// updates that may change it. Returns false if it does not exist.
    ///
    /// # Errors
    /// As [`Self::set_aside`], or when part of it cannot be read.
    pub fn copy_aside(&self, path: &Path) -> Result<bool, RemovalError> {
        self.discard(path)?;
        let Some((parent, name)) = self.open_parent(path)? else { return Ok(false) };
        if !parent.symlink_metadata(&name).is_ok_and(|metadata| metadata.is_dir()) {
            return Ok(false);
        }
        let copied = copy_directory(&parent, &name, &unfinished(&name), 0)
            .and_then(|()| parent.rename(unfinished(&name), &parent, aside(&name)));
        copied.map_err(|cause| RemovalError::Aside { operation: "copy aside", path: path.to_owned(), cause })?;
        Ok(true)
    }

    /// Renames the backup of `path` back, replacing any existing file. Returns false, and changes nothing, if there is
    /// no backup.
    ///
    /// # Errors
    /// As [`Self::set_aside`].
    pub fn put_back(&self, path: &Path) -> Result<bool, RemovalError> {
        self.remove_named(path, unfinished)?;
        let Some((parent, name)) = self.open_parent(path)? else { return Ok(false) };
        if parent.symlink_metadata(aside(&name)).is_err() {
            return Ok(false);
        }
        self.remove(path)?;
        let renamed = parent.rename(aside(&name), &parent, &name);
        renamed.map_err(|cause| RemovalError::Aside { operation: "put back", path: path.to_owned(), cause })?;
        Ok(true)
    }

    /// The path itself and the path of its backup, if one exists.
    pub fn where_aside(&self, path: &Path) -> Option<(PathBuf, PathBuf)> {
        let (parent, name) = self.open_parent(path).ok()??;
        parent.symlink_metadata(aside(&name)).ok()?;
        let path = self.absolute(path);
        let moved = path.with_file_name(aside(&name));
        Some((path, moved))
    }

    /// Removes the backup of `path`.
    ///
    /// # Errors
    /// As [`Self::remove`].
    pub fn discard(&self, path: &Path) -> Result<Removed, RemovalError> {
        self.remove_named(path, unfinished)?;
        self.remove_named(path, aside)
    }
}

/// Copies a directory to another name: directories, files with their permissions, symbolic links. Programs consist of
/// nothing else.
fn copy_directory(parent: &Dir, name: &OsStr, to: &OsStr, depth: usize) -> io::Result<()> {
    let (from, into) = (parent.open_dir_nofollow(name)?, create_directory(parent, to)?);
    copy_entries(&from, &into, depth)?;
    // Last, because the original may not be writable.
    into.set_permissions(".", from.dir_metadata()?.permissions())
}

fn create_directory(parent: &Dir, name: &OsStr) -> io::Result<Dir> {
    parent.create_dir(name)?;
    parent.open_dir_nofollow(name)
}

fn copy_entries(from: &Dir, into: &Dir, depth: usize) -> io::Result<()> {
    if depth == DEEPEST {
        return Err(io::Error::other(format!("directories are nested more than {DEEPEST} levels deep")));
    }
    for entry in from.entries()? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if kind.is_dir() {
            let (from, below) = (from.open_dir_nofollow(&name)?, create_directory(into, &name)?);
            copy_entries(&from, &below, depth + 1)?;
            below.set_permissions(".", from.dir_metadata()?.permissions())?;
        } else if kind.is_symlink() {
            into.symlink_contents(from.read_link_contents(&name)?, &name)?;
        } else if kind.is_file() {
            copy_file(from, into, &name)?;
        }
    }
    Ok(())
}

fn copy_file(from: &Dir, into: &Dir, name: &OsStr) -> io::Result<()> {
    let (mut reading, mut writing) = (OpenOptions::new(), OpenOptions::new());
    // A file in the listing may have become a pipe by now.
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let source = from.open_with(name, reading.read(true).follow(FollowSymlinks::No).custom_flags(nonblocking))?;
    if !source.metadata()?.is_file() {
        return Err(io::Error::other("a file was replaced while it was copied"));
    }
    let permissions = source.metadata()?.permissions();
    let target = into.open_with(name, writing.write(true).create_new(true))?;
    io::copy(&mut source.into_std(), &mut target.into_std())?;
    into.set_permissions(name, permissions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_aside_comes_back_whole_or_goes() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let removal = Removal::new(root);
        let (part, file) = (root.join("parts/a"), root.join("parts/a/bin/file"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "old").unwrap();
        assert!(removal.set_aside(&part).unwrap() && !part.exists());
        assert!(!removal.set_aside(Path::new("parts/none")).unwrap());
        std::fs::create_dir_all(part.join("half")).unwrap();
        assert!(removal.put_back(&part).unwrap());
        assert!(std::fs::read_to_string(&file).unwrap() == "old" && !part.join("half").exists());
        assert!(!removal.put_back(&part).unwrap(), "it is back already");
        assert!(file.exists());
        removal.set_aside(Path::new("parts/a")).unwrap();
        std::fs::create_dir(&part).unwrap();
        assert_eq!(removal.discard(&part).unwrap(), Removed::Directory);
        assert!(part.exists() && !root.join("parts/.a.previous").exists());
    }

    #[test]
    fn a_copy_has_all_that_makes_up_a_program() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let removal = Removal::new(root);
        let part = root.join("parts/a");
        std::fs::create_dir_all(part.join("lib/deep")).unwrap();
        std::fs::write(part.join("lib/python"), "old").unwrap();
        std::fs::set_permissions(part.join("lib/python"), std::fs::Permissions::from_mode(0o555)).unwrap();
        std::fs::set_permissions(part.join("lib/deep"), std::fs::Permissions::from_mode(0o500)).unwrap();
        std::os::unix::fs::symlink("/etc", part.join("link")).unwrap();
        assert!(removal.copy_aside(&part).unwrap());
        assert!(part.join("lib/python").exists(), "it stays where it is");
        std::fs::write(root.join("new"), "new").unwrap();
        std::fs::rename(root.join("new"), part.join("lib/python")).unwrap();
        assert!(removal.put_back(&part).unwrap());
        let mode = |path: &str| part.join(path).symlink_metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("lib/python"), mode("lib/deep")), (0o555, 0o500));
        assert_eq!(std::fs::read_to_string(part.join("lib/python")).unwrap(), "old");
        assert_eq!(std::fs::read_link(part.join("link")).unwrap(), Path::new("/etc"));
        assert_eq!(std::fs::read_dir(root.join("parts")).unwrap().count(), 1);
        assert!(!removal.copy_aside(&part.join("link")).unwrap() && !removal.copy_aside(Path::new("none")).unwrap());
    }

    #[test]
    fn a_path_elsewhere_is_not_touched() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("outside/x")).unwrap();
        std::fs::create_dir(root.join("b")).unwrap();
        std::os::unix::fs::symlink(root.join("outside"), root.join("b/link")).unwrap();
        let removal = Removal::new(&root.join("b"));
        for path in [root.join("outside/x"), root.join("b"), root.join("b/link/x"), root.join("b/../outside")] {
            assert!(removal.set_aside(&path).is_err(), "{}", path.display());
            assert!(removal.put_back(&path).is_err(), "{}", path.display());
        }
        assert!(root.join("outside/x").exists());
        assert!(removal.set_aside(Path::new("link")).unwrap(), "the link itself");
        assert!(root.join("outside/x").exists());
    }
}
