//! From the value of `oci` to the bytes of a component with sufficient signatures.
//!
//! Checks are made in this order, and nothing is compiled before the last one: the manifest has the requested digest,
//! the required signers have signed it, and the component is the one in the manifest. Copies go through the same checks
//! each time.

use std::sync::Arc;

use super::error::LockingError;
use super::sources::{ArtifactSource, ArtifactSources};
use crate::grant::Grant;
use crate::oci::{Artifact, Reference, RegistryError, signatures};
use crate::recipes_toml::{EntrySource, KeyEntry, RecipeEntry, RecipesToml, WantedSigners};
use crate::reference::RecipeReference;
use crate::trust::{Signer, TrustError, Trusted};
use base::digest::Digest;
use base::source::Place;

/// A component of a registry that `recipes.toml` lists.
#[derive(Debug)]
pub struct ListedComponent<'a> {
    /// The key of its table in `recipes.toml`.
    pub name: &'a str,
    /// The recipe reference of that table.
    pub recipe: &'a RecipeReference,
    /// The value of `oci`.
    pub source: &'a Reference,
    /// The place of that value.
    pub place: Option<&'a Place>,
    /// The grant of the recipe.
    pub grant: &'a Grant,
    wanted: &'a WantedSigners,
    keys: &'a [KeyEntry],
}

/// A verified component, from a registry or a copy.
#[derive(Clone, Debug)]
pub struct Obtained {
    /// The component.
    pub bytes: Arc<[u8]>,
    /// Its digest.
    pub digest: Digest,
    /// Digest of the manifest.
    pub manifest: Digest,
    /// The trusted signers; empty if no signature is required.
    pub signers: Vec<Signer>,
}

impl RecipesToml {
    /// The recipes that come from registries.
    pub fn publications(&self) -> impl Iterator<Item = ListedComponent<'_>> {
        self.entries.iter().filter_map(|entry| self.publication(entry))
    }

    /// The same for one entry; `None` if its component does not come from a registry.
    pub fn publication<'a>(&'a self, entry: &'a RecipeEntry) -> Option<ListedComponent<'a>> {
        let Some(EntrySource::Registry(source, place)) = &entry.source else { return None };
        Some(ListedComponent {
            name: &entry.name,
            recipe: &entry.reference,
            source,
            place: place.as_ref(),
            grant: &entry.grant,
            wanted: entry.wanted.as_ref()?,
            keys: &self.keys,
        })
    }
}

impl ListedComponent<'_> {
    /// Reads the component that the tag points to now, or that has the digest in the reference.
    ///
    /// # Errors
    /// When it is not available, or lacks signatures.
    pub fn newest(&self, sources: &ArtifactSources) -> Result<Obtained, LockingError> {
        let artifact = Artifact::of(&*sources.asked, self.source).map_err(|error| self.failed(error))?;
        let signers = self.signers(&artifact, &*sources.asked, &*sources.asked, &[])?;
        self.obtain(artifact, &*sources.asked, signers)
    }

    /// Reads exactly this manifest, wherever the tag points to now. If a copy of its signatures lacks one of `signers`
    /// (in their written form), they are read from the registry.
    ///
    /// # Errors
    /// As [`Self::newest`].
    pub fn pinned(
        &self,
        manifest: Digest,
        signers: &[String],
        sources: &ArtifactSources,
    ) -> Result<Obtained, LockingError> {
        let pinned = self.source.with_digest(manifest);
        let artifact = Artifact::of(&*sources.kept, &pinned).map_err(|error| self.failed(error))?;
        let signers = self.signers(&artifact, &*sources.kept, &*sources.asked, signers)?;
        self.obtain(artifact, &*sources.kept, signers)
    }

    /// Reads exactly this manifest, with its current signatures in the registry, or those of a copy if the registry is
    /// not available.
    ///
    /// # Errors
    /// As [`Self::newest`].
    pub fn repinned(&self, manifest: Digest, sources: &ArtifactSources) -> Result<Obtained, LockingError> {
        let pinned = self.source.with_digest(manifest);
        let artifact = Artifact::of(&*sources.kept, &pinned).map_err(|error| self.failed(error))?;
        let signers = match self.signers(&artifact, &*sources.asked, &*sources.asked, &[]) {
            Err(LockingError::Registry { .. }) => self.signers(&artifact, &*sources.kept, &*sources.asked, &[])?,
            signers => signers?,
        };
        self.obtain(artifact, &*sources.kept, signers)
    }

    fn obtain(
        &self,
        artifact: Artifact,
        from: &ArtifactSource,
        signers: Vec<Signer>,
    ) -> Result<Obtained, LockingError> {
        let pinned = self.source.with_digest(artifact.manifest.digest);
        let bytes = artifact.component(from, &pinned).map_err(|error| self.failed(error))?;
        let (digest, manifest) = (artifact.digest, artifact.manifest.digest);
        Ok(Obtained { bytes: bytes.into(), digest, manifest, signers })
    }

    /// The trusted signers. Copies may lack the latest signatures, including those of `expected`, so then the registry
    /// is asked.
    fn signers(
        &self,
        artifact: &Artifact,
        from: &ArtifactSource,
        asked: &ArtifactSource,
        expected: &[String],
    ) -> Result<Vec<Signer>, LockingError> {
        let Some(trusted) = Trusted::of(&self.wanted.signed_by, self.keys).map_err(Arc::new)? else {
            return Ok(Vec::new());
        };
        let digest = artifact.manifest.digest;
        let verify = |from: &ArtifactSource| -> Result<Result<Vec<Signer>, TrustError>, RegistryError> {
            let found = signatures(from, self.source, digest)?;
            Ok(trusted.verify_artifact(self.source, digest, &found))
        };
        let distrust = |error| LockingError::Distrusted { error: Box::new(error), place: self.wanted.place.clone() };
        match verify(from).map_err(|error| self.failed(error))? {
            Ok(signers) if covers(&signers, expected) => Ok(signers),
            Ok(signers) => Ok(verify(asked).ok().and_then(Result::ok).unwrap_or(signers)),
            // The registry may have the missing signatures by now. If it is not available, the original error is
            // returned.
            Err(error) => match verify(asked) {
                Ok(again) => again.map_err(distrust),
                Err(_) => Err(distrust(error)),
            },
        }
    }

    /// The manifest that the tag points to now, if not `locked`. The registry is not asked if a copy exists. `None`
    /// also if the reference has no tag.
    pub(crate) fn moved_to(&self, locked: Digest, sources: &ArtifactSources) -> Option<Digest> {
        if self.source.digest().is_some() {
            return None;
        }
        let now = sources.kept.manifest(self.source).ok()?.digest;
        (now != locked).then_some(now)
    }

    fn failed(&self, error: RegistryError) -> LockingError {
        LockingError::Registry { error: Arc::new(error), place: self.place.cloned() }
    }
}

/// Whether `signers` includes all of `expected` (in their written form).
fn covers(signers: &[Signer], expected: &[String]) -> bool {
    expected.iter().all(|expected| signers.iter().any(|signer| signer.to_string() == *expected))
}
