//! Why an artifact is not available, or cannot be kept.

use std::path::PathBuf;

use super::reference::Reference;
use base::digest::Digest;
use base::files::FileError;
use base::source::Explain;
use fetch::TransferFault;

/// Why an artifact is not available, or cannot be kept. No message shows credentials.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no such artifact.
    #[error("There is no {reference} in {place}.")]
    NotFound {
        /// The reference that was requested.
        reference: String,
        /// The registry or the directory.
        place: String,
    },
    /// What came is not what was requested.
    #[error("{what} of {reference} {integrity}.")]
    Integrity {
        /// What was read: `The manifest`, `The component`.
        what: &'static str,
        /// Of which artifact.
        reference: String,
        /// What is wrong with it.
        integrity: Integrity,
    },
    /// A file of a directory of copies is not what was copied there.
    #[error("{what} of {reference} in {} {integrity}.", path.display())]
    DamagedCopy {
        /// What was read: `The manifest`, `The component`.
        what: &'static str,
        /// Of which artifact.
        reference: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        integrity: Integrity,
    },
    /// The manifest, or one of its contents, is of another kind.
    #[error("{reference} is not a recipe component: {reason}.")]
    NotAComponent {
        /// Which artifact.
        reference: String,
        /// What it is instead.
        reason: String,
    },
    /// More signatures than anyone needs.
    #[error("{reference} has {count} signatures; at most {most} are read.")]
    TooManySignatures {
        /// Which artifact.
        reference: String,
        /// How many there are.
        count: usize,
        /// How many are read.
        most: usize,
    },
    /// A document of the registry or layout that cannot be understood.
    #[error("{what} of {place} cannot be understood: {reason}.")]
    Malformed {
        /// Which document.
        what: &'static str,
        /// Of which artifact or directory.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A directory is not an OCI image layout.
    #[error("{} is not an OCI image layout: {reason}.", path.display())]
    NotALayout {
        /// The directory.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// The registry may not be asked.
    #[error("{reference} would have to be requested over the network, in offline mode.")]
    Offline {
        /// The reference that was requested.
        reference: String,
    },
    /// The registry did not answer, or not with what was requested.
    #[error("Cannot {operation} {reference}: {fault}.")]
    Call {
        /// What was requested: `read`, `write`.
        operation: &'static str,
        /// Of which artifact.
        reference: String,
        /// What went wrong.
        fault: TransferFault,
    },
    /// The registry answered with another status than expected.
    #[error("Cannot {operation} {reference}: the registry answers {status}{}.", in_parentheses(message))]
    Refused {
        /// What was requested: `read`, `write`.
        operation: &'static str,
        /// Of which artifact.
        reference: String,
        /// The HTTP status.
        status: String,
        /// The registry's own message; may be empty.
        message: String,
    },
    /// The registry demands credentials, or other ones.
    #[error(
        "Cannot {operation} {reference}: {host} {}.",
        if *known { "does not accept your credentials" } else { "requires credentials" }
    )]
    Unauthorized {
        /// What was requested: `read`, `write`.
        operation: &'static str,
        /// Of which artifact.
        reference: String,
        /// The registry.
        host: String,
        /// Whether there were credentials.
        known: bool,
    },
    /// The registry names a token server that it does not own.
    #[error("{host} demands a token from {realm}, which is not in its domain: nothing was sent there.")]
    ForeignRealm {
        /// The registry.
        host: String,
        /// The token server.
        realm: String,
    },
    /// The registry demands another kind of authentication.
    #[error("{host} demands a kind of authentication that is not known here.")]
    UnknownChallenge {
        /// The registry.
        host: String,
    },
    /// Credentials cannot be read.
    #[error("The credentials for {host} in {} cannot be used: {reason}.", path.display())]
    Credentials {
        /// The registry.
        host: String,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The caller asked to stop.
    #[error("{reference}: canceled.")]
    Canceled {
        /// The reference that was requested.
        reference: String,
    },
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// How bytes differ from what was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Integrity {
    /// The digest is another one.
    #[error("has the digest sha256:{found}, not sha256:{expected}")]
    Digest {
        /// The digest that was requested.
        expected: Digest,
        /// The digest of what came.
        found: Digest,
    },
    /// It is longer or shorter than announced.
    #[error("is not {expected} bytes long, as was announced")]
    Size {
        /// The size that was announced.
        expected: u64,
    },
    /// It is longer than anything that is read.
    #[error("is larger than {limit} bytes")]
    TooLarge {
        /// The most that is read.
        limit: u64,
    },
    /// Its digest is of a kind that cannot be computed here.
    #[error("has a digest of another kind than SHA-256")]
    Algorithm,
}

