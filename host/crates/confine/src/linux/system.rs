//! System calls that have no safe wrapper; the only unsafe code of the project.
#![allow(unsafe_code, reason = "system calls that neither the standard library nor rustix offer without it")]

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// The result of a system call that returns -1 on failure.
fn checked(result: impl Into<i64>) -> io::Result<i64> {
    let result = result.into();
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn text(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

/// The process that a fork returned in.
pub(super) enum Fork {
    Child,
    Parent(i32),
}

/// Forks. Only for a process with a single thread: the shim.
pub(super) fn fork() -> io::Result<Fork> {
    // SAFETY: the process has a single thread, so that no lock is held by one that does not exist in the child.
    match checked(unsafe { libc::fork() })? {
        0 => Ok(Fork::Child),
        child => Ok(Fork::Parent(child as i32)),
    }
}

/// Exits without running any further code of the process.
pub(super) fn exit_now(code: i32) -> ! {
    // SAFETY: takes a number, does not return.
    unsafe { libc::_exit(code) }
}

/// Moves the process into new namespaces.
pub(super) fn unshare(flags: i32) -> io::Result<()> {
    // SAFETY: takes flags alone.
    checked(unsafe { libc::unshare(flags) }).map(drop)
}

/// `prctl` with two numbers.
pub(super) fn prctl(option: i32, first: u64, second: u64) -> io::Result<i64> {
    // SAFETY: the options used here take numbers, no pointers.
    checked(unsafe { libc::prctl(option, first, second, 0_u64, 0_u64) })
}

/// Mounts a file system. Source and type may be empty where the kernel ignores them.
pub(super) fn mount(source: &Path, target: &Path, kind: &CStr, flags: u64, data: &str) -> io::Result<()> {
    let (source, target, data) = (text(source)?, text(target)?, CString::new(data)?);
    // SAFETY: all pointers lead to strings that end with NUL and live until the call returns.
    checked(unsafe { libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, data.as_ptr().cast()) })
        .map(drop)
}

/// Clones the mount of a directory or file, with everything mounted below it; not attached yet.
pub(super) fn copy_mount(source: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | (libc::AT_EMPTY_PATH | libc::AT_RECURSIVE) as u32;
    // SAFETY: the string ends with NUL; the descriptor is new and has no other owner.
    unsafe {
        let descriptor = checked(libc::syscall(libc::SYS_open_tree, source.as_raw_fd(), c"".as_ptr(), flags))?;
        Ok(OwnedFd::from_raw_fd(descriptor as RawFd))
    }
}

/// Attaches a mount at `target`.
pub(super) fn move_mount(mount: BorrowedFd<'_>, target: BorrowedFd<'_>) -> io::Result<()> {
    let flags = libc::MOVE_MOUNT_F_EMPTY_PATH | libc::MOVE_MOUNT_T_EMPTY_PATH;
    // SAFETY: both strings end with NUL.
    let result = unsafe {
        libc::syscall(libc::SYS_move_mount, mount.as_raw_fd(), c"".as_ptr(), target.as_raw_fd(), c"".as_ptr(), flags)
    };
    checked(result).map(drop)
}

/// Sets attributes of a mount and of all mounts below it.
pub(super) fn set_mount_attributes(mount: BorrowedFd<'_>, attributes: u64) -> io::Result<()> {
    let wanted = libc::mount_attr { attr_set: attributes, attr_clr: 0, propagation: 0, userns_fd: 0 };
    // SAFETY: the string ends with NUL, the structure has the size that is passed, both outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_RECURSIVE | libc::AT_EMPTY_PATH,
            &raw const wanted,
            size_of::<libc::mount_attr>(),
        )
    };
    checked(result).map(drop)
}

/// Makes `root` the root, and mounts the old one at `old`.
pub(super) fn pivot_root(root: &Path, old: &Path) -> io::Result<()> {
    let (root, old) = (text(root)?, text(old)?);
    // SAFETY: both strings end with NUL and outlive the call.
    checked(unsafe { libc::syscall(libc::SYS_pivot_root, root.as_ptr(), old.as_ptr()) }).map(drop)
}

