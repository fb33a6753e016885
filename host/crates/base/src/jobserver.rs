//! Limits how much runs at once: running parts, and the makes that they start, share a number of slots through GNU
//! make's jobserver.
//!
//! The protocol is described in make's manual ("POSIX Jobserver Interaction"): a pipe contains a byte for each free
//! slot; a process that needs a slot reads a byte and writes it back when done. A make's first job needs no byte, as
//! its parent holds one for it: here the parent is the part. So a part reads a byte from the same pipe while it runs,
//! and all makes and parts together never exceed the limit. Does not know about parts or commands.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

/// The descriptor number of the pipe's read end in a command. Shell scripts use descriptors of one digit (`configure`
/// uses 5 to 7), so this number does not conflict.
const READ: RawFd = 98;
/// The descriptor number of the write end.
const WRITE: RawFd = 99;
/// Written for each free slot, as in make.
const TOKEN: u8 = b'+';
/// Maximum number of slots: each is a byte in the pipe, whose capacity is 64 KiB on Linux.
const MOST: usize = 4096;
/// How long to wait before checking again whether the run was interrupted, or all bytes were lost.
const WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// The slots of a run. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    /// `None`: one at a time, nothing is shared.
    pool: Option<Arc<Pool>>,
}

#[derive(Debug)]
struct Pool {
    limit: usize,
    reader: PipeReader,
    writer: PipeWriter,
    /// Both ends, opened a second time. Reopened ends have separate file status flags, which commands cannot change:
    /// these are non-blocking. (Make before 4.3 fails on a non-blocking pipe; later versions set the flag for everyone
    /// who shares the pipe.)
    own_reader: File,
    own_writer: File,
    /// Slots taken by [`Jobs::begin`].
    taken: Mutex<usize>,
}

/// A slot, released when it is dropped.
#[derive(Debug)]
pub struct JobSlot(Option<Arc<Pool>>);

impl Jobs {
    /// One at a time; makes get no jobserver.
    pub fn one() -> Self {
        Self::default()
    }

    /// At most `limit` at a time, and at most 4096.
    ///
    /// # Errors
    /// When no pipe can be created.
    pub fn new(limit: usize) -> io::Result<Self> {
        if limit <= 1 {
            return Ok(Self::one());
        }
        let limit = limit.min(MOST);
        let (reader, writer) = io::pipe()?;
        let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
        let reopen = |options: &mut OpenOptions, end: RawFd| {
            options.custom_flags(nonblocking).open(format!("/proc/self/fd/{end}"))
        };
        let own_reader = reopen(OpenOptions::new().read(true), reader.as_raw_fd())?;
        let own_writer = reopen(OpenOptions::new().write(true), writer.as_raw_fd())?;
        let pool = Pool { limit, reader, writer, own_reader, own_writer, taken: Mutex::new(0) };
        pool.put(limit);
        Ok(Self { pool: Some(Arc::new(pool)) })
    }

    /// The number of slots.
    pub fn limit(&self) -> usize {
        self.pool.as_ref().map_or(1, |pool| pool.limit)
    }

    /// The value of `MAKEFLAGS` for a command, so that its makes use the jobserver; `None` if nothing is shared. The
    /// command also needs [`Self::descriptors`].
    pub fn makeflags(&self) -> Option<String> {
        let pool = self.pool.as_ref()?;
        Some(format!("-j{} --jobserver-auth={READ},{WRITE}", pool.limit))
    }

    /// The descriptors that a command must inherit, each with its number. Empty if nothing is shared.
    ///
    /// # Errors
    /// When no descriptor is available.
    pub fn descriptors(&self) -> io::Result<Vec<(OwnedFd, RawFd)>> {
        let Some(pool) = &self.pool else { return Ok(Vec::new()) };
        let (reader, writer) = (pool.reader.as_fd().try_clone_to_owned()?, pool.writer.as_fd().try_clone_to_owned()?);
        Ok(vec![(reader, READ), (writer, WRITE)])
    }

    /// Takes a slot, waiting until one is free; `None` if `stop` becomes true first.
    ///
    /// A killed make cannot return the slots it took. They are recovered as soon as no other slot is taken from here.
    pub fn begin(&self, stop: &dyn Fn() -> bool) -> Option<JobSlot> {
        let Some(pool) = &self.pool else { return (!stop()).then_some(JobSlot(None)) };
        while !stop() {
            if pool.take() {
                return Some(JobSlot(Some(Arc::clone(pool))));
            }
            let mut wanted = [PollFd::new(&pool.own_reader, PollFlags::IN)];
            // Interrupted or out of memory: check again.
            let _ = poll(&mut wanted, Some(&WAIT));
        }
        None
    }
}

impl Pool {
    fn taken(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a slot, if one is free.
    fn take(&self) -> bool {
        let mut taken = self.taken();
        let found = self.read() || *taken == 0;
        *taken += usize::from(found);
        found
    }

    /// Reads a byte, if one is available.
    fn read(&self) -> bool {
        loop {
            match (&self.own_reader).read(&mut [0]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read.is_ok_and(|bytes| bytes == 1),
            }
        }
    }

    /// Writes bytes. If the pipe is full, a command has filled it, and enough slots are free.
    fn put(&self, tokens: usize) {
        let tokens = vec![TOKEN; tokens];
        let mut rest = tokens.as_slice();
        while !rest.is_empty() {
            match (&self.own_writer).write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The pipe cannot be broken: this process holds its read end open.
                Err(_) => return,
            }
        }
    }

