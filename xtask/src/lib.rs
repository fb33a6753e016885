//! The project's own commands: set-up, building of recipes and host, tests, fuzzing, continuous integration.
//!
//! Nothing here knows how a recipe is compiled (that is `precompile`'s work) or what the host does. No dependencies: a
//! newcomer's first command must start at once.
#![allow(clippy::print_stderr, reason = "command-line tools say what they do on standard error")]

pub mod build;
pub mod ci;
mod fuzz;
pub mod setup;
pub mod sources;
mod steps;
pub mod test;
pub mod toolchains;
pub mod workspace;

// The host builds developed recipe crates by the same rules.
#[path = "../../host/src/component/toolchain.rs"]
#[allow(dead_code, unreachable_pub, reason = "the host uses more of it")]
mod toolchain;

pub use fuzz::fuzz;