/// Unmounts a tree, even if it is in use.
pub(super) fn unmount(target: &Path) -> io::Result<()> {
    let target = text(target)?;
    // SAFETY: the string ends with NUL and outlives the call.
    checked(unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) }).map(drop)
}

/// Drops all supplementary groups.
pub(super) fn drop_groups() -> io::Result<()> {
    // SAFETY: no group is passed, so the pointer is not read.
    checked(unsafe { libc::setgroups(0, std::ptr::null()) }).map(drop)
}

/// Drops all capabilities.
pub(super) fn drop_capabilities() -> io::Result<()> {
    // Version 3 of the structures of capset(2): a header, then two words for each of the three sets.
    let header: [u32; 2] = [0x2008_0522, 0];
    let sets = [0_u32; 6];
    // SAFETY: header and sets have the layout that version 3 prescribes, and outlive the call.
    checked(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) }).map(drop)
}

/// Sets close-on-exec on every descriptor from 3 on.
pub(super) fn close_all_on_exec() -> io::Result<()> {
    // SAFETY: takes numbers alone; no descriptor is closed by it.
    checked(unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) }).map(drop)
}

/// Duplicates the descriptor to `number`, open across exec.
pub(super) fn keep_open_as(descriptor: BorrowedFd<'_>, number: RawFd) -> io::Result<()> {
    // SAFETY: the caller's descriptors all have numbers above those that are kept, so none is closed by this.
    checked(unsafe { libc::dup2(descriptor.as_raw_fd(), number) }).map(drop)
}

/// A descriptor that becomes readable when a child exits. The signal itself is blocked (until exec).
pub(super) fn child_events() -> io::Result<OwnedFd> {
    // SAFETY: sigemptyset initializes the set before it is read; the descriptor is new and has no other owner.
    unsafe {
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        checked(libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut()))?;
        let descriptor = checked(libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK))?;
        Ok(OwnedFd::from_raw_fd(descriptor as RawFd))
    }
}

/// A system call that the kernel asks about.
pub(super) struct Question {
    pub(super) id: u64,
    /// The thread that waits.
    pub(super) process: i32,
    /// The first arguments of the call.
    pub(super) arguments: [u64; 3],
}

/// Installs a system call filter, and returns the descriptor on which the kernel asks about the selected calls.
pub(super) fn listen_to_calls(filter: &[seccompiler::sock_filter]) -> io::Result<OwnedFd> {
    let length = u16::try_from(filter.len()).map_err(io::Error::other)?;
    // The instructions have the kernel's layout in both crates and are only read.
    let program = libc::sock_fprog { len: length, filter: filter.as_ptr().cast_mut().cast() };
    let (operation, flags) = (libc::SECCOMP_SET_MODE_FILTER, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER);
    // SAFETY: the program and its instructions outlive the call; the descriptor is new and has no other owner.
    unsafe {
        let descriptor = checked(libc::syscall(libc::SYS_seccomp, operation, flags, &raw const program))?;
        Ok(OwnedFd::from_raw_fd(descriptor as RawFd))
    }
}

/// Receives the next question.
pub(super) fn take_question(listener: BorrowedFd<'_>) -> io::Result<Question> {
    // SAFETY: the structure consists of numbers only, and must be zero when the kernel fills it.
    let notice = unsafe {
        let mut notice: libc::seccomp_notif = std::mem::zeroed();
        checked(libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut notice))?;
        notice
    };
    let [first, second, third, ..] = notice.data.args;
    Ok(Question { id: notice.id, process: notice.pid.cast_signed(), arguments: [first, second, third] })
}

/// Whether the thread that asked still waits: if so, its number has not been reused.
pub(super) fn is_still_asked(listener: BorrowedFd<'_>, id: u64) -> io::Result<()> {
    // SAFETY: the kernel reads the number, which outlives the call.
    checked(unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id) }).map(drop)
}

/// Completes the call: returns 0, or this error. If the thread has died, there is nothing to answer.
pub(super) fn give_answer(listener: BorrowedFd<'_>, id: u64, errno: i32) {
    let answer = libc::seccomp_notif_resp { id, val: 0, error: -errno, flags: 0 };
    // SAFETY: the kernel reads the structure, which outlives the call.
    unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw const answer) };
}
