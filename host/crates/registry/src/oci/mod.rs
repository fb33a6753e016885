//! Recipe components as OCI artifacts: their references ([`Reference`]), their format ([`Artifact`]), their signatures
//! ([`ArtifactSignature`]), and the stores of artifacts ([`Artifacts`]): a directory in OCI image layout ([`ImageLayout`]), a
//! registry ([`Remote`]), or both combined with a cache ([`ArtifactStores`]).
//!
//! Digest and size of everything that is returned are already checked. Does not know about WIT, keys or trust: other
//! modules decide whether a signature is valid.

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

pub use artifact::{Artifact, ArtifactDescription, LARGEST_COMPONENT};
pub use artifacts::{ArtifactManifest, Artifacts, LARGEST_MANIFEST};
pub use cache::ArtifactCache;
pub use error::{Integrity, RegistryError};
pub use layout::ImageLayout;
pub(crate) use places::{ArtifactStores, TagLookup};
pub use project::annotations_of_project;
pub use reference::{InvalidArtifactReference, Reference};
pub use remote::{PlainHttp, Remote, RemoteSettings};
pub use signatures::{ArtifactSignature, MOST_SIGNATURES, add_signature, signatures};
