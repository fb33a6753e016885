//! The errors of a run, apart from those of the crates that it uses.

use std::path::{Path, PathBuf};

use base::source::{Explain, Place};
use recipe::PART_NAME;

/// An error of a run that its modules do not define themselves.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunFault {
    /// A part named on the command line is not among the parts.
    #[error("Invalid install parts: {names}")]
    NotParts {
        /// The names, separated by spaces.
        names: String,
        /// Similar names.
        hints: Vec<String>,
    },
    /// The same, where nothing would be installed.
    #[error("Unknown parts: {names}")]
    UnknownParts {
        /// The names, separated by spaces.
        names: String,
        /// Similar names.
        hints: Vec<String>,
    },
    /// A section is listed as a part but has no `recipe`.
    #[error("Missing option: {part}:recipe")]
    NoRecipe {
        /// The part.
        part: String,
        /// Its section.
        place: Option<Place>,
    },
    /// A directory is reached through a symbolic link to nothing.
    #[error("The symbolic link {} points to {}, which does not exist", link.display(), target.display())]
    Dangling {
        /// The link.
        link: PathBuf,
        /// What it contains.
        target: PathBuf,
    },
    /// `develop` reaches a recipe project that the user did not list by its name.
    #[error("{} is not developed: `develop` does not list it by its name in the configuration", project.display())]
    NotListed {
        /// The project.
        project: PathBuf,
    },
    /// The name of a part cannot be used as a directory name.
    #[error("Invalid part name: {name:?}")]
    PartName {
        /// The name.
        name: String,
        /// The `parts` option.
        place: Option<Place>,
    },
    /// The section that should provide the Python does not specify its path.
    #[error("Section `{section}` has no `executable`: it cannot be the Python of this buildout")]
    NoExecutable {
        /// The section.
        section: String,
        /// Where it is.
        place: Option<Place>,
    },
    /// A section of `rebootstrap-prepend-paths` without `location`.
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
        /// Why it cannot be used.
        why: String,
        /// Its output.
        printed: Vec<String>,
        /// The option `executable`.
        place: Option<Place>,
    },
    /// `buildout:executable=…` does not specify a Python that can make the buildout's Python.
    #[error("buildout:executable={executable} cannot be the original Python of this buildout: {why}")]
    NoOriginal {
        /// The specified path.
        executable: String,
        /// Why it cannot be used.
        why: String,
    },
    /// A value of the wrong kind.
    #[error("Invalid value for {option}: {value:?}; {expected}")]
    Value {
        /// `section:option`
        option: String,
        /// The value.
        value: String,
        /// The expected kind of value.
        expected: &'static str,
        /// The option.
        place: Option<Place>,
    },
    /// A file or directory could not be used.
    #[error("{}: {what}: {error}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The operation that failed.
        what: &'static str,
        /// The cause.
        error: std::io::Error,
    },
    /// The directory of a starter configuration does not exist.
    #[error("There is no directory {}", path.display())]
    NoDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// `init` was run where a configuration already exists.
    #[error("{path:?} already exists")]
    Exists {
        /// The file.
        path: PathBuf,
    },
}

impl RunFault {
    pub(super) fn io(path: &Path, what: &'static str, error: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), what, error }
    }
}

impl Explain for RunFault {
    fn place(&self) -> Option<Place> {
        match self {
            Self::NoRecipe { place, .. }
            | Self::PartName { place, .. }
            | Self::NoExecutable { place, .. }
            | Self::NoLocation { place, .. }
            | Self::Python { place, .. }
            | Self::Value { place, .. } => place.clone(),
            Self::NotParts { .. }
            | Self::UnknownParts { .. }
            | Self::Io { .. }
            | Self::Dangling { .. }
            | Self::NotListed { .. }
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
            Self::NotParts { hints, .. } | Self::UnknownParts { hints, .. } => hints.clone(),
            Self::NoRecipe { part, .. } => {
                vec![format!("A part needs a recipe: add `recipe = …` to [{part}], or take {part} out of `parts`.")]
            }
            Self::PartName { .. } => {
                vec![PART_NAME.into()]
            }
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
                "[{section}] must make it, and it must run with only what commands of parts can read: the system's \
                 directories and the buildout."
            )],
            Self::NoOriginal { .. } => vec![
                "Specify the Python with which this buildout makes its own, or leave it out: the default is `python3` on \
                 the PATH."
                    .into(),
            ],
            Self::Dangling { link, .. } => {
                vec![format!("Create that directory, or remove the link: rm {}", link.display())]
            }
            Self::NotListed { .. } => vec![
                "A wildcard matches only projects in Python, and extensions can add only those below the \
                 buildout directory: building a recipe project runs its commands with your rights. Check it, and add \
                 its path to `develop`."
                    .into(),
            ],
            Self::NoDirectory { path } => vec![format!("Create it first: mkdir -p {}", path.display())],
            Self::Exists { .. } => vec!["To create its directories and bin/buildout, run `bootstrap`.".into()],
            Self::Value { .. } | Self::Io { .. } => Vec::new(),
        }
    }
}
