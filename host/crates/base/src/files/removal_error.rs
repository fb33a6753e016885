//! Why a recorded path is not removed.

use std::io;
use std::path::PathBuf;

use crate::source::Explain;

/// A recorded path that is not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemovalError {
    /// The path is not a plain path: it contains `..` or NUL, or is empty.
    #[error("Refusing to remove {path:?}: it is not a plain path")]
    NotPlain {
        /// As recorded.
        path: PathBuf,
    },
    /// The path is not below any of the roots.
    #[error("Refusing to remove {}: it is outside the buildout and the directories granted to recipes", .path.display())]
    Outside {
        /// As recorded.
        path: PathBuf,
    },
    /// The path is, or contains, something that must stay.
    #[error("Refusing to remove {}: {} {reason}", .path.display(), .protected.display())]
    Protected {
        /// As recorded.
        path: PathBuf,
        /// The protected path.
        protected: PathBuf,
        /// Why, as in `/home/me is your home directory`.
        reason: &'static str,
    },
    /// A file system is mounted at the path or below it: its files are not the part's.
    #[error("Refusing to remove {}: a file system is mounted at {}", .path.display(), .mount.display())]
    Mounted {
        /// As recorded.
        path: PathBuf,
        /// The mount point.
        mount: PathBuf,
    },
    /// The path is in a directory of version control, or is one, and the part did not make the checkout.
    #[error("Refusing to remove {}: it belongs to version control", .path.display())]
    VersionControl {
        /// As recorded.
        path: PathBuf,
    },
    /// A directory on the way to the path is a symbolic link.
    #[error("Refusing to remove {}: {} is now a symbolic link", .path.display(), .link.display())]
    ThroughLink {
        /// As recorded.
        path: PathBuf,
        /// The directory on the way.
        link: PathBuf,
    },
    /// The operating system refused.
    #[error("Cannot remove {}: {cause}", .path.display())]
    Io {
        /// The file or directory that failed, possibly below the recorded path.
        path: PathBuf,
        /// The operating system's error.
        cause: io::Error,
    },
    /// The operating system refused to move or copy the path aside, or to restore it.
    #[error("Cannot {operation} {}: {cause}", .path.display())]
    Aside {
        /// `move aside`, `copy aside` or `put back`.
        operation: &'static str,
        /// As recorded.
        path: PathBuf,
        /// The operating system's error.
        cause: io::Error,
    },
}

impl Explain for RemovalError {
    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Outside { .. } => {
                "The installed state records this path. If this buildout is a copy of another one, remove its state \
                 (.installed.cfg): its parts are then installed again. If the state was edited, remove the path from \
                 `__buildout_installed__`."
            }
            Self::NotPlain { .. } | Self::Protected { .. } => {
                "The installed state records this path; a part's recipe cannot have made it. If the state was edited, \
                 remove the path from `__buildout_installed__`."
            }
            Self::VersionControl { .. } => {
                "The installed state records this path, and no path that contains the checkout. If the state was edited, \
                 remove the path from `__buildout_installed__`. If the part made the checkout, remove it yourself."
            }
            Self::Mounted { .. } => "Unmount it, and run again.",
            Self::ThroughLink { .. } => "Put the directory back in place of the link, or remove the path yourself.",
            Self::Io { .. } | Self::Aside { .. } => "Nothing else was lost. Remove the cause, then run again.",
        };
        vec![hint.to_owned()]
    }
}
