//! Unpacks archives that the recipe may read. For downloads, use [`Fetched::unpack`](crate::Fetched::unpack).
//!
//! ```no_run
//! use buildout_recipe::{Error, TopLevel, archives};
//!
//! # fn install() -> Result<(), Error> {
//! archives::unpack("/srv/buildout/sources/a-1.0.tar.gz", "/srv/buildout/parts/a", TopLevel::Strip)?;
//! # Ok(())
//! # }
//! ```

use std::fmt;

use crate::bindings::buildout::recipe::archives as wit;
use crate::error::Error;

#[cfg(not(target_arch = "wasm32"))]
use crate::testing::native::archives as lent;
#[cfg(target_arch = "wasm32")]
use wit as lent;

pub use wit::TopLevel;

/// Unpacks an archive (tar, plain or compressed with gzip, bzip2, xz or zstd; zip, which includes wheels and eggs) to
/// `directory`, which must not exist or be empty. Returns the names in it. The archive is unpacked completely or not at all.
///
/// # Errors
/// If it is not a supported archive, is harmful, or the recipe may not read it or write to the directory.
pub fn unpack(
    archive: impl AsRef<str>,
    directory: impl AsRef<str>,
    top_level: TopLevel,
) -> Result<Vec<String>, ArchiveError> {
    Ok(lent::unpack(archive.as_ref(), directory.as_ref(), top_level)?)
}

/// Decompresses a file (gzip, bzip2, xz or zstd) to `file`. An existing file is replaced. Returns the number of bytes.
///
/// # Errors
/// If it is not compressed, is damaged, or the recipe may not read it or write to the file.
pub fn decompress(compressed: impl AsRef<str>, file: impl AsRef<str>) -> Result<u64, ArchiveError> {
    Ok(lent::decompress(compressed.as_ref(), file.as_ref())?)
}

/// An archive that could not be unpacked. `?` converts it to an [`Error`].
#[derive(Debug, Clone)]
pub struct ArchiveError {
    reason: ArchiveReason,
    message: String,
}

/// Why an archive could not be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchiveReason {
    /// The file does not exist, or the recipe may not read it.
    NotReadable,
    /// The file is not a supported archive.
    UnknownFormat,
    /// The archive is damaged or harmful.
    BadArchive,
    /// The recipe may not write to the path, or the path already exists.
    Invalid,
    /// A limit of the host was exceeded.
    Limit,
    /// A reason that this version of the crate does not know.
    Other,
}

impl ArchiveError {
    /// The reason.
    pub fn reason(&self) -> ArchiveReason {
        self.reason
    }
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ArchiveError {}

impl From<wit::ArchiveError> for ArchiveError {
    fn from(error: wit::ArchiveError) -> Self {
        let (reason, message) = match error {
            wit::ArchiveError::NotReadable(message) => (ArchiveReason::NotReadable, message),
            wit::ArchiveError::UnknownFormat(message) => (ArchiveReason::UnknownFormat, message),
            wit::ArchiveError::BadArchive(message) => (ArchiveReason::BadArchive, message),
            wit::ArchiveError::Invalid(message) => (ArchiveReason::Invalid, message),
            wit::ArchiveError::Limit(message) => (ArchiveReason::Limit, message),
            wit::ArchiveError::Other(other) => (ArchiveReason::Other, other.message),
        };
        Self { reason, message }
    }
}

impl From<ArchiveError> for Error {
    fn from(error: ArchiveError) -> Self {
        match error.reason {
            ArchiveReason::Other => Self::fault(error.message),
            // Archives and directories come from the configuration.
            _ => Self::user(error.message),
        }
    }
}
