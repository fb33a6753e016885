//! What authors and users of shared recipes do outside a run: build a project, publish a component, lock and copy the
//! components that a buildout uses.
//!
//! Does not know about parts.

mod authoring;
mod lock;
mod lowered;
mod publish;
mod vendor;

pub(crate) use authoring::{Authoring, BuiltRecipe};
pub(crate) use lock::LockChange;
pub(crate) use publish::{Publication, Published};
pub(crate) use vendor::Vendored;
