//! Downloads files and unpacks archives.
//!
//! ```no_run
//! use buildout_recipe::{Download, Downloader, Error, TopLevel};
//!
//! # fn install() -> Result<(), Error> {
//! let downloader = Downloader::open(&["https://example.com/"])?;
//! let archive = Download::new("https://example.com/a-1.0.tar.gz")
//!     .sha256("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
//!     .fetch(&downloader)?;
//! archive.unpack("/srv/buildout/parts/a", TopLevel::Strip)?;
//! # Ok(())
//! # }
//! ```
//!
//! A recipe needs the grant `fetch` for each URL ([`Description::grant_fetch`](crate::Description::grant_fetch)).

use std::fmt;

use crate::archives::TopLevel;
use crate::bindings::buildout::recipe::download as wit;
use crate::error::Error;

#[cfg(not(target_arch = "wasm32"))]
use crate::testing::native::downloads as lent;
#[cfg(target_arch = "wasm32")]
use wit as lent;

/// Downloads files, during one call of the recipe.
#[derive(Debug)]
pub struct Downloader(lent::Downloader);

impl Downloader {
    /// A downloader for URLs with these prefixes, or `*` for all.
    ///
    /// # Errors
    /// If one of them is not granted.
    pub fn open<A: AsRef<str>>(addresses: &[A]) -> Result<Self, DownloadError> {
        let addresses: Vec<String> = addresses.iter().map(|address| address.as_ref().to_owned()).collect();
        Ok(Self(lent::open(&addresses)?))
    }
}

/// A file to download.
#[derive(Debug, Clone)]
#[must_use]
pub struct Download(wit::Request);

impl Download {
    /// The file's URL (`http:`, `https:`, `file:`) or its path, which may be relative to the buildout directory.
    pub fn new(url: impl Into<String>) -> Self {
        Self(wit::Request { url: url.into(), digests: Vec::new(), headers: Vec::new() })
    }

    /// The file must have this MD5 digest. It protects against damage, but not against manipulation.
    pub fn md5(self, digest: impl Into<String>) -> Self {
        self.digest(wit::Algorithm::Md5, digest.into())
    }

    /// The file must have this SHA-256 digest.
    pub fn sha256(self, digest: impl Into<String>) -> Self {
        self.digest(wit::Algorithm::Sha256, digest.into())
    }

    /// The file must have this SHA-512 digest.
    pub fn sha512(self, digest: impl Into<String>) -> Self {
        self.digest(wit::Algorithm::Sha512, digest.into())
    }

    /// Adds a header to the request. The host ignores headers that it sets itself.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.push((name.into(), value.into()));
        self
    }

    fn digest(mut self, algorithm: wit::Algorithm, value: String) -> Self {
        self.0.digests.push(wit::Digest { algorithm, value });
        self
    }

    pub(crate) fn parts(&self) -> (String, Vec<wit::Digest>) {
        (self.0.url.clone(), self.0.digests.clone())
    }

    /// Downloads the file, or takes it from the cache.
    ///
    /// # Errors
    /// If it is not available, or does not match a digest.
    pub fn fetch(self, downloader: &Downloader) -> Result<Fetched, DownloadError> {
        Ok(Fetched(downloader.0.fetch(&self.0)?))
    }
}

/// A downloaded file in the host's cache.
#[derive(Debug)]
pub struct Fetched(lent::Fetched);

impl Fetched {
    /// Its SHA-256 digest, in hexadecimal digits.
    pub fn sha256(&self) -> String {
        self.0.sha256()
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.0.size()
    }

    /// Its URL after redirects, without credentials.
    pub fn address(&self) -> String {
        self.0.address()
    }

    /// The headers of the response, with names in lower case. Empty if the file came from the cache.
    pub fn headers(&self) -> Vec<(String, String)> {
        self.0.headers()
    }

    /// Up to `length` bytes of it from `offset`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(&self, offset: u64, length: u32) -> Result<Vec<u8>, DownloadError> {
        Ok(self.0.read(offset, length)?)
    }

    /// Copies it to the absolute path `path`. An existing file is replaced.
    ///
    /// # Errors
    /// If the recipe may not write there, or writing fails.
    pub fn copy(&self, path: impl AsRef<str>) -> Result<(), DownloadError> {
        Ok(self.0.copy(path.as_ref())?)
    }

    /// Unpacks an archive (tar, plain or compressed with gzip, bzip2, xz or zstd; zip) to the absolute path `directory`, which
    /// must not exist or be empty. Returns the names in it.
    ///
    /// # Errors
    /// If it is not a supported archive, or is harmful.
    pub fn unpack(&self, directory: impl AsRef<str>, top_level: TopLevel) -> Result<Vec<String>, DownloadError> {
        Ok(self.0.unpack(directory.as_ref(), top_level)?)
    }
}

/// A download error. `?` converts it to an [`Error`].
#[derive(Debug, Clone)]
pub struct DownloadError {
    reason: DownloadReason,
    message: String,
}

/// Why a file could not be downloaded or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownloadReason {
    /// The URL is not granted.
    NotGranted,
    /// The file does not match its digest.
    Mismatch,
    /// The server responded without the file. The HTTP status code.
    Status(u16),
    /// It is not available.
    Unavailable,
    /// It is not a supported archive, or is harmful.
    BadArchive,
    /// The URL, the digest or the path is invalid.
    Invalid,
    /// Too large, or too many.
    Limit,
    /// A reason that this version of the crate does not know.
    Other,
}

impl DownloadError {
    /// The reason.
    pub fn reason(&self) -> DownloadReason {
        self.reason
    }
}

impl fmt::Display for DownloadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for DownloadError {}

impl From<wit::DownloadError> for DownloadError {
    fn from(error: wit::DownloadError) -> Self {
        let (reason, message) = match error {
            wit::DownloadError::NotGranted(message) => (DownloadReason::NotGranted, message),
            wit::DownloadError::Mismatch(message) => (DownloadReason::Mismatch, message),
            wit::DownloadError::Status(status) => (DownloadReason::Status(status.code), status.message),
            wit::DownloadError::Unavailable(message) => (DownloadReason::Unavailable, message),
            wit::DownloadError::BadArchive(message) => (DownloadReason::BadArchive, message),
            wit::DownloadError::Invalid(message) => (DownloadReason::Invalid, message),
            wit::DownloadError::Limit(message) => (DownloadReason::Limit, message),
            wit::DownloadError::Other(other) => (DownloadReason::Other, other.message),
        };
        Self { reason, message }
    }
}

impl From<DownloadError> for Error {
    fn from(error: DownloadError) -> Self {
        match error.reason {
            DownloadReason::Other => Self::fault(error.message),
            // URLs, digests and archives come from the configuration.
            _ => Self::user(error.message),
        }
    }
}
