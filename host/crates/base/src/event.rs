//! Events that report the progress of a run, and the trait that receives them.
//!
//! Does not know about terminals, formats or chosen log levels: `cli` decides what is shown and how.

use std::time::Duration;

use crate::remedy::Remedy;

/// Severity of a log message, with the numbers of Python's `logging`, which `log-level` uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 10
    Debug = 10,
    /// 20
    Info = 20,
    /// 30
    Warning = 30,
    /// 40
    Error = 40,
    /// 50
    Critical = 50,
}

impl Level {
    /// The name that `%(levelname)s` prints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
        }
    }
}

/// How work on a part ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartOutcome {
    /// It was installed.
    Installed,
    /// It was installed from a cache.
    Fetched,
    /// Another machine built it, and it was installed from there.
    BuiltThere,
    /// It was updated, or its install ran again.
    Updated,
    /// It was removed.
    Uninstalled,
    /// It could not be installed.
    Failed,
}

impl PartOutcome {
    /// The machine-readable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Fetched => "fetched",
            Self::BuiltThere => "built-there",
            Self::Updated => "updated",
            Self::Uninstalled => "uninstalled",
            Self::Failed => "failed",
        }
    }
}

/// A single event.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A log message. `logger` is `buildout` for the host itself, the part's name for a recipe.
    Log {
        /// The source of the message.
        logger: &'a str,
        /// How severe it is.
        level: Level,
        /// The text, without line end.
        message: &'a str,
    },
    /// Whole lines printed by a recipe, or by a command whose output it shows; shown at any log level.
    Output {
        /// The part whose recipe printed them.
        part: &'a str,
        /// One or more lines, the last without line end.
        lines: &'a str,
    },
    /// What the user can do about the last message.
    Remedy {
        /// It.
        remedy: &'a Remedy,
    },
    /// A string of several lines, shown unchanged from this level on (the configuration at debug level).
    Text {
        /// The lowest level at which it is shown.
        level: Level,
        /// The text, with its line ends.
        text: &'a str,
    },
    /// This many parts are going to be installed; removed and changed parts are already uninstalled. Reported twice if
    /// the buildout builds its Python first.
    PartsPlanned {
        /// The number of parts.
        count: usize,
    },
    /// Work on a part started.
    PartBegan {
        /// The part.
        part: &'a str,
        /// The operation, as in the log, e.g. `Installing`.
        step: &'a str,
    },
    /// The current activity for a part, for the live display, e.g. `configure`.
    PartActivity {
        /// The part.
        part: &'a str,
        /// The activity.
        activity: &'a str,
    },
    /// A line printed by a native command of a part. It is written to the part's log; the live display shows the last
    /// one.
    CommandLine {
        /// The part.
        part: &'a str,
        /// The line, without line end.
        line: &'a str,
    },
    /// Bytes of a download have arrived.
    Download {
        /// The part that needs it; empty for a profile.
        part: &'a str,
        /// Where it comes from, without credentials.
        url: &'a str,
        /// Bytes received so far.
        done: u64,
        /// Total number of bytes, if the server reports it.
        total: Option<u64>,
    },
    /// Work on a part ended.
    PartEnded {
        /// The part.
        part: &'a str,
        /// The outcome.
        outcome: PartOutcome,
        /// How long it took.
        elapsed: Duration,
    },
    /// Long work started or continued (compiling a component, downloading a profile): shown on a terminal only.
    Progress {
        /// The activity, e.g. `Compiling recipes`.
        activity: &'a str,
    },
    /// The activity last reported by `Progress` is over.
    ProgressEnd,
}

/// Receives events.
pub trait Report: Send + Sync {
    /// Receives one event. Must not fail: the receiver handles a closed output itself.
    fn report(&self, event: Event<'_>);

    /// Whether messages of this level are shown. If not, costly messages need not be built.
    fn wants(&self, _level: Level) -> bool {
        true
    }
}

impl dyn Report + '_ {
    /// Logs as the host (`buildout`).
    pub fn log(&self, level: Level, message: &str) {
        self.report(Event::Log { logger: "buildout", level, message });
    }
}

/// Ignores every event.
pub struct Silent;

impl Report for Silent {
    fn report(&self, _event: Event<'_>) {}
}
