//! Why a distribution cannot be had.

use base::files::FileError;
use base::source::{Blame, Explain};
use fetch::DownloadError;

use crate::build::BuildError;
use crate::index::WebError;
use crate::resolve::ResolveError;
use crate::wheel::WheelError;

/// Why a distribution cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SupplyError {
    /// A file cannot be brought.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// A page or small file cannot be read.
    #[error("Cannot read {url}: {cause}")]
    Web {
        /// Where it is, without credentials.
        url: String,
        /// Why.
        cause: String,
    },
    /// What the index says of a file is wrong.
    #[error("The metadata of {file} cannot be used: {cause}")]
    Metadata {
        /// The file.
        file: String,
        /// What is wrong.
        cause: String,
    },
    /// Something has another digest than the index says.
    #[error("{url} has the {algorithm} digest {found}, and the index says {expected}")]
    WrongDigest {
        /// Where it is, without credentials.
        url: String,
        /// Of which kind the digests are.
        algorithm: String,
        /// What the index says.
        expected: String,
        /// What it has.
        found: String,
    },
    /// A wheel is refused.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// A source distribution cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A build requires itself.
    #[error("{0} requires itself to be built")]
    Circle(String),
    /// What a build requires is not found.
    #[error("What the build requires is not available: {0}")]
    Requirements(#[from] Box<ResolveError>),
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The run was interrupted.
    #[error("Bringing {0} was cancelled")]
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

    /// Whether the distribution itself is at fault, so that another version of it may do. That something is not what the
    /// index promised is nobody's mistake to pass over.
    pub(super) fn is_of_the_file(&self) -> bool {
        matches!(self, Self::Metadata { .. })
            || matches!(self, Self::Wheel(WheelError::Refused { fault: crate::wheel::WheelFault::Metadata(_), .. }))
    }
}

impl Explain for SupplyError {
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
                vec!["The file was changed after the index was made, or on the way: nothing of it was used.".to_owned()]
            }
            Self::Circle(_) => vec!["A wheel of it would end the circle: find-links can name one.".to_owned()],
            Self::Web { .. } | Self::Metadata { .. } | Self::Canceled(_) => Vec::new(),
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Build(error) => error.blame(),
            _ => Blame::User,
        }
    }
}
