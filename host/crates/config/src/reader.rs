//! The only way from a configuration to files and URLs.
//!
//! Knows nothing of how they are read: `fetch` reads the real ones, tests keep theirs in memory.

use std::path::{Path, PathBuf};

use super::Location;
use base::source::Explain;

/// Reads configuration files.
pub trait Reader: Send + Sync {
    /// The bytes of a file. A URL may come from the cache that `settings` name.
    ///
    /// # Errors
    /// When the file is missing, cannot be read, or may not be fetched (offline).
    fn read(&self, location: &Location, settings: &ReadSettings) -> Result<Vec<u8>, ReadError>;

    /// Whether there is a file at `path`.
    fn exists(&self, path: &Path) -> bool;

    /// The directory without symbolic links; `None` if it does not exist. Tells whether two names mean one directory.
    fn canonical(&self, directory: &Path) -> Option<PathBuf>;
}

/// What a configuration says of how URLs are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSettings {
    /// Where copies of URLs are kept (`extends-cache`), absolute.
    pub extends_cache: Option<PathBuf>,
    /// Whether a copy in the cache is read only when the URL cannot be (`newest`); otherwise a copy is good enough.
    pub newest: bool,
    /// Whether nothing may be fetched (`offline`).
    pub offline: bool,
}

/// A file of configuration that cannot be read. The message has no credentials of URLs.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// The cause, one sentence, with the name of the file.
    pub message: String,
    /// What the person can do about it.
    pub hints: Vec<String>,
    /// Whether the file just is not there.
    pub missing: bool,
}

impl ReadError {
    /// A file that cannot be read, for the reason that `message` gives.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: base::source::redact(&message.into()), hints: Vec::new(), missing: false }
    }

    /// A file that is not there.
    pub fn missing(location: &Location) -> Self {
        Self { missing: true, ..Self::new(format!("Couldn't open {location}")) }
    }

    /// The same, with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl Explain for ReadError {
    fn hints(&self) -> Vec<String> {
        self.hints.clone()
    }
}
