//! The output of commands, as text: values of the library in, strings out. Nothing here prints.

pub(super) mod annotated;
pub(super) mod cache;
pub(super) mod configuration;
pub(super) mod doctor;
pub(super) mod graph;
pub(super) mod keys;
pub(super) mod lock_changes;
mod lookup;
mod markup;
pub(super) mod package;
pub(super) mod plan;
pub(super) mod timings;
