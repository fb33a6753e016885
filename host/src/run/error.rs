//! An error of a run: its cause, and what was being done when it came.

use std::path::{Path, PathBuf};

use base::remedy::Remedy;
use base::source::{Blame, Explain, Place};
use recipe::PART_NAME;

/// A failed run. `Display` is the cause alone; `doing` tells the rest.
#[derive(Debug)]
pub struct RunError {
    doing: Vec<String>,
    /// The text to blame, where the cause itself does not know it.
    place: Option<Place>,
    cause: Box<dyn Explain + Send + Sync>,
    /// Failures of other parts in the same run.
    further: Vec<RunError>,
}

impl RunError {
    /// One error of several failures, in this order; none of none.
    pub(super) fn all(failures: Vec<Self>) -> Result<(), Self> {
        let mut failures = failures.into_iter();
        match failures.next() {
            None => Ok(()),
            Some(first) => Err(Self { further: first.further.into_iter().chain(failures).collect(), ..first }),
        }
    }

    /// Every failure by itself: one, unless several parts failed.
    pub fn failures(mut self) -> Vec<Explained> {
        let further = std::mem::take(&mut self.further);
        std::iter::once(self).chain(further).map(Explained).collect()
    }

    /// An error whose type is not known here.
    pub(super) fn of(cause: Box<dyn Explain + Send + Sync>) -> Self {
        Self { doing: Vec::new(), place: None, cause, further: Vec::new() }
    }

    /// Names the text to blame, for a cause that does not know it.
    pub(super) fn at(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    /// Adds what was being done around it (outermost last added).
    #[must_use]
    pub fn doing(mut self, what: impl Into<String>) -> Self {
        self.doing.insert(0, what.into());
        self
    }
}

impl<E: Explain + Send + Sync + 'static> From<E> for RunError {
    fn from(cause: E) -> Self {
        Self::of(Box::new(cause))
    }
}

/// A `RunError` as an error that explains itself. (Not `RunError` itself, which every such error turns into.)
#[derive(Debug)]
pub struct Explained(RunError);

impl From<RunError> for Explained {
    fn from(error: RunError) -> Self {
        Self(error)
    }
}

impl std::fmt::Display for Explained {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.cause.fmt(formatter)
    }
}

impl std::error::Error for Explained {}

impl Explain for Explained {
    fn place(&self) -> Option<Place> {
        self.0.cause.place().or_else(|| self.0.place.clone())
    }

    fn doing(&self) -> Vec<String> {
        self.0.doing.iter().cloned().chain(self.0.cause.doing()).collect()
    }

    fn details(&self) -> Vec<String> {
        self.0.cause.details()
    }

    fn hints(&self) -> Vec<String> {
        self.0.cause.hints()
    }

    fn remedies(&self) -> Vec<Remedy> {
        self.0.cause.remedies()
    }

    fn blame(&self) -> Blame {
        self.0.cause.blame()
    }
}

/// Adds context to a result's error.
pub(super) trait Doing<T> {
    /// Names what was being done.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, RunError>;
}

impl<T, E: Into<RunError>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, RunError> {
        self.map_err(|error| error.into().doing(what()))
    }
}

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
    /// A signal asked the run to end.
    #[error("Interrupted")]
    Interrupted {
        /// Its number.
        signal: i32,
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
            | Self::Exists { .. }
            | Self::Interrupted { .. } => None,
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
            Self::Interrupted { .. } => vec!["What was made is recorded; the next run goes on from there.".into()],
            Self::Value { .. } | Self::Io { .. } => Vec::new(),
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Interrupted { signal } => Blame::Signal(u8::try_from(*signal).unwrap_or(u8::MAX)),
            _ => Blame::User,
        }
    }
}
