//! Whether trusted signers have signed an artifact or a file.
//!
//! The order matters: first, a trusted key must have signed exactly the bytes of the payload. Only then is the payload
//! parsed; it must be for this artifact, and for the repository that it comes from. Nothing of a component is parsed or
//! compiled before that: until then, all bytes are untrusted.

mod error;
#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::oci::{ArtifactSignature, Reference};
use crate::recipes_toml::{KeyEntry, SignedBy};
use crate::signature::{FileSignature, Fingerprint, KeyError, Payload, PublicKey};
use base::digest::Digest;

pub(crate) use error::Objection;
pub use error::TrustError;

/// A trusted signer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signer {
    /// The key's name in `recipes.toml`.
    pub(crate) name: String,
    /// The key's fingerprint.
    pub(crate) fingerprint: Fingerprint,
}

/// `acme (sha256:…)`.
impl fmt::Display for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (sha256:{})", self.name, self.fingerprint)
    }
}

/// The accepted keys for one recipe, and how many of them must have signed.
#[derive(Debug)]
pub struct Trusted {
    wanted: Vec<Key>,
    at_least: usize,
    /// Other keys in `recipes.toml`, for messages: they are not accepted.
    others: Vec<Key>,
}

#[derive(Debug)]
struct Key {
    name: String,
    key: PublicKey,
    revoked: Option<String>,
}

impl Trusted {
    /// Reads the keys of `signed-by`; `None` if no signature is required.
    ///
    /// # Errors
    /// If one of them, or a revoked key, cannot be used.
    pub fn of(signed_by: &SignedBy, keys: &[KeyEntry]) -> Result<Option<Self>, KeyError> {
        let SignedBy::Some { names, at_least } = signed_by else { return Ok(None) };
        let read = |entry: &KeyEntry| {
            let (name, revoked) = (entry.name.clone(), entry.revoked.clone());
            Ok(Key { name, key: PublicKey::read(&entry.file)?, revoked })
        };
        let (mut wanted, mut others) = (Vec::new(), Vec::new());
        for entry in keys {
            if names.contains(&entry.name) {
                wanted.push(read(entry)?);
            // A revoked key must be read, or the same key would be accepted under another name.
            } else if entry.revoked.is_some() {
                others.push(read(entry)?);
            } else if let Ok(key) = read(entry) {
                others.push(key);
            }
        }
        revoke(&mut wanted, &others);
        Ok(Some(Self { wanted, at_least: *at_least, others }))
    }

    /// The required signers that have signed this manifest under this name.
    ///
    /// # Errors
    /// If there are too few.
    pub(crate) fn verify_artifact(
        &self,
        reference: &Reference,
        manifest: Digest,
        signatures: &[ArtifactSignature],
    ) -> Result<Vec<Signer>, TrustError> {
        let mut tally = SignatureTally::default();
        for signature in signatures {
            let Ok(bytes) = STANDARD.decode(signature.base64.trim()) else { continue };
            let Some(key) = self.maker(|key| key.verifies(&signature.payload, &bytes), &mut tally) else { continue };
            match statement(&signature.payload, reference, manifest) {
                Ok(()) => tally.count(key),
                Err(objection) => tally.object(key, objection),
            }
        }
        self.decide(reference.to_string(), signatures.len(), tally)
    }

    /// The required signers that have signed the file with this digest.
    ///
    /// # Errors
    /// If there are too few.
    pub fn verify_file(
        &self,
        what: String,
        digest: &Digest,
        signatures: &[FileSignature],
    ) -> Result<Vec<Signer>, TrustError> {
        let mut tally = SignatureTally::default();
        for signature in signatures {
            if let Some(key) = self.maker(|key| signature.is_by(key, digest), &mut tally) {
                tally.count(key);
            }
        }
        self.decide(what, signatures.len(), tally)
    }

    /// The required key that made a signature, unless it is revoked. Other keys are recorded in `tally`.
    fn maker(&self, made: impl Fn(&PublicKey) -> bool, tally: &mut SignatureTally) -> Option<&Key> {
        match self.wanted.iter().find(|key| made(&key.key)) {
            Some(Key { name, revoked: Some(date), .. }) => {
                tally.objections.push((name.clone(), Objection::Revoked(date.clone())));
                None
            }
            Some(key) => Some(key),
            None => {
                let other = self.others.iter().find(|key| made(&key.key));
                tally.others.extend(other.map(|key| key.name.clone()));
                None
            }
        }
    }

