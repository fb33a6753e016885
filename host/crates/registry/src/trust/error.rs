//! Why signatures don't suffice: who signed, who was wanted, what to do.

use crate::signature::InvalidPayload;
use base::digest::Digest;
use base::source::Explain;

/// Why something is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// There is no signature.
    #[error("{what} is not signed; recipes.toml wants {} to have signed it.", list(wanted, "or"))]
    NotSigned {
        /// The artefact or file.
        what: String,
        /// The keys of which one is wanted.
        wanted: Vec<String>,
    },
    /// There are signatures, but none by a wanted key.
    #[error("{what} is signed by {}, and not by {}.", signers(others, *count), list(wanted, "or"))]
    OfOthers {
        /// The artefact or file.
        what: String,
        /// The keys of which one is wanted.
        wanted: Vec<String>,
        /// How many signatures there are.
        count: usize,
        /// Other keys of `recipes.toml` that made some of them.
        others: Vec<String>,
    },
    /// There are not enough signatures by wanted keys.
    #[error(
        "{what} is signed by {} alone; recipes.toml wants {at_least} of {}.",
        list(have, "and"),
        list(wanted, "and")
    )]
    TooFew {
        /// The artefact or file.
        what: String,
        /// The keys that signed.
        have: Vec<String>,
        /// The keys that count.
        wanted: Vec<String>,
        /// How many of them must have signed.
        at_least: usize,
    },
    /// A wanted key signed, but that does not count.
    #[error("The signature of {signer} for {what} does not count: {objection}.")]
    Objection {
        /// The artefact or file.
        what: String,
        /// The key that signed.
        signer: String,
        /// Why it does not count.
        objection: Objection,
    },
}

/// Why a signature by a wanted key does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// The key was revoked.
    #[error("the key was revoked ({0})")]
    Revoked(String),
    /// The signed text is of another kind.
    #[error("what was signed cannot be taken, as {0}")]
    Payload(InvalidPayload),
    /// It is another artefact's.
    #[error("it is for another artefact, sha256:{signed}, and not for sha256:{found}")]
    Manifest {
        /// The manifest that was signed.
        signed: Digest,
        /// The one that is there.
        found: Digest,
    },
    /// It was published under another name.
    #[error("it is for the name {signed}")]
    Name {
        /// What was signed.
        signed: String,
    },
}

impl Explain for TrustError {
    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NotSigned { .. } => {
                "Ask its publisher to sign it (`buildout-host recipe push --sign KEY`, `recipe sign` for a file). Only if you \
                 trust whoever can write where it comes from, write signed-by = \"unsigned\"."
            }
            Self::OfOthers { .. } => {
                "If that signer is to be trusted, get their public key from them by another way than this, and add it: \
                 `buildout-host key import FILE.pub --name NAME`, and the name to signed-by."
            }
            Self::TooFew { .. } => "Ask the others to sign it too.",
            Self::Objection { objection: Objection::Revoked(_), .. } => {
                "Ask the signer for their new key, and to sign it again; then add that key to signed-by."
            }
            Self::Objection { objection: Objection::Name { .. }, .. } => {
                "Somebody copied it there, or gives out one version as another. Use the name it was signed for, or ask the \
                 publisher to sign it under this one."
            }
            Self::Objection { .. } => {
                "Do not use it: somebody put a signature there that was made for something else. Ask the publisher."
            }
        };
        vec![hint.to_owned()]
    }
}

/// `a, b or c`
fn list(names: &[String], last: &str) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [rest @ .., end] => format!("{} {last} {end}", rest.join(", ")),
    }
}

fn signers(others: &[String], count: usize) -> String {
    match (others, count) {
        ([], 1) => "a key that recipes.toml does not know".to_owned(),
        ([], count) => format!("{count} keys that recipes.toml does not know"),
        (others, _) => list(others, "and"),
    }
}
