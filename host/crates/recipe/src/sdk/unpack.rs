//! Unpacks the SDK that the host carries into `sdk/` of a project.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::carried::{DIRECTORY, Language};
use base::source::Explain;

/// A file of a project that could not be written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("Cannot write {}: {error}", path.display())]
pub struct ProjectFileError {
    /// The file or directory.
    pub(crate) path: PathBuf,
    /// The cause.
    pub(crate) error: Arc<io::Error>,
}

impl Explain for ProjectFileError {}

impl ProjectFileError {
    pub(super) fn of(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |error| Self { path, error: Arc::new(error) }
    }
}

/// Replaces `sdk/` of a project with the SDK of this host.
///
/// # Errors
/// When a file cannot be written.
pub fn refresh(project: &Path, language: Language) -> Result<(), ProjectFileError> {
    let directory = project.join(DIRECTORY);
    // Written aside and then renamed: a build never sees an incomplete one.
    let aside = tempfile::Builder::new().prefix(".sdk-").tempdir_in(project).map_err(ProjectFileError::of(project))?;
    for file in language.sdk() {
        write(&aside.path().join("new").join(file.path), file.contents)?;
    }
    match std::fs::rename(&directory, aside.path().join("old")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(ProjectFileError::of(&directory)(error)),
        _ => {}
    }
    std::fs::rename(aside.path().join("new"), &directory).map_err(ProjectFileError::of(&directory))
}

/// Writes a file and creates its directories.
pub(super) fn write(path: &Path, contents: &[u8]) -> Result<(), ProjectFileError> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(ProjectFileError::of(parent))?;
    }
    std::fs::write(path, contents).map_err(ProjectFileError::of(path))
}
