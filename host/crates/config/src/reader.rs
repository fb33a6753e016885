//! The only access of a configuration to files and URLs.
//!
//! Does not know how they are read: `fetch` reads real ones, tests store theirs in memory.

use std::path::{Path, PathBuf};

use super::Location;
use base::source::Explain;

/// Reads configuration files.
pub trait Reader: Send + Sync {
    /// The bytes of a file. For a URL, a copy from the cache in `settings` may be used.
    ///
    /// # Errors
    /// When the file is missing, cannot be read, or must not be downloaded (offline).
    fn read(&self, location: &Location, settings: &ReadSettings) -> Result<Vec<u8>, ReadError>;

    /// Whether a file exists at `path`.
    fn exists(&self, path: &Path) -> bool;

    /// The directory without symbolic links; `None` if it does not exist. Used to decide whether two names are the same
    /// directory.
    fn canonical(&self, directory: &Path) -> Option<PathBuf>;
}

/// The settings for URLs in a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSettings {
    /// Directory for copies of URLs (`extends-cache`), absolute.
    pub extends_cache: Option<PathBuf>,
    /// Whether a cached copy is used only if the URL is not available (`newest`); otherwise a copy is always used.
    pub newest: bool,
    /// Whether downloads are forbidden (`offline`).
    pub offline: bool,
}

/// A configuration file that cannot be read. The message contains no credentials of URLs.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// The cause, as one sentence, including the name of the file.
    pub message: String,
    /// What the user can do about it.
    pub hints: Vec<String>,
    /// Whether the file does not exist.
    pub missing: bool,
}

impl ReadError {
    /// A file that cannot be read, with the cause.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: base::source::redact(&message.into()), hints: Vec::new(), missing: false }
    }

    /// A file that does not exist.
    pub fn missing(location: &Location) -> Self {
        Self { missing: true, ..Self::new(format!("Couldn't open {location}")) }
    }
}

impl Explain for ReadError {
    fn hints(&self) -> Vec<String> {
        self.hints.clone()
    }
}
