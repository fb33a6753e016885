//! Native commands of parts: what they may reach, their environment, what they print.
//!
//! How a command is confined is the business of the crate `confine`.

pub(crate) mod command_log;
pub(crate) mod reach;
pub(crate) mod shared;
pub(crate) mod variables;
