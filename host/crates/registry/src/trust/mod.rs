//! Whether what signers signed is what is about to be used.
//!
//! The order matters: a signature counts only if a trusted key made it over the very bytes of the payload; only then is the
//! payload read, and must name this artefact, and the repository it is had from. Nothing of a component is looked at, let
//! alone compiled, before that.

mod error;
#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::oci::{Reference, Signature};
use crate::recipes_toml::{KeyEntry, SignedBy};
use crate::signature::{FileSignature, Fingerprint, KeyError, Payload, PublicKey};
use base::digest::Digest;

pub use error::{Objection, TrustError};

/// Who signed something, as far as that counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signer {
    /// What `recipes.toml` calls the key.
    pub name: String,
    /// The key's fingerprint.
    pub fingerprint: Fingerprint,
}

/// As `acme (sha256:…)`.
impl fmt::Display for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (sha256:{})", self.name, self.fingerprint)
    }
}

/// The keys that count for one recipe, and how many of them must have signed.
#[derive(Debug)]
pub struct Trusted {
    wanted: Vec<Key>,
    at_least: usize,
    /// Other keys of `recipes.toml`: they make messages clearer, and count for nothing.
    others: Vec<Key>,
}

#[derive(Debug)]
struct Key {
    name: String,
    key: PublicKey,
    revoked: Option<String>,
}

impl Trusted {
    /// What `signed-by` wants, with its keys read; `None` where nobody needs to sign.
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
            // What is revoked must be known, or it would count under another name.
            } else if entry.revoked.is_some() {
                others.push(read(entry)?);
            } else if let Ok(key) = read(entry) {
                others.push(key);
            }
        }
        revoke(&mut wanted, &others);
        Ok(Some(Self { wanted, at_least: *at_least, others }))
    }

    /// Who of the wanted signed this manifest under this name.
    pub fn verify_artefact(
        &self,
        reference: &Reference,
        manifest: Digest,
        signatures: &[Signature],
    ) -> Result<Vec<Signer>, TrustError> {
        let mut tally = Tally::default();
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

    /// Who of the wanted signed the file with this digest.
    pub fn verify_file(
        &self,
        what: String,
        digest: &Digest,
        signatures: &[FileSignature],
    ) -> Result<Vec<Signer>, TrustError> {
        let mut tally = Tally::default();
        for signature in signatures {
            if let Some(key) = self.maker(|key| signature.is_by(key, digest), &mut tally) {
                tally.count(key);
            }
        }
        self.decide(what, signatures.len(), tally)
    }

    /// The wanted key that made a signature, unless it was revoked. Those whose signatures don't count are noted.
    fn maker(&self, made: impl Fn(&PublicKey) -> bool, tally: &mut Tally) -> Option<&Key> {
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

    fn decide(&self, what: String, count: usize, tally: Tally) -> Result<Vec<Signer>, TrustError> {
        let Tally { mut signers, mut objections, mut others } = tally;
        signers.sort();
        others.sort();
        others.dedup();
        // Two names for one key are one signer.
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

/// Revokes a key under each of its names, if it is under one.
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

/// What was found while signatures were looked at.
#[derive(Default)]
struct Tally {
    signers: Vec<Signer>,
    objections: Vec<(String, Objection)>,
    others: Vec<String>,
}

impl Tally {
    fn count(&mut self, key: &Key) {
        self.signers.push(Signer { name: key.name.clone(), fingerprint: key.key.fingerprint() });
    }

    fn object(&mut self, key: &Key, objection: Objection) {
        self.objections.push((key.name.clone(), objection));
    }
}

/// Whether a payload, whose signature was verified, speaks of this manifest under this name.
fn statement(payload: &[u8], reference: &Reference, manifest: Digest) -> Result<(), Objection> {
    let payload = Payload::parse(payload).map_err(Objection::Payload)?;
    if payload.manifest != manifest {
        return Err(Objection::Manifest { signed: payload.manifest, found: manifest });
    }
    if speaks_of(&payload.reference, reference) {
        return Ok(());
    }
    Err(Objection::Name { signed: payload.reference })
}

/// Whether the name that was signed is this artefact's. Some signers (cosign) sign the repository, others (skopeo) the
/// tag too; which must then be the one that is asked for, or else an old version could be given out as a new one.
fn speaks_of(signed: &str, reference: &Reference) -> bool {
    let name = |text: &str| {
        let (host, rest) = text.split_once('/').unwrap_or((text, ""));
        // The names that tools have for Docker's own registry.
        let host = match host {
            "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
            host => host.to_ascii_lowercase(),
        };
        format!("{host}/{rest}")
    };
    let whole = match signed.rsplit_once('/') {
        Some((_, last)) if last.contains([':', '@']) => signed.parse::<Reference>(),
        // A reference needs a version to be one.
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
