//! Why a key cannot be used.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::source::Explain;

/// What is wrong with the bytes of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Not PEM (RFC 7468).
    #[error("it is not in PEM form (no -----BEGIN … KEY-----)")]
    NotPem,
    /// PEM of something else.
    #[error("it contains {found}, and not {expected}")]
    Label {
        /// What its first line says.
        found: String,
        /// What is needed.
        expected: &'static str,
    },
    /// More keys than one: which one is meant is unknown.
    #[error("it contains {0} keys, and not one")]
    Several(usize),
    /// A key for another algorithm.
    #[error("it is a key for {0}; only ECDSA P-256 is understood")]
    Algorithm(String),
    /// The bytes in the PEM are not a key.
    #[error("the bytes in it are not a key")]
    Encoding,
    /// A private key that was encrypted in an unknown way.
    #[error("it is encrypted in an unknown way ({0})")]
    Sealing(&'static str),
    /// The parameters of scrypt are not those of key generators: others could demand any amount of memory.
    #[error("its parameters of scrypt are not used for keys (N={n}, r={r}, p={p})")]
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
    /// Larger than any key.
    #[error("it is larger than {} KiB", .0 >> 10)]
    TooLarge(u64),
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
    /// The file is not such a key.
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
    /// The system has no random bytes.
    #[error("The system has no random bytes: {0}.")]
    Random(String),
}

impl KeyError {
    /// For `map_err`: what is wrong with the key in `path`.
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
            Self::Invalid { reason: InvalidKey::Several(_), .. } => "Write each key to a separate file.",
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
