//! Runs an author's build tools: with the user's rights, in the project directory, ended with all their processes on a
//! signal.
//!
//! Knows nothing of their output files.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use base::environment::Environment;
use base::event::{Event, Report};
use base::interrupt::Interrupt;

/// The number of lines of the tools' output that are kept for a failure.
const MOST_LINES: usize = 10_000;

/// How long tools may take to end after a request to end.
const GRACE: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

/// How long output is read after the exit of the tool.
const REMAINDER: Duration = Duration::from_secs(1);

/// Where tools run.
pub(super) struct ProjectTools<'a> {
    pub(super) project: &'a Path,
    pub(super) environment: &'a Environment,
    pub(super) report: &'a dyn Report,
    pub(super) interrupt: &'a Interrupt,
}

/// The results of tools.
pub(super) struct ToolResults<T> {
    pub(super) success: bool,
    /// The result of reading their standard output.
    pub(super) read: T,
    /// The last lines of their messages.
    pub(super) messages: VecDeque<String>,
}

impl ProjectTools<'_> {
    /// A command with the user's environment.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.project).env_clear().envs(&self.environment.variables).stdin(Stdio::null());
        command
    }

    /// Runs a command whose standard output is read by `read`.
    pub(super) fn run<T: Send>(
        &self,
        mut command: Command,
        read: impl FnOnce(BufReader<UntilExit<'_, ChildStdout>>) -> T + Send,
    ) -> io::Result<ToolResults<Option<T>>> {
        let (messages, stderr) = io::pipe()?;
        command.stdout(Stdio::piped()).stderr(stderr);
        let mut child = start(command)?;
        let stdout = child.stdout.take();
        self.attend(child, messages, |exit| stdout.map(|stdout| read(BufReader::new(UntilExit::new(stdout, exit)))))
    }

    /// Runs a command all of whose output is messages, in the order in which they come.
    pub(super) fn run_talking(&self, mut command: Command) -> io::Result<ToolResults<()>> {
        let (messages, output) = io::pipe()?;
        command.stdout(output.try_clone()?).stderr(output);
        let child = start(command)?;
        self.attend(child, messages, |_| ())
    }

    /// Waits for the end. Both outputs are read at the same time: otherwise the tools would block on a full pipe.
    fn attend<T: Send>(
        &self,
        mut child: Child,
        messages: PipeReader,
        read: impl FnOnce(&Exit) -> T + Send,
    ) -> io::Result<ToolResults<T>> {
        let (over, until_over) = io::pipe()?;
        let (exit, until_exit) = io::pipe()?;
        let exit = &Exit(exit);
        let (read, messages) = std::thread::scope(|scope| {
            scope.spawn(|| self.end_when_interrupted(&child, over));
            scope.spawn(|| wait_without_reaping(&child, until_exit));
            let reading = scope.spawn(|| read(exit));
            let messages = self.messages(UntilExit::new(messages, exit));
            let read = reading.join();
            drop(until_over);
            (read, messages)
        });
        let success = child.wait()?.success();
        let read = read.map_err(|_| io::Error::other("its output could not be read"))?;
        Ok(ToolResults { success, read, messages })
    }

    /// If a signal comes before the tools have ended, ends them and all processes that they started. They have ended when
    /// `over` has no writer left.
    fn end_when_interrupted(&self, child: &Child, over: PipeReader) {
        let mut watched = [PollFd::new(&over, PollFlags::IN), PollFd::new(self.interrupt, PollFlags::IN)];
        while matches!(poll(&mut watched, None), Err(Errno::INTR)) {}
        if !watched[0].revents().is_empty() {
            return;
        }
        // The status of the first process was not read yet, so its number still belongs to it, and to its group.
        let group = Pid::from_child(child);
        let _ = kill_process_group(group, Signal::TERM);
        let mut watched = [PollFd::new(&over, PollFlags::IN)];
        while matches!(poll(&mut watched, Some(&GRACE)), Err(Errno::INTR)) {}
        if watched[0].revents().is_empty() {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// The output of the tools; each line is reported as progress when it comes.
    fn messages(&self, output: impl Read) -> VecDeque<String> {
        let mut messages = VecDeque::new();
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            self.report.report(Event::Progress { activity: line.trim() });
            if messages.len() == MOST_LINES {
                messages.pop_front();
            }
            messages.push_back(line);
        }
        self.report.report(Event::ProgressEnd);
        messages
    }

    /// Shows the messages of tools that failed, unchanged.
    pub(super) fn show(&self, package: &str, messages: &VecDeque<String>) {
        for line in messages {
            self.report.report(Event::Output { part: package, lines: line });
        }
    }
}

/// Becomes readable when the tool has exited.
struct Exit(PipeReader);

/// Waits until the child exits, and leaves its status to others.
fn wait_without_reaping(child: &Child, exit: PipeWriter) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while matches!(waitid(WaitId::Pid(Pid::from_child(child)), options), Err(Errno::INTR)) {}
    drop(exit);
}

/// Output of a tool, up to its exit: a process that it left in the background may keep the output open for ever.
pub(super) struct UntilExit<'a, R> {
    output: R,
    exit: &'a Exit,
    /// When reading ends, even if there is more to read.
    end: Option<Instant>,
}

impl<'a, R> UntilExit<'a, R> {
    fn new(output: R, exit: &'a Exit) -> Self {
        Self { output, exit, end: None }
    }
}

impl<R: Read + AsFd> Read for UntilExit<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut watched = [PollFd::new(&self.output, PollFlags::IN), PollFd::new(&self.exit.0, PollFlags::IN)];
        while matches!(poll(&mut watched, None), Err(Errno::INTR)) {}
        let (has_output, has_exited) = (!watched[0].revents().is_empty(), !watched[1].revents().is_empty());
        if has_exited {
            let end = *self.end.get_or_insert_with(|| Instant::now() + REMAINDER);
            if !has_output || Instant::now() > end {
                return Ok(0);
            }
        }
        self.output.read(buffer)
    }
}

/// Starts a command as the leader of a process group. The descriptors passed to it are closed here, so that the end of
/// its output is noticed.
fn start(mut command: Command) -> io::Result<Child> {
    command.process_group(0).spawn()
}