    /// Releases a slot. With the last one, the pipe is refilled: missing bytes were lost by killed makes, excess bytes
    /// were forged.
    fn give_back(&self) {
        let mut taken = self.taken();
        *taken = taken.saturating_sub(1);
        let tokens = if *taken == 0 {
            while self.read() {}
            self.limit
        } else {
            1
        };
        self.put(tokens);
    }
}

impl Drop for JobSlot {
    fn drop(&mut self) {
        if let Some(pool) = &self.0 {
            pool.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::process::{Child, Command};

    const GO_ON: &dyn Fn() -> bool = &|| false;

    /// Number of free slots.
    fn free(jobs: &Jobs) -> usize {
        let slots: Vec<_> = std::iter::from_fn(|| jobs.pool.as_ref().unwrap().read().then_some(())).collect();
        jobs.pool.as_ref().unwrap().put(slots.len());
        slots.len()
    }

    #[test]
    fn one_at_a_time_needs_no_pipe() {
        let jobs = Jobs::new(1).unwrap();
        assert_eq!((jobs.limit(), jobs.makeflags()), (1, None));
        assert!(jobs.descriptors().unwrap().is_empty());
        assert!(jobs.begin(GO_ON).is_some());
        assert!(jobs.begin(&|| true).is_none());
    }

    #[test]
    fn slots_are_taken_and_given_back() {
        let jobs = Jobs::new(2).unwrap();
        let (first, second) = (jobs.begin(GO_ON), jobs.begin(GO_ON));
        assert_eq!(free(&jobs), 0);
        let asked = std::cell::Cell::new(0);
        let third_time = || asked.replace(asked.get() + 1) == 2;
        assert!(jobs.begin(&third_time).is_none(), "both are taken");
        drop(first);
        assert_eq!(free(&jobs), 1);
        drop(second);
        assert_eq!(free(&jobs), 2);
    }

    #[test]
    fn lost_slots_are_found_again() {
        let jobs = Jobs::new(3).unwrap();
        let slot = jobs.begin(GO_ON);
        let pool = jobs.pool.as_ref().unwrap();
        assert!(pool.read() && pool.read(), "a make took both others, and was killed");
        drop(slot);
        assert_eq!(free(&jobs), 3);
        assert!(pool.read() && pool.read() && pool.read());
        assert!(jobs.begin(GO_ON).is_some(), "the first part needs none");
        assert_eq!(free(&jobs), 3);
    }

    #[test]
    fn a_full_pipe_does_not_block() {
        let jobs = Jobs::new(2).unwrap();
        let slots = [jobs.begin(GO_ON), jobs.begin(GO_ON)];
        let pool = jobs.pool.as_ref().unwrap();
        pool.put(1 << 20);
        for slot in slots {
            drop(slot);
        }
        assert_eq!(free(&jobs), 2, "what a command made up is gone");
    }

    /// Starts a make in a separate directory below `root`. Each of its six jobs records how many run, in all makes.
    fn make(jobs: &Jobs, root: &Path, name: &str) -> Child {
        let directory = root.join(name);
        std::fs::create_dir(&directory).unwrap();
        let rule = "\t@mkdir ../running/$(notdir $(CURDIR))-$@; ls ../running | wc -l >> ../counts; sleep 0.1; \
                    rmdir ../running/$(notdir $(CURDIR))-$@\n";
        std::fs::write(directory.join("Makefile"), format!("all: 1 2 3 4 5 6\n1 2 3 4 5 6:\n{rule}")).unwrap();
        // The shim of `confine` renumbers descriptors itself; here bash does (other shells accept only one digit).
        let lent = jobs.descriptors().unwrap();
        let mut renaming = String::new();
        for (descriptor, number) in &lent {
            rustix::io::fcntl_setfd(descriptor, rustix::io::FdFlags::empty()).unwrap();
            renaming.push_str(&format!("exec {number}<&{}; ", descriptor.as_raw_fd()));
        }
        let mut command = Command::new("bash");
        command.args(["-c", &format!("{renaming}exec make all")]).current_dir(&directory);
        command.env("MAKEFLAGS", jobs.makeflags().unwrap()).spawn().unwrap()
    }

    #[test]
    fn makes_share_the_slots() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("running")).unwrap();
        let jobs = Jobs::new(3).unwrap();
        let slots = [jobs.begin(GO_ON), jobs.begin(GO_ON)];
        let makes = ["a", "b"].map(|name| make(&jobs, directory.path(), name));
        for mut make in makes {
            assert!(make.wait().unwrap().success());
        }
        let counts = std::fs::read_to_string(directory.path().join("counts")).unwrap();
        let counts: Vec<usize> = counts.lines().map(|line| line.trim().parse().unwrap()).collect();
        assert_eq!(counts.len(), 12, "each job ran");
        assert!(counts.iter().all(|count| *count <= 3), "more than three at once: {counts:?}");
        assert!(counts.contains(&3), "all slots were used: {counts:?}");
        assert_eq!(free(&jobs), 1, "makes gave back what they took");
        drop(slots);
        assert_eq!(free(&jobs), 3);
    }
}
