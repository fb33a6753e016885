//! Private namespaces, and a root directory made of bind mounts: files that are not mounted do not exist in it.

use std::ffi::{CStr, OsStr};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::shared::{ShimResult, missing, without_links};
use super::system;
use crate::error::Layer;
use crate::layout::Bind;
use crate::message::{Notice, StartOrder};

/// Mount point of the machine's root while the new one is built.
pub(super) const OLD: &str = "/.machine";

/// A directory that exists on every machine, on which the new root is mounted.
const BASE: &str = "/tmp";

/// Devices that every program needs, and that are harmless.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Links that programs expect.
const LINKS: [(&str, &str); 5] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/shm", "/tmp"),
];

/// The user `nobody`: a command that root runs sees itself as this user. Build systems treat user 0 specially (refuse,
/// change owners), which does not work in a user namespace with one user.
const NOBODY: u32 = 65534;

/// Enters new namespaces; the process namespace takes effect with the next child. With `network`, the one of the network
/// stays the machine's.
pub(super) fn enter_namespaces(network: bool) -> ShimResult<()> {
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    if user == 0 {
        // If even root is not permitted to do this (in a container), its groups are the container's.
        let _ = system::drop_groups();
    }
    let of_user = |what: &'static str| missing(Layer::UserNamespace, what);
    system::unshare(libc::CLONE_NEWUSER).map_err(of_user("unshare"))?;
    // An ordinary user may map groups only after giving up the right to change them.
    fs::write("/proc/self/setgroups", "deny").map_err(of_user("/proc/self/setgroups"))?;
    fs::write("/proc/self/uid_map", map(user)).map_err(of_user("/proc/self/uid_map"))?;
    fs::write("/proc/self/gid_map", map(group)).map_err(of_user("/proc/self/gid_map"))?;
    let own_network = if network { 0 } else { libc::CLONE_NEWNET };
    let others = libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | own_network
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    system::unshare(others).map_err(missing(Layer::Namespaces, "unshare"))
}

fn map(outside: u32) -> String {
    let inside = if outside == 0 { NOBODY } else { outside };
    format!("{inside} {outside} 1\n")
}

/// Builds the new root and switches to it.
pub(super) fn enter(order: &StartOrder) -> ShimResult<()> {
    let because = |what: &'static str| missing(Layer::Root, what);
    rustix::system::sethostname(b"localhost")
        .map_err(|error| missing(Layer::Namespaces, "sethostname")(error.into()))?;
    leave_old_root().map_err(because("pivot_root"))?;
    make_temporary(order).map_err(because("/tmp"))?;
    make_proc(order).map_err(missing(Layer::Proc, "mount"))?;
    make_devices().map_err(because("/dev"))?;
    // Before the machine's directories are mounted: a copy in one of them would be written to the machine.
    for path in &order.layout.copies {
        // If a file of this machine is unusual (unreadable, a dangling link), only that file is missing.
        let _ = copy(Path::new(path));
    }
    for bind in &order.layout.binds {
        mount_bind(bind).map_err(|error| failed_bind(bind, error))?;
    }
    system::unmount(Path::new(OLD)).map_err(because("unmount the machine's root"))?;
    fs::remove_dir(OLD).map_err(because("remove the machine's root"))?;
    // Only now, after the old root is unmounted: no path can lead to the machine's files any more.
    for (link, target) in &order.layout.links {
        make_link(Path::new(link), target).map_err(because("links"))?;
    }
    let read_only = libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV;
    mount("", "/", c"", read_only, "").map_err(because("make the root read-only"))
}

fn failed_bind(bind: &Bind, error: io::Error) -> Notice {
    missing(Layer::Root, format!("bind {}", Path::new(&bind.path).display()))(error)
}

pub(super) fn mount(source: &str, target: &str, kind: &CStr, flags: u64, data: &str) -> io::Result<()> {
    system::mount(Path::new(source), Path::new(target), kind, flags, data)
}

/// Makes an empty file system the root, with the machine's root mounted below.
pub(super) fn leave_old_root() -> io::Result<()> {
    // From here on, mounts do not propagate to the machine.
    mount("", "/", c"", libc::MS_REC | libc::MS_PRIVATE, "")?;
    mount("tmpfs", BASE, c"tmpfs", libc::MS_NOSUID | libc::MS_NODEV, "mode=0755,size=16m,nr_inodes=16384")?;
    let old = format!("{BASE}{OLD}");
    fs::create_dir(&old)?;
    system::pivot_root(Path::new(BASE), Path::new(&old))?;
    std::env::set_current_dir("/")
}

