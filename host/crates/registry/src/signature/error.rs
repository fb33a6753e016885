//! Why a key cannot be used.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::source::Explain;

/// What is wrong with the bytes of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// No PEM (RFC 7468).
    #[error("it is not in PEM form (no -----BEGIN … KEY-----)")]
    NotPem,
    /// PEM of something else.
    #[error("it holds {found}, and not {wanted}")]
    Label {
        /// What its first line says.
        found: String,
        /// What is needed.
        wanted: &'static str,
    },
    /// A key for another algorithm.
    #[error("it is a key for {0}; only ECDSA P-256 is understood")]
    Algorithm(String),
    /// The bytes within the PEM are no key.
    #[error("the bytes in it are not a key")]
    Encoding,
    /// A private key that was encrypted in a way unknown to us.
    #[error("it is encrypted in an unknown way ({0})")]
    Sealing(&'static str),
    /// The parameters of scrypt are none of those that key generators write: with others it could take any amount of memory.
    #[error("its parameters of scrypt are none that are used for keys (N={n}, r={r}, p={p})")]
    Parameters {
        /// The cost.
        n: u64,
        /// The size of a block.
        r: u64,
        /// The parallelism.
        p: u64,
    },
    /// The passphrase does not open it, or it was tampered with.
    #[error("the passphrase is wrong")]
    Passphrase,
    /// Not even a key's size.
    #[error("it is larger than {} KiB", super::public::LARGEST_FILE >> 10)]
    TooLarge,
}

/// A file of a key that cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("Cannot read {}: {error}.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: Arc<io::Error>,
    },
    /// What is in it is no such key.
    #[error("{} is not usable as a key: {reason}.", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: InvalidKey,
    },
    /// The passphrase does not open it.
    #[error("The passphrase of {} is wrong.", .0.display())]
    Passphrase(PathBuf),
    /// The system gave no random bytes.
    #[error("The system gives no random bytes: {0}.")]
    Random(String),
}

impl KeyError {
    /// For `map_err`: what is wrong with the key that was read from `path`.
    pub(super) fn of(path: &Path) -> impl FnOnce(InvalidKey) -> Self {
        move |reason| match reason {
            InvalidKey::Passphrase => Self::Passphrase(path.to_owned()),
            reason => Self::Invalid { path: path.to_owned(), reason },
        }
    }
}

impl Explain for KeyError {
    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Invalid { reason: InvalidKey::Label { found, .. }, .. } if found.ends_with("PRIVATE KEY") => {
                "`buildout-host key generate` writes the private key to NAME.key, the public one to NAME.pub."
            }
            Self::Invalid { reason: InvalidKey::Label { .. } | InvalidKey::NotPem, .. } => {
                "`buildout-host key generate` makes a pair; keys that cosign made are of the same form."
            }
            Self::Invalid { reason: InvalidKey::Algorithm(_), .. } => {
                "`buildout-host key generate` and `cosign generate-key-pair` make such keys."
            }
            Self::Passphrase(_) => {
                "It comes from --passphrase-file, else from COSIGN_PASSWORD, else from the terminal."
            }
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}
