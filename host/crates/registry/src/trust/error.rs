//! Errors of insufficient signatures: who signed, who must have signed, what to do.

use crate::signature::InvalidPayload;
use base::digest::Digest;
use base::remedy::Remedy;
use base::source::Explain;

/// Why something is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// No signature exists.
    #[error("{what} is not signed; recipes.toml requires a signature by {}", list(wanted, "or"))]
    NotSigned {
        /// The artifact or file.
        what: String,
        /// The keys, one of which must have signed.
        wanted: Vec<String>,
    },
    /// Signatures exist, but none by a required key.
    #[error("{what} is signed by {}, not by {}", signers(others, *count), list(wanted, "or"))]
    OfOthers {
        /// The artifact or file.
        what: String,
        /// The keys, one of which must have signed.
        wanted: Vec<String>,
        /// The number of signatures.
        count: usize,
        /// Other keys in `recipes.toml` that made some of the signatures.
        others: Vec<String>,
    },
    /// Too few required keys have signed.
    #[error(
        "{what} is signed only by {}; recipes.toml requires {at_least} of {}",
        list(have, "and"),
        list(wanted, "and")
    )]
    TooFew {
        /// The artifact or file.
        what: String,
        /// The keys that signed.
        have: Vec<String>,
        /// The keys that are accepted.
        wanted: Vec<String>,
        /// How many of them must have signed.
        at_least: usize,
    },
    /// A required key signed, but its signature is not valid for this artifact.
    #[error("The signature of {signer} for {what} is not valid: {objection}")]
    Objection {
        /// The artifact or file.
        what: String,
        /// The key that signed.
        signer: String,
        /// Why it is not valid.
        objection: Objection,
    },
}

/// Why a signature by a required key is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// The key was revoked.
    #[error("the key was revoked ({0})")]
    Revoked(String),
    /// The signed payload is invalid.
    #[error("the signed text is not usable: {0}")]
    Payload(InvalidPayload),
    /// It is for another artifact.
    #[error("it is for another artifact, sha256:{signed}, not for sha256:{found}")]
    Manifest {
        /// The manifest that was signed.
        signed: Digest,
        /// The actual manifest.
        found: Digest,
    },
    /// It was published under another name.
    #[error("it is for the name {signed}")]
    Name {
        /// The name that was signed.
        signed: String,
    },
}

impl Explain for TrustError {
    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NotSigned { .. } => {
                "Ask its publisher to sign it. Only if you trust everyone who can write there, use signed-by = \"unsigned\"."
            }
            Self::OfOthers { .. } => {
                "If you trust that signer, get their public key through another channel, and add its name to signed-by."
            }
            Self::TooFew { .. } => "Ask the others to sign it too.",
            Self::Objection { objection: Objection::Revoked(_), .. } => {
                "Ask the signer to sign it again with a new key, and add that key to signed-by."
            }
            Self::Objection { objection: Objection::Name { .. }, .. } => {
                "It was copied there, or is another version. Use the name that it was signed for, or ask the publisher to sign \
                 it under this one."
            }
            Self::Objection { .. } => "Do not use it: its signature was made for something else. Ask the publisher.",
        };
        vec![hint.to_owned()]
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::NotSigned { .. } => vec![Remedy::SignPublished],
            Self::OfOthers { .. } => vec![Remedy::ImportKey { name: None }],
            Self::TooFew { .. } | Self::Objection { .. } => Vec::new(),
        }
    }
}

/// `a, b or c`
fn list(names: &[String], last: &str) -> String {
    match names {
        [] => "no one".to_owned(),
        [one] => one.clone(),
        [rest @ .., end] => format!("{} {last} {end}", rest.join(", ")),
    }
}

fn signers(others: &[String], count: usize) -> String {
    match (others, count) {
        ([], 1) => "a key that is not in recipes.toml".to_owned(),
        // A signature does not show its key: one key may have made all of them.
        ([], count) => format!("keys that are not in recipes.toml ({count} signatures)"),
        (others, _) => list(others, "and"),
    }
}
