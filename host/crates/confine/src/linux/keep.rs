//! Keeps a command: waits for its end, reaps orphans, and kills all remaining processes.

use std::fs;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait, waitpid};

use super::{connect, system};
use crate::message::{Notice, notify};

/// A started command.
pub(super) struct Started {
    pub(super) process: Pid,
    /// Readable when a child has exited.
    pub(super) events: OwnedFd,
    /// The descriptor on which the kernel asks about connections, if any.
    pub(super) questions: Option<OwnedFd>,
    /// Whether the command has the network.
    pub(super) network: bool,
}

/// Waits until the command ends, and reports how to the host; or until the host wants it to end, or is dead.
pub(super) fn until_it_ends(socket: &UnixStream, mut started: Started) {
    loop {
        while let Ok(Some((process, status))) = wait(WaitOptions::NOHANG) {
            if process != started.process {
                continue;
            }
            let notice = match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Notice::Exited(code),
                (None, Some(signal)) => Notice::Signalled(signal),
                (None, None) => continue,
            };
            notify(socket, &notice);
            return;
        }
        let mut watched =
            vec![PollFd::new(socket, PollFlags::IN | PollFlags::RDHUP), PollFd::new(&started.events, PollFlags::IN)];
        watched.extend(started.questions.iter().map(|questions| PollFd::new(questions, PollFlags::IN)));
        // Interrupted or out of memory: check again.
        let _ = poll(&mut watched, None);
        // The host sends nothing after its order: any event means that its end was closed.
        if !watched[0].revents().is_empty() {
            return;
        }
        let asked = watched.get(2).map(PollFd::revents).unwrap_or(PollFlags::empty());
        match &started.questions {
            Some(questions) if asked.contains(PollFlags::IN) => connect::answer(questions.as_fd(), started.network),
            // No process is left that could ask.
            Some(_) if !asked.is_empty() => started.questions = None,
            _ => {}
        }
        // Drained, so that the next poll waits.
        let _ = rustix::io::read(started.events.as_fd(), &mut [0_u8; 512]);
    }
}

/// Waits until a child has exited.
pub(super) fn wait_for(child: i32) {
    let Some(child) = Pid::from_raw(child) else { return };
    while matches!(waitpid(Some(child), WaitOptions::empty()), Err(rustix::io::Errno::INTR)) {}
}

/// Kills children until none are left. As this process adopts orphans, that is the whole tree.
pub(super) fn kill_all() {
    let own = std::process::id().cast_signed();
    // Usually nothing is left; then the processes of the machine need not be searched.
    while wait(WaitOptions::NOHANG).is_ok() {
        for child in children(own) {
            // It may have exited already.
            let _ = kill_process(child, Signal::KILL);
        }
        // Waits for one; new orphans may exist after that.
        match wait(WaitOptions::empty()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// Processes whose parent is `parent`.
fn children(parent: i32) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|process| parent_of(*process) == Some(parent)).filter_map(Pid::from_raw).collect()
}

/// The fourth field of `/proc/N/stat`; the second is a name in parentheses, which may contain anything.
fn parent_of(process: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    status.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// The descriptor that reports exits of children; must be created before any child is started.
pub(super) fn events() -> std::io::Result<OwnedFd> {
    system::child_events()
}
