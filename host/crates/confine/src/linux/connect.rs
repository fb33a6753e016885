//! Unix sockets: a command can connect to its own, but not to a service whose socket is in a read-only directory. With the
//! network, it can connect to other machines, too.
//!
//! Neither mounts nor (before version 9) Landlock restrict `connect`, and a filter cannot read the address. So the
//! kernel asks the keeper, and the keeper connects on behalf of the process: the address that was checked is the
//! address that is used, even if other threads change memory or the file system in the meantime.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, StatVfsMountFlags};
use rustix::io::Errno;
use rustix::net::SocketAddrUnix;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags};

use super::seccomp;
use super::shared::{ShimResult, missing};
use super::system::{self, Fork, Question};
use crate::error::Layer;
use crate::message;

/// Size of the family in an address, and maximum size of an address, in bytes.
const FAMILY: usize = 2;
const MOST_OF_ADDRESS: usize = 110;

/// Runs in the process that becomes the command: makes the kernel ask, and sends the keeper the descriptor to listen
/// on.
///
/// If a process outside (a container's manager) already listens, the kernel refuses a second listener; then no process
/// can connect to anything.
pub(super) fn ask_keeper(keeper: &UnixStream) -> ShimResult<()> {
    let because = |what: &'static str| missing(Layer::Seccomp, what);
    match system::listen_to_calls(&seccomp::ask_about(libc::SYS_connect)) {
        Ok(listener) => message::send_descriptor(keeper, listener.as_fd()).map_err(because("send the listener")),
        Err(error) if error.raw_os_error() == Some(libc::EBUSY) => seccomp::refuse(libc::SYS_connect),
        Err(error) => Err(because("listener")(error)),
    }
}

/// Answers one question, in a separate process, as connecting may take time.
pub(super) fn answer(listener: BorrowedFd<'_>, network: bool) {
    // The process that asked may be dead by now.
    let Ok(question) = system::take_question(listener) else { return };
    match system::fork() {
        Ok(Fork::Parent(_)) => {}
        Ok(Fork::Child) => {
            let errno = connect(listener, &question, network).err().map_or(0, Errno::raw_os_error);
            system::give_answer(listener, question.id, errno);
            system::exit_now(0)
        }
        Err(_) => system::give_answer(listener, question.id, libc::EAGAIN),
    }
}

fn connect(listener: BorrowedFd<'_>, question: &Question, network: bool) -> Result<(), Errno> {
    let process = Pid::from_raw(question.process).ok_or(Errno::SRCH)?;
    let address = address(question)?;
    let socket = socket(process, question)?;
    let relative_to = PathBuf::from(format!("/proc/{}/cwd", question.process));
    // Everything above is about the process that asked, provided that it still exists: otherwise its number may be
    // another's.
    system::is_still_asked(listener, question.id).map_err(errno)?;
    let (family, name) = address.split_at_checked(FAMILY).ok_or(Errno::INVAL)?;
    match i32::from(u16::from_ne_bytes([family[0], family[1]])) {
        libc::AF_UNSPEC => rustix::net::connect_unspec(&socket),
        libc::AF_UNIX => match name {
            [] => Err(Errno::INVAL),
            // Abstract: without the network, its namespace is private to the command.
            [0, ..] if network => Err(Errno::ACCESS),
            [0, name @ ..] => rustix::net::connect(&socket, &SocketAddrUnix::new_abstract_name(name)?),
            path => connect_to_path(&socket, &relative_to, path),
        },
        // The filter lets the command have such sockets only with the network.
        libc::AF_INET => rustix::net::connect(&socket, &version_4(name).ok_or(Errno::INVAL)?),
        libc::AF_INET6 => rustix::net::connect(&socket, &version_6(name).ok_or(Errno::INVAL)?),
        _ => Err(Errno::AFNOSUPPORT),
    }
}

/// Port and address, as the kernel lays them out after the family.
fn version_4(data: &[u8]) -> Option<SocketAddrV4> {
    let (port, rest) = data.split_first_chunk::<2>()?;
    let address = rest.first_chunk::<4>()?;
    Some(SocketAddrV4::new(Ipv4Addr::from(*address), u16::from_be_bytes(*port)))
}

/// Port, label of the flow, address and scope.
fn version_6(data: &[u8]) -> Option<SocketAddrV6> {
    let (port, rest) = data.split_first_chunk::<2>()?;
    let (flow, rest) = rest.split_first_chunk::<4>()?;
    let (address, rest) = rest.split_first_chunk::<16>()?;
    let scope = rest.first_chunk::<4>().map_or(0, |scope| u32::from_ne_bytes(*scope));
    let flow = u32::from_ne_bytes(*flow);
    Some(SocketAddrV6::new(Ipv6Addr::from(*address), u16::from_be_bytes(*port), flow, scope))
}

/// Reads the address from the memory of the process.
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

/// Gets the socket of the process. Descriptors are requested from the thread group leader. If a thread does not share
/// them, this is another descriptor, but it still belongs to the command.
fn socket(process: Pid, question: &Question) -> Result<OwnedFd, Errno> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).map_err(errno)?;
    let leader = status.lines().find_map(|line| line.strip_prefix("Tgid:")?.trim().parse().ok());
    let leader = leader.and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
    let handle = rustix::process::pidfd_open(leader, PidfdFlags::empty())?;
    let number = i32::try_from(question.arguments[0] & u64::from(u32::MAX)).map_err(|_| Errno::BADF)?;
    rustix::process::pidfd_getfd(handle, number, PidfdGetfdFlags::empty())
}

/// Opens the path, checks what was opened, and connects to exactly that.
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
