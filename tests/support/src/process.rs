//! A process that runs while a test looks at it. Every wait has an end, and the process ends with the value.

use std::io::Read;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait::{wait_for, wait_until};

/// A running process, whose output is read as it comes.
#[derive(Debug)]
pub struct RunningProcess {
    child: Child,
    stdout: ProcessStream,
    stderr: ProcessStream,
}

/// How a process ended, and what it printed.
#[derive(Debug)]
pub struct EndedProcess {
    /// The exit code; none after a signal.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

#[derive(Debug)]
struct ProcessStream {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl RunningProcess {
    /// Starts the command.
    pub fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = ProcessStream::of(child.stdout.take().expect("a pipe"));
        let stderr = ProcessStream::of(child.stderr.take().expect("a pipe"));
        Self { child, stdout, stderr }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Waits until its standard output has these words.
    #[track_caller]
    pub fn until(&mut self, words: &str) {
        wait_for(&format!("the output has {words:?}"), || {
            // In this order: what it printed last is read after it has ended.
            let is_over = self.is_over() && self.stdout.is_read();
            let text = self.stdout();
            let found = text.contains(words);
            assert!(found || !is_over, "it ended without {words:?}:\n{text}{}", self.stderr.text());
            found.then_some(())
        });
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Whether it has ended.
    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_some()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> EndedProcess {
        let status = wait_for("the process ends", || self.child.try_wait().expect("a child"));
        wait_until("its output ends", || self.stdout.is_read() && self.stderr.is_read());
        let (stdout, stderr) = (self.stdout.text(), self.stderr.text());
        EndedProcess { code: status.code(), signal: status.signal(), stdout, stderr }
    }
}

impl Drop for RunningProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl ProcessStream {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..count]);
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn is_read(&self) -> bool {
        self.reader.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl EndedProcess {
    /// What it printed, standard output first.
    pub fn printed(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}
