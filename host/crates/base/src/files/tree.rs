//! Removal of one entry of an open directory and everything below it, without following symbolic links.
//!
//! Handles deep trees and read-only directories: levels are kept on a heap stack of bounded height (deeper directories
//! are first moved to the top), and directories are made accessible to their owner.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use cap_fs_ext::DirExt as _;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Permissions, PermissionsExt as _};

use super::bounded::random;
use super::error::FileError;

/// Number of levels that are open at once. Each takes a file descriptor, of which a process has 1,024 by default.
const OPEN_LEVELS: usize = 64;

/// Permissions that the owner needs to list a directory and to remove its entries.
const OWNER_ACCESS: u32 = 0o700;

/// A directory that is being emptied.
struct OpenDirectory {
    name: OsString,
    directory: Dir,
    entries: Vec<(OsString, bool)>,
}

/// Removes the directory `path` and everything in it, without following symbolic links. The caller must have created
/// it: for recorded paths, use [`Removal`](super::Removal).
///
/// # Errors
/// Names what could not be removed, and the cause.
pub fn remove_directory(path: &Path) -> Result<(), FileError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = path.file_name() else {
        return Err(FileError::of("remove", path)(ErrorKind::InvalidInput.into()));
    };
    let open = Dir::open_ambient_dir(parent, ambient_authority()).map_err(FileError::of("open", parent))?;
    remove_tree(&open, name).map_err(|(inner, cause)| FileError::of("remove", &parent.join(inner))(cause))
}

/// The same for the directory `name` of an open directory.
///
/// # Errors
/// The system's cause.
pub fn remove_directory_in(parent: &Dir, name: &OsStr) -> io::Result<()> {
    remove_tree(parent, name).map_err(|(_, cause)| cause)
}

/// Removes the directory `name` of `parent` and everything in it.
///
/// # Errors
/// The path, relative to `parent`, that could not be removed, and the system's cause.
pub(super) fn remove_tree(parent: &Dir, name: &OsStr) -> Result<(), (PathBuf, io::Error)> {
    let mut levels = vec![enter(parent, name).map_err(|error| (PathBuf::from(name), error))?];
    while let Some(level) = levels.last_mut() {
        let Some((entry, is_directory)) = level.entries.pop() else {
            let path = path_of(&levels, None);
            let emptied = levels.pop().map(|level| level.name).unwrap_or_default();
            let above = levels.last().map_or(parent, |level| &level.directory);
            missing_is_fine(above.remove_dir(&emptied)).map_err(|error| (path, error))?;
            continue;
        };
        let outcome = if !is_directory {
            missing_is_fine(level.directory.remove_file(&entry))
        } else if levels.len() < OPEN_LEVELS {
            enter_or_unlink(&mut levels, &entry)
        } else {
            move_to_top(&mut levels, &entry)
        };
        outcome.map_err(|error| (path_of(&levels, Some(&entry)), error))?;
    }
    Ok(())
}

/// Makes the directory `name` accessible to its owner, opens it without following a link, and lists it.
fn enter(parent: &Dir, name: &OsStr) -> io::Result<OpenDirectory> {
    make_accessible(parent, name)?;
    let directory = parent.open_dir_nofollow(name)?;
    let mut entries = Vec::new();
    for entry in directory.entries()? {
        let entry = entry?;
        entries.push((entry.file_name(), entry.file_type()?.is_dir()));
    }
    Ok(OpenDirectory { name: name.to_owned(), directory, entries })
}

/// Lets its owner list, change and move the directory `name`.
fn make_accessible(parent: &Dir, name: &OsStr) -> io::Result<()> {
    let metadata = parent.symlink_metadata(name)?;
    let mode = metadata.permissions().mode();
    if metadata.is_dir() && mode & OWNER_ACCESS != OWNER_ACCESS {
        parent.set_permissions(name, Permissions::from_mode((mode | OWNER_ACCESS) & 0o7777))?;
    }
    Ok(())
}

/// Descends into `entry` of the innermost level, or unlinks it if it is no longer a directory.
fn enter_or_unlink(levels: &mut Vec<OpenDirectory>, entry: &OsStr) -> io::Result<()> {
    let Some(level) = levels.last() else { return Ok(()) };
    match enter(&level.directory, entry) {
        Ok(inner) => levels.push(inner),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) if is_not_a_directory(&error) => missing_is_fine(level.directory.remove_file(entry))?,
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Moves a directory that is too deep into the outermost level, where it is removed later.
fn move_to_top(levels: &mut [OpenDirectory], entry: &OsStr) -> io::Result<()> {
    let [top, .., level] = levels else { return Ok(()) };
    let name = OsString::from(format!(".buildout-removing-{:016x}", random()?));
    // A directory can be moved only if it is writable itself, as its `..` changes. (The superuser needs no permission.)
    make_accessible(&level.directory, entry)?;
    level.directory.rename(entry, &top.directory, &name)?;
    top.entries.push((name, true));
    Ok(())
}

fn path_of(levels: &[OpenDirectory], entry: Option<&OsStr>) -> PathBuf {
    levels.iter().map(|level| level.name.as_os_str()).chain(entry).collect()
}

/// Whether this is the error for opening a symbolic link or a file as a directory.
pub(super) fn is_not_a_directory(error: &io::Error) -> bool {
    use rustix::io::Errno;
    error.kind() == ErrorKind::NotADirectory || error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}

/// If another process removed the path in the meantime, that is fine.
pub(super) fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;

    use super::*;

    #[test]
    fn deep_trees_without_permission_are_removed_by_ordinary_users() {
        if rustix::process::geteuid().is_root() {
            // Permissions do not restrict the superuser.
            return again_as_an_ordinary_user();
        }
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root");
        let leftover = root.join(format!(".buildout-removing-{}-1/x", std::process::id()));
        std::fs::create_dir_all(leftover).unwrap();
        let mut levels = vec![root.clone()];
        for _ in 0..3 * OPEN_LEVELS {
            let next = levels[levels.len() - 1].join("d");
            std::fs::create_dir(&next).unwrap();
            levels.push(next);
        }
        for level in levels.iter().skip(1).rev() {
            std::fs::write(level.join("file"), "x").unwrap();
            std::fs::set_permissions(level, std::fs::Permissions::from_mode(0o500)).unwrap();
        }
        remove_directory(&root).unwrap();
        assert!(!root.exists());
    }

    /// Runs the test again, from a directory that every user can read.
    fn again_as_an_ordinary_user() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let program = directory.path().join("tests");
        std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let mut command = std::process::Command::new(program);
        let name = "files::tree::tests::deep_trees_without_permission_are_removed_by_ordinary_users";
        command.args(["--exact", name]).uid(65534).gid(65534).env("TMPDIR", "/tmp");
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
}
