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

/// All sections, as the recipe of one part reads them while it is initialized.
pub struct ReadableSections {
    pub(crate) part: Arc<str>,
    pub(crate) buildout: Buildout,
}

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
    pub(crate) allowed: Allowed,
}

/// A file in the download cache.
pub struct Fetched {
    pub(crate) path: PathBuf,
    pub(crate) sha256: Digest,
    pub(crate) size: u64,
}
