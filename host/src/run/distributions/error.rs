//! Why distributions are not available, apart from the errors of the crate `distributions`.

use std::path::PathBuf;

use base::remedy::Remedy;
use base::source::{Blame, Explain, Place, did_you_mean, nearest};
use config::options::OptionError;
use distributions::build::BuildError;
use distributions::install::InstallError;
use distributions::lock::{FILE, LockError};
use distributions::name::canonical;
use distributions::python::PythonError;
use distributions::requirement::{InvalidRequirement, Requirement};
use distributions::resolve::ResolveError;
use distributions::scripts::ScriptError;

use crate::error::{Explained, RunError};

/// Why distributions are not available.
#[derive(Debug, thiserror::Error)]
pub(in crate::run) enum NoDistributions {
    /// An option cannot be read.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// An option has an invalid value. The message is zc.buildout's.
    #[error("{0}")]
    Settings(String),
    /// No index is known.
    #[error("Cannot find distributions: no package index is configured")]
    NoIndex,
    /// The Python does not answer.
    #[error(transparent)]
    Python(#[from] PythonError),
    /// Builds cannot be confined.
    #[error(transparent)]
    Confine(#[from] confine::ConfineError),
    /// The cache cannot be used.
    #[error(transparent)]
    File(#[from] base::files::FileError),
    /// A requirement is invalid.
    #[error(transparent)]
    Requirement(#[from] InvalidRequirement),
    /// Distributions cannot be installed.
    #[error(transparent)]
    Install(Box<InstallError>),
    /// The same, and pins take part in it.
    #[error("{cause}")]
    Pinned {
        /// The error.
        cause: Box<InstallError>,
        /// The pins, and where they are.
        pins: Vec<String>,
    },
    /// A build failed.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Scripts cannot be generated.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// A distribution that a recipe passes does not exist.
    #[error("The distribution {name} does not exist in {}", .location.display())]
    Lost {
        /// Its name.
        name: String,
        /// Its location.
        location: PathBuf,
    },
    /// The lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A project to upgrade is not in the lock.
    #[error("{FILE} has no {name}")]
    NotLocked {
        /// The project.
        name: String,
        /// The projects in the lock.
        locked: Vec<String>,
    },
    /// The path of a project leads through a link in a directory of parts.
    #[error("{} is in {}: a symbolic link in a parts directory points there", .project.display(), .real.display())]
    Link {
        /// The project as it is named.
        project: PathBuf,
        /// Where it is.
        real: PathBuf,
    },
    /// The Python cannot be started.
    #[error(transparent)]
    Run(Explained),
}

impl From<RunError> for NoDistributions {
    fn from(error: RunError) -> Self {
        Self::Run(error.into())
    }
}

impl From<InstallError> for NoDistributions {
    fn from(error: InstallError) -> Self {
        Self::Install(Box::new(error))
    }
}

impl NoDistributions {
    /// Whether there is no distribution of the name that was looked for.
    pub(in crate::run) fn is_unknown(&self, name: &str) -> bool {
        let is_it =
            |requirement: &str| Requirement::parse(requirement).is_ok_and(|known| known.key() == canonical(name));
        match self {
            Self::Requirement(_) | Self::NoIndex => true,
            Self::Install(error) | Self::Pinned { cause: error, .. } => matches!(
                &**error,
                InstallError::Resolve(ResolveError::NotFound { requirement, .. }) if is_it(requirement)
            ),
            _ => false,
        }
    }

    /// The requirement that is invalid or cannot be met, as the configuration may have it.
    pub(super) fn requirement(&self) -> Option<&str> {
        match self {
            Self::Requirement(error) => Some(&error.text),
            Self::Install(error) => match &**error {
                InstallError::Resolve(ResolveError::NotFound { requirement, .. }) => Some(requirement),
                _ => None,
            },
            _ => None,
        }
    }

    fn cause(&self) -> Option<&dyn Explain> {
        Some(match self {
            Self::Option(error) => error,
            Self::Python(error) => error,
            Self::Confine(error) => error,
            Self::File(error) => error,
            Self::Install(error) | Self::Pinned { cause: error, .. } => &**error,
            Self::Build(error) => error,
            Self::Script(error) => error,
            Self::Run(error) => error,
            Self::Lock(error) => error,
            Self::Requirement(error) => error,
            Self::Settings(_) | Self::NoIndex | Self::Lost { .. } | Self::Link { .. } | Self::NotLocked { .. } => {
                return None;
            }
        })
    }
}

impl Explain for NoDistributions {
    fn place(&self) -> Option<Place> {
        self.cause().and_then(Explain::place)
    }

    fn doing(&self) -> Vec<String> {
        self.cause().map(Explain::doing).unwrap_or_default()
    }

    fn details(&self) -> Vec<String> {
        self.cause().map(Explain::details).unwrap_or_default()
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoIndex => vec!["Set `index` in [buildout], or `index-url` in the settings of pip.".to_owned()],
            Self::Link { .. } => {
                vec!["A recipe or a command may have made the link. List the directory itself in `develop`.".to_owned()]
            }
            Self::Pinned { cause, pins } => pins.iter().cloned().chain(cause.hints()).collect(),
            Self::NotLocked { name, locked } => {
                nearest(name, locked.iter().map(String::as_str)).map(did_you_mean).into_iter().collect()
            }
            _ => self.cause().map(Explain::hints).unwrap_or_default(),
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        self.cause().map(Explain::remedies).unwrap_or_default()
    }

    fn blame(&self) -> Blame {
        self.cause().map_or(Blame::User, Explain::blame)
    }
}
