//! Runs buildouts: reads zc.buildout configurations, works out what changed, and makes the parts with recipes that are
//! sandboxed WebAssembly components.
//!
//! The modules stand in the order in which they may know each other: a module imports only from those above it
//! (`docs/architecture.md`; a test checks it).

pub mod collections;
pub mod source;
pub mod digest;
pub mod environment;
pub mod event;
pub mod files;
pub mod jobs;

pub mod config;
pub mod facts;
pub mod options;
pub mod state;
pub mod plan;
pub mod confine;
pub mod fetch;
pub mod sdk;
pub mod component;
pub mod recipe;
pub mod run;
pub mod scenario;
pub mod cli;

/// How much stack, in bytes, the thread needs that resolves options: references and initialisations nest, each level with
/// frames of its own, up to limits that `options` sets. Memory is taken only as it is used.
pub const STACK_SIZE: usize = 256 << 20;
