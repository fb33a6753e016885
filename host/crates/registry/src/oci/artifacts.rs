//! What every place that keeps artifacts can do, whether a registry or a directory.

use super::document::Descriptor;
use super::error::{Integrity, RegistryError};
use super::reference::Reference;
use base::digest::Digest;

/// The longest manifest that is read, in bytes: what the OCI distribution specification asks registries to accept.
pub const LARGEST_MANIFEST: u64 = 4 << 20;

/// A place that keeps artifacts. Everything that it returns was hashed and measured.
pub trait Artefacts {
    /// The manifest of `reference`: the one with its digest, or, if it has none, the one that its tag points to now.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] if there is none; [`RegistryError::Integrity`] if it is another one.
    fn manifest(&self, reference: &Reference) -> Result<Manifest, RegistryError>;

    /// The content of `descriptor`, in the repository of `reference`. `what` is its name in messages, as in `The
    /// component`; nothing is read of a content with more than `most` bytes.
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
    /// If it cannot be kept.
    fn put_blob(&self, reference: &Reference, bytes: &[u8]) -> Result<(), RegistryError>;

    /// Keeps a manifest, which then has the tag of `reference`. Its contents must exist already.
    ///
    /// # Errors
    /// If it cannot be kept.
    fn put_manifest(&self, reference: &Reference, manifest: &Manifest) -> Result<(), RegistryError>;
}

/// A manifest, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The document.
    pub bytes: Vec<u8>,
    /// Its SHA-256 digest: it pins the artifact, and it is what is signed.
    pub digest: Digest,
}

impl Manifest {
    /// Hashes `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        let digest = Digest::of(&bytes);
        Self { bytes, digest }
    }

    /// As [`Self::new`], for an answer to `reference`: refused if that has another digest.
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
