//! What every crate of the host stands on: text with places, errors that explain themselves, digests, file tools, events,
//! cancellation and job slots.
//!
//! Knows nothing of buildouts, recipes or the network.

pub mod collections;
pub mod digest;
pub mod environment;
pub mod event;
pub mod files;
pub mod interrupt;
pub mod jobs;
pub mod paths;
pub mod remedy;
pub mod source;
pub mod time;
