//! The shim: this program, executed again to confine and keep one command.
//!
//! At full, it consists of two processes: a keeper outside, and process 1 of the command's process namespace; when that
//! exits, the kernel kills everything in the namespace. Otherwise it is one process, which adopts the command's
//! orphans. In both cases, the process has a single thread.

mod connect;
mod keep;
mod landlock;
mod privileges;
mod relocate;
mod root;
mod seccomp;
mod shared;
mod start;
mod system;

pub use landlock::version as landlock_version;
pub use relocate::relocate;

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use super::error::Layer;
use super::message::{StartOrder, notify, receive};
use super::policy::ConfinementLevel;
use shared::{FIRST_DESCRIPTOR, ShimResult, die_with_parent, missing, out_of_the_way};
use system::Fork;

/// The name under which this program runs as shim.
pub(super) const NAME: &str = "buildout-host: confine";

/// If the process was started as shim, runs it and returns its exit code; otherwise returns `None`. Must be called
/// before anything else, while the process has a single thread.
pub fn main() -> Option<ExitCode> {
    if std::env::args_os().next()? != NAME {
        return None;
    }
    let socket = rustix::io::fcntl_dupfd_cloexec(std::io::stdin(), FIRST_DESCRIPTOR).map(UnixStream::from);
    let Ok(socket) = socket else { return Some(ExitCode::FAILURE) };
    // Without an order there is no host to report to: a user called the program under this name.
    let Ok((order, descriptors)) = receive(&socket) else { return Some(ExitCode::FAILURE) };
    if let Err(notice) = confine(&socket, &order, descriptors) {
        notify(&socket, &notice);
    }
    Some(ExitCode::SUCCESS)
}

fn confine(socket: &UnixStream, order: &StartOrder, descriptors: Vec<OwnedFd>) -> ShimResult<()> {
    let descriptors: io::Result<Vec<OwnedFd>> = descriptors.into_iter().map(out_of_the_way).collect();
    let descriptors = descriptors.map_err(missing(Layer::Limits, "descriptors"))?;
    // A separate session has no terminal, and gets no Ctrl-C: the host decides.
    rustix::process::setsid().map_err(|error| missing(Layer::Death, "setsid")(error.into()))?;
    if order.level == ConfinementLevel::Full {
        die_with_parent()?;
        if rustix::process::getppid().map(rustix::process::Pid::as_raw_pid) != Some(order.host) {
            // It died before this process could check.
            return Ok(());
        }
        return confine_fully(socket, order, descriptors);
    }
    // The host's death closes the socket; this process must survive it, to kill what it keeps.
    system::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0).map_err(missing(Layer::Death, "child subreaper"))?;
    system::prctl(libc::PR_SET_DUMPABLE, 0, 0).map_err(missing(Layer::Privileges, "not dumpable"))?;
    let command = start::start(socket, order, descriptors)?;
    keep::until_it_ends(socket, command);
    keep::kill_all();
    Ok(())
}

fn confine_fully(socket: &UnixStream, order: &StartOrder, descriptors: Vec<OwnedFd>) -> ShimResult<()> {
    privileges::prefer_to_kill();
    root::enter_namespaces(order.network)?;
    match system::fork().map_err(missing(Layer::Namespaces, "fork"))? {
        Fork::Child => {
            if let Err(notice) = first_process(socket, order, descriptors) {
                notify(socket, &notice);
            }
            // When this process exits, the kernel kills all others of this process namespace.
            system::exit_now(0)
        }
        Fork::Parent(first) => {
            drop(descriptors);
            keep::wait_for(first);
            Ok(())
        }
    }
}

/// Process 1 of the command's namespaces.
fn first_process(socket: &UnixStream, order: &StartOrder, descriptors: Vec<OwnedFd>) -> ShimResult<()> {
    die_with_parent()?;
    root::enter(order)?;
    system::prctl(libc::PR_SET_DUMPABLE, 0, 0).map_err(missing(Layer::Privileges, "not dumpable"))?;
    let command = start::start(socket, order, descriptors)?;
    keep::until_it_ends(socket, command);
    Ok(())
}
