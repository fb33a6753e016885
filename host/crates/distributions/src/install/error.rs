//! Why an installation of distributions failed.

use std::path::PathBuf;

use base::files::FileError;
use base::remedy::Remedy;
use base::source::{Blame, Explain, Place};
use fetch::unpack::UnpackError;

use crate::resolve::ResolveError;
use crate::supply::SupplyError;
use crate::wheel::WheelError;

/// Why an installation of distributions failed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// No distributions meet all requirements.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// One is not available.
    #[error(transparent)]
    Supply(#[from] SupplyError),
    /// A wheel is rejected.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// An egg is rejected.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// The metadata of the file differs from that of the index.
    #[error("The index says that {file} {promised}, but the file itself says that it {found}")]
    Differs {
        /// The file.
        file: String,
        /// The value in the index.
        promised: String,
        /// The value in the file.
        found: String,
    },
    /// The installed distribution is not found.
    #[error("{file} was installed, but {} does not contain it", .eggs.display())]
    Lost {
        /// The file.
        file: String,
        /// The eggs directory.
        eggs: PathBuf,
    },
    /// A system call failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Explain for InstallError {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Resolve(error) => error.place(),
            Self::Supply(error) => error.place(),
            _ => None,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Resolve(error) => error.details(),
            Self::Supply(error) => error.details(),
            _ => Vec::new(),
        }
    }

    fn doing(&self) -> Vec<String> {
        match self {
            Self::Resolve(error) => error.doing(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Resolve(error) => error.hints(),
            Self::Supply(error) => error.hints(),
            Self::Wheel(error) => error.hints(),
            Self::Unpack(error) => error.hints(),
            Self::File(error) => error.hints(),
            Self::Differs { .. } => {
                vec!["Nothing was installed from it. A pin in [versions] can select another version.".to_owned()]
            }
            Self::Lost { .. } => {
                vec!["If something removed it in the meantime, the next run installs it again.".to_owned()]
            }
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Resolve(error) => error.blame(),
            Self::Supply(error) => error.blame(),
            _ => Blame::User,
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::Resolve(error) => error.remedies(),
            Self::Supply(error) => error.remedies(),
            Self::Wheel(error) => error.remedies(),
            Self::Unpack(error) => error.remedies(),
            Self::File(error) => error.remedies(),
            _ => Vec::new(),
        }
    }
}
