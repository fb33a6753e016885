//! Native commands of parts: the paths that they may reach, their environment, their output.
//!
//! The crate `confine` confines the commands.

pub(crate) mod account;
pub(crate) mod command_log;
pub(crate) mod denied;
pub(crate) mod held;
pub(crate) mod network;
pub(crate) mod programs;
pub(crate) mod reach;
pub(crate) mod refusals;
pub(crate) mod shared;
pub(crate) mod staging;
pub(crate) mod streams;
pub(crate) mod temporary;
pub(crate) mod variables;
