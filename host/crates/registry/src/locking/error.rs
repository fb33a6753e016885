//! Errors of published components that are not available, or must not be used.

use std::sync::Arc;

use crate::file_error::RecipesFileError;
use crate::oci::RegistryError;
use crate::signature::KeyError;
use crate::trust::TrustError;
use base::files::FileError;
use base::remedy::Remedy;
use base::source::{Blame, Explain, Place};

/// A published component is not available, or must not be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LockingError {
    /// A component cannot be read from its registry.
    #[error("{error}")]
    Registry {
        /// The cause.
        error: Arc<RegistryError>,
        /// The value of `oci`.
        place: Option<Place>,
    },
    /// The signatures do not suffice.
    #[error("{error}")]
    Distrusted {
        /// The cause.
        error: Box<TrustError>,
        /// The place that requires them.
        place: Option<Place>,
    },
    /// A signer's public key cannot be used.
    #[error(transparent)]
    Key(#[from] Arc<KeyError>),
    /// A component was verified, but cannot be described.
    #[error("{0}")]
    Unusable(Arc<dyn Explain + Send + Sync>),
    /// `recipes.lock` cannot be read.
    #[error(transparent)]
    File(#[from] RecipesFileError),
    /// `recipes.lock` cannot be written.
    #[error(transparent)]
    Write(Arc<FileError>),
    /// `recipes.lock` would have to change.
    #[error("{message}")]
    Lock {
        /// The difference.
        message: String,
        /// The value of `oci`.
        place: Option<Place>,
        /// Hints for the user.
        hints: Vec<String>,
        /// What this program can do about it.
        remedy: Option<Remedy>,
    },
}

impl From<FileError> for LockingError {
    fn from(error: FileError) -> Self {
        Self::Write(Arc::new(error))
    }
}

impl LockingError {
    /// The wrapped error.
    fn cause(&self) -> Option<&dyn Explain> {
        match self {
            Self::Registry { error, .. } => Some(&**error),
            Self::Distrusted { error, .. } => Some(&**error),
            Self::Key(error) => Some(&**error),
            Self::Unusable(error) => Some(&**error),
            Self::File(error) => Some(error),
            Self::Write(error) => Some(&**error),
            Self::Lock { .. } => None,
        }
    }
}

impl Explain for LockingError {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Registry { place, .. } | Self::Distrusted { place, .. } | Self::Lock { place, .. } => place.clone(),
            _ => self.cause().and_then(Explain::place),
        }
    }

    fn doing(&self) -> Vec<String> {
        self.cause().map(Explain::doing).unwrap_or_default()
    }

    fn details(&self) -> Vec<String> {
        self.cause().map(Explain::details).unwrap_or_default()
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Lock { hints, .. } => hints.clone(),
            _ => self.cause().map(Explain::hints).unwrap_or_default(),
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::Lock { remedy, .. } => remedy.iter().cloned().collect(),
            _ => self.cause().map(Explain::remedies).unwrap_or_default(),
        }
    }

    fn blame(&self) -> Blame {
        self.cause().map_or(Blame::User, Explain::blame)
    }
}
