//! Why distributions were not installed.

use std::path::PathBuf;

use base::files::FileError;
use base::source::{Blame, Explain};
use fetch::unpack::UnpackError;

use crate::resolve::ResolveError;
use crate::supply::SupplyError;
use crate::wheel::WheelError;

/// Why distributions were not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// There are none that meet all requirements.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// One cannot be had.
    #[error(transparent)]
    Supply(#[from] SupplyError),
    /// A wheel is refused.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// An egg is refused.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// The index promised something else than what the file has.
    #[error("The index says that {file} {promised}, and the file itself says that it {found}")]
    Differs {
        /// The file.
        file: String,
        /// What the index says.
        promised: String,
        /// What the file says.
        found: String,
    },
    /// What was installed is not found.
    #[error("{file} was installed, but {} does not hold it", .eggs.display())]
    Lost {
        /// The file.
        file: String,
        /// The eggs directory.
        eggs: PathBuf,
    },
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Explain for InstallError {
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
                vec!["Nothing of it was installed. A pin in [versions] can name another version.".to_owned()]
            }
            Self::Lost { .. } => vec!["Something removed it meanwhile; the next run installs it again.".to_owned()],
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Resolve(error) => error.blame(),
            Self::Supply(error) => error.blame(),
            _ => Blame::User,
        }
    }
}
