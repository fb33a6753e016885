//! Why a source of a part cannot be had.

use std::path::PathBuf;

use super::checksum::Checksum;
use super::fault::TransferFault;
use super::settings::Network;
use base::files::FileError;
use base::source::Explain;

/// Why a download failed. No URL in it shows credentials.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The server did not give the file.
    #[error("Error downloading {url}: {fault}")]
    Transfer {
        /// What was asked for.
        url: String,
        /// What went wrong.
        fault: TransferFault,
    },
    /// The file is not the expected one. Nothing of it was kept.
    #[error("Wrong {} checksum of {url}: expected {expected}, found {found}", .expected.algorithm())]
    WrongChecksum {
        /// What was asked for.
        url: String,
        /// What the buildout says.
        expected: Checksum,
        /// What came.
        found: Checksum,
    },
    /// The network may not be used, and the cache does not have the file.
    #[error(
        "Couldn't download {url} {}: it is not in the download cache {}{}",
        mode(*.network), .cache.display(), if *.damaged { " (a damaged copy was removed)" } else { "" }
    )]
    NotInCache {
        /// What was asked for.
        url: String,
        /// Where it was looked for.
        cache: PathBuf,
        /// Why the network was not used.
        network: Network,
        /// Whether there was a copy that had changed since it was written.
        damaged: bool,
    },
    /// The URL is none of those that may be fetched.
    #[error("Refused to fetch {url}: it is not granted")]
    NotAllowed {
        /// What was asked for.
        url: String,
    },
    /// Something that is no file.
    #[error("Cannot read {}: it is no regular file", .0.display())]
    NoFile(PathBuf),
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The caller asked to stop.
    #[error("Downloading {url} was cancelled")]
    Cancelled {
        /// What was asked for.
        url: String,
    },
}

fn mode(network: Network) -> &'static str {
    match network {
        Network::FromCache => "with install-from-cache",
        _ => "in offline mode",
    }
}

impl Explain for DownloadError {
    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Transfer { fault, .. } => return hints_for(fault),
            Self::WrongChecksum { .. } => {
                "Compare with the checksum that the publisher names: either the option is wrong, or the file was changed. \
                 What was downloaded has been removed."
            }
            Self::NotInCache { network: Network::FromCache, .. } => {
                "Run once with install-from-cache = false, or copy a cache that has the file."
            }
            Self::NotInCache { .. } => "Run once without offline, or copy a cache that has the file.",
            Self::NotAllowed { .. } => "Add a prefix of the URL to `fetch` of the recipe's grant in recipes.toml.",
            Self::NoFile(_) => "Name a file: an archive, a patch, a script.",
            Self::File(error) => return error.hints(),
            Self::Cancelled { .. } => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}

fn hints_for(fault: &TransferFault) -> Vec<String> {
    let hint = match fault {
        TransferFault::NotUrl(_) | TransferFault::Scheme(_) => "Name an http: or https: URL, a file: URL, or a path.",
        TransferFault::Redirect(_) => "If the place is right, name the URL that it redirects to.",
        TransferFault::Status(status) if status.starts_with("404") || status.starts_with("410") => {
            "The file has moved or is gone: look for it on the publisher's site, and change the URL."
        }
        TransferFault::Status(_) | TransferFault::TooManyRedirects(_) => "Try again later, or use a mirror.",
        TransferFault::BrokenOff(_) | TransferFault::Unreachable(_) => {
            "Check the network and the URL, then run again; [buildout] socket-timeout sets how long a silent server is waited \
             for."
        }
        TransferFault::TooLarge(_) => "Is this the right file? A download of a part is not expected to be that large.",
        TransferFault::NoCertificates | TransferFault::Proxy => return Vec::new(),
    };
    vec![hint.to_owned()]
}
