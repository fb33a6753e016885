//! Turns a process into the command: final preparations, then exec.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Pid;

use super::keep::{self, Started};
use super::shared::{ShimResult, die_with_parent, missing, out_of_the_way};
use super::system::{self, Fork};
use super::{connect, landlock, privileges, seccomp};
use crate::error::Layer;
use crate::message::{Notice, StartOrder, notify, receive_descriptor};
use crate::policy::ConfinementLevel;

/// Starts the command as a child. The child itself reports failures before the program is executed.
pub(super) fn start(socket: &UnixStream, order: &StartOrder, descriptors: Vec<OwnedFd>) -> ShimResult<Started> {
    let events = keep::events().map_err(missing(Layer::Death, "signalfd"))?;
    let (own, keeper) = UnixStream::pair().map_err(missing(Layer::Seccomp, "socketpair"))?;
    // Its number could be one that the command keeps.
    let keeper = out_of_the_way(keeper.into()).map(UnixStream::from);
    let keeper = keeper.map_err(missing(Layer::Limits, "descriptors"))?;
    match system::fork().map_err(missing(Layer::Limits, "fork"))? {
        Fork::Child => {
            drop(own);
            if let Err(notice) = become_command(order, descriptors, &keeper) {
                notify(socket, &notice);
            }
            system::exit_now(127)
        }
        Fork::Parent(process) => {
            drop((keeper, descriptors));
            let process = Pid::from_raw(process).ok_or(Notice::Start(libc::ESRCH))?;
            let questions = (order.level == ConfinementLevel::Full).then(|| receive_descriptor(&own)).flatten();
            Ok(Started { process, events, questions, network: order.network })
        }
    }
}

/// Returns only if the program could not be executed.
fn become_command(order: &StartOrder, descriptors: Vec<OwnedFd>, keeper: &UnixStream) -> ShimResult<()> {
    die_with_parent()?;
    // Cannot fail: a new process is not a group leader.
    let _ = rustix::process::setsid();
    std::env::set_current_dir(&order.directory).map_err(|error| Notice::Directory(errno(&error)))?;
    let program = find(order)?;
    let mut command = command(order, &program);
    keep_descriptors(order, descriptors, &mut command).map_err(missing(Layer::Limits, "descriptors"))?;
    if order.level != ConfinementLevel::None {
        // The order matters: no_new_privs, set by `drop_all`, allows an ordinary user to apply Landlock and seccomp.
        // The filter comes last, as it refuses calls that the other steps need (openat2, to open the paths of Landlock
        // rules).
        privileges::limit(order)?;
        privileges::drop_all(order.level)?;
        landlock::restrict(order)?;
        seccomp::filter(order.level, order.network)?;
    }
    if order.level == ConfinementLevel::Full {
        // From here on, the kernel asks the keeper about every connection.
        connect::ask_keeper(keeper)?;
    }
    Err(Notice::Start(errno(&command.exec())))
}

fn command(order: &StartOrder, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg0(&order.program).args(&order.arguments).env_clear();
    command.envs(order.environment.iter().map(|(name, value)| (name, value)));
    command
}

/// The first three descriptors become standard input, output and error, the others get their numbers; all others are
/// closed.
fn keep_descriptors(order: &StartOrder, descriptors: Vec<OwnedFd>, command: &mut Command) -> io::Result<()> {
    let mut descriptors = descriptors.into_iter();
    let mut next = || descriptors.next().ok_or(io::Error::from_raw_os_error(libc::EBADF));
    command.stdin(Stdio::from(next()?)).stdout(Stdio::from(next()?)).stderr(Stdio::from(next()?));
    system::close_all_on_exec()?;
    for number in &order.keep {
        system::keep_open_as(next()?.as_fd(), *number)?;
    }
    Ok(())
}

/// The program's path, searched in the file system that the command will see.
fn find(order: &StartOrder) -> ShimResult<PathBuf> {
    if order.program.as_bytes().contains(&b'/') {
        return Ok(PathBuf::from(&order.program));
    }
    let candidates = order.path.iter().map(|directory: &OsString| Path::new(directory).join(&order.program));
    let mut found = candidates.filter(|path| is_program(path.as_os_str()));
    found.next().ok_or(Notice::NotFound)
}

fn is_program(path: &OsStr) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && Path::new(path).is_file()
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EINVAL)
}
