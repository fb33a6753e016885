//! Why a wheel is refused.

use std::path::{Path, PathBuf};

use base::files::FileError;
use base::source::Explain;
use fetch::unpack::{Fault, UnpackError};

use crate::metadata::MetadataError;

/// What is wrong with a wheel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WheelFault {
    /// As an archive.
    #[error("{}{fault}", .entry.as_ref().map_or_else(String::new, |entry| format!("entry {entry:?}: ")))]
    Archive {
        /// The entry that is to blame.
        entry: Option<PathBuf>,
        /// What is wrong.
        fault: Fault,
    },
    /// It has no directory of metadata.
    #[error("it has no directory .dist-info of this distribution")]
    NoDistInfo,
    /// It has another one, or several.
    #[error("it has the metadata of another distribution: {0}")]
    WrongDistInfo(String),
    /// A file that must be there.
    #[error("it has no {0}")]
    NoFile(String),
    /// It is of another generation.
    #[error("it has the format {0:?}, and 1 is known here")]
    UnknownFormat(String),
    /// Its metadata cannot be used.
    #[error("its metadata cannot be used: {0}")]
    Metadata(MetadataError),
    /// Its metadata are those of another distribution.
    #[error("its metadata say that it is {name} {version}")]
    WrongMetadata {
        /// The name they have.
        name: String,
        /// The version they have.
        version: String,
    },
    /// `RECORD` cannot be read.
    #[error("its RECORD cannot be read: line {line}: {what}")]
    Record {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// `RECORD` lists a file that is not there.
    #[error("its RECORD lists {0:?}, which is not in it")]
    Missing(String),
    /// A file is not listed in `RECORD`.
    #[error("its RECORD does not list {0:?}, which is in it")]
    Unlisted(String),
    /// A file is not what `RECORD` says.
    #[error("{path:?} has the SHA-{bits} digest {found}, and its RECORD says {expected}")]
    Differs {
        /// The file.
        path: String,
        /// Bits of the digest.
        bits: u32,
        /// What is listed.
        expected: String,
        /// What it has.
        found: String,
    },
    /// Something that is neither a file nor a directory.
    #[error("{0:?} is a link, and a wheel has only files")]
    Link(String),
    /// Two files for one place.
    #[error("it has two files for {0:?}")]
    TwoFiles(String),
    /// Not readable as what it should be.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// Why a wheel was not made an egg.
#[derive(Debug, thiserror::Error)]
pub enum WheelError {
    /// The wheel is refused. Nothing of it is left.
    #[error("The wheel {} is refused: {fault}", .wheel.file_name().unwrap_or_default().to_string_lossy())]
    Refused {
        /// The wheel.
        wheel: PathBuf,
        /// What is wrong.
        fault: WheelFault,
    },
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The caller asked to stop.
    #[error("Unpacking {} was cancelled", .0.display())]
    Canceled(PathBuf),
}

impl WheelError {
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
                "Nothing of it was unpacked. Another version, or its source distribution, may do; its publisher should know."
                    .to_owned(),
            ],
            Self::File(error) => error.hints(),
            Self::Canceled(_) => Vec::new(),
        }
    }
}
