//! Errors of unpacking archives.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use base::files::FileError;
use base::remedy::Remedy;
use base::source::Explain;

/// Why an archive is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Its first bytes do not match any supported format.
    #[error("it is neither a zip file nor a tar file (plain, gzip, bzip2, xz, zstd)")]
    UnknownFormat,
    /// A name that is not a valid file name, or points outside the destination.
    #[error("its name {0}")]
    Name(&'static str),
    /// An entry is below a symbolic link or a file of the same archive.
    #[error("it lies beneath {0:?}, which is no directory in this archive")]
    NotBeneathDirectory(PathBuf),
    /// A symbolic link points outside the unpacked tree.
    #[error("it is a symbolic link that leads out of the archive, to {0:?}")]
    LinkOutside(PathBuf),
    /// A hard link to something that is not an earlier file of the same archive.
    #[error("it is a hard link to {0:?}, which is no earlier file of this archive")]
    HardLink(PathBuf),
    /// A device, named pipe or socket.
    #[error("it is a {0}, and only files, directories and links are unpacked")]
    Special(&'static str),
    /// An unsupported feature.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The archive has two entries with the same name.
    #[error("the archive has two entries of this name")]
    Duplicate,
    /// Two headers of an entry in the archive differ.
    #[error("the headers of the archive disagree about its {0}")]
    Disagreement(&'static str),
    /// A limit is exceeded.
    #[error("it exceeds the limit of {limit} {what}")]
    Limit {
        /// The limited quantity.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The archive is truncated or damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// It has no single top-level directory that could be stripped.
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
    /// The archive is refused. None of its entries is left.
    #[error("Cannot unpack {}{}: {fault}", .archive.display(), entry_shown(.entry.as_deref()))]
    Refused {
        /// The archive.
        archive: PathBuf,
        /// The entry, as named in the archive; `None` if the error is about the archive as a whole.
        entry: Option<PathBuf>,
        /// The reason.
        fault: Fault,
    },
    /// The destination already exists.
    #[error("Cannot unpack to {}: there is something already", .0.display())]
    DestinationExists(PathBuf),
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The caller canceled the operation.
    #[error("Unpacking {} was canceled", .0.display())]
    Canceled(PathBuf),
}

fn entry_shown(entry: Option<&Path>) -> String {
    entry.map_or_else(String::new, |entry| format!(": entry {entry:?}"))
}

impl Explain for UnpackError {
    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Refused { fault, .. } => match fault {
                Fault::UnknownFormat => "The server may have sent a page instead of the archive: look into the file.",
                Fault::Damaged(_) => "Compare the file's checksum with the publisher's; nothing was unpacked.",
                Fault::Limit { .. } => {
                    "An archive that grows beyond these limits looks like a bomb; nothing was unpacked."
                }
                Fault::NoTopLevelDirectory(_) => "Unpack it without stripping the top-level directory.",
                Fault::Unsupported(_) => "Pack it again as a plain tar file; nothing was unpacked.",
                _ => "An archive like this can harm who unpacks it; ask its publisher. Nothing was unpacked.",
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

/// An error of unpacking, without the archive.
#[derive(Debug)]
pub(super) enum Stop {
    Fault { entry: Option<PathBuf>, fault: Fault },
    File(FileError),
    Canceled,
}

impl Stop {
    /// An error of the archive as a whole.
    pub(super) fn because(fault: Fault) -> Self {
        Self::Fault { entry: None, fault }
    }

    /// An error of the entry `path`.
    pub(super) fn at(path: &Path, fault: Fault) -> Self {
        Self::Fault { entry: Some(path.to_owned()), fault }
    }

    /// An error of reading the archive: a limit was exceeded, or the archive is damaged.
    pub(super) fn reading(error: &io::Error) -> Self {
        let ours = error.get_ref().and_then(|cause| cause.downcast_ref::<Fault>()).cloned();
        Self::because(ours.unwrap_or_else(|| Fault::Damaged(error.to_string())))
    }

    /// The same, for the entry `path`.
    #[must_use]
    pub(super) fn in_entry(self, path: &Path) -> Self {
        match self {
            Self::Fault { entry: None, fault } => Self::at(path, fault),
            other => other,
        }
    }
}

impl From<FileError> for Stop {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl UnpackError {
    pub(super) fn of(archive: &Path, stop: Stop) -> Self {
        match stop {
            Stop::Fault { entry, fault } => Self::Refused { archive: archive.to_owned(), entry, fault },
            Stop::File(error) => Self::File(error),
            Stop::Canceled => Self::Canceled(archive.to_owned()),
        }
    }
}
