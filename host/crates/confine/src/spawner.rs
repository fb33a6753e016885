//! The thread that starts all shims.
//!
//! A death signal is sent when the *thread* that started the process exits, not when its process does. So one thread,
//! which lives until the runner is dropped, starts all of them.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

use super::linux::NAME;

/// The thread; it runs until this is dropped.
#[derive(Debug)]
pub(super) struct Spawner {
    requests: Mutex<Sender<SpawnRequest>>,
}

#[derive(Debug)]
struct SpawnRequest {
    socket: OwnedFd,
    stderr: OwnedFd,
    reply: Sender<io::Result<Child>>,
}

impl Spawner {
    /// Starts the thread. `program` is executed as shim.
    pub(super) fn new(program: PathBuf) -> io::Result<Self> {
        let (sender, receiver) = channel::<SpawnRequest>();
        std::thread::Builder::new().name("spawner".into()).spawn(move || {
            for request in receiver {
                let spawned = spawn(program.as_os_str(), request.socket, request.stderr);
                // The requester may have gone away; then the shim finds its socket closed and exits.
                let _ = request.reply.send(spawned);
            }
        })?;
        Ok(Self { requests: Mutex::new(sender) })
    }

    /// Starts a shim with this end of a socket. Its own output (nothing, unless it panics) is written to `stderr`.
    pub(super) fn spawn(&self, socket: OwnedFd, stderr: OwnedFd) -> io::Result<Child> {
        let (reply, answer) = channel();
        let gone = || io::Error::other("the thread that starts commands has ended");
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        requests.send(SpawnRequest { socket, stderr, reply }).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }
}

fn spawn(program: &OsStr, socket: OwnedFd, stderr: OwnedFd) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.arg0(NAME).env_clear().current_dir("/").stdin(socket).stdout(Stdio::null()).stderr(stderr);
    command.spawn()
}
