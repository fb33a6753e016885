//! The foundation of all crates of the host: source text with places, errors with explanations, digests, file tools,
//! events, interruption and job slots.
//!
//! Does not know about buildouts, recipes or the network.

pub mod collections;
pub mod digest;
pub mod distribution_name;
pub mod environment;
pub mod event;
pub mod files;
pub mod interrupt;
pub mod jobserver;
pub mod paths;
pub mod remedy;
pub mod shell;
pub mod source;
pub mod time;
