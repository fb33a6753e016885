//! Forwards a command's output, feeds its standard input, and watches deadline, interrupt and disk until everything has
//! ended.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::command::{CommandInput, CommandStream, NativeCommand};
use super::free_space::FreeSpace;
use super::pipes::Pipes;
use super::policy::{CommandPolicy, ConfinementLevel};
use base::interrupt::Interrupt;

/// How often free space is checked.
const DISK_INTERVAL: Duration = Duration::from_millis(250);

/// How often, if little is left. A command can fill the rest in less than a second.
const SHORT_DISK_INTERVAL: Duration = Duration::from_millis(20);

/// How much is little, in addition to what must stay free.
const LITTLE: u64 = 2 << 30;

/// Maximum number of bytes that a shim may send.
const MOST_NOTICES: usize = 64 << 10;

/// Why a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndCause {
    Itself,
    TimedOut,
    Interrupted,
    DiskFull,
}

/// One command's channels.
pub(super) struct Pump<'a> {
    socket: &'a UnixStream,
    outputs: [(CommandStream, Option<OwnedFd>); 2],
    stdin: Option<OwnedFd>,
    input: InputSource<'a>,
    interrupt: &'a Interrupt,
    deadline: Option<Instant>,
    disk: Disk,
    /// Why the command was killed, once it was.
    killed: Option<EndCause>,
    /// The bytes that the shim sent.
    pub(super) notices: Vec<u8>,
}

impl<'a> Pump<'a> {
    pub(super) fn new(
        socket: &'a UnixStream,
        pipes: Pipes,
        command: &'a NativeCommand,
        policy: &CommandPolicy,
        interrupt: &'a Interrupt,
    ) -> Self {
        Self {
            socket,
            outputs: [(CommandStream::Stdout, Some(pipes.stdout)), (CommandStream::Stderr, Some(pipes.stderr))],
            stdin: pipes.stdin,
            input: InputSource::of(&command.stdin),
            interrupt,
            deadline: command.deadline.and_then(|deadline| Instant::now().checked_add(deadline)),
            disk: Disk::new(policy),
            killed: None,
            notices: Vec::new(),
        }
    }

    /// Runs until the shim has closed its socket: then the shim and everything that it kept have ended.
    pub(super) fn run(&mut self, on_output: &mut dyn FnMut(CommandStream, &[u8])) -> io::Result<EndCause> {
        for descriptor in self.outputs.iter().filter_map(|(_, output)| output.as_ref()).chain(&self.stdin) {
            rustix::io::ioctl_fionbio(descriptor, true)?;
        }
        self.socket.set_nonblocking(true)?;
        while self.wait()? {
            self.pass_on(on_output)?;
            self.feed();
            self.judge();
        }
        // The last output is still in the pipes. All processes that held the other ends are dead.
        self.pass_on(on_output)?;
        let end = || if self.disk.is_used_up() { EndCause::DiskFull } else { EndCause::Itself };
        Ok(self.killed.unwrap_or_else(end))
    }

    /// Waits until something happens. Returns false if the shim has ended.
    fn wait(&mut self) -> io::Result<bool> {
        let mut watched = vec![PollFd::new(self.socket, PollFlags::IN)];
        let outputs = self.outputs.iter().filter_map(|(_, output)| output.as_ref());
        watched.extend(outputs.map(|output| PollFd::new(output, PollFlags::IN)));
        watched.extend(self.stdin.iter().map(|stdin| PollFd::new(stdin, PollFlags::OUT)));
        if self.killed.is_none() {
            watched.push(PollFd::from_borrowed_fd(self.interrupt.as_fd(), PollFlags::IN));
        }
        let timeout = self.timeout().and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut watched, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if watched[0].revents().is_empty() { Ok(true) } else { self.hear() }
    }

    fn timeout(&self) -> Option<Duration> {
        if self.killed.is_some() {
            return None;
        }
        let deadline = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        [deadline, self.disk.interval()].into_iter().flatten().min()
    }

