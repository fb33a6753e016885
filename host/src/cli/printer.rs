//! The only printer: takes events and writes them to standard output, progress to a terminal's standard error.
//!
//! A closed output (`buildout | head`) is not an error: what cannot be shown any more is dropped and the work goes on. It
//! also goes on when an output cannot be written for another reason (a full disk), but then the program fails in the end.
//! What the host or a recipe says is shown without credentials; what was asked for by name is shown as it is.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use crate::event::{Event, Level, Report};
use crate::source::{neutralise, redact};

use super::log_format::{LogFormat, Record, now};

/// How messages are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Style {
    /// Lines, as `log-format` says.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Prints events.
pub(super) struct Printer {
    style: Style,
    /// Several parts are made at once: each line says whose it is.
    several: bool,
    stdout_is_terminal: bool,
    stderr_is_terminal: bool,
    settings: Mutex<Settings>,
}

struct Settings {
    /// Messages below this number are not shown (Python's numbers).
    threshold: i32,
    format: LogFormat,
    progress_shown: bool,
    /// The first failure to write to standard output.
    failure: Option<io::Error>,
}

impl Printer {
    pub(super) fn new(style: Style, several: bool) -> Self {
        let (threshold, format) = (Level::Info as i32, LogFormat::default());
        let settings = Settings { threshold, format, progress_shown: false, failure: None };
        Self {
            style,
            several,
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            settings: Mutex::new(settings),
        }
    }

    /// What the configuration says of level and format.
    pub(super) fn configure(&self, threshold: i32, format: LogFormat) {
        let mut settings = self.lock();
        settings.threshold = threshold;
        settings.format = format;
    }

    /// Writes text that was asked for (`config`, `query`, `plan`), whatever the log level.
    pub(super) fn text(&self, text: &str) {
        self.write(&mut self.lock(), text);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, settings: &mut Settings, text: &str) {
        self.clear_progress(settings);
        let mut text = if self.stdout_is_terminal { neutralise(text) } else { text.to_owned() };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let mut stdout = std::io::stdout().lock();
        if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
            // The reader has gone; the run's work matters more than its lines.
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            settings.failure.get_or_insert(error);
        }
    }

    /// Why something could not be written to standard output, if so.
    pub(super) fn take_failure(&self) -> Option<io::Error> {
        self.lock().failure.take()
    }

    /// Writes what the host or a recipe says.
    fn say(&self, settings: &mut Settings, text: &str) {
        self.write(settings, &redact(text));
    }

    /// Writes one event, with the time, as a line of JSON.
    fn json(&self, mut event: serde_json::Value) {
        event["time"] = now().into();
        self.write(&mut self.lock(), &event.to_string());
    }

    fn clear_progress(&self, settings: &mut Settings) {
        if std::mem::take(&mut settings.progress_shown) {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    fn progress(&self, activity: &str) {
        if !self.stderr_is_terminal {
            return;
        }
        let mut settings = self.lock();
        self.clear_progress(&mut settings);
        let _ = write!(std::io::stderr(), "{}…", neutralise(activity));
        settings.progress_shown = true;
    }
}

impl Report for Printer {
    fn report(&self, event: Event<'_>) {
        match (event, self.style) {
            (Event::Progress { activity }, _) => self.progress(activity),
            (
                Event::PartsPlanned { .. }
                | Event::PartBegan { .. }
                | Event::PartActivity { .. }
                | Event::CommandLine { .. }
                | Event::Download { .. }
                | Event::PartEnded { .. },
                _,
            ) => {}
            (Event::ProgressEnd, _) => self.clear_progress(&mut self.lock()),
            (Event::Log { level, .. }, _) if !self.wants(level) => {}
            (Event::Log { logger, level, message }, Style::Text) => {
                let mut settings = self.lock();
                let line = settings.format.line(&Record { logger, level, message });
                self.say(&mut settings, &line);
            }
            (Event::Text { level, .. }, _) if !self.wants(level) => {}
            (Event::Text { text, .. }, Style::Text) => self.say(&mut self.lock(), text),
            (Event::Text { text, .. }, Style::Json) => self.json(json!({"event": "text", "text": redact(text)})),
            (Event::Output { part, line }, Style::Text) if self.several => {
                let mut settings = self.lock();
                let line = settings.format.line(&Record { logger: part, level: Level::Info, message: line });
                self.say(&mut settings, &line);
            }
            (Event::Output { line, .. }, Style::Text) => self.say(&mut self.lock(), line),
            (Event::Log { logger, level, message }, Style::Json) => {
                self.json(json!({"event": "log", "logger": logger, "level": level.name(), "message": redact(message)}));
            }
            (Event::Output { part, line }, Style::Json) => {
                self.json(json!({"event": "output", "part": part, "line": redact(line)}));
            }
        }
    }

    fn wants(&self, level: Level) -> bool {
        level as i32 >= self.lock().threshold
    }
}
