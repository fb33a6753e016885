//! What every place that keeps artefacts can do, be it a registry or a directory.

use std::str::FromStr as _;

use oci_spec::image::{MediaType, Sha256Digest};

use super::{Integrity, Reference, RegistryError};
use base::digest::Digest;

pub use oci_spec::image::Descriptor;

/// The longest manifest that is read, in bytes: what the OCI distribution specification asks registries to accept.
pub const LARGEST_MANIFEST: u64 = 4 << 20;

/// A place that keeps artefacts. What it gives out is hashed and measured before.
pub trait Artefacts {
    /// The manifest that `reference` names: the one with its digest where it has one, else what its tag leads to now.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] where there is none; [`RegistryError::Integrity`] where it is another one.
    fn manifest(&self, reference: &Reference) -> Result<Manifest, RegistryError>;

    /// The content that `descriptor` names, in the repository of `reference`. `what` names it in messages, as in
    /// `The component`; of more than `most` bytes nothing is read.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    fn blob(
        &self,
        what: &'static str,
        reference: &Reference,
        descriptor: &Descriptor,
        most: u64,
    ) -> Result<Vec<u8>, RegistryError>;

    /// Keeps content in the repository of `reference`.
    ///
    /// # Errors
    /// Where it cannot be kept.
    fn put_blob(&self, reference: &Reference, bytes: &[u8]) -> Result<(), RegistryError>;

    /// Keeps a manifest, which then has the tag of `reference`. What it names must be there already.
    ///
    /// # Errors
    /// Where it cannot be kept.
    fn put_manifest(&self, reference: &Reference, manifest: &Manifest) -> Result<(), RegistryError>;
}

/// A manifest, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The document.
    pub bytes: Vec<u8>,
    /// Its SHA-256 digest: what pins the artefact, and what is signed.
    pub digest: Digest,
}

impl Manifest {
    /// Hashes `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        let digest = Digest::of(&bytes);
        Self { bytes, digest }
    }

    /// As [`Self::new`], for what came from `reference`: refused if that names another digest.
    pub(super) fn checked(bytes: Vec<u8>, reference: &Reference) -> Result<Self, RegistryError> {
        let manifest = Self::new(bytes);
        match reference.digest() {
            Some(expected) if expected != manifest.digest => {
                let integrity = Integrity::Digest { expected, found: manifest.digest };
                Err(RegistryError::integrity("The manifest", reference, integrity))
            }
            _ => Ok(manifest),
        }
    }
}

/// What names `bytes` in a manifest.
pub(super) fn descriptor(media_type: &str, bytes: &[u8]) -> Descriptor {
    describe(media_type, bytes.len() as u64, Digest::of(bytes))
}

/// What names content of that size and digest in a manifest.
pub(super) fn describe(media_type: &str, size: u64, digest: Digest) -> Descriptor {
    let digest = Sha256Digest::from_str(&digest.to_string()).expect("a digest prints as 64 small hexadecimal digits");
    Descriptor::new(MediaType::from(media_type), size, digest)
}

/// The SHA-256 digest in a descriptor, and the size, of what may be at most `most` bytes long.
pub(super) fn expected(
    what: &'static str,
    reference: &Reference,
    descriptor: &Descriptor,
    most: u64,
) -> Result<(Digest, u64), RegistryError> {
    let wrong = |integrity| RegistryError::integrity(what, reference, integrity);
    let digest = descriptor.as_digest_sha256().and_then(|digits| digits.parse().ok());
    let digest = digest.ok_or_else(|| wrong(Integrity::Algorithm))?;
    if descriptor.size() > most {
        return Err(wrong(Integrity::TooLarge { limit: most }));
    }
    Ok((digest, descriptor.size()))
}

/// Gives out bytes that are what was expected.
pub(super) fn check(
    what: &'static str,
    reference: &Reference,
    bytes: Vec<u8>,
    (expected, size): (Digest, u64),
) -> Result<Vec<u8>, RegistryError> {
    let wrong = |integrity| Err(RegistryError::integrity(what, reference, integrity));
    if bytes.len() as u64 != size {
        return wrong(Integrity::Size { expected: size });
    }
    let found = Digest::of(&bytes);
    if found != expected {
        return wrong(Integrity::Digest { expected, found });
    }
    Ok(bytes)
}
