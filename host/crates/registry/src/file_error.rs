//! Why `recipes.toml`, `recipes.lock` or the `recipe.toml` of a project cannot be used.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use base::files::FileError;
use base::source::{Explain, Place};

/// Why a file about recipes cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RecipesFileError {
    /// The file cannot be read.
    #[error("Cannot read {}: {error}.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: Arc<io::Error>,
    },
    /// The file is invalid.
    #[error("{message}")]
    Invalid {
        /// What is wrong.
        message: String,
        /// Where.
        place: Option<Place>,
        /// What to do.
        hints: Vec<String>,
    },
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
}
