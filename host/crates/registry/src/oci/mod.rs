//! Recipe components as OCI artefacts: how they are named ([`Reference`]), what they look like ([`Artefact`]), their
//! signatures ([`Signature`]), and where they are kept ([`Artefacts`]): a directory in OCI image layout ([`Layout`])
//! or a registry ([`Remote`]), or all that may have them ([`Places`]: with a cache).
//!
//! Whatever is given out was hashed and measured first. Knows nothing of WIT, of keys, of trust: whether a signature
//! counts is decided elsewhere.

mod about;
mod artefact;
mod artefacts;
mod authentication;
mod cache;
mod challenge;
mod credentials;
mod error;
mod layout;
mod reference;
mod remote;
mod secrets;
mod signatures;

pub use about::annotations_of_project;
pub use artefact::{Artefact, Description, annotation};
pub use artefacts::{Artefacts, Descriptor, LARGEST_MANIFEST, Manifest};
pub use cache::{Cache, Places, Tags};
pub use error::{Integrity, RegistryError};
pub use layout::Layout;
pub use reference::{InvalidReference, Reference};
pub use remote::{Remote, RemoteSettings};
pub use signatures::{MOST_SIGNATURES, Signature, add_signature, signatures};

/// The largest component, in bytes.
pub const LARGEST_COMPONENT: u64 = 128 << 20;
