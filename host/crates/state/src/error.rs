//! Why the installed state cannot be opened, recorded or saved.

use std::path::PathBuf;

use super::damage::Damage;
use base::files::FileError;
use base::remedy::Remedy;
use base::source::{Explain, Place};

/// Why the installed state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The state file is damaged. Nothing was changed.
    #[error("The installed state {} is damaged: {}", .path.display(), .damage.cause)]
    Damaged {
        /// The state file.
        path: PathBuf,
        /// Where and how.
        damage: Damage,
        /// Where its content was copied; `None` if the state was opened only for reading.
        copy: Option<PathBuf>,
    },
    /// A newer host wrote the state file or its journal. Nothing was changed.
    #[error("{} uses format {format}, which this version of buildout-host cannot read", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format that it specifies.
        format: String,
    },
}

impl Explain for StateError {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Damaged { damage, .. } => Some(damage.place.clone()),
            Self::File(_) | Self::Newer { .. } => None,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::File(error) => error.hints(),
            Self::Damaged { copy: Some(copy), .. } => vec![
                format!("Nothing was removed. The file was copied to {}.", copy.display()),
                "Repair it, or run again: all parts are then installed as if for the first time.".to_owned(),
            ],
            Self::Damaged { copy: None, .. } => vec!["Repair it, or move it away.".to_owned()],
            Self::Newer { .. } => vec!["Use the buildout-host that wrote it, or a newer one.".to_owned()],
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::File(error) => error.remedies(),
            _ => Vec::new(),
        }
    }
}
