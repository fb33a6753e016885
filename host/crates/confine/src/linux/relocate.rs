//! Directories at other paths: for a process that works on files as if it was on the machine that they come from.
//!
//! The process gets a user namespace and a mount namespace, and a root directory made of what this machine has, with the
//! directories at their new paths. It is not a confinement: the commands that the process starts are confined as always.

use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};

use std::os::fd::AsFd as _;

use super::root::{OLD, leave_old_root, make_link, mount, mount_point, of_machine};
use super::shared::{ShimResult, missing, without_links};
use super::system;
use crate::error::{ConfineError, Layer};
use crate::layout::is_of_system;
use crate::message::Notice;

/// Shows files and directories (first) at other paths (second) to this process and all that it starts. All paths are absolute.
/// Of the directories on the way to a new path, only what belongs to the system is still seen; `/tmp` is empty.
///
/// The process must have a single thread.
///
/// # Errors
/// When this machine does not allow that. The process should then end.
pub fn relocate(paths: &[(PathBuf, PathBuf)]) -> Result<(), ConfineError> {
    enter(paths).map_err(|notice| match notice {
        Notice::Missing { layer, what, errno } => {
            ConfineError::Missing { layer, what, cause: io::Error::from_raw_os_error(errno) }
        }
        _ => ConfineError::Malformed("directories cannot be shown at other paths".to_owned()),
    })
}

fn enter(paths: &[(PathBuf, PathBuf)]) -> ShimResult<()> {
    let because = |what: &'static str| missing(Layer::Root, what);
    enter_namespaces()?;
    leave_old_root().map_err(because("pivot_root"))?;
    fs::create_dir("/tmp").map_err(because("/tmp"))?;
    mount("tmpfs", "/tmp", c"tmpfs", libc::MS_NOSUID | libc::MS_NODEV, "mode=1777").map_err(because("/tmp"))?;
    keep(Path::new("/"), paths).map_err(because("bind the directories of the machine"))?;
    for (source, path) in paths {
        let shown = || missing(Layer::Root, format!("bind {}", path.display()));
        show(source, path).map_err(|error| shown()(error))?;
    }
    system::unmount(Path::new(OLD)).map_err(because("unmount the machine's root"))?;
    fs::remove_dir(OLD).map_err(because("remove the machine's root"))
}

/// The user stays the same, so that files belong to who they belonged to.
fn enter_namespaces() -> ShimResult<()> {
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let of_user = |what: &'static str| missing(Layer::UserNamespace, what);
    system::unshare(libc::CLONE_NEWUSER).map_err(of_user("unshare"))?;
    fs::write("/proc/self/setgroups", "deny").map_err(of_user("/proc/self/setgroups"))?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1\n")).map_err(of_user("/proc/self/uid_map"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1\n")).map_err(of_user("/proc/self/gid_map"))?;
    system::unshare(libc::CLONE_NEWNS).map_err(missing(Layer::Namespaces, "unshare"))
}

/// Shows what the machine has in `directory`, but nothing in the place of a path that is to be shown.
fn keep(directory: &Path, paths: &[(PathBuf, PathBuf)]) -> io::Result<()> {
    let is_root = directory == Path::new("/");
    // A directory that cannot be listed has nothing that a command could read.
    for entry in fs::read_dir(of_machine(directory)).into_iter().flatten().flatten() {
        let (path, kind) = (directory.join(entry.file_name()), entry.file_type()?);
        let is_below = |(_, shown): &(PathBuf, PathBuf)| shown.starts_with(&path);
        if paths.iter().any(is_below) {
            if kind.is_dir() && paths.iter().all(|(_, shown)| *shown != path) {
                keep(&path, paths)?;
            }
        } else if is_kept(&path, is_root, kind) {
            keep_one(&path, kind, is_root)?;
        }
    }
    Ok(())
}

fn is_kept(path: &Path, is_root: bool, kind: FileType) -> bool {
    let is_made_here = [Path::new("/tmp"), Path::new(OLD)].contains(&path);
    !is_made_here && if is_root { !kind.is_file() } else { is_of_system(path) }
}

fn keep_one(path: &Path, kind: FileType, is_root: bool) -> io::Result<()> {
    if kind.is_symlink() {
        return make_link(path, fs::read_link(of_machine(path))?.as_os_str());
    }
    match show(path, path) {
        // Of the root, anything may be special to a container. What builds need is missed later, if it is missing.
        Err(_) if is_root => Ok(()),
        shown => shown,
    }
}

fn show(source: &Path, path: &Path) -> io::Result<()> {
    let source = of_machine(source);
    let is_directory = source.is_dir();
    let copy = system::copy_mount(without_links(&source)?.as_fd())?;
    system::move_mount(copy.as_fd(), mount_point(path, is_directory)?.as_fd())
}
