//! Builds: wheels of source distributions, and editable installs of developed projects, through PEP 517 and 660.
//!
//! A build is foreign code: it runs through [`Commands`], confined, without network, and sees only its sources, the
//! environment that it requires, and the Python. This module does not know how that environment is found
//! ([`Environments`]).

mod builder;
mod confined;
mod copy;
mod developed;
mod editable;
mod error;
mod inputs;
mod log;
mod memory;
mod project;
mod surroundings;

pub use builder::{Built, ProjectBuilder};
pub use confined::ConfinedCommands;
pub use developed::DevelopedProject;
pub use editable::{DevelopRequest, develop, recall};
pub use error::BuildError;
pub use memory::Memory;
pub use project::BuildSystem;
pub use surroundings::{BuildCommand, BuildEnvironment, BuildOptions, CommandEnd, Commands, Environments};
