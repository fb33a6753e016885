//! Reads a line from the terminal without echo.
//!
//! Does not know what the line is for. The echo is restored in any case, even while the process is suspended.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGQUIT, SIGTSTP};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;
use zeroize::Zeroizing;

use super::signals::ignored_signals;
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
    let _hidden = Hidden::new(&terminal, question, interrupt)?;
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
    /// Ends with the value.
    keeper: Option<TerminalKeeper>,
}

impl Hidden {
    fn new(terminal: &Arc<File>, question: &str, interrupt: &Interrupt) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let (at_signal, modes) = (Arc::clone(terminal), before.clone());
        // A second signal ends the process at once, before anything is dropped.
        interrupt.on_raise(move || show(&at_signal, &modes));
        let mut hidden = Self { terminal: Arc::clone(terminal), before: before.clone(), keeper: None };
        hidden.keeper = Some(TerminalKeeper::start(terminal, before.clone(), question.to_owned())?);
        ask(terminal, &before, OptionalActions::Flush, question)?;
        Ok(hidden)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // First: it hides the input again when the process continues.
        self.keeper.take();
        show(&self.terminal, &self.before);
    }
}

/// Stops the echo, and prints the question.
fn ask(mut terminal: &File, before: &Termios, when: OptionalActions, question: &str) -> io::Result<()> {
    let mut modes = before.clone();
    modes.local_modes.remove(LocalModes::ECHO);
    modes.local_modes.insert(LocalModes::ECHONL | LocalModes::ICANON);
    tcsetattr(terminal, when, &modes)?;
    terminal.write_all(question.as_bytes())
}

fn show(terminal: &File, modes: &Termios) {
    // Best effort: nothing else can restore the echo.
    let _ = tcsetattr(terminal, OptionalActions::Now, modes);
}

/// Restores the echo before SIGQUIT ends, or SIGTSTP suspends the process, and stops it again when the process continues.
struct TerminalKeeper {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl TerminalKeeper {
    fn start(terminal: &Arc<File>, before: Termios, question: String) -> io::Result<Self> {
        let ignored = ignored_signals();
        let mut signals = Signals::new(KEPT.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0))?;
        default_action()?.store(false, Ordering::SeqCst);
        let (handle, terminal) = (signals.handle(), Arc::clone(terminal));
        let keep = move || {
            for signal in signals.forever() {
                show(&terminal, &before);
                // Returns when the process continues. A failure means that the signal is ignored.
                let _ = emulate_default_handler(signal);
                let _ = ask(&terminal, &before, OptionalActions::Now, &question);
            }
        };
        let thread = std::thread::Builder::new().name("prompt".into()).spawn(keep)?;
        Ok(Self { handle, thread: Some(thread) })
    }
}

impl Drop for TerminalKeeper {
    fn drop(&mut self) {
        self.handle.close();
        // It does not panic.
        let _ = self.thread.take().map(JoinHandle::join);
        if let Ok(default) = default_action() {
            default.store(true, Ordering::SeqCst);
        }
    }
}

/// The signals that the keyboard sends and that nothing else handles.
const KEPT: [i32; 2] = [SIGQUIT, SIGTSTP];

/// Whether these signals have their default action, which they lose when they are first handled.
fn default_action() -> io::Result<&'static AtomicBool> {
    static DEFAULT: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    if let Some(default) = DEFAULT.get() {
        return Ok(default);
    }
    let default = Arc::new(AtomicBool::new(true));
    let ignored = ignored_signals();
    for signal in KEPT.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0) {
        register_conditional_default(signal, Arc::clone(&default))?;
    }
    Ok(DEFAULT.get_or_init(|| default))
}