fn in_parentheses(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" ({message})") }
}

impl RegistryError {
    /// For an answer to `reference` that is not what was requested.
    pub(super) fn integrity(what: &'static str, reference: &Reference, integrity: Integrity) -> Self {
        Self::Integrity { what, reference: reference.to_string(), integrity }
    }

    /// For an artifact of another kind.
    pub(super) fn not_a_component(reference: &Reference, reason: impl Into<String>) -> Self {
        Self::NotAComponent { reference: reference.to_string(), reason: reason.into() }
    }

    /// For a document that does not follow its specification.
    pub(super) fn malformed(what: &'static str, place: impl ToString, reason: impl ToString) -> Self {
        Self::Malformed { what, place: place.to_string(), reason: reason.to_string() }
    }

    /// The same error, if it is about bytes that were read from the file `path`.
    pub(super) fn in_copy(self, path: PathBuf) -> Self {
        match self {
            Self::Integrity { what, reference, integrity } => Self::DamagedCopy { what, reference, path, integrity },
            other => other,
        }
    }
}

impl Explain for RegistryError {
    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NotFound { .. } => "Check the name and the tag; a registry may not reveal a private repository.",
            Self::Integrity { integrity: Integrity::Digest { .. } | Integrity::Size { .. }, .. } => {
                "Nothing of it was kept. The registry, or something on the way to it, sends other bytes than were \
                 published: do not work around this, ask the registry's operator."
            }
            Self::Integrity { .. } => "Nothing of it was kept.",
            Self::DamagedCopy { .. } => {
                "The file was damaged, or replaced, after it was copied: restore the directory from version control, or make \
                 it again."
            }
            Self::NotAComponent { .. } => {
                "A recipe component is an artifact with the config application/vnd.wasm.config.v0+json and one layer \
                 application/wasm."
            }
            Self::TooManySignatures { .. } => "Remove those that are not needed from the registry, and sign again.",
            Self::Offline { .. } => "Run once without offline, or use a directory of copies.",
            Self::Call { fault: TransferFault::Certificate(_), .. } => {
                "If the registry's authority is one of your organization, set SSL_CERT_FILE to a file with its certificate \
                 (PEM), or add it to the certificates of the system."
            }
            Self::Call {
                fault: TransferFault::Unreachable(_) | TransferFault::Incomplete(_) | TransferFault::TooSlow(_),
                ..
            } => "Check the network and the name of the registry, then run again.",
            Self::Call { fault: TransferFault::Status(_), .. } => "Try again later.",
            Self::Unauthorized { known: false, .. } => {
                "Log in with `docker login HOST` or `podman login HOST`; their files and credential helpers are read."
            }
            Self::Unauthorized { known: true, .. } => {
                "Log in again, and check that you may do this with the repository; with some registries, a repository must \
                 be made first."
            }
            Self::ForeignRealm { .. } => {
                "A token server is asked only over https, on the registry's host or in its domain. Ask the registry's \
                 operator."
            }
            Self::Credentials { .. } => {
                "Log in again with `docker login HOST` or `podman login HOST`, or repair the file; a helper is called \
                 docker-credential-NAME and must be on the PATH."
            }
            Self::Call { .. }
            | Self::Refused { .. }
            | Self::UnknownChallenge { .. }
            | Self::Canceled { .. }
            | Self::NotALayout { .. }
            | Self::Malformed { .. } => {
                return Vec::new();
            }
            Self::File(error) => return error.hints(),
        };
        vec![hint.to_owned()]
    }
}
