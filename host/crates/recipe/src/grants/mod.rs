//! The rights of a part's recipe: from grants as written to the rights that the interfaces enforce.
//!
//! A [`registry::Grant`] is a grant as written: in `recipes.toml`, or in the description of a recipe ([`described`]).
//! [`rights::Rights`] are its consequences for one part, with every reference resolved and every path routed to a
//! directory ([`mounts`]).

pub(crate) mod addresses;
pub(crate) mod applicant;
mod checkouts;
pub(crate) mod described;
pub(crate) mod granted;
pub(crate) mod guard;
pub(crate) mod symlinks;
pub(crate) mod locations;
pub(crate) mod mounts;
mod named;
pub(crate) mod needed;
mod nested;
mod path_dependencies;
mod python_defaults;
mod recipe_builds;
pub(crate) mod request;
mod reserved_names;
pub(crate) mod rights;
pub(crate) mod system;
pub(crate) mod templates;
pub(crate) mod unconfined_programs;
