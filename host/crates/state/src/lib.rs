//! The installed state: what a buildout knows about its installed parts.
//!
//! The model ([`InstalledState`]), the file that stores it in zc.buildout's format ([`read_state`], [`render`]), and the
//! open file of a run ([`StateFile`]) with its lock and its journal. `docs/state.md` specifies all three files. Does
//! not know about recipes, and decides nothing: the plan decides what to do with a part.

mod damage;
mod error;
mod file;
mod journal;
mod lock;
mod model;
mod names;
pub mod plan;
mod quote;
mod read;
mod secrets;
mod syntax;
mod write;

pub use error::StateError;
pub use file::{StateFile, peek};
pub use model::{InstalledPart, InstalledState, StateChange};
pub(crate) use read::Unreadable;
pub use read::read_state;
pub use secrets::conceal;
pub use write::render;

#[cfg(test)]
mod tests;
