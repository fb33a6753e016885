//! What is to be downloaded, and what was.

use std::path::PathBuf;
use std::time::Duration;

use super::checksum::Checksum;
use crate::http::Allowed;
use base::digest::Digest;

/// What is to be downloaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// An `http:`, `https:` or `file:` URL, or a path relative to the buildout directory.
    pub url: String,
    /// The part that needs it, for events.
    pub part: String,
    /// The checksums of the file; all must match.
    pub checksums: Vec<Checksum>,
    /// What the URL, and redirects, may be.
    pub allowed: Allowed,
    /// Largest file, in bytes, if not the usual limit.
    pub size: Option<u64>,
    /// How long the server may be silent, if not `socket-timeout`.
    pub timeout: Option<Duration>,
    /// How often it is tried, if not the usual number.
    pub attempts: Option<u32>,
}

impl Request {
    /// A request for `url`, without checksum.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// The same, with one more checksum.
    #[must_use]
    pub fn checksum(mut self, checksum: Checksum) -> Self {
        self.checksums.push(checksum);
        self
    }
}

/// A file that was downloaded, and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// Its path: in the cache, or, for a local file, the file itself. It must not be changed.
    pub path: PathBuf,
    /// Its digest.
    pub sha256: Digest,
    /// Whether the cache had it.
    pub from_cache: bool,
}
