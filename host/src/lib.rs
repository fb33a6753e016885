//! Runs buildouts: reads zc.buildout configurations, works out what changed, and makes the parts with recipes that are
//! sandboxed WebAssembly components.
//!
//! The modules stand in the order in which they may know each other: a module imports only from those above it
//! (`docs/architecture.md`; a test checks it).

pub mod source;
pub mod digest;
pub mod environment;
pub mod event;
pub mod files;

pub mod config;
pub mod facts;
pub mod options;
pub mod state;
pub mod plan;
pub mod fetch;
pub mod component;
pub mod recipe;
pub mod run;
pub mod cli;