    fn decide(&self, what: String, count: usize, tally: SignatureTally) -> Result<Vec<Signer>, TrustError> {
        let SignatureTally { mut signers, mut objections, mut others } = tally;
        signers.sort();
        others.sort();
        others.dedup();
        // Two names of the same key are one signer.
        let mut seen: Vec<Fingerprint> = Vec::new();
        signers.retain(|signer| {
            let new = !seen.contains(&signer.fingerprint);
            seen.push(signer.fingerprint);
            new
        });
        if signers.len() >= self.at_least {
            return Ok(signers);
        }
        let wanted = self.wanted.iter().map(|key| key.name.clone()).collect();
        let have: Vec<_> = signers.into_iter().map(|signer| signer.name).collect();
        if !objections.is_empty() {
            let (signer, objection) = objections.swap_remove(0);
            return Err(TrustError::Objection { what, signer, objection });
        }
        let at_least = self.at_least;
        Err(match (count, have.is_empty()) {
            (0, _) => TrustError::NotSigned { what, wanted },
            (_, true) => TrustError::OfOthers { what, wanted, count, others },
            (_, false) => TrustError::TooFew { what, have, wanted, at_least },
        })
    }
}

/// Revokes a key under all of its names, if it is revoked under one.
fn revoke(wanted: &mut [Key], others: &[Key]) {
    let all = wanted.iter().chain(others);
    let revoked: Vec<_> = all.filter_map(|key| Some((key.key.fingerprint(), key.revoked.clone()?))).collect();
    for key in wanted {
        if key.revoked.is_none() {
            let same = revoked.iter().find(|(fingerprint, _)| *fingerprint == key.key.fingerprint());
            key.revoked = same.map(|(_, date)| date.clone());
        }
    }
}

/// The results for the signatures so far.
#[derive(Default)]
struct SignatureTally {
    signers: Vec<Signer>,
    objections: Vec<(String, Objection)>,
    others: Vec<String>,
}

impl SignatureTally {
    fn count(&mut self, key: &Key) {
        self.signers.push(Signer { name: key.name.clone(), fingerprint: key.key.fingerprint() });
    }

    fn object(&mut self, key: &Key, objection: Objection) {
        self.objections.push((key.name.clone(), objection));
    }
}

/// Checks that a payload with a verified signature is for this manifest under this name.
fn statement(payload: &[u8], reference: &Reference, manifest: Digest) -> Result<(), Objection> {
    let payload = Payload::parse(payload).map_err(Objection::Payload)?;
    if payload.manifest != manifest {
        return Err(Objection::Manifest { signed: payload.manifest, found: manifest });
    }
    if is_name_of(&payload.reference, reference) {
        return Ok(());
    }
    Err(Objection::Name { signed: payload.reference })
}

/// Whether the signed name is that of the artifact. Some signers (cosign) sign the repository, others (skopeo) also the
/// tag, which must then be the requested one: otherwise an old version could replace a new one.
fn is_name_of(signed: &str, reference: &Reference) -> bool {
    let name = |text: &str| {
        let (host, rest) = text.split_once('/').unwrap_or((text, ""));
        // The aliases of Docker's registry.
        let host = match host {
            "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
            host => host.to_ascii_lowercase(),
        };
        format!("{host}/{rest}")
    };
    let whole = match signed.rsplit_once('/') {
        Some((_, last)) if last.contains([':', '@']) => signed.parse::<Reference>(),
        // A reference must have a version.
        _ => format!("{signed}:any").parse::<Reference>(),
    };
    let Ok(whole) = whole else { return false };
    let has_tag = signed.rsplit('/').next().is_some_and(|last| last.contains(':') && !last.starts_with('@'));
    let same_tag = match (whole.tag().filter(|_| has_tag), reference.tag()) {
        (Some(signed), Some(asked)) => signed == asked,
        _ => true,
    };
    name(&whole.name()) == name(&reference.name()) && same_tag
}
