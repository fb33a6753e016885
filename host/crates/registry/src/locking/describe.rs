//! The part of a lock file entry that comes from the component's description. Only a crate that can load components can
//! provide it.

use std::sync::Arc;

use super::error::LockingError;
use super::verified::{ListedComponent, Obtained};
use crate::recipes_lock::{Capabilities, Locked};
use base::source::Explain;

/// The description of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentDescription {
    /// The package's name and version.
    pub version: String,
    /// Its capabilities and requests.
    pub capabilities: Capabilities,
}

/// Describes components.
pub trait Describe {
    /// Describes the component.
    ///
    /// # Errors
    /// When it is not a component, or cannot be used.
    fn describe(
        &self,
        publication: &ListedComponent<'_>,
        obtained: &Obtained,
    ) -> Result<ComponentDescription, Arc<dyn Explain + Send + Sync>>;
}

/// The lock file entry for a component.
///
/// # Errors
/// When the component cannot be described.
pub fn entry(
    publication: &ListedComponent<'_>,
    obtained: &Obtained,
    describe: &dyn Describe,
) -> Result<Locked, LockingError> {
    let ComponentDescription { version, capabilities } =
        describe.describe(publication, obtained).map_err(LockingError::Unusable)?;
    Ok(Locked {
        source: publication.source.clone(),
        manifest: obtained.manifest,
        component: obtained.digest,
        version,
        signers: obtained.signers.iter().map(ToString::to_string).collect(),
        capabilities,
    })
}
