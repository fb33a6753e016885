//! The messages between host and shim, over a socket: the order with its descriptors, and how it ended.
//!
//! The socket is also a lifeline: when the host closes or shuts down its end, the shim kills what it keeps.

use std::ffi::OsString;
use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use serde::{Deserialize, Serialize};

use super::error::Layer;
use super::layout::FileSystemLayout;
use super::policy::{CommandLimits, ConfinementLevel};

/// Maximum number of descriptors in one message (the kernel's limit is 253).
pub(super) const MOST_DESCRIPTORS: usize = 64;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StartOrder {
    /// The process whose death ends the shim.
    pub(super) host: i32,
    pub(super) level: ConfinementLevel,
    /// Whether it has the network of the machine.
    pub(super) network: bool,
    pub(super) limits: CommandLimits,
    pub(super) layout: FileSystemLayout,
    /// A path, or a name to search in `path`.
    pub(super) program: OsString,
    /// Directories to search for the program.
    pub(super) path: Vec<OsString>,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
    pub(super) directory: OsString,
    /// The numbers of the descriptors that follow standard input, output and error.
    pub(super) keep: Vec<RawFd>,
}

/// How the command ended.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Notice {
    Exited(i32),
    Signalled(i32),
    NotFound,
    /// The program could not be executed: errno.
    Start(i32),
    /// The working directory cannot be entered: errno.
    Directory(i32),
    /// A layer of the confinement is missing.
    Missing {
        layer: Layer,
        what: String,
        errno: i32,
    },
}

/// Sends an order with descriptors.
pub(super) fn send(socket: &UnixStream, order: &StartOrder, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let body = serde_json::to_vec(order)?;
    let length = (body.len() as u64).to_ne_bytes();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::from(io::ErrorKind::ArgumentListTooLong));
    }
    let flags = SendFlags::NOSIGNAL;
    if rustix::net::sendmsg(socket, &[IoSlice::new(&length)], &mut ancillary, flags)? != length.len() {
        return Err(io::Error::from(io::ErrorKind::WriteZero));
    }
    let mut socket = socket;
    socket.write_all(&body)
}

/// Receives an order with its descriptors.
pub(super) fn receive(socket: &UnixStream) -> io::Result<(StartOrder, Vec<OwnedFd>)> {
    let mut length = [0; 8];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut length)];
    let received = rustix::net::recvmsg(socket, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    if received.bytes != 8 {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    let rights = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let descriptors = rights.flatten().collect();
    let mut body = Vec::new();
    socket.take(u64::from_ne_bytes(length)).read_to_end(&mut body)?;
    Ok((serde_json::from_slice(&body)?, descriptors))
}

/// Sends a notice. Errors are ignored: the receiver may have closed its end.
pub(super) fn notify(mut socket: &UnixStream, notice: &Notice) {
    if let Ok(mut line) = serde_json::to_vec(notice) {
        line.push(b'\n');
        let _ = socket.write_all(&line);
    }
}

/// The first notice in the received bytes: later ones are consequences.
pub(super) fn first_notice(notices: &[u8]) -> Option<Notice> {
    serde_json::from_slice(notices.split(|byte| *byte == b'\n').next()?).ok()
}

/// Sends one descriptor to another process of the shim.
pub(super) fn send_descriptor(socket: &UnixStream, descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor];
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    rustix::net::sendmsg(socket, &[IoSlice::new(&[0])], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives it; `None` if the other process ended without sending it.
pub(super) fn receive_descriptor(socket: &UnixStream) -> Option<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let (mut byte, flags) = ([0], RecvFlags::CMSG_CLOEXEC);
    rustix::net::recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, flags).ok()?;
    ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    })
}
