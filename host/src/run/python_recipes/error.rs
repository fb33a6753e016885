//! Why a Python recipe or extension cannot be used.

use std::path::PathBuf;

use base::remedy::Remedy;
use base::source::{Blame, Explain, Place, did_you_mean, nearest};
use recipe::component::python_entry_points;

use super::super::distributions::NoDistributions;

/// Why a Python recipe or extension cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in crate::run) enum NoProgram {
    /// Its distribution is not available.
    #[error(transparent)]
    Distributions(#[from] NoDistributions),
    /// Its distribution has no such entry point.
    #[error("{distribution} has no recipe \"{entry_point}\"")]
    EntryPoint {
        /// Its name and version.
        distribution: String,
        /// The entry point.
        entry_point: String,
        /// Its recipes.
        known: Vec<String>,
    },
    /// The metadata of its distribution is invalid.
    #[error("The entry_points.txt of {distribution} cannot be used: {cause}")]
    Metadata {
        /// Its name and version.
        distribution: String,
        /// The cause.
        cause: String,
    },
    /// A developed project is used as a recipe, but does not say that it is one.
    #[error("The project {} does not declare recipes", .project.display())]
    Undeclared {
        /// Its directory.
        project: PathBuf,
    },
    /// The reference names a distribution that is part of the runtime.
    #[error("{name} has no recipe \"{entry_point}\"")]
    Provided {
        /// Its name.
        name: String,
        /// The entry point.
        entry_point: String,
    },
}

impl NoProgram {
    /// Whether there is no distribution of this name: the reference may be mistaken.
    pub(in crate::run) fn is_unknown(&self, name: &str) -> bool {
        matches!(self, Self::Distributions(error) if error.is_unknown(name))
    }

    fn cause(&self) -> Option<&NoDistributions> {
        match self {
            Self::Distributions(error) => Some(error),
            Self::EntryPoint { .. } | Self::Metadata { .. } | Self::Undeclared { .. } | Self::Provided { .. } => None,
        }
    }
}

/// The hints for an unknown entry point: the nearest one, and all.
fn known_recipes<'a>(entry_point: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let known: Vec<&str> = known.collect();
    if known.is_empty() {
        return Vec::new();
    }
    let near = nearest(entry_point, known.iter().copied()).map(did_you_mean);
    near.into_iter().chain([format!("Its recipes: {}.", known.join(", "))]).collect()
}

impl Explain for NoProgram {
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
            Self::EntryPoint { known, .. } if known.is_empty() => {
                vec![
                    "It has no entry points in the group zc.buildout: it is not a recipe.".to_owned(),
                    "It comes from the index, because recipes.toml has no entry for the name. Your own recipe needs one."
                        .to_owned(),
                ]
            }
            Self::EntryPoint { known, entry_point, .. } => known_recipes(entry_point, known.iter().map(String::as_str)),
            Self::Provided { name, entry_point } => known_recipes(entry_point, python_entry_points(name)),
            Self::Undeclared { .. } => vec![
                "Write its entry points of the group zc.buildout in setup.py, setup.cfg or pyproject.toml: then no other recipe \
                 can change the project."
                    .to_owned(),
            ],
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
