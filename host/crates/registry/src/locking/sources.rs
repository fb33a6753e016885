//! Where published components are read from: first copies, then the registry.

use std::path::Path;
use std::sync::Arc;

use base::environment::Environment;
use base::event::Report;
use base::interrupt::Interrupt;
use fetch::NetworkUse;

use crate::oci::{
    ArtifactCache, ArtifactStores, Artifacts, ImageLayout, RegistryError, Remote, RemoteSettings, TagLookup,
};

/// A store of artifacts.
pub(crate) type ArtifactSource = dyn Artifacts + Send + Sync;

/// Where published components are read from.
#[derive(Clone)]
pub struct ArtifactSources {
    /// Copies are used to resolve a tag, if they contain it.
    pub kept: Arc<ArtifactSource>,
    /// The registry is asked to resolve a tag.
    pub(crate) asked: Arc<ArtifactSource>,
}

/// Dependencies of every connection to a registry.
#[derive(Clone)]
pub struct ConnectionContext {
    /// The environment of the process: directories of the cache, credentials.
    pub environment: Environment,
    /// The receiver of download events.
    pub report: Arc<dyn Report>,
    /// Interrupts downloads.
    pub interrupt: Interrupt,
}

impl ArtifactSources {
    /// The sources of a buildout with this directory as `vendor` in `recipes.toml`.
    ///
    /// # Errors
    /// When that directory is not in OCI layout.
    pub fn open(
        access: &ConnectionContext,
        settings: &RemoteSettings,
        vendor: Option<&Path>,
    ) -> Result<Self, RegistryError> {
        let vendored: Vec<_> = vendor.map(ImageLayout::open).transpose()?.into_iter().collect();
        let cache = ArtifactCache::open(&access.environment, Arc::clone(&access.report));
        let places = |vendored, tags| -> Arc<ArtifactSource> {
            let interrupt = access.interrupt.clone();
            let registry = Remote::new(&access.environment, settings.clone(), Arc::clone(&access.report));
            let registry = registry.canceled_by(move || interrupt.signal().is_some());
            Arc::new(ArtifactStores { vendored, cache: cache.clone(), registry, tags })
        };
        // Only the registry knows what a tag points to now. Without network, the vendored copy decides.
        let (asked, tags) = match settings.network {
            NetworkUse::Allowed => (Vec::new(), TagLookup::Asked),
            _ => (vendored.clone(), TagLookup::Kept),
        };
        Ok(Self { kept: places(vendored, TagLookup::Kept), asked: places(asked, tags) })
    }
}
