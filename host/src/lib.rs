//! Runs buildouts: reads zc.buildout configurations, determines what changed, and makes the parts with recipes that are
//! sandboxed WebAssembly components.
//!
//! The crates in `host/crates` do the work (see the map in `docs/architecture.md`). This one combines them: [`run`]
//! contains the stages of a run, [`share`] builds and publishes recipes, [`cli`] is the command line and the only code
//! that prints.

pub mod cli;
mod doctor;
mod error;
mod first;
mod run;
mod share;
mod upgrade;
