//! Why an archive is refused.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use base::files::FileError;
use base::remedy::Remedy;
use base::source::Explain;

/// What is wrong with an archive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveFault {
    /// Its first bytes are not those of a known format.
    #[error("it is neither a zip file nor a tar file (plain, gzip, bzip2, xz, zstd)")]
    UnknownFormat,
    /// Its first bytes are not those of a known compression.
    #[error("it is not a compressed file (gzip, bzip2, xz, zstd)")]
    NotCompressed,
    /// A name that is not that of a file, or that points outside the destination.
    #[error("its name {0}")]
    Name(&'static str),
    /// An entry is below a symbolic link or a file of the same archive.
    #[error("it is below {0:?}, which is not a directory in this archive")]
    NotBeneathDirectory(PathBuf),
    /// A symbolic link points outside the unpacked tree.
    #[error("it is a symbolic link that points outside the archive, to {0:?}")]
    LinkOutside(PathBuf),
    /// A hard link to something that is not an earlier file of the same archive.
    #[error("it is a hard link to {0:?}, which is not an earlier file of this archive")]
    HardLink(PathBuf),
    /// A device, named pipe or socket.
    #[error("it is a {0}, but only files, directories and links are unpacked")]
    Special(&'static str),
    /// Something that is not supported here.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The archive has two entries of one name.
    #[error("the archive has two entries of this name")]
    Duplicate,
    /// Two headers of an entry differ.
    #[error("the headers of the archive disagree about its {0}")]
    Disagreement(&'static str),
    /// A limit is exceeded.
    #[error("it exceeds the limit of {limit} {what}")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
    /// Truncated, or changed since it was written.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// It does not have exactly one top-level directory.
    #[error("its top level is not a single directory: {}", list(.0))]
    NoTopLevelDirectory(Vec<OsString>),
}

fn list(names: &[OsString]) -> String {
    const SHOWN: usize = 5;
    let mut shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    if names.len() > SHOWN {
        shown.push(format!("and {} more", names.len() - SHOWN));
    }
    if shown.is_empty() { "it is empty".to_owned() } else { shown.join(", ") }
}

/// Why an archive was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The archive is refused. Nothing of it is left.
    #[error("Cannot unpack {}{}: {fault}", .archive.display(), entry_shown(.entry.as_deref()))]
    Refused {
        /// The archive: its path, or its origin.
        archive: PathBuf,
        /// The entry, by its name in the archive; `None` if it is the archive as a whole.
        entry: Option<PathBuf>,
        /// What is wrong.
        fault: ArchiveFault,
    },
    /// The destination is not empty.
    #[error("Cannot unpack to {}: it already exists", .0.display())]
    DestinationExists(PathBuf),
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The caller asked to stop.
    #[error("Unpacking {} was canceled", .0.display())]
    Canceled(PathBuf),
}

impl UnpackError {
    /// The same for an archive of this origin. Its path says nothing if it is in a cache.
    #[must_use]
    pub fn naming(self, origin: &str) -> Self {
        match self {
            Self::Refused { entry, fault, .. } => Self::Refused { archive: origin.into(), entry, fault },
            other => other,
        }
    }
}

fn entry_shown(entry: Option<&Path>) -> String {
    entry.map_or_else(String::new, |entry| format!(": entry {entry:?}"))
}

impl Explain for UnpackError {
    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Refused { fault, .. } => match fault {
                ArchiveFault::UnknownFormat | ArchiveFault::NotCompressed => {
                    "The server may have sent a web page instead of the archive: inspect the file."
                }
                ArchiveFault::Damaged(_) => "Compare the file's checksum with the publisher's; nothing was unpacked.",
                ArchiveFault::Limit { .. } => {
                    "An archive beyond these limits may be a decompression bomb; nothing was unpacked."
                }
                ArchiveFault::NoTopLevelDirectory(_) => "Unpack it without stripping the top-level directory.",
                ArchiveFault::Unsupported(_) => "Pack it again as a plain tar file; nothing was unpacked.",
                _ => "An archive like this can do harm when it is unpacked; ask its publisher. Nothing was unpacked.",
            },
            Self::DestinationExists(_) => "Remove it, or unpack to another directory.",
            Self::File(error) => return error.hints(),
            Self::Canceled(_) => return Vec::new(),
        };
        vec![hint.to_owned()]
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::File(error) => error.remedies(),
            _ => Vec::new(),
        }
    }
}

/// What ends unpacking, before it is known which archive it was.
#[derive(Debug)]
pub(super) enum UnpackStop {
    Fault { entry: Option<PathBuf>, fault: ArchiveFault },
    File(FileError),
    Canceled,
}

impl UnpackStop {
    /// The archive as a whole is at fault.
    pub(super) fn because(fault: ArchiveFault) -> Self {
        Self::Fault { entry: None, fault }
    }

    /// The entry `path` is at fault.
    pub(super) fn at(path: &Path, fault: ArchiveFault) -> Self {
        Self::Fault { entry: Some(path.to_owned()), fault }
    }

    /// The archive cannot be read: a limit was exceeded, or it is damaged.
    pub(super) fn reading(error: &io::Error) -> Self {
        let ours = error.get_ref().and_then(|cause| cause.downcast_ref::<ArchiveFault>()).cloned();
        Self::because(ours.unwrap_or_else(|| ArchiveFault::Damaged(error.to_string())))
    }

    /// The same, about the entry `path`.
    #[must_use]
    pub(super) fn in_entry(self, path: &Path) -> Self {
        match self {
            Self::Fault { entry: None, fault } => Self::at(path, fault),
            other => other,
        }
    }
}

impl From<FileError> for UnpackStop {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl UnpackError {
    pub(super) fn of(archive: &Path, stop: UnpackStop) -> Self {
        match stop {
            UnpackStop::Fault { entry, fault } => Self::Refused { archive: archive.to_owned(), entry, fault },
            UnpackStop::File(error) => Self::File(error),
            UnpackStop::Canceled => Self::Canceled(archive.to_owned()),
        }
    }
}
