//! `extends-cache`: copies of documents, each in a file named after the MD5 digest of the URL as written. zc.buildout
//! uses the same files.

use std::path::{Path, PathBuf};

use md5::{Digest, Md5};

use super::DocumentError;
use crate::hexadecimal::hexadecimal;
use base::files;

/// A directory of copies.
pub(super) struct ExtendsCache {
    directory: PathBuf,
}

impl ExtendsCache {
    /// Opens the cache in `directory`, which must exist: zc.buildout does not create it either, so that a typing error
    /// in the option is noticed.
    pub(super) fn open(directory: &Path) -> Result<Self, DocumentError> {
        if directory.is_dir() {
            return Ok(Self { directory: directory.to_owned() });
        }
        let message = format!("The directory {} to be used as a download cache doesn't exist.", directory.display());
        Err(DocumentError::new(message).hints(["Create the directory, or change [buildout] extends-cache.".to_owned()]))
    }

    /// The copy of `url`.
    pub(super) fn find(&self, url: &str) -> Result<Option<Vec<u8>>, DocumentError> {
        files::read(&self.path(url)).map_err(|error| DocumentError::new(error.to_string()))
    }

    /// Stores `bytes` as the copy of `url`, atomically.
    pub(super) fn keep(&self, url: &str, bytes: &[u8]) -> Result<(), DocumentError> {
        files::replace_shared(&self.path(url), bytes).map(|_| ()).map_err(|error| DocumentError::new(error.to_string()))
    }

    /// The path of the copy of `url`.
    pub(super) fn path(&self, url: &str) -> PathBuf {
        self.directory.join(hexadecimal(&Md5::digest(url.as_bytes())))
    }
}
