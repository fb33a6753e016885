//! Atomic, durable replacement of one file: temporary file next to it, fsync, rename, fsync of the directory.
//!
//! A reader sees the complete old or the complete new content, even if this process or the machine crashes. If a step
//! before the rename fails (disk full, quota, device error), the old file is unchanged and the temporary file is
//! removed.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, fchmod, fstat, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::bounded::random;
use super::error::FileError;

/// A temporary file of this age is no longer written by any process.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// The result of [`replace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// The file already had these bytes (and permissions); nothing was written.
    Unchanged,
    /// The file contains the new bytes, durably.
    Written,
}

/// Which permissions the new file gets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Permissions {
    /// Those of the replaced file; for a new file, `rw-rw-rw-` less the umask.
    Kept,
    /// As `Kept`, and executable by everyone who may read it.
    Executable,
}

/// Replaces the content of `path` with `bytes`. The permissions of an existing file are kept.
///
/// The caller must be the only writer (it holds the state lock): the temporary file has a fixed name, `.NAME.new`, so
/// that the next call removes what a killed process left.
///
/// # Errors
/// Names the path and the cause. The old content is intact, unless the last step failed (fsync of the directory): then
/// the new content is in place, but may not be durable.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<Replaced, FileError> {
    replace_with(path, bytes, Permissions::Kept, temporary_name(path, ".new"))
}

/// As [`replace`], and makes the file executable.
///
/// # Errors
/// As [`replace`].
pub fn replace_executable(path: &Path, bytes: &[u8]) -> Result<Replaced, FileError> {
    replace_with(path, bytes, Permissions::Executable, temporary_name(path, ".new"))
}

/// As [`replace_executable`], in a directory that is open. Only the last part of `path` decides which file it is; the rest is
/// for errors.
///
/// # Errors
/// As [`replace`].
pub fn replace_executable_in(directory: &File, path: &Path, bytes: &[u8]) -> Result<Replaced, FileError> {
    replace_in(directory, path, bytes, Permissions::Executable, temporary_name(path, ".new"))
}

/// As [`replace`], for a file with several concurrent writers (a cache): the last one wins, none fails. Old temporary files,
/// which killed processes left, are removed.
///
/// # Errors
/// As [`replace`].
pub fn replace_shared(path: &Path, bytes: &[u8]) -> Result<Replaced, FileError> {
    // Not the process id: on a shared file system, processes in different containers may have the same one.
    let random = random().map_err(FileError::of("write", path))?;
    let replaced = replace_with(path, bytes, Permissions::Kept, temporary_name(path, &format!(".{random:016x}.new")))?;
    if replaced == Replaced::Written {
        remove_abandoned(path);
    }
    Ok(replaced)
}

/// Removes temporary files of `path` that no process can still be writing.
fn remove_abandoned(path: &Path) {
    let prefix = temporary_name(path, ".");
    let is_temporary = |name: &OsStr| {
        let name = name.as_encoded_bytes();
        name.starts_with(prefix.as_encoded_bytes()) && name.ends_with(b".new")
    };
    let is_old = |metadata: std::fs::Metadata| {
        metadata.is_file() && metadata.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > ABANDONED))
    };
    let Some(directory) = path.parent() else { return };
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if is_temporary(&entry.file_name()) && entry.metadata().is_ok_and(is_old) {
            // Another process may be removing it, too.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Removes the file `path` durably; a missing file is not an error.
///
/// # Errors
/// Names the path and the cause.
pub fn delete(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Ok(()) => sync_directory(&open_parent(path)?, path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(FileError::of("remove", path)(error)),
    }
}

/// Removes the temporary file that an interrupted [`replace`] of `path` left.
///
/// # Errors
/// Names the path and the cause.
pub fn clear(path: &Path) -> Result<(), FileError> {
    let temporary = path.with_file_name(temporary_name(path, ".new"));
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(FileError::of("remove", &temporary)(error)),
        _ => Ok(()),
    }
}

/// Checks whether the file `path` could be replaced, as far as that is possible without trying: an immutable or
/// append-only file (`chattr`) cannot. A missing file is not an error.
///
/// # Errors
/// Names the path and the cause.
pub fn check_replaceable(path: &Path) -> Result<(), FileError> {
    // Non-blocking, in case the file is a pipe without a reader.
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    match std::fs::OpenOptions::new().write(true).custom_flags(nonblocking).open(path) {
        // Only immutable files fail with this error. Missing permissions are another error, and do not prevent the
        // rename.
        Err(error) if error.raw_os_error() == Some(Errno::PERM.raw_os_error()) => {
            Err(FileError::of("replace", path)(error))
        }
        _ => Ok(()),
    }
}

fn replace_with(
    path: &Path,
    bytes: &[u8],
    permissions: Permissions,
    temporary: OsString,
) -> Result<Replaced, FileError> {
    match path.file_name() {
        Some(_) => replace_in(&open_parent(path)?, path, bytes, permissions, temporary),
        None => Err(FileError::of("write", path)(io::Error::from(ErrorKind::InvalidInput))),
    }
}

