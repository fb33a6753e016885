//! Keys and signatures, in the formats of sigstore's cosign: key pairs ([`PrivateKey`], [`PublicKey`]), signatures of
//! files ([`FileSignature`]) and the signed statement about a registry artifact ([`Payload`]).
//!
//! Does not know who is trusted for what.

mod error;
mod file;
mod payload;
mod pem;
mod private;
mod public;
mod sealed;
mod secretbox;

pub use error::{InvalidKey, KeyError};
pub use file::FileSignature;
pub(crate) use payload::InvalidPayload;
pub use payload::Payload;
pub use pem::is_open_to_others;
pub use private::PrivateKey;
pub(crate) use public::Fingerprint;
pub use public::PublicKey;

#[cfg(test)]
mod tests;
