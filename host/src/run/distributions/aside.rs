//! The directories of distributions for those who only look: what exists is linked, and what is missing is put next to it,
//! so that the buildout stays as it is.

use std::path::{Path, PathBuf};

use base::files::FileError;
use distributions::eggs::Directories;

/// Directories of distributions outside the buildout.
#[derive(Debug)]
pub(super) struct PlanDirectories {
    root: PathBuf,
}

impl PlanDirectories {
    /// Directories below `root`, which is removed later.
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The directories that are used in place of these.
    pub(super) fn of(&self, own: &Directories) -> Result<Directories, FileError> {
        let (eggs, develop) = (self.root.join("eggs"), self.root.join("develop-eggs"));
        link_entries(&own.eggs, &eggs)?;
        link_entries(&own.develop, &develop)?;
        Ok(Directories { eggs, develop })
    }
}

/// Links what is in `from`, unless that was done before.
fn link_entries(from: &Path, to: &Path) -> Result<(), FileError> {
    std::fs::create_dir_all(to).map_err(FileError::of("create the directory", to))?;
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        let link = to.join(entry.file_name());
        if link.symlink_metadata().is_err() {
            std::os::unix::fs::symlink(entry.path(), &link).map_err(FileError::of("link", &link))?;
        }
    }
    Ok(())
}