fn replace_in(
    directory: &File,
    path: &Path,
    bytes: &[u8],
    permissions: Permissions,
    temporary: OsString,
) -> Result<Replaced, FileError> {
    let Some(name) = path.file_name() else {
        return Err(FileError::of("write", path)(io::Error::from(ErrorKind::InvalidInput)));
    };
    let old = current(directory, name).map_err(FileError::of("read", path))?;
    let mode = old.as_ref().map(|(_, mode)| *mode);
    if let Some((file, mode)) = &old
        && (permissions == Permissions::Kept || executable(*mode) == *mode)
        && has_content(file, bytes).map_err(FileError::of("read", path))?
    {
        return Ok(Replaced::Unchanged);
    }
    let written = write_temporary(directory, &temporary, bytes, permissions, mode)
        .and_then(|()| Ok(renameat(directory, &temporary, directory, name)?));
    if let Err(error) = written {
        // Report the first error. If removing the temporary file fails too, the next call removes it.
        let _ = unlinkat(directory, &temporary, AtFlags::empty());
        return Err(FileError::of("write", path)(error));
    }
    // After the rename, as this makes the rename itself durable.
    sync_directory(directory, path)?;
    Ok(Replaced::Written)
}

fn temporary_name(path: &Path, suffix: &str) -> OsString {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or(OsStr::new("file")).to_string_lossy().trim_start_matches('.'));
    name.push(suffix);
    name
}

fn open_parent(path: &Path) -> Result<File, FileError> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = openat(CWD, &parent, flags, Mode::empty()).map(File::from).map_err(io::Error::from);
    opened.map_err(FileError::of("open the directory", &parent))
}

/// The regular file to be replaced, and its permission bits. A symbolic link is not followed: the rename replaces the
/// link itself.
fn current(directory: &File, name: &OsStr) -> io::Result<Option<(File, Mode)>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match openat(directory, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mode = fstat(&file)?.st_mode;
    let is_regular = FileType::from_raw_mode(mode) == FileType::RegularFile;
    Ok(is_regular.then(|| (file, Mode::from_raw_mode(mode))))
}

fn has_content(mut file: &File, bytes: &[u8]) -> io::Result<bool> {
    if file.metadata()?.len() != bytes.len() as u64 {
        return Ok(false);
    }
    let mut content = Vec::with_capacity(bytes.len());
    file.read_to_end(&mut content)?;
    Ok(content == bytes)
}

fn write_temporary(
    directory: &File,
    name: &OsStr,
    bytes: &[u8],
    permissions: Permissions,
    mode: Option<Mode>,
) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let create = || openat(directory, name, flags, Mode::from_raw_mode(0o666));
    let file = match create() {
        // Left by a killed process. Removed rather than opened, as it could be a link to anything.
        Err(Errno::EXIST) => unlinkat(directory, name, AtFlags::empty()).and_then(|()| create())?,
        other => other?,
    };
    let mut file = File::from(file);
    if let Some(mode) = mode {
        fchmod(&file, mode)?;
    }
    if permissions == Permissions::Executable {
        fchmod(&file, executable(Mode::from_raw_mode(fstat(&file)?.st_mode)))?;
    }
    file.write_all(bytes)?;
    // Before the rename: otherwise a power failure could leave an incomplete file under the final name.
    file.sync_all()
}

/// Adds `x` wherever `r` is set.
fn executable(mode: Mode) -> Mode {
    let readable = mode & (Mode::RUSR | Mode::RGRP | Mode::ROTH);
    mode | Mode::from_raw_mode(readable.as_raw_mode() >> 2)
}

fn sync_directory(directory: &File, path: &Path) -> Result<(), FileError> {
    directory.sync_all().map_err(FileError::of("sync", path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::super::read;
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_and_leaves_identical_bytes_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        assert_eq!(replace(&path, b"one").unwrap(), Replaced::Written);
        let first = std::fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(replace(&path, b"one").unwrap(), Replaced::Unchanged);
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), first);
        assert_eq!(replace(&path, b"two").unwrap(), Replaced::Written);
        assert_eq!(read(&path).unwrap().unwrap(), b"two");
        assert_eq!(names(directory.path()), ["a"]);
    }

    #[test]
    fn keeps_permissions_and_can_make_executable() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, b"y").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(replace_executable(&path, b"y").unwrap(), Replaced::Written);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o750);
        assert_eq!(replace_executable(&path, b"y").unwrap(), Replaced::Unchanged);
    }

    #[test]
    fn what_a_killed_process_left_is_cleared_and_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let victim = directory.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        symlink(&victim, directory.path().join(".a.new")).unwrap();
        replace(&directory.path().join("a"), b"one").unwrap();
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
        assert_eq!(names(directory.path()), ["a", "victim"]);
    }

    #[test]
    fn a_link_is_replaced_not_written_through() {
        let directory = tempfile::tempdir().unwrap();
        let victim = directory.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        let path = directory.path().join("a");
        symlink(&victim, &path).unwrap();
        replace(&path, b"one").unwrap();
        assert!(!path.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    }

    #[test]
    fn a_pipe_is_replaced_and_holds_up_no_one() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("a");
        rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        check_replaceable(&pipe).unwrap();
        assert!(replace(&pipe.join("below"), b"one").unwrap_err().to_string().contains("Not a directory"));
        assert_eq!(replace(&pipe, b"one").unwrap(), Replaced::Written);
        assert_eq!(read(&pipe).unwrap().unwrap(), b"one");
    }

    #[test]
    fn errors_name_the_path() {
        let directory = tempfile::tempdir().unwrap();
        let message = replace(&directory.path().join("none/a"), b"x").unwrap_err().to_string();
        assert!(message.contains("none") && message.contains("No such file"), "{message}");
        std::fs::create_dir(directory.path().join("d")).unwrap();
        let message = replace(&directory.path().join("d"), b"x").unwrap_err().to_string();
        assert!(message.contains("/d: "), "{message}");
    }

    #[test]
    fn delete_of_nothing_is_fine() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        delete(&path).unwrap();
        std::fs::write(&path, "x").unwrap();
        delete(&path).unwrap();
        assert_eq!(read(&path).unwrap(), None);
    }
}
