//! The data behind the handles that recipes have.
//!
//! Knows nothing of the bindings, which need these types first.

#![allow(unreachable_pub, reason = "the bindings re-export them")]

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::sync::Arc;

use base::digest::Digest;
use config::options::Buildout;

/// The section of one part, for its recipe.
pub struct PartOptions {
    pub(crate) part: Arc<str>,
    pub(crate) location: String,
    pub(crate) buildout: Buildout,
}

/// All sections: the call in which the handle is used determines which ones.
pub struct ReadableSections;

/// A lock that was taken: closing the file releases it.
#[derive(Debug)]
pub struct HeldLock {
    pub(crate) _file: File,
}

/// Programs that a part may start.
pub struct AllowedPrograms {
    /// `*` for all.
    pub(crate) programs: Vec<String>,
}

/// Addresses that a part may download from.
pub struct AllowedDownloads {
    /// Prefixes; `*` for all servers.
    pub(crate) addresses: Vec<String>,
}

/// A file in the download cache.
pub struct Fetched {
    pub(crate) path: PathBuf,
    /// A local file itself: its path may lead to another file later.
    pub(crate) local: Option<Arc<File>>,
    pub(crate) sha256: Digest,
    pub(crate) size: u64,
    /// Its URL after redirects.
    pub(crate) address: String,
    /// The headers of the response.
    pub(crate) headers: Vec<(String, String)>,
}

impl Fetched {
    /// The path that leads to this file, whatever is done to the directories.
    pub(crate) fn source(&self) -> PathBuf {
        match &self.local {
            Some(file) => PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd())),
            None => self.path.clone(),
        }
    }
}
