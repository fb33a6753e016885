//! Reads a line from the terminal without echo.
//!
//! Does not know what the line is for. The echo is restored in any case.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use base::interrupt::Interrupt;

/// Maximum length of a line: a terminal passes on at most this much at once.
const LONGEST: usize = 4096;

/// Why no line was read.
#[derive(Debug)]
pub(super) enum PromptError {
    /// The terminal cannot be used.
    Terminal(io::Error),
    /// This signal arrived.
    Interrupted(i32),
}

impl From<io::Error> for PromptError {
    fn from(error: io::Error) -> Self {
        Self::Terminal(error)
    }
}

/// Prints the question, and returns the line without its line end.
pub(super) fn hidden_line(question: &str, interrupt: &Interrupt) -> Result<Zeroizing<Vec<u8>>, PromptError> {
    let terminal = Arc::new(File::options().read(true).write(true).open("/dev/tty")?);
    let _watch = interrupt.watch();
    let _hidden = Hidden::new(&terminal, interrupt)?;
    (&*terminal).write_all(question.as_bytes())?;
    wait(&terminal, interrupt)?;
    let mut line = Zeroizing::new(vec![0; LONGEST]);
    let length = (&*terminal).read(&mut line)?;
    if length == 0 {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    line.truncate(length);
    while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        line.pop();
    }
    Ok(line)
}

/// Waits for a line or a signal.
fn wait(terminal: &File, interrupt: &Interrupt) -> Result<(), PromptError> {
    loop {
        if let Some(signal) = interrupt.signal() {
            return Err(PromptError::Interrupted(signal));
        }
        let mut waiting = [PollFd::new(terminal, PollFlags::IN), PollFd::new(interrupt, PollFlags::IN)];
        match poll(&mut waiting, None) {
            Ok(_) if waiting[1].revents().is_empty() => return Ok(()),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
    }
}

/// While it exists, the terminal does not echo.
struct Hidden {
    terminal: Arc<File>,
    before: Termios,
}

impl Hidden {
    fn new(terminal: &Arc<File>, interrupt: &Interrupt) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let hidden = Self { terminal: Arc::clone(terminal), before: before.clone() };
        let (at_signal, modes) = (Arc::clone(terminal), before.clone());
        // A second signal ends the process at once, before anything is dropped.
        interrupt.on_raise(move || show(&at_signal, &modes));
        let mut modes = before;
        modes.local_modes.remove(LocalModes::ECHO);
        modes.local_modes.insert(LocalModes::ECHONL | LocalModes::ICANON);
        tcsetattr(terminal, OptionalActions::Flush, &modes)?;
        Ok(hidden)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        show(&self.terminal, &self.before);
    }
}

fn show(terminal: &File, modes: &Termios) {
    // Best effort: nothing else can restore the echo.
    let _ = tcsetattr(terminal, OptionalActions::Now, modes);
}
