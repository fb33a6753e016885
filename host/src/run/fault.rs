//! What can go wrong in a run, apart from the errors of the crates that it uses.

use std::path::{Path, PathBuf};

use base::source::{Explain, Place};
use recipe::PART_NAME;

/// What can go wrong in a run beyond what its modules tell themselves.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// A named part is not among the parts.
    #[error("Invalid install parts: {names}")]
    NotParts {
        /// The names, with spaces between.
        names: String,
        /// What they might have meant.
        hints: Vec<String>,
    },
    /// A section is listed as a part but names no recipe.
    #[error("Missing option: {part}:recipe")]
    NoRecipe {
        /// The part.
        part: String,
        /// Its section.
        place: Option<Place>,
    },
    /// The name of a part cannot be a directory's name.
    #[error("Invalid part name: {name:?}")]
    PartName {
        /// The name.
        name: String,
        /// The `parts` option.
        place: Option<Place>,
    },
    /// An extension that this host does not have.
    #[error("Extension {name} is not supported")]
    Extension {
        /// Its name.
        name: String,
        /// The `extensions` option.
        place: Option<Place>,
        /// What there is.
        hints: Vec<String>,
    },
    /// The section that is to provide the Python does not say where it is.
    #[error("Section `{section}` has no `executable`: it cannot be the Python of this buildout")]
    NoExecutable {
        /// The section.
        section: String,
        /// Where it is.
        place: Option<Place>,
    },
    /// A section of `rebootstrap-prepend-paths` that has no `location`.
    #[error("Section `{section}` of `rebootstrap-prepend-paths` has no `location`")]
    NoLocation {
        /// The section.
        section: String,
        /// Where it is.
        place: Option<Place>,
    },
    /// The Python that a section provides cannot be used.
    #[error("The Python of section `{section}` cannot be used: {executable}: {why}")]
    Python {
        /// The section.
        section: String,
        /// The Python.
        executable: String,
        /// What is wrong with it.
        why: String,
        /// What it printed.
        printed: Vec<String>,
        /// The option `executable`.
        place: Option<Place>,
    },
    /// `buildout:executable=…` names no Python with which the buildout's own could be made.
    #[error("buildout:executable={executable} cannot be the Python that this buildout is begun with: {why}")]
    NoOriginal {
        /// What it names.
        executable: String,
        /// What is wrong with it.
        why: String,
    },
    /// A value that must be of another kind.
    #[error("Invalid value for {option}: {value:?}; {expected}")]
    Value {
        /// `section:option`
        option: String,
        /// The value.
        value: String,
        /// What is expected.
        expected: &'static str,
        /// The option.
        place: Option<Place>,
    },
    /// A file or directory could not be used.
    #[error("{}: {what}: {error}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What failed.
        what: &'static str,
        /// Why.
        error: std::io::Error,
    },
    /// A first configuration for a directory that does not exist.
    #[error("There is no directory {}", path.display())]
    NoDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// `init` where there is a configuration already.
    #[error("{path:?} already exists.")]
    Exists {
        /// The file.
        path: PathBuf,
    },
}

impl Fault {
    pub(super) fn io(path: &Path, what: &'static str, error: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), what, error }
    }
}

impl Explain for Fault {
    fn place(&self) -> Option<Place> {
        match self {
            Self::NoRecipe { place, .. }
            | Self::PartName { place, .. }
            | Self::Extension { place, .. }
            | Self::NoExecutable { place, .. }
            | Self::NoLocation { place, .. }
            | Self::Python { place, .. }
            | Self::Value { place, .. } => place.clone(),
            Self::NotParts { .. }
            | Self::Io { .. }
            | Self::NoDirectory { .. }
            | Self::NoOriginal { .. }
            | Self::Exists { .. } => None,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Python { printed, .. } => printed.clone(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NotParts { hints, .. } => hints.clone(),
            Self::NoRecipe { part, .. } => {
                vec![format!("A part needs a recipe: add `recipe = …` to [{part}], or take {part} out of `parts`.")]
            }
            Self::PartName { .. } => {
                vec![PART_NAME.into()]
            }
            Self::Extension { hints, .. } => hints.clone(),
            Self::NoExecutable { section, .. } => vec![format!(
                "`[buildout] python` names a section whose recipe makes a Python; add `executable = …`, the path of that \
                 Python, to [{section}], or name another section."
            )],
            Self::NoLocation { section, .. } => {
                vec![format!(
                    "Its recipe sets none: add `location = …`, the directory to look for modules in, to [{section}]."
                )]
            }
            Self::Python { section, .. } => vec![format!(
                "[{section}] must make it, and it must run with what commands of parts can read: the system's directories \
                 and the buildout."
            )],
            Self::NoOriginal { .. } => vec![
                "Name the Python with which this buildout is to make its own, or leave it out: then that is `python3` on \
                 the PATH."
                    .into(),
            ],
            Self::NoDirectory { path } => vec![format!("Make it first: mkdir -p {}", path.display())],
            Self::Exists { .. } => vec!["To make its directories and bin/buildout, run `bootstrap`.".into()],
            Self::Value { .. } | Self::Io { .. } => Vec::new(),
        }
    }
}
