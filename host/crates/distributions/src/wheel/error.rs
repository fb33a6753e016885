//! Why a wheel is rejected.

use std::path::{Path, PathBuf};

use base::files::FileError;
use base::remedy::Remedy;
use base::source::Explain;
use fetch::unpack::{ArchiveFault, UnpackError};

use crate::metadata::MetadataError;

/// An error in a wheel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WheelFault {
    /// In the archive.
    #[error("{}{fault}", .entry.as_ref().map_or_else(String::new, |entry| format!("entry {entry:?}: ")))]
    Archive {
        /// The entry.
        entry: Option<PathBuf>,
        /// The error.
        fault: ArchiveFault,
    },
    /// It has no metadata directory.
    #[error("it has no .dist-info directory for this distribution")]
    NoDistInfo,
    /// It has a different metadata directory, or several.
    #[error("it has the metadata of another distribution: {0}")]
    WrongDistInfo(String),
    /// A required file is missing.
    #[error("it has no {0}")]
    NoFile(String),
    /// Its format version is not supported.
    #[error("its Wheel-Version is {0:?}, but only version 1 is supported")]
    UnknownFormat(String),
    /// Its metadata is invalid.
    #[error("its metadata cannot be used: {0}")]
    Metadata(MetadataError),
    /// Its metadata belongs to another distribution.
    #[error("its metadata says that it is {name} {version}")]
    WrongMetadata {
        /// The name in the metadata.
        name: String,
        /// The version in the metadata.
        version: String,
    },
    /// `RECORD` is invalid.
    #[error("its RECORD cannot be read: line {line}: {what}")]
    Record {
        /// The line number, starting at 1.
        line: usize,
        /// The error.
        what: String,
    },
    /// `RECORD` lists a file that does not exist.
    #[error("its RECORD lists {0:?}, which is not in the wheel")]
    Missing(String),
    /// A file is not listed in `RECORD`.
    #[error("its RECORD does not list {0:?}, which is in the wheel")]
    Unlisted(String),
    /// A file differs from its entry in `RECORD`.
    #[error("{path:?} has the SHA-{bits} digest {found}, but its RECORD says {expected}")]
    Differs {
        /// The file.
        path: String,
        /// Length of the digest in bits.
        bits: u32,
        /// The listed digest.
        expected: String,
        /// The actual digest.
        found: String,
    },
    /// `RECORD` has no digest for a file, or one of an unsupported kind.
    #[error("its RECORD has no SHA-2 digest for {path:?}{}", if .kind.is_empty() { String::new() } else { format!(", but a {:?} digest", .kind) })]
    UnusableDigest {
        /// The file.
        path: String,
        /// The kind of its digest; empty if there is none.
        kind: String,
    },
    /// The length of a file differs from its entry in `RECORD`.
    #[error("{path:?} has {found} bytes, but its RECORD says {expected:?}")]
    WrongSize {
        /// The file.
        path: String,
        /// The listed length.
        expected: String,
        /// The actual length, in bytes.
        found: String,
    },
    /// An entry that is neither a file nor a directory.
    #[error("{0:?} is a link, but a wheel can contain only files")]
    Link(String),
    /// Two files have the same destination.
    #[error("it has two files for {0:?}")]
    TwoFiles(String),
    /// A file does not have the expected format.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// Why a wheel was not made into an egg.
#[derive(Debug, thiserror::Error)]
pub enum WheelError {
    /// The wheel is rejected. Nothing of it remains.
    #[error("The wheel {} is refused: {fault}", .wheel.display())]
    Refused {
        /// Its path, or its origin.
        wheel: PathBuf,
        /// The error.
        fault: WheelFault,
    },
    /// A system call failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The caller requested to stop.
    #[error("Unpacking {} was canceled", .0.display())]
    Canceled(PathBuf),
}

impl WheelError {
    /// The same for a wheel of this origin. Its path says nothing if it is in a cache.
    pub(crate) fn naming(self, origin: &str) -> Self {
        match self {
            Self::Refused { fault, .. } => Self::Refused { wheel: origin.into(), fault },
            other => other,
        }
    }

    pub(super) fn of_unpacking(wheel: &Path, error: UnpackError) -> Self {
        match error {
            UnpackError::Refused { entry, fault, .. } => {
                Self::Refused { wheel: wheel.to_owned(), fault: WheelFault::Archive { entry, fault } }
            }
            UnpackError::DestinationExists(path) => {
                Self::File(FileError::of("unpack to", &path)(std::io::ErrorKind::AlreadyExists.into()))
            }
            UnpackError::File(error) => Self::File(error),
            UnpackError::Canceled(path) => Self::Canceled(path),
        }
    }
}

impl Explain for WheelError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Refused { .. } => vec![
                "Nothing was unpacked. Another version, or its source distribution, may work. Report this to \
                 its publisher."
                    .to_owned(),
            ],
            Self::File(error) => error.hints(),
            Self::Canceled(_) => Vec::new(),
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::File(error) => error.remedies(),
            _ => Vec::new(),
        }
    }
}
