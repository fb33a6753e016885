//! The only printer: receives events and writes them to standard output, and progress to standard error if that is a
//! terminal. If another program reads the result of a command, messages go to standard error, too.
//!
//! A closed output (`buildout | head`) is not an error: further output is dropped and the work continues. The work also
//! continues if output fails for another reason (a full disk), but then the program fails at the end.
//! Messages are printed without credentials. Control characters are escaped for any destination, as viewers of build
//! logs and pagers obey them, too. Only the requested output of a command is verbatim, unless it goes to a terminal.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base::environment::Environment;
use base::event::{Event, Level, PartOutcome, Report};
use base::source::{printable, printable_json, redact};

use super::json_events;
use super::live::{Live, Room};
use super::log_format::{LogFormat, Record};
use super::summary::Summary;
use crate::cli::arguments::{Color, is_dumb};
use crate::cli::hints;

/// How often the live display is redrawn.
const TICK: Duration = Duration::from_millis(100);
/// Minimum duration of a run for a summary on a terminal.
const SUMMARY_ON_TERMINAL: Duration = Duration::from_secs(1);
/// Minimum duration of a run for a summary in a log.
const SUMMARY_IN_LOG: Duration = Duration::from_secs(10);

/// How messages are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Style {
    /// Lines in the format of the option `log-format`
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

/// Settings of the printer from the command line and the environment.
pub(in crate::cli) struct PrinterSettings<'a> {
    pub(in crate::cli) style: Style,
    /// Several parts may run at once, so each line of output is prefixed with the name of its part.
    pub(in crate::cli) several: bool,
    /// Standard output contains only the result of the command, which other programs read; messages go to standard error.
    pub(in crate::cli) result_only: bool,
    pub(in crate::cli) color: Color,
    pub(in crate::cli) environment: &'a Environment,
}

/// Prints events.
pub(in crate::cli) struct Printer(Arc<Console>);

struct Console {
    style: Style,
    several: bool,
    result_only: bool,
    stdout_is_terminal: bool,
    /// Standard error is a terminal with cursor movement.
    draws: bool,
    colors: bool,
    state: Mutex<ConsoleState>,
    finished: Condvar,
}

struct ConsoleState {
    /// Messages below this number are not printed (Python's numbers).
    threshold: i32,
    format: LogFormat,
    live: Live,
    summary: Summary,
    /// The lines of the live display, below the log on the terminal.
    drawn: Vec<String>,
    /// Whether the drawing thread is running.
    ticking: bool,
    is_finished: bool,
    /// The first error of writing to standard output.
    failure: Option<io::Error>,
}

impl Printer {
    pub(in crate::cli) fn new(settings: &PrinterSettings<'_>) -> Self {
        let &PrinterSettings { style, several, result_only, color, environment } = settings;
        let state = ConsoleState {
            threshold: Level::Info as i32,
            format: LogFormat::default(),
            live: Live::default(),
            summary: Summary::default(),
            drawn: Vec::new(),
            ticking: false,
            is_finished: false,
            failure: None,
        };
        let stderr_is_terminal = io::stderr().is_terminal();
        Self(Arc::new(Console {
            style,
            several,
            result_only,
            stdout_is_terminal: io::stdout().is_terminal(),
            draws: stderr_is_terminal && style == Style::Text && !is_dumb(environment),
            colors: color.wanted(stderr_is_terminal, environment),
            state: Mutex::new(state),
            finished: Condvar::new(),
        }))
    }

    /// Applies level and format from the configuration.
    pub(in crate::cli) fn configure(&self, threshold: i32, format: LogFormat) {
        let mut state = self.0.lock();
        state.threshold = threshold;
        state.format = format;
    }

    /// Writes the result of a command, regardless of the log level.
    pub(in crate::cli) fn text(&self, text: &str) {
        self.0.write(&mut self.0.lock(), &printable(text));
    }

    /// Writes one or more JSON objects.
    pub(in crate::cli) fn json(&self, json: &str) {
        self.0.write(&mut self.0.lock(), &printable_json(json));
    }

