//! A native command and its outcome.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{OwnedFd, RawFd};
use std::path::PathBuf;
use std::time::Duration;

/// A command to run.
#[derive(Debug, Default)]
pub struct NativeCommand {
    /// The program: a path, or a name that is searched in the `PATH` of `environment`. Empty and relative entries, and
    /// entries below `directory`, are skipped.
    pub program: OsString,
    /// The arguments, without the program's own name.
    pub arguments: Vec<OsString>,
    /// The working directory, absolute.
    pub directory: PathBuf,
    /// The complete environment. In `PATH`, empty and relative entries are dropped; if it is missing, it is set to the
    /// system's directories.
    pub environment: BTreeMap<OsString, OsString>,
    /// Its standard input.
    pub stdin: CommandInput,
    /// Whether its standard error is the same stream as its standard output.
    pub merges_stderr: bool,
    /// After this time, the process tree is killed.
    pub deadline: Option<Duration>,
    /// Descriptors that it inherits under these numbers (3 and above), e.g. make's jobserver.
    pub keep: Vec<(OwnedFd, RawFd)>,
}

/// The standard input of a command.
#[derive(Debug, Default)]
pub enum CommandInput {
    /// `/dev/null`.
    #[default]
    Empty,
    /// These bytes.
    Bytes(Vec<u8>),
    /// The content of this file, from its position on.
    File(File),
}

/// Which stream the output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How a command ended. In each case, no process that it started is still alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// With this exit code.
    Exited(i32),
    /// By this signal, which the host did not send.
    Signalled(i32),
    /// Killed when it exceeded its deadline.
    TimedOut,
    /// Killed because the run was interrupted.
    Interrupted,
    /// It exceeded [`super::CommandLimits::disk`], or left too little free space, and was killed if it still ran.
    DiskFull,
}
