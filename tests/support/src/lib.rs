//! What the tests share: a directory to work in, the program under test, running processes, faults, servers, archives.
//!
//! Knows no crates of the host but `base` and `scenario`: the tests that use this drive the program, or bring the crate that they test.
//! What goes wrong here panics, as a test does.

pub mod archive;
pub mod casd;
pub mod fault;
pub mod http;
mod paths;
mod process;
pub mod publisher;
mod python;
pub mod registry;
mod reported;
pub mod sources;
mod space;
mod tracked;
mod wait;

pub use paths::{component, host, repository, target_directory};
pub use process::{EndedProcess, RunningProcess};
pub use reported::ReportedMessages;
pub use space::{Space, printed};
pub use tracked::{copy_tracked, tracked_files};
pub use wait::{LONGEST, wait_for, wait_until};
