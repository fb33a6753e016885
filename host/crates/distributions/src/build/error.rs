//! Why a build failed.

use std::path::PathBuf;

use base::files::FileError;
use base::remedy::Remedy;
use base::source::{Blame, Explain, Place};
use confine::ConfineError;
use fetch::unpack::UnpackError;

use super::diagnosis;
use crate::requirement::InvalidRequirement;

/// Why a build failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The build failed.
    #[error("{what} cannot be built: {reason}")]
    Failed {
        /// The project.
        what: String,
        /// How its command ended.
        reason: String,
        /// The last lines that it printed.
        last: Vec<String>,
        /// Refused attempts of the build.
        tried: Vec<String>,
        /// The file with the whole log, if it could be kept.
        log: Option<PathBuf>,
    },
    /// A requirement of the build is not available.
    #[error("{0}")]
    Requirements(Box<dyn Explain + Send + Sync>),
    /// The backend lacks a hook.
    #[error("{what} cannot be built: its build backend has no {hook}")]
    NoHook {
        /// The project.
        what: String,
        /// The hook.
        hook: &'static str,
    },
    /// The result of the build is not a wheel.
    #[error("{what} was built, but {name:?} is not a wheel")]
    NoWheel {
        /// The project.
        what: String,
        /// The file that its backend reported.
        name: String,
    },
    /// The archive of sources is rejected.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// The project contains nothing that can be built.
    #[error("{} has neither a pyproject.toml nor a setup.py", .0.display())]
    NoProject(PathBuf),
    /// The project, or a file in it, cannot be read.
    #[error("{} cannot be read: {cause}", .path.display())]
    Project {
        /// The file.
        path: PathBuf,
        /// The error.
        cause: String,
        /// Where it is in the file.
        place: Option<Place>,
    },
    /// A requirement of the build is invalid.
    #[error("A build requirement is not valid: {0}")]
    Requirement(#[from] InvalidRequirement),
    /// The wheel that was built is rejected.
    #[error(transparent)]
    Wheel(#[from] crate::wheel::WheelError),
    /// Its command cannot be confined.
    #[error(transparent)]
    Confine(#[from] ConfineError),
    /// A system call failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The run was interrupted.
    #[error("Building {0} was canceled")]
    Canceled(String),
}

impl Explain for BuildError {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Project { place, .. } => place.clone(),
            Self::Requirements(cause) => cause.place(),
            _ => None,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Failed { last, tried, .. } => tried
                .iter()
                .map(|what| format!("It tried to {what}, which builds may not do."))
                .chain(last.iter().cloned())
                .collect(),
            Self::Requirements(cause) => cause.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Failed { log, last, .. } => {
                let mut hints = diagnosis::hints(last);
                if let Some(log) = log {
                    hints.push(format!("The whole log is in {}.", log.display()));
                    hints
                        .push(format!("{} runs the last command again.", log.with_file_name("reproduce.sh").display()));
                }
                hints
            }
            Self::Requirements(cause) => cause.hints(),
            Self::NoHook { hook: "build_editable", .. } => {
                vec![
                    "A newer version of its build backend may provide it; [build-system] of its pyproject.toml \
                      names the backend."
                        .to_owned(),
                ]
            }
            Self::Unpack(error) => error.hints(),
            Self::Wheel(error) => error.hints(),
            Self::Confine(error) => error.hints(),
            Self::File(error) => error.hints(),
            _ => Vec::new(),
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Confine(error) => error.blame(),
            Self::Requirements(cause) => cause.blame(),
            _ => Blame::User,
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::Requirements(error) => error.remedies(),
            Self::Unpack(error) => error.remedies(),
            Self::Wheel(error) => error.remedies(),
            Self::Confine(error) => error.remedies(),
            Self::File(error) => error.remedies(),
            _ => Vec::new(),
        }
    }
}