    /// Writes content of the user's own files that was requested: unchanged if it goes to a pipe or a file.
    pub(in crate::cli) fn verbatim(&self, text: &str) {
        if self.0.stdout_is_terminal {
            return self.text(text);
        }
        self.0.write(&mut self.0.lock(), text);
    }

    /// The error of writing to standard output, if any.
    pub(in crate::cli) fn take_failure(&self) -> Option<io::Error> {
        self.0.lock().failure.take()
    }

    /// Ends the output: removes the live display and prints the summary. Nothing is drawn afterwards.
    pub(in crate::cli) fn finish(&self) {
        let shared = &*self.0;
        let mut state = shared.lock();
        state.is_finished = true;
        shared.clear(&mut state);
        shared.finished.notify_all();
        if shared.style == Style::Text && Level::Info as i32 >= state.threshold {
            shared.write_summary(&mut state);
        }
    }
}

impl Console {
    fn lock(&self) -> MutexGuard<'_, ConsoleState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, state: &mut ConsoleState, text: &str) {
        if self.stdout_is_terminal {
            self.clear(state);
        }
        let text = ended(text);
        let mut stdout = io::stdout().lock();
        if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
            // The reader has closed its end; the run's work matters more than its output.
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            state.failure.get_or_insert(error);
        }
    }

    /// Writes what the host, a recipe or a command reports.
    fn write_message(&self, state: &mut ConsoleState, text: &str) {
        let text = printable(&redact(text));
        if self.result_only {
            self.clear(state);
            // A lost message is no lost result.
            let _ = io::stderr().write_all(ended(&text).as_bytes());
        } else {
            self.write(state, &text);
        }
    }

    /// Writes a message of `logger`, in the format of `log-format`.
    fn log(&self, state: &mut ConsoleState, logger: &str, level: Level, message: &str) {
        let line = state.format.line(&Record { logger, level, message });
        self.write_message(state, &line);
    }

    /// Removes the live display from the terminal.
    fn clear(&self, state: &mut ConsoleState) {
        let drawn = std::mem::take(&mut state.drawn).len();
        if drawn > 0 {
            let _ = io::stderr().write_all(erase(drawn).as_bytes());
        }
    }

    /// Draws the live display if it has changed. With `-q`, nothing is drawn.
    fn draw(&self, state: &mut ConsoleState) {
        if !self.draws || state.is_finished || (Level::Info as i32) < state.threshold {
            return;
        }
        let (height, width) = console::Term::stderr().size();
        let room = Room { width: width.into(), height: height.into(), colors: self.colors };
        let lines = state.live.lines(Instant::now(), room);
        if lines != state.drawn {
            let text = format!("{}{}", erase(state.drawn.len()), lines.join("\n"));
            let _ = io::stderr().write_all(text.as_bytes());
            state.drawn = lines;
        }
    }

    /// Starts the drawing thread when the first part starts.
    fn start_ticking(self: &Arc<Self>, state: &mut ConsoleState) {
        if !std::mem::replace(&mut state.ticking, true) {
            let shared = Arc::clone(self);
            // Without the thread nothing is drawn, but parts can still be installed.
            let _ = std::thread::Builder::new().name("progress".into()).spawn(move || shared.tick());
        }
    }

    fn tick(&self) {
        let mut state = self.lock();
        while !state.is_finished {
            state = self.finished.wait_timeout(state, TICK).unwrap_or_else(PoisonError::into_inner).0;
            self.draw(&mut state);
        }
    }

    fn show_activity(&self, activity: Option<&str>) {
        if self.draws {
            let mut state = self.lock();
            state.live.set_activity(activity);
            self.draw(&mut state);
        }
    }

    fn write_summary(&self, state: &mut ConsoleState) {
        let least = if self.draws { SUMMARY_ON_TERMINAL } else { SUMMARY_IN_LOG };
        let Some(lines) = state.summary.lines(Instant::now(), least) else { return };
        if self.draws {
            let text = printable(&lines.join("\n"));
            let _ = writeln!(io::stderr(), "{text}");
        } else {
            let message = lines.join("\n");
            self.log(state, "buildout", Level::Info, &message);
        }
    }

    fn text_event(self: &Arc<Self>, event: Event<'_>) {
        match event {
            Event::Log { logger, level, message } if self.wants(level) => {
                self.log(&mut self.lock(), logger, level, message);
            }
            Event::Text { level, text } if self.wants(level) => self.write_message(&mut self.lock(), text),
            Event::Log { .. } | Event::Text { .. } | Event::Remedy { .. } => {}
            Event::Output { part, lines } if self.several => {
                let lines = lines.replace("\r\n", "\n");
                let mut state = self.lock();
                let line = |message| state.format.line(&Record { logger: part, level: Level::Info, message });
                let text = lines.split('\n').map(line).collect::<Vec<_>>().join("\n");
                self.write_message(&mut state, &text);
            }
            // The last line may be empty.
            Event::Output { lines, .. } => {
                self.write_message(&mut self.lock(), &format!("{}\n", lines.replace("\r\n", "\n")));
            }
            Event::CommandLine { part, line } if self.wants(Level::Debug) => {
                self.log(&mut self.lock(), part, Level::Debug, line);
            }
            Event::Progress { activity } => self.show_activity(Some(activity)),
            Event::ProgressEnd => self.show_activity(None),
            Event::PartsPlanned { count } => {
                let (mut state, now) = (self.lock(), Instant::now());
                state.summary.planned(now);
                state.live.planned(count, now);
            }
            Event::PartEnded { part, outcome, elapsed } => self.part_ended(part, outcome, elapsed),
            Event::PartBegan { .. } => {
                self.lock().summary.planned(Instant::now());
                if self.draws {
                    self.live_event(event);
                }
            }
            Event::PartActivity { .. } | Event::CommandLine { .. } | Event::Download { .. } => {
                if self.draws {
                    self.live_event(event);
                }
            }
        }
    }

    /// Handles events that only affect the live display.
    fn live_event(self: &Arc<Self>, event: Event<'_>) {
        let mut state = self.lock();
        match event {
            Event::PartBegan { part, step } => {
                state.live.part_began(part, step, Instant::now());
                self.start_ticking(&mut state);
            }
            Event::PartActivity { part, activity } => state.live.set_phase(part, activity),
            Event::CommandLine { part, line } => state.live.set_line(part, line),
            Event::Download { part, url, done, total } => {
                state.live.set_line(part, &format!("{} {url}", downloaded(done, total)));
            }
            _ => {}
        }
    }

    fn part_ended(&self, part: &str, outcome: PartOutcome, elapsed: Duration) {
        let mut state = self.lock();
        let is_made = outcome != PartOutcome::Uninstalled;
        if is_made {
            state.summary.part_ended(part, outcome, elapsed);
        }
        if self.draws {
            state.live.part_ended(part, is_made);
        }
    }

    fn wants(&self, level: Level) -> bool {
        level as i32 >= self.lock().threshold
    }
}

