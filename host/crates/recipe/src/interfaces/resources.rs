//! The data behind the handles that recipes have.
//!
//! Knows nothing of the bindings, which need these types first.

#![allow(unreachable_pub, reason = "the bindings re-export them")]

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use base::digest::Digest;
use config::options::Buildout;
use fetch::Allowed;

/// The section of one part, for its recipe.
pub struct PartOptions {
    pub(crate) part: Arc<str>,
    pub(crate) location: String,
    pub(crate) buildout: Buildout,
}

/// All sections: the call in which the handle is used determines which ones.
pub struct Sections;

/// A lock that was taken: closing the file releases it.
#[derive(Debug)]
pub struct Lock {
    pub(crate) _file: File,
}

/// Programs that a part may start.
pub struct Runner {
    /// `*` for all.
    pub(crate) programs: Vec<String>,
}

/// Addresses that a part may download from.
pub struct Downloader {
    pub(crate) allowed: Allowed,
}

/// A file in the download cache.
pub struct Fetched {
    pub(crate) path: PathBuf,
    pub(crate) sha256: Digest,
    pub(crate) size: u64,
    /// Its URL after redirects.
    pub(crate) address: String,
    /// The headers of the response.
    pub(crate) headers: Vec<(String, String)>,
}
