//! What all layers of the shim use: how a layer reports that it is missing, and calls that more than one of them makes.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};

use crate::error::Layer;
use crate::message::Notice;

/// Our descriptors get numbers from here on, above all those that a command may keep.
pub(super) const FIRST_DESCRIPTOR: i32 = 512;

/// A notice that ends the shim.
pub(super) type ShimResult<T> = Result<T, Notice>;

/// For `map_err`: a layer is missing, because `what` failed.
pub(super) fn missing(layer: Layer, what: impl Into<String>) -> impl FnOnce(io::Error) -> Notice {
    move |error| Notice::Missing { layer, what: what.into(), errno: error.raw_os_error().unwrap_or(libc::EINVAL) }
}

pub(super) fn die_with_parent() -> ShimResult<()> {
    let signal = rustix::process::Signal::KILL;
    rustix::process::set_parent_process_death_signal(Some(signal))
        .map_err(|error| missing(Layer::Death, "parent-death signal")(error.into()))
}

/// Opens `path`, if no component of it is a symbolic link.
pub(super) fn without_links(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    Ok(openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS)?)
}

/// Duplicates the descriptor to a number that no command keeps.
pub(super) fn out_of_the_way(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(descriptor, FIRST_DESCRIPTOR)?)
}
