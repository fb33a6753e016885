//! Why no distributions meet all requirements.

use base::source::Explain;

use crate::index::IndexError;
use crate::pins::PinError;

/// Why it is not known what a distribution needs.
#[derive(Debug, thiserror::Error)]
pub enum MetadataProblem {
    /// The distribution is unusable; another one may do.
    #[error("{0}")]
    Unusable(String),
    /// Nothing can go on.
    #[error("{0}")]
    Fatal(Box<dyn Explain + Send + Sync>),
}

/// Why a request was not resolved.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The sources cannot be asked.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// What a distribution needs cannot be found out.
    #[error("{0}")]
    Metadata(Box<dyn Explain + Send + Sync>),
    /// A pin does not go with what is asked for.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// A marker has no meaning.
    #[error("The marker of '{requirement}' cannot be evaluated: {cause}")]
    Marker {
        /// The requirement.
        requirement: String,
        /// What is wrong.
        cause: String,
    },
    /// There is no distribution for a requirement.
    #[error("Couldn't find a distribution for '{requirement}'.")]
    NotFound {
        /// The requirement.
        requirement: String,
        /// Who asks for it, and what there is instead.
        chain: Vec<String>,
    },
    /// It is not there, and nothing may be brought.
    #[error("We don't have a distribution for {requirement}\nand can't install one in offline (no-install) mode.")]
    Offline {
        /// The requirement.
        requirement: String,
        /// Who asks for it.
        chain: Vec<String>,
    },
    /// Requirements exclude each other.
    #[error("There is a version conflict: {summary}")]
    Conflict {
        /// What excludes what.
        summary: String,
        /// Who wants what, and why.
        chain: Vec<String>,
    },
    /// A distribution does not have an extra.
    #[error("{distribution} does not provide the extra '{extra}'.")]
    UnknownExtra {
        /// The distribution.
        distribution: String,
        /// The extra.
        extra: String,
        /// What it has.
        offered: Vec<String>,
    },
    /// A requirement names something that is not brought from there.
    #[error("'{requirement}' names a URL that leads to no wheel and no archive of sources")]
    Url {
        /// The requirement.
        requirement: String,
    },
    /// A version was picked, and that is not allowed.
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
    /// The search took too long.
    #[error(
        "No distributions were found that meet all requirements: {looked_at} were looked at, and the search was given up"
    )]
    GivenUp {
        /// How many distributions were looked at.
        looked_at: usize,
        /// Projects of which many versions were tried, with how many.
        tried: Vec<(String, usize)>,
    },
}

impl Explain for ResolveError {
    fn details(&self) -> Vec<String> {
        match self {
            Self::NotFound { chain, .. } | Self::Offline { chain, .. } | Self::Conflict { chain, .. } => chain.clone(),
            Self::Metadata(error) => error.details(),
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
                hint("Change the version in [versions], or hold what requires the other one to another version too.")
            }
            Self::NotFound { .. } => {
                hint("[buildout] index, find-links, versions and allow-hosts say what is looked for, and where.")
            }
            Self::Offline { .. } => hint("Run once without `offline`, or with a `newest` of false."),
            Self::Conflict { .. } => {
                hint("A version in [versions] can hold one of them to a version that goes with the others.")
            }
            Self::UnknownExtra { offered, .. } => match offered.is_empty() {
                true => hint("It has no extras. `allow-unknown-extras = true` passes over extras that are missing."),
                false => vec![format!(
                    "It has: {}. `allow-unknown-extras = true` passes over extras that are missing.",
                    offered.join(", ")
                )],
            },
            Self::GivenUp { .. } => hint("Pin some of them in [versions]: that makes the search short."),
            Self::Url { .. } => hint("Name a file that ends with .whl, .tar.gz or .zip."),
            Self::Marker { .. } | Self::Picked { .. } => Vec::new(),
        }
    }

    fn blame(&self) -> base::source::Blame {
        match self {
            Self::Metadata(error) => error.blame(),
            _ => base::source::Blame::User,
        }
    }
}
