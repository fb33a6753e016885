//! Files of the host: whole, durable replacement of one file ([`replace`]); removal of what a recipe recorded, and setting
//! it aside until something else has taken its place ([`Removal`]).
//!
//! Knows nothing of what the files mean. Every error names the path and the system's cause.

mod aside;
mod bounded;
mod create;
mod error;
mod input;
mod read;
mod remove;
mod replace;
mod tree;

pub use bounded::{TEMPORARY, evict, write_private};
pub use create::{create, create_anew};
pub use error::FileError;
pub use input::open_input;
pub use read::{open_regular, read, read_at_most, read_open};
pub use remove::{Removal, RemovalError, Removed};
pub use replace::{Replaced, check_replaceable, clear, delete, replace, replace_executable, replace_shared};
pub use tree::remove_directory;
