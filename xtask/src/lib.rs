//! The project's own commands: set-up, building of recipes and host, tests, fuzzing, continuous integration.
//!
//! Nothing here knows how a recipe is compiled (that is `precompile`'s work) or what the host does. Nothing from a
//! registry: a newcomer's first command must start at once.
#![allow(clippy::print_stderr, reason = "command-line tools say what they do on standard error")]

pub mod build;
pub mod ci;
mod fuzz;
pub mod package;
pub mod python_runtime;
pub mod setup;
pub mod sources;
mod steps;
pub mod test;
pub mod toolchains;
pub mod workspace;

pub use fuzz::fuzz;
