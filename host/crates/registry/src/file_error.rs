//! Errors of `recipes.toml`, `recipes.lock` and the `recipe.toml` of a project.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use base::files::FileError;
use base::remedy::Remedy;
use base::source::{Explain, Place};

/// A file about recipes cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RecipesFileError {
    /// The file cannot be read.
    #[error("Cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: Arc<io::Error>,
    },
    /// The file is invalid.
    #[error("{message}")]
    Invalid {
        /// The cause.
        message: String,
        /// Where.
        place: Option<Place>,
        /// Hints for the user.
        hints: Vec<String>,
        /// What this program can do.
        remedies: Vec<Remedy>,
    },
}

impl RecipesFileError {
    pub(crate) fn invalid(message: impl Into<String>, place: Option<Place>, hints: Vec<String>) -> Self {
        Self::Invalid { message: message.into(), place, hints, remedies: Vec::new() }
    }

    /// The same, with one more remedy.
    #[must_use]
    pub(crate) fn remedy(mut self, remedy: Remedy) -> Self {
        if let Self::Invalid { remedies, .. } = &mut self {
            remedies.push(remedy);
        }
        self
    }
}

impl From<FileError> for RecipesFileError {
    fn from(error: FileError) -> Self {
        Self::Read { path: error.path, error: Arc::new(error.cause) }
    }
}

impl Explain for RecipesFileError {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Read { .. } => None,
            Self::Invalid { place, .. } => place.clone(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Read { .. } => Vec::new(),
            Self::Invalid { hints, .. } => hints.clone(),
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::Read { .. } => Vec::new(),
            Self::Invalid { remedies, .. } => remedies.clone(),
        }
    }
}
