//! Why a distribution is not available.

use base::files::FileError;
use base::remedy::Remedy;
use base::source::{Blame, Explain, Place};
use fetch::DownloadError;

use crate::build::BuildError;
use crate::index::WebError;
use crate::resolve::ResolveError;
use crate::wheel::WheelError;

/// Why a distribution is not available.
#[derive(Debug, thiserror::Error)]
pub enum SupplyError {
    /// A file cannot be downloaded or read.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// A page or small file cannot be read.
    #[error("Cannot read {url}: {cause}")]
    Web {
        /// Its location, without credentials.
        url: String,
        /// The cause.
        cause: String,
    },
    /// The index has invalid data about a file.
    #[error("The metadata of {file} cannot be used: {cause}")]
    Metadata {
        /// The file.
        file: String,
        /// The error.
        cause: String,
    },
    /// The digest differs from that of the index.
    #[error("{url} has the {algorithm} digest {found}, but the index says {expected}")]
    WrongDigest {
        /// Its location, without credentials.
        url: String,
        /// The algorithm of the digests.
        algorithm: String,
        /// The digest in the index.
        expected: String,
        /// The actual digest.
        found: String,
    },
    /// A wheel is rejected.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// A source distribution cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A build requires itself.
    #[error("Building {0} requires {0} itself")]
    Circle(String),
    /// A requirement of a build is not found.
    #[error("The build requirements are not available: {0}")]
    Requirements(#[from] Box<ResolveError>),
    /// A system call failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The run was interrupted.
    #[error("Getting {0} was canceled")]
    Canceled(String),
}

impl SupplyError {
    pub(super) fn of_web(url: &str, error: WebError) -> Self {
        let url = base::source::redact(url);
        match error {
            WebError::Failed(cause) => Self::Web { url, cause },
            WebError::Canceled => Self::Canceled(url),
        }
    }

    /// Whether the distribution itself is invalid, so that another version may be usable. A file that differs from what
    /// the index promises is never ignored.
    pub(super) fn is_of_the_file(&self) -> bool {
        matches!(self, Self::Metadata { .. })
            || matches!(self, Self::Wheel(WheelError::Refused { fault: crate::wheel::WheelFault::Metadata(_), .. }))
    }
}

impl Explain for SupplyError {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Build(error) => error.place(),
            Self::Requirements(error) => error.place(),
            _ => None,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Build(error) => error.details(),
            Self::Requirements(error) => error.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Download(error) => error.hints(),
            Self::Wheel(error) => error.hints(),
            Self::Build(error) => error.hints(),
            Self::Requirements(error) => error.hints(),
            Self::File(error) => error.hints(),
            Self::WrongDigest { .. } => {
                vec!["The file was changed after the index was created, or in transit. It was not used.".to_owned()]
            }
            Self::Circle(_) => vec!["A wheel of it would break the cycle: find-links can name one.".to_owned()],
            Self::Web { .. } | Self::Metadata { .. } | Self::Canceled(_) => Vec::new(),
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Build(error) => error.blame(),
            _ => Blame::User,
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::Download(error) => error.remedies(),
            Self::Wheel(error) => error.remedies(),
            Self::Build(error) => error.remedies(),
            Self::Requirements(error) => error.remedies(),
            Self::File(error) => error.remedies(),
            _ => Vec::new(),
        }
    }
}
