//! Why something was not built.

use std::path::PathBuf;

use base::files::FileError;
use base::source::{Blame, Explain};
use confine::ConfineError;
use fetch::unpack::UnpackError;

use crate::requirement::InvalidRequirement;

/// Why something was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The build failed.
    #[error("{what} cannot be built: {reason}")]
    Failed {
        /// What was built.
        what: String,
        /// How its command ended.
        reason: String,
        /// The last lines that it printed.
        last: Vec<String>,
        /// What it tried and was refused.
        tried: Vec<String>,
        /// Where the whole log is, if it could be kept.
        log: Option<PathBuf>,
    },
    /// What it requires to be built.
    #[error("What {what} requires to be built cannot be had: {cause}")]
    Requirements {
        /// What was to be built.
        what: String,
        /// Why.
        cause: Box<dyn Explain + Send + Sync>,
    },
    /// The backend lacks a hook.
    #[error("{what} cannot be built: its build backend has no {hook}")]
    NoHook {
        /// What was to be built.
        what: String,
        /// The hook.
        hook: &'static str,
    },
    /// What was built is no wheel.
    #[error("{what} was built, but {name:?} is no wheel")]
    NoWheel {
        /// What was built.
        what: String,
        /// What its backend says that it made.
        name: String,
    },
    /// The archive of sources is refused.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// There is nothing that could be built.
    #[error("{} has neither a pyproject.toml nor a setup.py", .0.display())]
    NoProject(PathBuf),
    /// `pyproject.toml` cannot be read.
    #[error("{} cannot be read: {cause}", .path.display())]
    Project {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// A requirement of the build.
    #[error("The build requires something that cannot be read: {0}")]
    Requirement(#[from] InvalidRequirement),
    /// What was built is refused.
    #[error(transparent)]
    Wheel(#[from] crate::wheel::WheelError),
    /// Its command cannot be confined.
    #[error(transparent)]
    Confine(#[from] ConfineError),
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The run was interrupted.
    #[error("Building {0} was cancelled")]
    Canceled(String),
}

impl Explain for BuildError {
    fn details(&self) -> Vec<String> {
        match self {
            Self::Failed { last, tried, .. } => tried
                .iter()
                .map(|what| format!("It tried to {what}, which builds may not."))
                .chain(last.iter().cloned())
                .collect(),
            Self::Requirements { cause, .. } => cause.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Failed { log: Some(log), .. } => vec![
                format!("The whole log is in {}.", log.display()),
                format!("{} runs the last command again.", log.with_file_name("reproduce.sh").display()),
            ],
            Self::Requirements { cause, .. } => cause.hints(),
            Self::NoHook { hook: "build_editable", .. } => {
                vec!["A newer version of its build backend may have it; [build-system] of its pyproject.toml names the backend.".to_owned()]
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
            Self::Requirements { cause, .. } => cause.blame(),
            _ => Blame::User,
        }
    }
}
