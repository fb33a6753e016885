//! What `recipes.lock` records of a component: its description comes from whatever can load it, which is not this crate.

use std::sync::Arc;

use super::error::LockingError;
use super::publication::{Obtained, Publication};
use crate::recipes_lock::{Capabilities, Locked};
use base::source::Explain;

/// What a component describes of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The package's name and version.
    pub version: String,
    /// What it can do and requests.
    pub capabilities: Capabilities,
}

/// Describes components.
pub trait Describe {
    /// What the component describes of itself.
    ///
    /// # Errors
    /// When it is not a component, or cannot be used.
    fn describe(
        &self,
        publication: &Publication<'_>,
        obtained: &Obtained,
    ) -> Result<Description, Arc<dyn Explain + Send + Sync>>;
}

/// The entry of `recipes.lock` for a component.
///
/// # Errors
/// When the component cannot be described.
pub fn entry(
    publication: &Publication<'_>,
    obtained: &Obtained,
    describe: &dyn Describe,
) -> Result<Locked, LockingError> {
    let Description { version, capabilities } =
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
