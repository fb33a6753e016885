//! Removal of one entry of an open directory, with all that is below it, without following a symbolic link.
//!
//! Neither deep trees nor read-only directories inside the tree are in the way: levels are kept on a heap stack of
//! bounded height (a directory below that is first moved to the top), and directories are made accessible to their owner.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use cap_fs_ext::DirExt as _;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Permissions, PermissionsExt as _};

use super::FileError;

/// How many levels are open at once; each costs a file descriptor, of which a process has 1,024 by default.
const OPEN_LEVELS: usize = 64;

/// What its owner needs to list a directory and to remove entries.
const OWNER_ACCESS: u32 = 0o700;

/// A directory that is being emptied.
struct Level {
    name: OsString,
    directory: Dir,
    entries: Vec<(OsString, bool)>,
}

/// Removes the directory `path` and everything in it, without following symbolic links. The caller is the one who made
/// it: a path that somebody else wrote down is for [`Removal`](super::Removal).
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

/// Removes the directory `name` of `parent` and everything in it.
///
/// # Errors
/// The path, relative to `parent`, that could not be removed, and the system's cause.
pub(super) fn remove_tree(parent: &Dir, name: &OsStr) -> Result<(), (PathBuf, io::Error)> {
    let mut levels = vec![enter(parent, name).map_err(|error| (PathBuf::from(name), error))?];
    let mut moved = 0_u64;
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
            move_to_top(&mut levels, &entry, &mut moved)
        };
        outcome.map_err(|error| (path_of(&levels, Some(&entry)), error))?;
    }
    Ok(())
}

/// Makes the directory `name` accessible to its owner.
fn make_accessible(parent: &Dir, name: &OsStr) -> io::Result<()> {
    let metadata = parent.symlink_metadata(name)?;
    let mode = metadata.permissions().mode();
    if metadata.is_dir() && mode & OWNER_ACCESS != OWNER_ACCESS {
        parent.set_permissions(name, Permissions::from_mode((mode | OWNER_ACCESS) & 0o7777))?;
    }
    Ok(())
}

/// Makes the directory `name` accessible to its owner, opens it, never through a link, and lists it.
fn enter(parent: &Dir, name: &OsStr) -> io::Result<Level> {
    make_accessible(parent, name)?;
    let directory = parent.open_dir_nofollow(name)?;
    let mut entries = Vec::new();
    for entry in directory.entries()? {
        let entry = entry?;
        entries.push((entry.file_name(), entry.file_type()?.is_dir()));
    }
    Ok(Level { name: name.to_owned(), directory, entries })
}

/// Goes down into `entry` of the innermost level; one that has become something else since it was listed is unlinked.
fn enter_or_unlink(levels: &mut Vec<Level>, entry: &OsStr) -> io::Result<()> {
    let Some(level) = levels.last() else { return Ok(()) };
    match enter(&level.directory, entry) {
        Ok(inner) => levels.push(inner),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) if is_no_directory(&error) => missing_is_fine(level.directory.remove_file(entry))?,
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Moves a directory that is too deep into the outermost level, where it is removed later, under the next free name: the
/// tree may contain what a killed run moved there.
fn move_to_top(levels: &mut [Level], entry: &OsStr, number: &mut u64) -> io::Result<()> {
    let [top, .., level] = levels else { return Ok(()) };
    // Moving a directory changes its entry `..`, for which its owner needs permission to write.
    missing_is_fine(make_accessible(&level.directory, entry))?;
    loop {
        *number += 1;
        let name = OsString::from(format!(".buildout-removing-{number}"));
        match level.directory.rename(entry, &top.directory, &name) {
            Err(error) if is_occupied(&error) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
            Ok(()) => {
                top.entries.push((name, true));
                return Ok(());
            }
        }
    }
}

/// Whether a directory could not be renamed because its new name is in use.
fn is_occupied(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory)
}

fn path_of(levels: &[Level], entry: Option<&OsStr>) -> PathBuf {
    levels.iter().map(|level| level.name.as_os_str()).chain(entry).collect()
}

/// What opening gives for a symbolic link or a file where a directory was asked for.
pub(super) fn is_no_directory(error: &io::Error) -> bool {
    use rustix::io::Errno;
    error.kind() == ErrorKind::NotADirectory || error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}

/// A path that somebody else removed meanwhile is as good as removed.
pub(super) fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
