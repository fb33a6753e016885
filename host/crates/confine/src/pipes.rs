//! The pipes of a command: standard input, output and error.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use super::command::{CommandInput, NativeCommand};

/// The shim's ends of the command's pipes.
pub(super) struct Ends {
    pub(super) stdin: OwnedFd,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

/// The host's ends.
pub(super) struct Pipes {
    pub(super) stdin: Option<OwnedFd>,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

pub(super) fn pipes(command: &NativeCommand) -> io::Result<(Pipes, Ends)> {
    let (stdin, our_stdin) = if let CommandInput::Empty = command.stdin {
        (File::open("/dev/null")?.into(), None)
    } else {
        let (theirs, ours) = io::pipe()?;
        (theirs.into(), Some(ours.into()))
    };
    let (our_stdout, stdout) = io::pipe()?;
    let (our_stderr, stderr) = io::pipe()?;
    let pipes = Pipes { stdin: our_stdin, stdout: our_stdout.into(), stderr: our_stderr.into() };
    Ok((pipes, Ends { stdin, stdout: stdout.into(), stderr: stderr.into() }))
}
