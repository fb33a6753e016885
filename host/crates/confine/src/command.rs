//! A native command, and how it ended.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::fd::{OwnedFd, RawFd};
use std::path::PathBuf;
use std::time::Duration;

/// A command to be run.
#[derive(Debug, Default)]
pub struct Command {
    /// The program: a path, or a name that is looked up in the `PATH` of `environment`. Entries that are empty, relative or
    /// lie beneath `directory` are passed over.
    pub program: OsString,
    /// The arguments, without the program's own name.
    pub arguments: Vec<OsString>,
    /// The working directory, absolute.
    pub directory: PathBuf,
    /// All of the environment. In `PATH`, entries that are empty or relative are left out; without one, the system's
    /// directories are in it.
    pub environment: BTreeMap<OsString, OsString>,
    /// What it reads from its standard input; `None`: nothing (`/dev/null`).
    pub stdin: Option<Vec<u8>>,
    /// After this time the tree of processes is killed.
    pub deadline: Option<Duration>,
    /// Descriptors that it finds open under these numbers (3 and above): the jobserver of make, say.
    pub keep: Vec<(OwnedFd, RawFd)>,
}

/// Where output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How a command ended. In each case nothing that it started is alive any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With this exit code.
    Exited(i32),
    /// By this signal, which was not ours.
    Signalled(i32),
    /// Killed at its deadline.
    TimedOut,
    /// Killed as the run was interrupted.
    Interrupted,
    /// Killed as it had used up [`super::Limits::disk`].
    DiskFull,
}
