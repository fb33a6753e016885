//! Errors of keys.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::remedy::Remedy;
use base::source::Explain;

/// Why the bytes are not a usable key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Not PEM (RFC 7468).
    #[error("it is not in PEM format (no -----BEGIN … KEY-----)")]
    NotPem,
    /// PEM of something else.
    #[error("it contains {found}, not {expected}")]
    Label {
        /// The label of its first line.
        found: String,
        /// The expected kind.
        expected: &'static str,
    },
    /// More than one key: it is ambiguous which one to use.
    #[error("it contains {0} keys instead of one")]
    Several(usize),
    /// A key for another algorithm.
    #[error("it is a key for {0}; only ECDSA P-256 is supported")]
    Algorithm(String),
    /// The bytes in the PEM are not a key.
    #[error("the bytes in it are not a key")]
    Encoding,
    /// A private key with an unsupported encryption.
    #[error("it is encrypted in an unknown way ({0})")]
    Sealing(&'static str),
    /// The scrypt parameters are not those of known key generators: arbitrary ones could demand any amount of memory.
    #[error("its scrypt parameters are not accepted (N={n}, r={r}, p={p})")]
    Parameters {
        /// The cost.
        n: u64,
        /// The size of a block.
        r: u64,
        /// The parallelism.
        p: u64,
    },
    /// The passphrase is wrong, or the file was tampered with.
    #[error("the passphrase is wrong")]
    Passphrase,
    /// Too large for a key.
    #[error("it is larger than {} KiB", .0 >> 10)]
    TooLarge(u64),
}

/// A key file that cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("Cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: Arc<io::Error>,
    },
    /// The file is not such a key.
    #[error("{} is not usable as a key: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The cause.
        reason: InvalidKey,
    },
    /// The passphrase is wrong.
    #[error("The passphrase of {} is wrong", .0.display())]
    Passphrase(PathBuf),
    /// The system's random number generator failed.
    #[error("The system does not provide random bytes: {0}")]
    Random(String),
}

impl KeyError {
    /// For `map_err`: the error for the key in `path`.
    pub(super) fn of(path: &Path) -> impl FnOnce(InvalidKey) -> Self {
        move |reason| match reason {
            InvalidKey::Passphrase => Self::Passphrase(path.to_owned()),
            reason => Self::Invalid { path: path.to_owned(), reason },
        }
    }
}

impl Explain for KeyError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Invalid { reason: InvalidKey::Several(_), .. } => {
                vec!["Write each key to a separate file.".to_owned()]
            }
            _ => Vec::new(),
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::Invalid { reason: InvalidKey::Label { found, .. }, .. } if found.ends_with("PRIVATE KEY") => {
                vec![Remedy::KeyFiles]
            }
            Self::Invalid {
                reason: InvalidKey::Label { .. } | InvalidKey::NotPem | InvalidKey::Algorithm(_), ..
            } => {
                vec![Remedy::GenerateKey]
            }
            Self::Passphrase(_) => vec![Remedy::Passphrase],
            _ => Vec::new(),
        }
    }
}
