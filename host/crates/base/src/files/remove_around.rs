//! Removal of a directory in which something stays: what other parts have there.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use cap_fs_ext::DirExt as _;
use cap_std::fs::Dir;

use super::removal_error::RemovalError;
use super::remove::{Removal, Removed, remove_entry};

/// What failed, relative to the directory where the removal began, and the cause.
type EntryError = (PathBuf, io::Error);

impl Removal {
    /// The same as [`Self::remove`], except that the paths `kept`, with everything in them, and the directories on the way
    /// to them stay. Those that do not exist, or that are not at `path` or below it, have no effect.
    ///
    /// # Errors
    /// As [`Self::remove`].
    pub fn remove_around(&self, path: &Path, kept: &[PathBuf]) -> Result<Removed, RemovalError> {
        let absolute = self.absolute(path);
        let existing = kept.iter().filter(|kept| kept.symlink_metadata().is_ok());
        let below: Vec<PathBuf> =
            existing.filter_map(|kept| Some(kept.strip_prefix(&absolute).ok()?.to_owned())).collect();
        if below.is_empty() {
            return self.remove(path);
        }
        let Some((parent, name)) = self.open_parent(path)? else { return Ok(Removed::Missing) };
        remove_others(&parent, &name, &below).map_err(|(inner, cause)| {
            let directory = absolute.parent().map(Path::to_owned).unwrap_or_default();
            RemovalError::Io { path: directory.join(inner), cause }
        })?;
        Ok(Removed::Directory)
    }
}

/// Removes the entry `name`, except for the paths `kept` below it; an empty path is the entry itself.
fn remove_others(parent: &Dir, name: &OsStr, kept: &[PathBuf]) -> Result<(), EntryError> {
    if kept.iter().any(|kept| kept.as_os_str().is_empty()) {
        return Ok(());
    }
    // A link does not contain what it leads to.
    let is_directory = parent.symlink_metadata(name).is_ok_and(|found| found.is_dir());
    if kept.is_empty() || !is_directory {
        return remove_entry(parent, name).map(drop);
    }
    let failed = |cause| (PathBuf::from(name), cause);
    let directory = parent.open_dir_nofollow(name).map_err(failed)?;
    for entry in names_in(&directory).map_err(failed)? {
        let below: Vec<PathBuf> =
            kept.iter().filter_map(|kept| Some(kept.strip_prefix(&entry).ok()?.to_owned())).collect();
        remove_others(&directory, &entry, &below).map_err(|(inner, cause)| (Path::new(name).join(inner), cause))?;
    }
    Ok(())
}

fn names_in(directory: &Dir) -> io::Result<Vec<OsString>> {
    directory.entries()?.map(|entry| entry.map(|entry| entry.file_name())).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_others_have_stays_and_the_rest_goes() {
        let space = tempfile::tempdir().unwrap();
        let at = |path: &str| space.path().join(path);
        for directory in ["var/sub/deep", "var/own/deep", "var/b", "elsewhere/x"] {
            std::fs::create_dir_all(at(directory)).unwrap();
        }
        for file in ["var/sub/deep/f", "var/sub/other", "var/file", "var/b/f"] {
            std::fs::write(at(file), "x").unwrap();
        }
        symlink(at("elsewhere"), at("var/link")).unwrap();
        let kept = ["var/sub/deep", "var/b", "var/missing/x", "var/link/x", "elsewhere", "va"].map(at);
        let removal = Removal::new(space.path());
        removal.remove_around(Path::new("var"), &kept).unwrap();
        let left = ["var/sub/deep/f", "var/b/f", "elsewhere/x"];
        assert!(left.iter().all(|path| at(path).exists()));
        let gone = ["var/sub/other", "var/own", "var/file", "var/link"];
        assert!(gone.iter().all(|path| at(path).symlink_metadata().is_err()));
        // The path itself; then without anything that stays.
        removal.remove_around(Path::new("var/b"), &[at("var/b")]).unwrap();
        assert!(at("var/b/f").exists());
        assert_eq!(removal.remove_around(Path::new("var"), &[at("elsewhere")]).unwrap(), Removed::Directory);
        assert!(!at("var").exists());
    }
}
