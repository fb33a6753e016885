//! From what `oci` says to a component whose signatures suffice.
//!
//! What is had is checked in this order, and nothing of it is compiled before: the manifest has the digest that was asked
//! for, the signatures are by those who must have signed, the component is the one that the manifest names, and it is a
//! component at all. Copies go the same way each time.

use std::sync::Arc;

use super::bytes::{Bytes, Component, Content, Kind, Origin, kind_of};
use super::error::ComponentError;
use base::digest::Digest;
use base::source::Place;
use registry::oci::{Artefact, Artefacts, Reference, RegistryError, signatures};
use registry::recipes_toml::{KeyEntry, Wanted};
use registry::trust::{Signer, TrustError, Trusted};
use registry::{Grant, RecipeReference};

/// A component of a registry that `recipes.toml` speaks of.
#[derive(Debug)]
pub struct Publication<'a> {
    /// The key of its table in `recipes.toml`.
    pub name: &'a str,
    /// The recipe reference of that table.
    pub recipe: &'a RecipeReference,
    /// What `oci` says.
    pub source: &'a Reference,
    /// Where it says so.
    pub place: Option<&'a Place>,
    /// What it is granted.
    pub grant: &'a Grant,
    pub(super) wanted: &'a Wanted,
    pub(super) keys: &'a [KeyEntry],
}

/// Who turns publications into components: it knows what is locked.
pub trait Publications {
    /// The component that a reference of `recipes.toml` stands for.
    ///
    /// # Errors
    /// When it cannot be had, or must not be used.
    fn obtain(&self, publication: &Publication<'_>) -> Result<Obtained, ComponentError>;
}

/// A place, and what it gives for tags.
pub type Source = dyn Artefacts + Send + Sync;

/// Where published components are had from: copies before the registry.
#[derive(Clone)]
pub struct Sources {
    /// As far as copies know where a tag leads, they are believed.
    pub kept: Arc<Source>,
    /// The registry is asked where a tag leads.
    pub asked: Arc<Source>,
}

/// A component that was had from a registry, or from a copy, and verified.
#[derive(Clone, Debug)]
pub struct Obtained {
    /// The component.
    pub component: Arc<Component>,
    /// Digest of the manifest.
    pub manifest: Digest,
    /// Who signed it, of those who count; nobody where nobody needs to.
    pub signers: Vec<Signer>,
}

impl Publication<'_> {
    /// Gets what the tag leads to now, or what the digest names.
    ///
    /// # Errors
    /// When it cannot be had, or its signatures don't suffice.
    pub fn newest(&self, sources: &Sources) -> Result<Obtained, ComponentError> {
        let artefact = Artefact::of(&*sources.asked, self.source).map_err(|error| self.failed(error))?;
        let signers = self.signers(&artefact, &*sources.asked, &*sources.asked, &[])?;
        self.obtain(artefact, &*sources.asked, signers)
    }

    /// Gets exactly this manifest, whatever the tag leads to now. Where a copy of its signatures lacks one of `signers`,
    /// as they are written, the registry is asked for them.
    ///
    /// # Errors
    /// As [`Self::newest`].
    pub fn pinned(&self, manifest: Digest, signers: &[String], sources: &Sources) -> Result<Obtained, ComponentError> {
        let pinned = self.source.with_digest(manifest);
        let artefact = Artefact::of(&*sources.kept, &pinned).map_err(|error| self.failed(error))?;
        let signers = self.signers(&artefact, &*sources.kept, &*sources.asked, signers)?;
        self.obtain(artefact, &*sources.kept, signers)
    }

    /// Gets exactly this manifest, with the signatures that the registry has for it now; where that cannot be asked, those
    /// of a copy do.
    ///
    /// # Errors
    /// As [`Self::newest`].
    pub fn pinned_anew(&self, manifest: Digest, sources: &Sources) -> Result<Obtained, ComponentError> {
        let pinned = self.source.with_digest(manifest);
        let artefact = Artefact::of(&*sources.kept, &pinned).map_err(|error| self.failed(error))?;
        let signers = match self.signers(&artefact, &*sources.asked, &*sources.asked, &[]) {
            Err(ComponentError::Registry { .. }) => self.signers(&artefact, &*sources.kept, &*sources.asked, &[])?,
            signers => signers?,
        };
        self.obtain(artefact, &*sources.kept, signers)
    }

    fn obtain(&self, artefact: Artefact, from: &Source, signers: Vec<Signer>) -> Result<Obtained, ComponentError> {
        let pinned = self.source.with_digest(artefact.manifest.digest);
        let bytes = artefact.component(from, &pinned).map_err(|error| self.failed(error))?;
        let origin = Origin::Registry { reference: self.source.clone(), manifest: artefact.manifest.digest };
        let found = match kind_of(&bytes) {
            Kind::Component => None,
            Kind::CoreModule => Some("a core WebAssembly module"),
            Kind::Other(found) => Some(found),
        };
        if let Some(found) = found {
            let (reference, reason) = (self.source.to_string(), format!("it is {found}"));
            return Err(self.failed(RegistryError::NotAComponent { reference, reason }));
        }
        let (digest, package) = (artefact.digest, self.recipe.package.clone());
        let component =
            Component { digest, content: Content::Here(Bytes::Read(bytes.into())), compiled: None, origin, package };
        Ok(Obtained { component: Arc::new(component), manifest: artefact.manifest.digest, signers })
    }

    /// Who of those who count signed it. Copies may lack the latest signatures, also those of `expected`, so the registry
    /// has the last word.
    fn signers(
        &self,
        artefact: &Artefact,
        from: &Source,
        asked: &Source,
        expected: &[String],
    ) -> Result<Vec<Signer>, ComponentError> {
        let Some(trusted) = Trusted::of(&self.wanted.signed_by, self.keys).map_err(Arc::new)? else {
            return Ok(Vec::new());
        };
        let digest = artefact.manifest.digest;
        let verify = |from: &Source| -> Result<Result<Vec<Signer>, TrustError>, RegistryError> {
            let found = signatures(from, self.source, digest)?;
            Ok(trusted.verify_artefact(self.source, digest, &found))
        };
        let distrust = |error| ComponentError::Distrusted { error: Box::new(error), place: self.wanted.place.clone() };
        match verify(from).map_err(|error| self.failed(error))? {
            Ok(signers) if covers(&signers, expected) => Ok(signers),
            Ok(signers) => Ok(verify(asked).ok().and_then(Result::ok).unwrap_or(signers)),
            // What is lacking may have come since; a registry that cannot be asked leaves it at that.
            Err(error) => match verify(asked) {
                Ok(again) => again.map_err(distrust),
                Err(_) => Err(distrust(error)),
            },
        }
    }

    /// Where else the tag leads than to `locked`, as far as that is known: who has a copy of everything is not asked.
    /// `None` also where there is no tag.
    pub fn moved_to(&self, locked: Digest, sources: &Sources) -> Option<Digest> {
        if self.source.digest().is_some() {
            return None;
        }
        let now = sources.kept.manifest(self.source).ok()?.digest;
        (now != locked).then_some(now)
    }

    fn failed(&self, error: RegistryError) -> ComponentError {
        ComponentError::Registry { error: Arc::new(error), place: self.place.cloned() }
    }
}

/// Whether all of `expected`, as they are written, are there.
fn covers(signers: &[Signer], expected: &[String]) -> bool {
    expected.iter().all(|expected| signers.iter().any(|signer| signer.to_string() == *expected))
}
