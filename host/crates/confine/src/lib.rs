//! Native commands, confined by the operating system: what a command may read and write, its limits, its start, its
//! output, and the end of everything that it started.
//!
//! Knows nothing of parts and recipes. A command is not started by this process but by a shim: this program again, called
//! under another name ([`shim::main`]), single-threaded, which builds the confinement around itself and becomes its
//! keeper. `docs/security.md` tells the layers and the tests that try each.

mod command;
mod error;

mod layout;
mod linux;
mod message;
mod policy;
mod pump;
mod resolve;
mod runner;
mod spawner;

pub use command::{Command, Outcome, Stream};
pub use error::{ConfineError, Layer};

pub use policy::{Level, Limits, Policy};
pub use runner::Runner;

/// The side of the confined process.
pub mod shim {
    pub use super::linux::main;
}
