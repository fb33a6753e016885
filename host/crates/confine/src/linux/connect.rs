//! Unix sockets: a command connects to its own, not to those of a service whose socket lies where it may only read.
//!
//! Neither mounts nor (before version 9) Landlock have a say in `connect`, and a filter cannot read the address. So the
//! kernel asks the keeper, and the keeper connects on behalf of the process: what was examined is what is connected to,
//! whatever other threads do to memory or file system meanwhile.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, StatVfsMountFlags};
use rustix::io::Errno;
use rustix::net::SocketAddrUnix;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags};

use super::system::{self, Fork, Question};
use super::{Confined, missing, seccomp};
use crate::error::Layer;
use crate::message;

/// Bytes of a family in an address, and the most of a whole address.
const FAMILY: usize = 2;
const MOST_OF_ADDRESS: usize = 110;

/// In the process that will be the command: makes the kernel ask, and sends the keeper where to hear it.
///
/// Where somebody outside listens already (a container's manager), the kernel refuses a second one; then no process
/// connects to anything.
pub(super) fn ask_keeper(keeper: &UnixStream) -> Confined<()> {
    let because = |what: &'static str| missing(Layer::Seccomp, what);
    match system::listen_to_calls(&seccomp::ask_about(libc::SYS_connect)) {
        Ok(listener) => message::send_descriptor(keeper, listener.as_fd()).map_err(because("send the listener")),
        Err(error) if error.raw_os_error() == Some(libc::EBUSY) => seccomp::refuse(libc::SYS_connect),
        Err(error) => Err(because("listener")(error)),
    }
}

/// Answers one question, in a process of its own: a connection may take its time.
pub(super) fn answer(listener: BorrowedFd<'_>) {
    // Whoever asked may have died by now.
    let Ok(question) = system::take_question(listener) else { return };
    match system::fork() {
        Ok(Fork::Parent(_)) => {}
        Ok(Fork::Child) => {
            let errno = connect(listener, &question).err().map_or(0, Errno::raw_os_error);
            system::give_answer(listener, question.id, errno);
            system::exit_now(0)
        }
        Err(_) => system::give_answer(listener, question.id, libc::EAGAIN),
    }
}

fn connect(listener: BorrowedFd<'_>, question: &Question) -> Result<(), Errno> {
    let process = Pid::from_raw(question.process).ok_or(Errno::SRCH)?;
    let address = address(question)?;
    let socket = socket(process, question)?;
    let relative_to = PathBuf::from(format!("/proc/{}/cwd", question.process));
    // All of the above was about the process that asked, if it still is there.
    system::is_still_asked(listener, question.id).map_err(errno)?;
    let (family, name) = address.split_at_checked(FAMILY).ok_or(Errno::INVAL)?;
    match i32::from(u16::from_ne_bytes([family[0], family[1]])) {
        libc::AF_UNSPEC => rustix::net::connect_unspec(&socket),
        libc::AF_UNIX => match name {
            [] => Err(Errno::INVAL),
            // Abstract: the network namespace is the command's own.
            [0, name @ ..] => rustix::net::connect(&socket, &SocketAddrUnix::new_abstract_name(name)?),
            path => connect_to_path(&socket, &relative_to, path),
        },
        _ => Err(Errno::AFNOSUPPORT),
    }
}

/// The address, from the memory of the process.
fn address(question: &Question) -> Result<Vec<u8>, Errno> {
    let [_, start, length] = question.arguments;
    let length = usize::try_from(length & u64::from(u32::MAX)).map_err(|_| Errno::INVAL)?;
    if !(FAMILY..=MOST_OF_ADDRESS).contains(&length) {
        return Err(Errno::INVAL);
    }
    let mut address = vec![0; length];
    let memory = File::open(format!("/proc/{}/mem", question.process)).map_err(errno)?;
    memory.read_exact_at(&mut address, start).map_err(|_| Errno::FAULT)?;
    Ok(address)
}

/// The socket of the process. Descriptors are asked of its leader; a thread that does not share them gets another's, which
/// is the command's all the same.
fn socket(process: Pid, question: &Question) -> Result<OwnedFd, Errno> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).map_err(errno)?;
    let leader = status.lines().find_map(|line| line.strip_prefix("Tgid:")?.trim().parse().ok());
    let leader = leader.and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
    let handle = rustix::process::pidfd_open(leader, PidfdFlags::empty())?;
    let number = i32::try_from(question.arguments[0] & u64::from(u32::MAX)).map_err(|_| Errno::BADF)?;
    rustix::process::pidfd_getfd(handle, number, PidfdGetfdFlags::empty())
}

/// Opens what the path leads to, examines that, and connects to that.
fn connect_to_path(socket: &OwnedFd, relative_to: &Path, path: &[u8]) -> Result<(), Errno> {
    let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
    let path = relative_to.join(std::ffi::OsStr::from_bytes(path));
    let opened = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    if rustix::fs::fstatvfs(&opened)?.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Err(Errno::ACCESS);
    }
    rustix::net::connect(socket, &SocketAddrUnix::new(format!("/proc/self/fd/{}", opened.as_raw_fd()))?)
}

fn errno(error: io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::INVAL)
}
