//! Where published components are read from: copies before the registry.

use std::path::Path;
use std::sync::Arc;

use base::environment::Environment;
use base::event::Report;
use base::interrupt::Interrupt;
use fetch::Network;

use crate::oci::{Artefacts, Cache, Layout, Places, RegistryError, Remote, RemoteSettings, Tags};

/// A place that keeps artifacts.
pub type Source = dyn Artefacts + Send + Sync;

/// Where published components are read from.
#[derive(Clone)]
pub struct Sources {
    /// Copies are believed where they know what a tag points to.
    pub kept: Arc<Source>,
    /// The registry is asked what a tag points to.
    pub asked: Arc<Source>,
}

/// What every connection to a registry needs.
#[derive(Clone)]
pub struct Access {
    /// The environment of the process: directories of the cache, credentials.
    pub environment: Environment,
    /// Where events of downloads go.
    pub report: Arc<dyn Report>,
    /// Ends downloads.
    pub interrupt: Interrupt,
}

impl Sources {
    /// The sources of a buildout whose `recipes.toml` sets `vendor` to that directory.
    ///
    /// # Errors
    /// When that directory is not in OCI layout.
    pub fn open(access: &Access, settings: &RemoteSettings, vendor: Option<&Path>) -> Result<Self, RegistryError> {
        let vendored: Vec<_> = vendor.map(Layout::open).transpose()?.into_iter().collect();
        let cache = Cache::open(&access.environment, Arc::clone(&access.report));
        let places = |vendored, tags| -> Arc<Source> {
            let interrupt = access.interrupt.clone();
            let registry = Remote::new(&access.environment, settings.clone(), Arc::clone(&access.report));
            let registry = registry.cancelled_by(move || interrupt.signal().is_some());
            Arc::new(Places { vendored, cache: cache.clone(), registry, tags })
        };
        // Only the registry knows what a tag points to now. Without it, the vendored copy decides.
        let (asked, tags) = match settings.network {
            Network::Allowed => (Vec::new(), Tags::Asked),
            _ => (vendored.clone(), Tags::Kept),
        };
        Ok(Self { kept: places(vendored, Tags::Kept), asked: places(asked, tags) })
    }
}
