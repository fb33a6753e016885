//! Whether recorded paths exist, before and after a run has restored the paths that an interrupted run moved aside.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, statat};

use super::super::python::program::is_program;

/// Which paths exist. Symbolic links are not followed.
pub(in crate::run) struct ExistingPaths<'a> {
    directory: &'a Path,
    /// An open handle of the directory, so that its path is not resolved for every recorded path.
    handle: Option<File>,
    /// Paths that will be restored, and their backups.
    aside: Vec<(PathBuf, PathBuf)>,
}

impl<'a> ExistingPaths<'a> {
    /// Paths relative to `directory`, the buildout directory.
    pub(in crate::run) fn below(directory: &'a Path) -> Self {
        Self { directory, handle: File::open(directory).ok(), aside: Vec::new() }
    }

    /// The same after each of these paths has been restored from its backup.
    pub(in crate::run) fn put_back(self, aside: Vec<(PathBuf, PathBuf)>) -> Self {
        Self { aside, ..self }
    }

    /// Whether the path exists.
    pub(in crate::run) fn exists(&self, path: &str) -> bool {
        if let Some(now) = self.now(path) {
            return now.symlink_metadata().is_ok();
        }
        let below = Path::new(path).strip_prefix(self.directory).unwrap_or(Path::new(path));
        match &self.handle {
            Some(handle) if !below.as_os_str().is_empty() => statat(handle, below, AtFlags::SYMLINK_NOFOLLOW).is_ok(),
            _ => self.directory.join(path).symlink_metadata().is_ok(),
        }
    }

    /// Whether the path is a program.
    pub(in crate::run) fn has_program(&self, path: &str) -> bool {
        is_program(self.now(path).unwrap_or_else(|| path.into()))
    }

    /// The current location of a path that will be restored.
    fn now(&self, path: &str) -> Option<PathBuf> {
        let path = self.directory.join(path);
        let mut aside = self.aside.iter().filter(|(_, now)| now.symlink_metadata().is_ok());
        aside.find_map(|(target, now)| {
            let below = path.strip_prefix(target).ok()?;
            // Joining an empty path would add a slash.
            Some(if below.as_os_str().is_empty() { now.clone() } else { now.join(below) })
        })
    }
}
