//! Recipe components as OCI artifacts: their references ([`Reference`]), their format ([`Artefact`]), their signatures
//! ([`Signature`]), and the stores of artifacts ([`Artefacts`]): a directory in OCI image layout ([`Layout`]), a
//! registry ([`Remote`]), or both combined with a cache ([`Places`]).
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

pub use artifact::{Artefact, Description, LARGEST_COMPONENT};
pub use artifacts::{Artefacts, LARGEST_MANIFEST, Manifest};
pub use cache::Cache;
pub use document::Descriptor;
pub use error::{Integrity, RegistryError};
pub use layout::Layout;
pub use places::{Places, Tags};
pub use project::annotations_of_project;
pub use reference::{InvalidReference, Reference};
pub use remote::{PlainHttp, Remote, RemoteSettings};
pub use signatures::{MOST_SIGNATURES, Signature, add_signature, signatures};
