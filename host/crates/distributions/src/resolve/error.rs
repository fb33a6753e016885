//! Why no distributions meet all requirements.

use base::remedy::Remedy;
use base::source::{Explain, Place};

use crate::index::IndexError;
use crate::lock::{FILE, LockUse, Purpose};
use crate::pins::PinError;
use crate::requirement::Requirement;

/// Why the requirements of a distribution are unknown.
#[derive(Debug, thiserror::Error)]
pub enum MetadataProblem {
    /// The distribution cannot be used; another one may be usable.
    #[error("{0}")]
    Unusable(String),
    /// The resolution cannot continue.
    #[error("{0}")]
    Fatal(Box<dyn Explain + Send + Sync>),
}

/// Why a resolution failed.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The sources cannot be read.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The requirements of a distribution cannot be read.
    #[error("{0}")]
    Metadata(Box<dyn Explain + Send + Sync>),
    /// A pin contradicts a requirement.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// A marker has no meaning.
    #[error("The marker of '{requirement}' cannot be evaluated: {cause}")]
    Marker {
        /// The requirement.
        requirement: String,
        /// The error.
        cause: String,
    },
    /// No distribution matches a requirement.
    #[error("Couldn't find a distribution for '{requirement}'.")]
    NotFound {
        /// The requirement.
        requirement: String,
        /// What requires it, and the available versions.
        chain: Vec<String>,
    },
    /// A distribution is missing, and nothing may be downloaded.
    #[error("We don't have a distribution for {requirement}\nand can't install one in offline (no-install) mode.")]
    Offline {
        /// The requirement.
        requirement: String,
        /// What requires it.
        chain: Vec<String>,
    },
    /// Requirements exclude each other.
    #[error("There is a version conflict: {summary}")]
    Conflict {
        /// The requirements that exclude each other.
        summary: String,
        /// The chain of requirements.
        chain: Vec<String>,
    },
    /// A distribution does not have an extra.
    #[error("{distribution} does not provide the extra '{extra}'.")]
    UnknownExtra {
        /// The distribution.
        distribution: String,
        /// The extra.
        extra: String,
        /// The extras that it has.
        offered: Vec<String>,
    },
    /// The URL in a requirement is neither that of a wheel nor that of an archive of sources.
    #[error("'{requirement}' names a URL that is neither a wheel nor a source archive")]
    Url {
        /// The requirement.
        requirement: String,
    },
    /// A version was picked, which is not allowed.
    #[error(
        "Picked: {name} = {version}\n\nThe `{name}` egg does not have a version pin and `allow-picked-versions = false`.\n\n\
         To resolve this, add\n\n    {name} = {version}\n\nto the [versions] section,\n\nOR set `allow-picked-versions = true`."
    )]
    Picked {
        /// The project.
        name: String,
        /// The version.
        version: String,
    },
    /// The lock does not allow what the requirements need.
    #[error("{cause}")]
    Locked {
        /// Why the requirements are not met.
        cause: Box<ResolveError>,
        /// What the lock has, or lacks.
        locked: String,
    },
    /// The search took too long.
    #[error("Gave up searching for distributions that meet all requirements after looking at {looked_at}")]
    GivenUp {
        /// The number of distributions that were considered.
        looked_at: usize,
        /// The projects of which many versions were tried, with their numbers.
        tried: Vec<(String, usize)>,
    },
}

impl ResolveError {
    /// The same with what the lock has to do with it, if there is one.
    pub(crate) fn with_lock(self, lock: Option<&LockUse>, purpose: Purpose) -> Self {
        let Some((lock, locked)) = lock.and_then(|lock| Some((lock, lock.deciding()?))) else { return self };
        let wanted = match &self {
            Self::NotFound { requirement, .. } => Requirement::parse(requirement).ok(),
            Self::Conflict { .. } => None,
            _ => return self,
        };
        let locked = match wanted {
            _ if lock.is_missing() => format!("there is no {FILE}"),
            // Then the sources were asked.
            Some(wanted) if !locked.has(&wanted.key(), purpose) && !lock.is_strict() => return self,
            Some(wanted) if !locked.has(&wanted.key(), purpose) => match purpose {
                Purpose::Use => format!("{} is not in {FILE}", wanted.name),
                Purpose::Build => format!("{FILE} has no {} for builds", wanted.name),
            },
            _ => format!("{FILE} decides which versions are available"),
        };
        Self::Locked { cause: Box::new(self), locked }
    }
}

impl Explain for ResolveError {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Metadata(error) => error.place(),
            Self::Locked { cause, .. } => cause.place(),
            _ => None,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::NotFound { chain, .. } | Self::Offline { chain, .. } | Self::Conflict { chain, .. } => chain.clone(),
            Self::Metadata(error) => error.details(),
            Self::Locked { cause, locked } => {
                let chain = cause.details().into_iter();
                // The sources were not asked.
                chain.filter(|line| !line.starts_with(super::explain::UNKNOWN)).chain([locked.clone()]).collect()
            }
            Self::GivenUp { tried, .. } => {
                tried.iter().map(|(name, count)| format!("{count} versions of {name} were tried")).collect()
            }
            _ => Vec::new(),
        }
    }

    fn doing(&self) -> Vec<String> {
        match self {
            Self::Metadata(error) => error.doing(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = |text: &str| vec![text.to_owned()];
        match self {
            Self::Index(error) => error.hints(),
            Self::Metadata(error) => error.hints(),
            Self::Pin(_) => {
                hint("Change the version in [versions], or pin what requires the other one to another version, too.")
            }
            Self::NotFound { .. } => {
                hint("[buildout] index, find-links, versions and allow-hosts determine what is looked for, and where.")
            }
            Self::Offline { .. } => hint(
                "`offline` installs nothing, not even from a cache: that needs a lock and `--locked`. Run once \
                      without it: with `newest = false`, what is in a cache is not downloaded again.",
            ),
            Self::Conflict { .. } => {
                hint("A pin in [versions] can select a version of one of them that is compatible with the others.")
            }
            Self::UnknownExtra { offered, .. } => match offered.is_empty() {
                true => hint("It has no extras. `allow-unknown-extras = true` ignores missing extras."),
                false => vec![format!(
                    "It has: {}. `allow-unknown-extras = true` ignores missing extras.",
                    offered.join(", ")
                )],
            },
            Self::GivenUp { .. } => hint("Pin some of them in [versions]: that shortens the search."),
            Self::Url { .. } => hint("Specify a file that ends with .whl, .tar.gz or .zip."),
            Self::Locked { .. } | Self::Marker { .. } | Self::Picked { .. } => Vec::new(),
        }
    }

    fn blame(&self) -> base::source::Blame {
        match self {
            Self::Metadata(error) => error.blame(),
            _ => base::source::Blame::User,
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::Index(error) => error.remedies(),
            Self::Metadata(error) => error.remedies(),
            Self::Locked { .. } => vec![Remedy::LockDistributions],
            _ => Vec::new(),
        }
    }
}
