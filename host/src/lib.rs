//! Runs buildouts: reads zc.buildout configurations, works out what changed, and makes the parts with recipes that are
//! sandboxed WebAssembly components.
//!
//! The crates in `host/crates` do the work (`docs/architecture.md` has the map). This one puts it together: [`run`] has the
//! stages of a run, [`share`] builds and publishes recipes, [`cli`] is the command line and the only printer.

pub mod cli;
mod error;
pub mod run;
pub mod share;
