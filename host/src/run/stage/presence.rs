//! Whether recorded paths exist, before and after a run has put back what an interrupted one set aside.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, statat};

use super::super::python::program::is_program;

/// Which paths exist. Of a symbolic link the link itself counts, not its target.
pub(in crate::run) struct Presence<'a> {
    directory: &'a Path,
    /// Open, so that the way to it is not walked for every path.
    handle: Option<File>,
    /// Paths that will be put back, and where each is now.
    aside: Vec<(PathBuf, PathBuf)>,
}

impl<'a> Presence<'a> {
    /// Paths relative to `directory`, the buildout directory.
    pub(in crate::run) fn below(directory: &'a Path) -> Self {
        Self { directory, handle: File::open(directory).ok(), aside: Vec::new() }
    }

    /// The same when each of these paths has been put back from the path next to it.
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

    /// Where a path is that will be put back.
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
