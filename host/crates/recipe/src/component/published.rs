//! Components that come from a registry, with their entry in `recipes.lock`: already verified, not yet compiled.

use super::bytes::{BytesKind, Component, ComponentContent, ComponentOrigin, kind_of};
use super::error::ComponentError;
use super::resolver::Resolved;
use registry::DEFAULT_ENTRY_POINT;
use registry::locking::{ListedComponent, LockingError, Obtained};
use registry::oci::RegistryError;

impl Component {
    /// The component of a publication.
    ///
    /// # Errors
    /// When it is not a component.
    pub(super) fn published(publication: &ListedComponent<'_>, obtained: &Obtained) -> Result<Self, ComponentError> {
        let found = match kind_of(&obtained.bytes) {
            BytesKind::Component => None,
            BytesKind::CoreModule => Some("a core WebAssembly module"),
            BytesKind::Other(found) => Some(found),
        };
        if let Some(found) = found {
            let (reference, reason) = (publication.source.to_string(), format!("it is {found}"));
            let error = RegistryError::NotAComponent { reference, reason }.into();
            return Err(LockingError::Registry { error, place: publication.place.cloned() }.into());
        }
        Ok(Self {
            digest: obtained.digest,
            content: ComponentContent::Here(obtained.bytes.clone().into()),
            compiled: None,
            origin: ComponentOrigin::Registry { reference: publication.source.clone(), manifest: obtained.manifest },
            package: publication.recipe.package.clone(),
        })
    }
}

impl Resolved {
    /// The recipe package of a publication, for its description.
    ///
    /// # Errors
    /// When it is not a component.
    pub(crate) fn published(publication: &ListedComponent<'_>, obtained: &Obtained) -> Result<Self, ComponentError> {
        Ok(Self {
            reference: publication.recipe.clone(),
            component: Component::published(publication, obtained)?.into(),
            entry_point: DEFAULT_ENTRY_POINT.to_owned(),
            grant: publication.grant.clone(),
            built_in: false,
            signers: obtained.signers.clone(),
            program: None,
        })
    }
}
