//! What a part's recipe may do, and where: from grants as they are written to rights that the interfaces enforce.
//!
//! A [`registry::Grant`] says what is written: in `recipes.toml`, or by a recipe that describes what it needs
//! ([`described`]). [`rights::Rights`] are what follows from it for one part, with every reference replaced and every path
//! routed to a directory ([`mounts`]).

pub(crate) mod applicant;
pub(crate) mod described;
pub(crate) mod locations;
pub(crate) mod mounts;
pub(crate) mod request;
pub(crate) mod rights;
pub(crate) mod templates;
pub(crate) mod writable;
