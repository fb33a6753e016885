//! Errors of downloading sources.

use std::path::PathBuf;

use super::checksum::Checksum;
use super::settings::NetworkUse;
use crate::hints;
use crate::http::{SinkError, TransferFault};
use crate::space::NoSpace;
use base::files::FileError;
use base::remedy::Remedy;
use base::source::Explain;

/// A download failed. No URL in the message contains credentials.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The server did not send the file.
    #[error("Cannot download {url}: {fault}")]
    Transfer {
        /// The URL that was requested.
        url: String,
        /// The cause.
        fault: TransferFault,
    },
    /// The file is not the expected one. Nothing was stored.
    #[error("Wrong {} checksum of {url}: expected {expected}, found {found}", .expected.algorithm())]
    WrongChecksum {
        /// The URL that was requested.
        url: String,
        /// The expected checksum.
        expected: Checksum,
        /// The actual checksum.
        found: Checksum,
    },
    /// The network must not be used, and the file is not in the cache.
    #[error(
        "Cannot download {url} {}: it is not in the download cache {}{}",
        mode(*.network), .cache.display(), if *.damaged { " (a damaged copy was removed)" } else { "" }
    )]
    NotInCache {
        /// The URL that was requested.
        url: String,
        /// The cache.
        cache: PathBuf,
        /// Why the network was not used.
        network: NetworkUse,
        /// Whether a copy existed, but was damaged.
        damaged: bool,
    },
    /// The URL is not granted.
    #[error("Refused to fetch {url}: it is not granted")]
    NotAllowed {
        /// The URL that was requested.
        url: String,
    },
    /// The path is not a file.
    #[error("Cannot read {}: it is not a regular file", .0.display())]
    NoFile(PathBuf),
    /// The file would fill up the file system.
    #[error("Cannot download {url}: {error}")]
    NoSpace {
        /// The URL that was requested.
        url: String,
        /// The cause.
        error: NoSpace,
    },
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The caller canceled the download.
    #[error("Downloading {url} was canceled")]
    Canceled {
        /// The URL that was requested.
        url: String,
    },
}

fn mode(network: NetworkUse) -> &'static str {
    match network {
        NetworkUse::FromCache => "with install-from-cache",
        _ => "in offline mode",
    }
}

impl DownloadError {
    /// The error of writing the file of `url`.
    pub(super) fn of_sink(url: String, error: SinkError) -> Self {
        match error {
            SinkError::File(error) => Self::File(error),
            SinkError::NoSpace(error) => Self::NoSpace { url, error },
        }
    }
}

impl Explain for DownloadError {
    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Transfer { url, fault } => return hints::of_download(url, fault),
            Self::WrongChecksum { .. } => {
                "Compare it with the checksum that the publisher shows: either the option is wrong, or the file was \
                 changed. The downloaded file was removed."
            }
            Self::NotInCache { network: NetworkUse::FromCache, .. } => {
                "Run once with install-from-cache = false, or copy a cache that has the file."
            }
            Self::NotInCache { .. } => "Run once without offline, or copy a cache that has the file.",
            Self::NotAllowed { .. } => "Add a prefix of the URL to `fetch` of the recipe's grant in recipes.toml.",
            Self::NoFile(_) => "Use the name of a file: an archive, a patch, a script.",
            Self::NoSpace { error, .. } => return error.hints(),
            Self::File(error) => return error.hints(),
            Self::Canceled { .. } => return Vec::new(),
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
