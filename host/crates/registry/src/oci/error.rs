//! Errors of artifacts that are not available, or cannot be stored.

use std::path::PathBuf;

use super::challenge::is_loopback;
use super::reference::Reference;
use base::digest::Digest;
use base::files::FileError;
use base::remedy::Remedy;
use base::source::Explain;
use fetch::TransferFault;
use url::Url;

/// An artifact is not available, or cannot be stored. No message contains credentials.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The artifact does not exist.
    #[error("There is no {reference} in {place}")]
    NotFound {
        /// The reference that was requested.
        reference: String,
        /// The registry or the directory.
        place: String,
    },
    /// The response does not match the request.
    #[error("{what} of {reference} {integrity}")]
    Integrity {
        /// The content: `The manifest`, `The component`.
        what: &'static str,
        /// The artifact.
        reference: String,
        /// The mismatch.
        integrity: Integrity,
    },
    /// A file in a directory of copies is damaged or was changed.
    #[error("{what} of {reference} in {} {integrity}", path.display())]
    DamagedCopy {
        /// The content: `The manifest`, `The component`.
        what: &'static str,
        /// The artifact.
        reference: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        integrity: Box<Integrity>,
    },
    /// The manifest, or one of its contents, is of another kind.
    #[error("{reference} is not a recipe component: {reason}")]
    NotAComponent {
        /// The artifact.
        reference: String,
        /// Why it is not a recipe component.
        reason: String,
    },
    /// Too many signatures.
    #[error("{reference} has {count} signatures; at most {most} are read")]
    TooManySignatures {
        /// The artifact.
        reference: String,
        /// The number of signatures.
        count: usize,
        /// The limit.
        most: usize,
    },
    /// A document of the registry or layout that cannot be parsed.
    #[error("{what} of {place} is malformed: {reason}")]
    Malformed {
        /// The document.
        what: &'static str,
        /// The artifact or directory.
        place: String,
        /// The cause.
        reason: String,
    },
    /// A directory is not an OCI image layout.
    #[error("{} is not an OCI image layout: {reason}", path.display())]
    NotALayout {
        /// The directory.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// The registry must not be asked.
    #[error("{reference} cannot be requested over the network in offline mode")]
    Offline {
        /// The reference that was requested.
        reference: String,
    },
    /// The registry did not respond, or did not send what was requested.
    #[error("Cannot {operation} {reference}: {fault}")]
    Call {
        /// The operation: `read`, `write`.
        operation: &'static str,
        /// The artifact.
        reference: String,
        /// The cause.
        fault: TransferFault,
    },
    /// The registry responded with an unexpected status.
    #[error("Cannot {operation} {reference}: the registry answered {status}{}", in_parentheses(message))]
    Refused {
        /// The operation: `read`, `write`.
        operation: &'static str,
        /// The artifact.
        reference: String,
        /// The HTTP status.
        status: String,
        /// The message from the registry; may be empty.
        message: String,
    },
    /// The registry demands credentials, or rejected those that were sent.
    #[error(
        "Cannot {operation} {reference}: {host} {}",
        if *known { "does not accept your credentials" } else { "requires credentials" }
    )]
    Unauthorized {
        /// The operation: `read`, `write`.
        operation: &'static str,
        /// The artifact.
        reference: String,
        /// The registry.
        host: String,
        /// Whether credentials were available.
        known: bool,
    },
    /// The registry specifies a token server outside its domain.
    #[error("{host} requires a token from {realm}, which is not in its domain: nothing was sent there")]
    ForeignRealm {
        /// The registry.
        host: String,
        /// The token server.
        realm: String,
    },
    /// The registry demands an unsupported kind of authentication.
    #[error("{host} requires an unsupported authentication scheme")]
    UnknownChallenge {
        /// The registry.
        host: String,
    },
    /// Stored credentials cannot be read.
    #[error("The credentials for {host} in {} cannot be used: {reason}", path.display())]
    Credentials {
        /// The registry.
        host: String,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The caller canceled the operation.
    #[error("{reference}: canceled")]
    Canceled {
        /// The reference that was requested.
        reference: String,
    },
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// How bytes differ from those that were requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Integrity {
    /// The digest differs.
    #[error("has the digest sha256:{found}, not sha256:{expected}")]
    Digest {
        /// The digest that was requested.
        expected: Digest,
        /// The digest of the received bytes.
        found: Digest,
    },
    /// The size differs from the announced size.
    #[error("is not {expected} bytes long, as announced")]
    Size {
        /// The size that was announced.
        expected: u64,
    },
    /// It exceeds the size limit.
    #[error("is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// Its digest uses an unsupported algorithm.
    #[error("has a digest that is not SHA-256")]
    Algorithm,
}

fn in_parentheses(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" ({message})") }
}

impl RegistryError {
    /// For a response to `reference` that does not match the request.
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

    /// The same error, for bytes that were read from the file `path`.
    pub(super) fn in_copy(self, path: PathBuf) -> Self {
        match self {
            Self::Integrity { what, reference, integrity } => {
                Self::DamagedCopy { what, reference, path, integrity: Box::new(integrity) }
            }
            other => other,
        }
    }
}

impl Explain for RegistryError {
    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NotFound { .. } => "Check the name and the tag; a registry may not reveal a private repository.",
            Self::Integrity { integrity: Integrity::Digest { .. } | Integrity::Size { .. }, .. } => {
                "Nothing was kept. The registry, or something on the way to it, sends bytes that were not published: \
                 do not work around this, ask the registry's operator."
            }
            Self::Integrity { .. } => "Nothing was kept.",
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
                "If your organization issued the registry's certificate, set SSL_CERT_FILE to a file with the certificate \
                 of its authority (PEM), or add that to the certificates of the system."
            }
            Self::Call { reference, fault: TransferFault::Unreachable(_) | TransferFault::Incomplete(_), .. }
            | Self::Refused { reference, .. }
                if is_on_this_machine(reference) =>
            {
                "A registry on this machine is reached by plain HTTP. If it expects TLS, add `--tls`."
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
                 be created first."
            }
            Self::ForeignRealm { .. } => {
                "A token server is used only over https, and only on the registry's host or in its domain. Ask the \
                 registry's operator."
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

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::NotAComponent { .. } => vec![Remedy::PublishComponent],
            Self::NotALayout { .. } | Self::Offline { .. } | Self::DamagedCopy { .. } => vec![Remedy::Vendor],
            _ => Vec::new(),
        }
    }
}

/// Whether a reference, as it was given, names a registry on this machine.
fn is_on_this_machine(reference: &str) -> bool {
    let url = reference.parse::<Reference>().ok().and_then(|it| Url::parse(&format!("http://{}", it.host())).ok());
    url.is_some_and(|url| is_loopback(&url))
}
