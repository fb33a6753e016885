//! Requests and results of downloads.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::checksum::Checksum;
use crate::http::Allowed;
use base::digest::Digest;

/// A request for a download.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DownloadRequest {
    /// An `http:`, `https:` or `file:` URL, or a path relative to the buildout directory.
    pub url: String,
    /// The part that needs it, for events.
    pub part: String,
    /// The checksums of the file; all must match.
    pub checksums: Vec<Checksum>,
    /// Headers of the request. Those that the client sets itself are ignored.
    pub headers: Vec<(String, String)>,
    /// Restrictions on the URL and on redirects.
    pub allowed: Allowed,
    /// Maximum size of the file in bytes, if not the default.
    pub size: Option<u64>,
    /// Maximum silence of the server, if not `socket-timeout`.
    pub timeout: Option<Duration>,
    /// Maximum number of attempts, if not the default.
    pub attempts: Option<u32>,
    /// Whether the requester reports itself what it gets: then the message about the download is for debugging.
    pub is_reported: bool,
}

impl DownloadRequest {
    /// A request for `url`, without checksums.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Adds a checksum.
    #[must_use]
    pub fn checksum(mut self, checksum: Checksum) -> Self {
        self.checksums.push(checksum);
        self
    }
}

/// A downloaded and verified file.
#[derive(Clone, Debug)]
pub struct Downloaded {
    /// Its path: in the cache, or, for a local file, the file itself. Must not be changed.
    pub path: PathBuf,
    /// The local file itself. Its path may lead to another file later.
    pub local: Option<Arc<File>>,
    /// Its digest.
    pub sha256: Digest,
    /// Whether it was already in the cache.
    pub from_cache: bool,
    /// Its URL after redirects, without credentials.
    pub address: String,
    /// The headers of the response, with names in lower case and without cookies; none if no server was asked.
    pub headers: Vec<(String, String)>,
}
