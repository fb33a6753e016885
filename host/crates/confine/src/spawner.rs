//! The thread that starts shims.
//!
//! A death signal comes when the *thread* that started the process ends, not when its process does. So all are started by
//! one thread that lives as long as the runner.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

use super::linux::NAME;

/// The thread, as long as this lives.
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
    /// Starts the thread. `program` is what is executed as shim.
    pub(super) fn new(program: PathBuf) -> io::Result<Self> {
        let (sender, receiver) = channel::<SpawnRequest>();
        std::thread::Builder::new().name("spawner".into()).spawn(move || {
            for request in receiver {
                let spawned = spawn(program.as_os_str(), request.socket, request.stderr);
                // Who asked may be gone; then the shim finds its socket closed and ends.
                let _ = request.reply.send(spawned);
            }
        })?;
        Ok(Self { requests: Mutex::new(sender) })
    }

    /// Starts a shim with this end of a socket. What it says itself (nothing, unless it panics) goes to `stderr`.
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