    /// Reads what the shim sends. Returns false if it has closed its end.
    fn hear(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        loop {
            match rustix::io::read(self.socket, &mut buffer) {
                Ok(0) | Err(Errno::CONNRESET) => return Ok(false),
                Ok(length) if self.notices.len() < MOST_NOTICES => self.notices.extend_from_slice(&buffer[..length]),
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn pass_on(&mut self, on_output: &mut dyn FnMut(CommandStream, &[u8])) -> io::Result<()> {
        for (stream, output) in &mut self.outputs {
            if let Some(open) = output
                && !drain(open.as_fd(), &mut |bytes| on_output(*stream, bytes))?
            {
                *output = None;
            }
        }
        Ok(())
    }

    /// Writes as much as standard input accepts now; closes it after the last byte, or if nothing reads it.
    fn feed(&mut self) {
        let Some(stdin) = &self.stdin else { return };
        while let Some(bytes) = self.input.next() {
            match rustix::io::write(stdin, bytes) {
                Ok(written) => self.input.take(written),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => break,
            }
        }
        self.stdin = None;
    }

    /// Kills the command if it must end now. The shim exits when everything is dead, which [`Pump::wait`] notices.
    fn judge(&mut self) {
        if self.killed.is_some() {
            return;
        }
        let why = if self.interrupt.signal().is_some() {
            EndCause::Interrupted
        } else if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            EndCause::TimedOut
        } else if self.disk.is_due() && self.disk.is_used_up() {
            EndCause::DiskFull
        } else {
            return;
        };
        self.killed = Some(why);
        self.stdin = None;
        // Fails only if the other end is already closed.
        let _ = self.socket.shutdown(Shutdown::Write);
    }
}

/// Input that is not written yet.
struct InputSource<'a> {
    file: Option<&'a File>,
    /// What was read of the file.
    buffer: Vec<u8>,
    bytes: &'a [u8],
    /// How much of `bytes`, or of the buffer, is written.
    written: usize,
}

impl<'a> InputSource<'a> {
    fn of(input: &'a CommandInput) -> Self {
        let (file, bytes) = match input {
            CommandInput::Empty => (None, &[][..]),
            CommandInput::Bytes(bytes) => (None, bytes.as_slice()),
            CommandInput::File(file) => (Some(file), &[][..]),
        };
        Self { file, buffer: Vec::new(), bytes, written: 0 }
    }

    /// The next bytes; `None` at the end. A file that cannot be read any further ends.
    fn next(&mut self) -> Option<&[u8]> {
        let Some(mut file) = self.file else { return self.bytes.get(self.written..).filter(|rest| !rest.is_empty()) };
        if self.written == self.buffer.len() {
            self.buffer.resize(INPUT, 0);
            let length = file.read(&mut self.buffer).unwrap_or_default();
            self.buffer.truncate(length);
            self.written = 0;
        }
        self.buffer.get(self.written..).filter(|rest| !rest.is_empty())
    }

    fn take(&mut self, written: usize) {
        self.written += written;
    }
}

/// How many bytes of a file are read at once.
const INPUT: usize = 64 << 10;

/// Maximum number of bytes read from one stream before the other gets its turn.
const TURN: usize = 1 << 20;

/// Reads the available bytes. Returns false at the end of the stream.
fn drain(descriptor: BorrowedFd<'_>, take: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
    let mut buffer = [0; 16 << 10];
    let mut taken = 0;
    while taken < TURN {
        match rustix::io::read(descriptor, &mut buffer) {
            Ok(0) => return Ok(false),
            Ok(length) => {
                take(&buffer[..length]);
                taken += length;
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

/// Free space below the writable paths.
struct Disk {
    /// The paths, each with what was free at the start.
    watched: Vec<(PathBuf, FreeSpace)>,
    limit: u64,
    interval: Duration,
    looked: Instant,
}

impl Disk {
    fn new(policy: &CommandPolicy) -> Self {
        let staged = policy.staged.iter().map(|staged| &staged.source);
        let paths = policy.write.iter().chain(staged).filter(|_| policy.level != ConfinementLevel::None);
        let watched: Vec<_> = paths.filter_map(|path| Some((path.clone(), FreeSpace::at(path)?))).collect();
        let is_little = watched.iter().any(|(_, before)| is_little(*before, *before));
        Self { watched, limit: policy.limits.disk, interval: interval(is_little), looked: Instant::now() }
    }

    fn interval(&self) -> Option<Duration> {
        (!self.watched.is_empty()).then_some(self.interval)
    }

    fn is_due(&self) -> bool {
        self.looked.elapsed() >= self.interval
    }

    fn is_used_up(&mut self) -> bool {
        self.looked = Instant::now();
        let now = |(path, before): &(PathBuf, FreeSpace)| (*before, FreeSpace::at(path).unwrap_or(*before));
        let found: Vec<_> = self.watched.iter().map(now).collect();
        self.interval = interval(found.iter().any(|(before, now)| is_little(*before, *now)));
        found.iter().any(|(before, now)| before.is_used_up(*now, self.limit))
    }
}

fn is_little(before: FreeSpace, now: FreeSpace) -> bool {
    now.free < before.reserve().saturating_add(LITTLE)
}

fn interval(is_little: bool) -> Duration {
    if is_little { SHORT_DISK_INTERVAL } else { DISK_INTERVAL }
}
