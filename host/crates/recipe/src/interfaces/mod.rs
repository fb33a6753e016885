//! The interfaces that the host offers to recipes: one file for each interface of `wit/`, and for each WASI interface
//! that the host implements itself.
//!
//! An interface gets a view of the state that it may change: no file here knows the store, or another interface. A
//! function whose error is a type of `wit/` returns it with `?` ([`bindings`] lists these types).

pub(crate) mod archives;
pub(crate) mod bindings;
pub(crate) mod buildout;
mod changes;
pub(crate) mod clocks;
pub(crate) mod distributions;
pub(crate) mod download;
pub(crate) mod filesystem;
pub(crate) mod log;
mod lookup;
pub(crate) mod options;
pub(crate) mod paths;
pub(crate) mod process;
pub(crate) mod python;
mod redirect;
pub(crate) mod resources;
pub(crate) mod standard_output;
pub(crate) mod system;
mod target;
pub(crate) mod types;
pub(crate) mod v0_1;
