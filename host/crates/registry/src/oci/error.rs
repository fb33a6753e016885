//! Why an artefact cannot be had, or not be kept.

use std::path::PathBuf;

use super::Reference;
use base::digest::Digest;
use base::files::FileError;
use base::source::Explain;
use fetch::TransferFault;

/// Why an artefact cannot be had, or not be kept. No message shows credentials.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no such artefact.
    #[error("There is no {reference} in {place}.")]
    NotFound {
        /// What was asked for.
        reference: String,
        /// Where: the registry or the directory.
        place: String,
    },
    /// What came is not what was asked for.
    #[error("{what} of {reference} {integrity}.")]
    Integrity {
        /// What was read: `The manifest`, `The component`.
        what: &'static str,
        /// Of which artefact.
        reference: String,
        /// What is wrong with it.
        integrity: Integrity,
    },
    /// The manifest, or what it leads to, is nothing that this program understands.
    #[error("{reference} is no recipe component: {reason}.")]
    NotAComponent {
        /// Which artefact.
        reference: String,
        /// What it is instead.
        reason: String,
    },
    /// More signatures than anybody has.
    #[error("{reference} has {count} signatures, more than the {} that are looked at.", super::MOST_SIGNATURES)]
    TooManySignatures {
        /// Which artefact.
        reference: String,
        /// How many there are.
        count: usize,
    },
    /// A document of the registry or layout that cannot be understood.
    #[error("{what} of {place} cannot be understood: {reason}.")]
    Malformed {
        /// Which document.
        what: &'static str,
        /// Of which artefact or directory.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A directory is no OCI image layout.
    #[error("{} is no OCI image layout: {reason}.", path.display())]
    NotALayout {
        /// The directory.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// The registry may not be asked.
    #[error("{reference} would have to be asked for over the network, in offline mode.")]
    Offline {
        /// What is wanted.
        reference: String,
    },
    /// The registry did not answer, or not with what was asked for.
    #[error("Cannot {doing} {reference}: {fault}.")]
    Call {
        /// What was asked: `read`, `write`.
        doing: &'static str,
        /// Of which artefact.
        reference: String,
        /// What went wrong.
        fault: TransferFault,
    },
    /// The registry answered with another status than it should.
    #[error("Cannot {doing} {reference}: the registry answers {status}{}.", shown(said))]
    Refused {
        /// What was asked: `read`, `write`.
        doing: &'static str,
        /// Of which artefact.
        reference: String,
        /// The HTTP status.
        status: String,
        /// What the registry says about it; may be empty.
        said: String,
    },
    /// The registry wants to know who asks, and is not content with what it was told.
    #[error("Cannot {doing} {reference}: {host} {}.", if *known { "does not accept your credentials" } else { "wants credentials" })]
    Unauthorized {
        /// What was asked: `read`, `write`.
        doing: &'static str,
        /// Of which artefact.
        reference: String,
        /// The registry.
        host: String,
        /// Whether there were credentials.
        known: bool,
    },
    /// The registry sends us to somebody else for a token.
    #[error("{host} wants a token from {realm}, which is not its own: nothing was sent there.")]
    ForeignRealm {
        /// The registry.
        host: String,
        /// Where it sends us.
        realm: String,
    },
    /// The registry wants another kind of authentication.
    #[error("{host} wants a kind of authentication that is not known here.")]
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
    #[error("{reference}: cancelled.")]
    Cancelled {
        /// What was asked for.
        reference: String,
    },
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// In what way bytes are not those that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Integrity {
    /// The digest is another.
    #[error("has the digest sha256:{found}, not sha256:{expected}")]
    Digest {
        /// What was asked for.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// It is longer or shorter than was said.
    #[error("is not {expected} bytes long, as was announced")]
    Size {
        /// What was announced.
        expected: u64,
    },
    /// It is longer than anything is read.
    #[error("is larger than {limit} bytes")]
    TooLarge {
        /// The most that is read.
        limit: u64,
    },
    /// Its digest is of a kind that cannot be computed here.
    #[error("is named by another digest than SHA-256")]
    Algorithm,
}

/// What a registry says, in brackets.
fn shown(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(" ({said})") }
}

impl RegistryError {
    /// For what came from `reference` and is not what it should be.
    pub(super) fn integrity(what: &'static str, reference: &Reference, integrity: Integrity) -> Self {
        Self::Integrity { what, reference: reference.to_string(), integrity }
    }

    /// For an artefact of another kind.
    pub(super) fn not_a_component(reference: &Reference, reason: impl Into<String>) -> Self {
        Self::NotAComponent { reference: reference.to_string(), reason: reason.into() }
    }

    /// For a document that is not as its specification says.
    pub(super) fn malformed(what: &'static str, place: impl ToString, reason: impl ToString) -> Self {
        Self::Malformed { what, place: place.to_string(), reason: reason.to_string() }
    }
}

impl Explain for RegistryError {
    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NotFound { .. } => "Check the name and the tag; a private repository may deny that it exists.",
            Self::Integrity { integrity: Integrity::Digest { .. } | Integrity::Size { .. }, .. } => {
                "Nothing of it was kept. The registry, or something on the way to it, gives out other bytes than were \
                 published: do not work around this, ask whoever runs it."
            }
            Self::Integrity { .. } => "Nothing of it was kept.",
            Self::NotAComponent { .. } => {
                "A recipe component is published with `buildout-host recipe push`, or with any tool that makes WebAssembly \
                 artefacts (config application/vnd.wasm.config.v0+json, one layer application/wasm)."
            }
            Self::TooManySignatures { .. } => "Remove those that nobody needs from the registry, and sign again.",
            Self::NotALayout { .. } => "`buildout-host recipe vendor DIR` makes one.",
            Self::Offline { .. } => {
                "Run once without offline, or name a directory that `buildout-host recipe vendor` made."
            }
            Self::Call { fault: TransferFault::Unreachable(_) | TransferFault::BrokenOff(_), .. } => {
                "Check the network and the name of the registry, then run again."
            }
            Self::Call { fault: TransferFault::Status(_), .. } => "Try again later.",
            Self::Unauthorized { known: false, .. } => {
                "Log in with `docker login HOST` or `podman login HOST`; their files and credential helpers are read."
            }
            Self::Unauthorized { known: true, .. } => {
                "Log in again, and check that you may do this with the repository; some registries want one to be made first."
            }
            Self::ForeignRealm { .. } => {
                "A token server is asked only over https, on the registry's host or in its domain. Ask whoever runs the \
                 registry."
            }
            Self::Credentials { .. } => {
                "Log in again with `docker login HOST` or `podman login HOST`, or repair the file; a helper is called \
                 docker-credential-NAME and must be on the PATH."
            }
            Self::Call { .. }
            | Self::Refused { .. }
            | Self::UnknownChallenge { .. }
            | Self::Cancelled { .. }
            | Self::Malformed { .. } => {
                return Vec::new();
            }
            Self::File(error) => return error.hints(),
        };
        vec![hint.to_owned()]
    }
}
