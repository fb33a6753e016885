//! What running an action on another machine can end in.

use std::time::Duration;

use crate::cache::CacheHit;
use crate::outputs::UnacceptedResult;

/// An action that was run elsewhere.
#[derive(Clone, Debug)]
pub struct RemoteExecution {
    /// What it made. The contents are fetched like those of any hit.
    pub hit: CacheHit,
    /// Whether the server had the result already.
    pub cached: bool,
    /// What the command wrote to its standard output.
    pub stdout: Vec<u8>,
    /// The name of the machine that ran it.
    pub worker: String,
    /// How long the command took there.
    pub elapsed: Option<Duration>,
}

/// What is known of an action while it runs elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutionEvent<'a> {
    /// It waits for a worker.
    Queued,
    /// A worker runs it.
    Running,
    /// The command wrote this. Not all servers send it while the command runs.
    Output(&'a [u8]),
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecutionFailure {
    /// The command failed, with what it wrote.
    #[error("the command failed with exit code {exit_code}")]
    Command {
        /// The exit code.
        exit_code: i32,
        /// Its standard output.
        stdout: Vec<u8>,
        /// Its standard error.
        stderr: Vec<u8>,
    },
    /// The server could not run it.
    #[error("the server did not run it: {0}")]
    Server(String),
    /// It took longer than the action allows.
    #[error("it took longer than allowed")]
    Timeout,
    /// An input is not on this machine, so it cannot be sent.
    #[error("the input {0} is not on this machine")]
    MissingInput(crate::blob::BlobDigest),
    /// The result does not count.
    #[error("the result is not accepted: {0}")]
    Unaccepted(#[from] UnacceptedResult),
    /// The server is no longer used; there is a warning.
    #[error("the server is not available")]
    Unavailable,
    /// The run was interrupted, and the action was canceled.
    #[error("the run was interrupted")]
    Interrupted,
}