fn make_temporary(order: &StartOrder) -> io::Result<()> {
    fs::create_dir("/tmp")?;
    let options = format!("mode=1777,size={},nr_inodes=1048576", order.limits.temporary);
    mount("tmpfs", "/tmp", c"tmpfs", libc::MS_NOSUID | libc::MS_NODEV, &options)
}

/// Mounts a `/proc` of the command's processes, read-only: root's files below `/proc/sys` would be the machine's.
fn make_proc(order: &StartOrder) -> io::Result<()> {
    fs::create_dir("/proc")?;
    mount("proc", "/proc", c"proc", libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC, "")?;
    if has_own_limit_of_processes() {
        // Also limits root, which RLIMIT_NPROC does not. Numbers below 300 stay unused after the first wraparound.
        fs::write("/proc/sys/kernel/pid_max", (order.limits.processes + 300).to_string())?;
    }
    let attributes = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
    system::set_mount_attributes(without_links(Path::new("/proc"))?.as_fd(), attributes | libc::MOUNT_ATTR_NOEXEC)
}

/// From Linux 6.14 on, `pid_max` belongs to the process namespace. Before that, it is the machine's and must not be
/// changed.
fn has_own_limit_of_processes() -> bool {
    let system = rustix::system::uname();
    let release = system.release().to_string_lossy();
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (6, 14)
}

fn make_devices() -> io::Result<()> {
    fs::create_dir("/dev")?;
    for device in DEVICES {
        File::create(device)?;
        mount(&format!("{OLD}{device}"), device, c"", libc::MS_BIND, "")?;
    }
    LINKS.iter().try_for_each(|(link, target)| symlink(target, link))
}

/// Source and mount point are both opened without following links: either may have been replaced by a link in the
/// meantime.
fn mount_bind(bind: &Bind) -> io::Result<()> {
    let path = Path::new(&bind.path);
    let source = bind.source.as_ref().map_or(path, Path::new);
    let copy = system::copy_mount(without_links(&of_machine(source))?.as_fd())?;
    let read_only = if bind.is_writable { 0 } else { libc::MOUNT_ATTR_RDONLY };
    let attributes = read_only | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
    system::set_mount_attributes(copy.as_fd(), attributes)?;
    system::move_mount(copy.as_fd(), mount_point(path, bind.is_directory)?.as_fd())
}

/// Opens the file or directory at `path` in the new root, creating it if it is missing.
pub(super) fn mount_point(path: &Path, is_directory: bool) -> io::Result<OwnedFd> {
    let mut here = without_links(Path::new("/"))?;
    let names: Vec<&OsStr> = path.iter().skip(1).collect();
    for (number, name) in names.iter().enumerate() {
        let open =
            || rustix::fs::openat(&here, *name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
        let opened = match open() {
            Err(Errno::NOENT) if is_directory || number + 1 < names.len() => {
                rustix::fs::mkdirat(&here, *name, Mode::from_raw_mode(0o755))?;
                open()?
            }
            Err(Errno::NOENT) => {
                let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
                rustix::fs::openat(&here, *name, flags, Mode::from_raw_mode(0o644))?
            }
            opened => opened?,
        };
        here = opened;
    }
    Ok(here)
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// The same path below the machine's root.
pub(super) fn of_machine(path: &Path) -> PathBuf {
    let mut whole = OsStr::new(OLD).to_owned();
    whole.push(OsStr::from_bytes(path.as_os_str().as_bytes()));
    PathBuf::from(whole)
}

fn copy(path: &Path) -> io::Result<()> {
    make_parent(path)?;
    let content = fs::read(of_machine(path))?;
    fs::write(path, content)
}

/// Creates a link. If it already exists (below something mounted), does nothing.
pub(super) fn make_link(link: &Path, target: &OsStr) -> io::Result<()> {
    if link.symlink_metadata().is_ok() {
        return Ok(());
    }
    make_parent(link)?;
    symlink(target, link)
}
