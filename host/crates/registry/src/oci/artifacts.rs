//! The interface of every store of artifacts, both registries and directories.

use super::document::Descriptor;
use super::error::{Integrity, RegistryError};
use super::reference::Reference;
use base::digest::Digest;

/// The largest manifest, in bytes: the OCI distribution specification requires registries to accept at least this size.
pub const LARGEST_MANIFEST: u64 = 4 << 20;

/// A store of artifacts. Digest and size of everything that it returns are already checked.
pub trait Artifacts {
    /// The manifest of `reference`: the one with its digest, or, if it has no digest, the one that its tag points to
    /// now.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] if it does not exist; [`RegistryError::Integrity`] if it does not match.
    fn manifest(&self, reference: &Reference) -> Result<ArtifactManifest, RegistryError>;

    /// The content of `descriptor`, in the repository of `reference`. `what` is its name in messages, e.g. `The
    /// component`. A content of more than `most` bytes is not read.
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

    /// Stores content in the repository of `reference`.
    ///
    /// # Errors
    /// If it cannot be stored.
    fn put_blob(&self, reference: &Reference, bytes: &[u8]) -> Result<(), RegistryError>;

    /// Stores a manifest and points the tag of `reference` to it. Its contents must already exist.
    ///
    /// # Errors
    /// If it cannot be stored.
    fn put_manifest(&self, reference: &Reference, manifest: &ArtifactManifest) -> Result<(), RegistryError>;
}

/// A manifest, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactManifest {
    /// The document.
    pub bytes: Vec<u8>,
    /// Its SHA-256 digest: it pins the artifact, and signatures are made for it.
    pub digest: Digest,
}

impl ArtifactManifest {
    /// Hashes `bytes`.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let digest = Digest::of(&bytes);
        Self { bytes, digest }
    }

    /// As [`Self::new`], for a response to `reference`: refused if the digests differ.
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