impl Report for Printer {
    fn report(&self, event: Event<'_>) {
        if let Event::Remedy { remedy } = event {
            let message = format!("Hint: {}", hints::sentence(remedy));
            return self.report(Event::Log { logger: "buildout", level: Level::Warning, message: &message });
        }
        let shared = &self.0;
        match shared.style {
            Style::Text => shared.text_event(event),
            Style::Json => {
                if let Some(line) = json_events::line(event, &|level| shared.wants(level)) {
                    shared.write(&mut shared.lock(), &printable_json(&line));
                }
            }
        }
    }

    fn wants(&self, level: Level) -> bool {
        self.0.wants(level)
    }
}

/// The text with the end of its last line.
fn ended(text: &str) -> String {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{end}")
}

/// Control sequence that erases this many lines, the last of which has no line end: moves to the first, and clears
/// everything below (ECMA-48: CUU, ED).
fn erase(lines: usize) -> String {
    match lines {
        0 => String::new(),
        1 => "\r\x1b[J".to_owned(),
        lines => format!("\r\x1b[{}A\x1b[J", lines - 1),
    }
}

/// The progress of a download.
fn downloaded(done: u64, total: Option<u64>) -> String {
    let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
    match total {
        Some(total) => format!("{}/{} MB", megabytes(done), megabytes(total)),
        None => format!("{} MB", megabytes(done)),
    }
}
