//! What happens during a run, told as events; and the trait through which they are told.
//!
//! Knows nothing of terminals, formats or levels that a person chose: `cli` decides what is shown and how.

use std::time::Duration;

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

/// How a part's turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartOutcome {
    /// It was installed.
    Installed,
    /// It was updated, or its install ran again.
    Updated,
    /// It was removed.
    Uninstalled,
    /// It could not be made.
    Failed,
}

impl PartOutcome {
    /// The name that programs read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Updated => "updated",
            Self::Uninstalled => "uninstalled",
            Self::Failed => "failed",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A log message. `logger` is `buildout` for the host itself, the part's name for a recipe.
    Log {
        /// Who says it.
        logger: &'a str,
        /// How severe it is.
        level: Level,
        /// The text, without line end.
        message: &'a str,
    },
    /// Whole lines that a recipe, or a command that it shows, printed; shown whatever the log level.
    Output {
        /// The part whose recipe printed them.
        part: &'a str,
        /// One or more lines, the last without line end.
        lines: &'a str,
    },
    /// A text of several lines, shown as it is from this level on (the configuration at debug level).
    Text {
        /// From which level on it is shown.
        level: Level,
        /// The text, with its line ends.
        text: &'a str,
    },
    /// So many parts are going to be made, now that what is gone or changed was removed. Told twice where the buildout makes
    /// its own Python first.
    PartsPlanned {
        /// How many.
        count: usize,
    },
    /// A part's turn began.
    PartBegan {
        /// The part.
        part: &'a str,
        /// What is done with it, as the log says it, e.g. `Installing`.
        step: &'a str,
    },
    /// What is being done for a part now, for the live display, e.g. `configure`.
    PartActivity {
        /// The part.
        part: &'a str,
        /// What is being done.
        activity: &'a str,
    },
    /// A line that a native command of a part printed. It is in the part's log; the live display shows the last one.
    CommandLine {
        /// The part.
        part: &'a str,
        /// The line, without line end.
        line: &'a str,
    },
    /// Bytes of a download have arrived.
    Download {
        /// The part that wants it; empty for a profile.
        part: &'a str,
        /// Where it comes from, without credentials.
        url: &'a str,
        /// Bytes so far.
        done: u64,
        /// Bytes in all, where the server tells.
        total: Option<u64>,
    },
    /// A part's turn ended.
    PartEnded {
        /// The part.
        part: &'a str,
        /// How.
        outcome: PartOutcome,
        /// How long it took.
        elapsed: Duration,
    },
    /// Long work began or went on (compiling a component, downloading a profile): shown on a terminal only.
    Progress {
        /// What is being done, e.g. `Compiling recipes`.
        activity: &'a str,
    },
    /// The activity told last by `Progress` is over.
    ProgressEnd,
}

/// Where events go.
pub trait Report: Send + Sync {
    /// Takes one event. Must not fail: a closed output is the receiver's business.
    fn report(&self, event: Event<'_>);

    /// Whether anybody sees messages of this level: what is costly to put together can be left out.
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

/// Swallows every event.
pub struct Silent;

impl Report for Silent {
    fn report(&self, _event: Event<'_>) {}
}
