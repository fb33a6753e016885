//! Files of the host: atomic, durable replacement of one file ([`replace`]); removal of recorded paths, and moving them
//! aside until a replacement exists ([`Removal`]).
//!
//! Does not know what the files mean. Every error names the path and the system's cause.

mod aside;
mod bounded;
mod create;
mod error;
mod input;
mod mounts;
mod read;
mod removal_error;
mod remove;
mod remove_around;
mod replace;
mod tree;
mod trust;
mod version_control;
mod waiting;

pub use bounded::{TEMPORARY, evict, write_private};
pub use create::{create, recreate};
pub use error::FileError;
pub use input::open_input;
pub use read::{open_regular, read, read_at_most, read_open, read_string, read_whole};
pub use removal_error::RemovalError;
pub use remove::Removal;
pub use replace::{
    Replaced, check_replaceable, clear, delete, replace, replace_executable, replace_executable_in, replace_shared,
};
pub use tree::{remove_directory, remove_directory_in};
pub use trust::{Distrust, check_trusted, check_trusted_directory};
pub use version_control::{VERSION_CONTROL, checkout_in, is_version_control};
pub use waiting::lock_directory;
