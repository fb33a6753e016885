//! Recipe components as OCI artifacts: their references ([`Reference`]), their form ([`Artefact`]), their signatures
//! ([`Signature`]), and the places that keep them ([`Artefacts`]): a directory in OCI image layout ([`Layout`]), a registry
//! ([`Remote`]), or both together with a cache ([`Places`]).
//!
//! Everything that is returned was hashed and measured. Knows nothing of WIT, keys or trust: whether a signature is valid is
//! decided elsewhere.

pub mod annotation;
mod artifact;
mod artifacts;
mod authentication;
mod cache;
mod challenge;
mod credentials;
mod document;
mod error;
mod helper;
mod layout;
mod places;
mod project;
mod reference;
mod remote;
mod secrets;
mod signatures;
mod wire;

pub use artifact::{Artefact, Description, LARGEST_COMPONENT};
pub use artifacts::{Artefacts, LARGEST_MANIFEST, Manifest};
pub use cache::Cache;
pub use document::Descriptor;
pub use error::{Integrity, RegistryError};
pub use layout::Layout;
pub use places::{Places, Tags};
pub use project::annotations_of_project;
pub use reference::{InvalidReference, Reference};
pub use remote::{Remote, RemoteSettings};
pub use signatures::{MOST_SIGNATURES, Signature, add_signature, signatures};
