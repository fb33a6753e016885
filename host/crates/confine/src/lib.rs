//! Native commands, confined by the operating system: which files a command may read and write, its limits, its start,
//! its output, and killing everything that it started.
//!
//! Does not know about parts or recipes. A command is not started by this process but by a shim: this program, executed
//! again under another name ([`shim::main`]). The shim is single-threaded, sets up the confinement around itself and
//! becomes the command's keeper. `docs/security.md` describes the layers and the tests for each.

mod command;
mod error;
mod free_space;

mod layout;
mod linux;
mod message;
mod pipes;
mod policy;
mod pump;
mod resolve;
mod runner;
mod spawner;

pub use command::{CommandInput, CommandOutcome, CommandStream, NativeCommand};
pub use error::{ConfineError, Layer};
pub use free_space::FreeSpace;

pub use layout::{is_of_system, is_seen, resolve_for};
pub use linux::{landlock_version, relocate};
pub use policy::{CommandLimits, CommandPolicy, ConfinementLevel, Staged};
pub use runner::Runner;

/// The code that runs in the confined process.
pub mod shim {
    pub use super::linux::main;
}
