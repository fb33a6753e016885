//! The output of a part's native commands: all of it in a file, each line as an event, the last lines for the error.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::limits;
use base::event::{Event, Level, Report};
use base::files::{open_regular, recreate};
use confine::{CommandPolicy, CommandStream, ConfinementLevel};

/// The log of one call's commands.
pub(crate) struct CommandLog {
    part: Arc<str>,
    report: Arc<dyn Report>,
    path: PathBuf,
    /// `None` if the call has none, or if it could not be created or can no longer be written.
    file: Option<BufWriter<File>>,
    bytes_left: u64,
    tail: VecDeque<String>,
    /// Incomplete lines: of standard output, of standard error.
    open: [Vec<u8>; 2],
    /// Whether lines of each stream are shown as they come.
    show: [bool; 2],
    /// Complete lines that are to be shown: lines that come together are reported together, because there may be
    /// millions.
    shown: String,
}

/// A command that failed: for the error of the recipe that fails because of it.
#[derive(Clone, Debug)]
pub(crate) struct FailedCommand {
    /// The command as a person would type it.
    pub(crate) line: String,
    /// How it ended.
    pub(crate) ending: String,
    /// The restrictions of its confinement, if there were any.
    pub(crate) confined: Option<String>,
    /// Its last lines.
    pub(crate) tail: Vec<String>,
    /// The file with its complete output.
    pub(crate) log: Option<PathBuf>,
}

/// What the first line of a log starts with; the name of the part follows. Only a file that starts so is replaced or removed
/// where other files may be.
pub(crate) const HEADER: &str = "# buildout-host: commands of part ";

/// Whether the file is a log of a part's commands.
pub fn is_command_log(path: &Path) -> bool {
    let mut start = [0; HEADER.len()];
    let is_link = path.symlink_metadata().is_ok_and(|found| found.is_symlink());
    !is_link
        && open_regular(path).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && start == *HEADER.as_bytes()
}

impl CommandLog {
    /// Starts the log of a part again. A log that cannot be written is reported, and does not fail the part. Where other files
    /// may be (`is_own_place` is false), only a log is replaced.
    pub(crate) fn begin(part: &Arc<str>, path: PathBuf, is_own_place: bool, report: &Arc<dyn Report>) -> Self {
        let is_free = is_own_place || path.symlink_metadata().is_err() || is_command_log(&path);
        let created = if is_free { recreate(&path) } else { Err(io::Error::other("another file is there")) };
        let file = match created {
            Ok(file) => Some(BufWriter::new(file)),
            Err(error) => {
                let message = format!("Cannot write a log to {}: {error}", path.display());
                report.report(Event::Log { logger: part, level: Level::Warning, message: &message });
                None
            }
        };
        let mut log = Self { file, path, ..Self::without_file(part, report) };
        log.keep(format!("{HEADER}{part}\n").as_bytes());
        log
    }

    /// A log that keeps no file: of a call that makes nothing.
    pub(crate) fn without_file(part: &Arc<str>, report: &Arc<dyn Report>) -> Self {
        Self {
            part: Arc::clone(part),
            report: Arc::clone(report),
            path: PathBuf::new(),
            file: None,
            bytes_left: limits::COMMAND_LOG,
            tail: VecDeque::new(),
            open: Default::default(),
            show: [false; 2],
            shown: String::new(),
        }
    }

    /// Starts a command.
    pub(crate) fn command(&mut self, line: &str, show: [bool; 2]) {
        self.tail.clear();
        self.show = show;
        self.keep(format!("$ {line}\n").as_bytes());
    }

    /// Adds output of a command.
    pub(crate) fn take(&mut self, stream: CommandStream, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let open = self.open_line(stream);
            open.extend_from_slice(piece);
            if open.ends_with(b"\n") || open.len() >= limits::OUTPUT_LINE {
                self.end_line(stream);
            }
        }
        self.show_lines();
    }

    /// Ends a command: a line without a line end counts too, and the file is complete.
    pub(crate) fn end(&mut self) {
        self.end_line(CommandStream::Stdout);
        self.end_line(CommandStream::Stderr);
        self.show_lines();
        if let Some(file) = &mut self.file
            && file.flush().is_err()
        {
            self.file = None;
        }
    }

    /// The last lines of the command.
    pub(crate) fn tail(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.tail.iter().map(String::as_str)
    }

    /// What to report about a command that failed.
    pub(crate) fn failed(
        &self,
        line: String,
        ending: String,
        policy: &CommandPolicy,
        makes: &[PathBuf],
    ) -> FailedCommand {
        let log = self.file.is_some().then(|| self.path.clone());
        FailedCommand {
            line,
            ending,
            confined: confined(policy, makes),
            tail: self.tail.iter().cloned().collect(),
            log,
        }
    }

    fn open_line(&mut self, stream: CommandStream) -> &mut Vec<u8> {
        let [stdout, stderr] = &mut self.open;
        match stream {
            CommandStream::Stdout => stdout,
            CommandStream::Stderr => stderr,
        }
    }

    fn end_line(&mut self, stream: CommandStream) {
        let mut bytes = std::mem::take(self.open_line(stream));
        if bytes.is_empty() {
            return;
        }
        if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        self.keep(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        let line = text.trim_end_matches(['\n', '\r']);
        if self.show[stream as usize] {
            self.shown.push_str(line);
            self.shown.push('\n');
        } else {
            self.report.report(Event::CommandLine { part: &self.part, line });
        }
        if self.tail.len() == limits::COMMAND_TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line.to_owned());
    }

    fn show_lines(&mut self) {
        if let Some(lines) = self.shown.strip_suffix('\n') {
            self.report.report(Event::Output { part: &self.part, lines });
            self.shown.clear();
        }
    }

    /// Writes to the file, up to the limit.
    fn keep(&mut self, bytes: &[u8]) {
        let Some(file) = &mut self.file else { return };
        let length = bytes.len() as u64;
        let written = match self.bytes_left.checked_sub(length) {
            Some(left) => {
                self.bytes_left = left;
                file.write_all(bytes)
            }
            None if self.bytes_left > 0 => {
                self.bytes_left = 0;
                file.write_all(b"[the rest is left out: the log is too long]\n")
            }
            None => Ok(()),
        };
        if let Err(error) = written {
            let message = format!("Cannot write more to {}: {error}", self.path.display());
            self.report.report(Event::Log { logger: &self.part, level: Level::Warning, message: &message });
            self.file = None;
        }
    }
}

impl FailedCommand {
    /// The lines that a person sees before the error itself.
    pub(crate) fn details(&self) -> Vec<String> {
        let mut lines = vec![format!("Command: {}", self.line), format!("It {}.", self.ending)];
        lines.extend(self.confined.clone());
        if !self.tail.is_empty() {
            lines.push("Its last lines:".to_owned());
            lines.extend(self.tail.iter().map(|line| format!("  {line}")));
        }
        lines.extend(self.log.as_ref().map(|log| format!("The whole output: {}", log.display())));
        lines
    }
}

/// The most paths that an error lists: a recipe may write in all entries of the buildout directory.
const MOST_PATHS: usize = 8;

/// What a command is kept from, in a sentence: many a failure comes of it.
fn confined(policy: &CommandPolicy, makes: &[PathBuf]) -> Option<String> {
    let temporary = match policy.level {
        ConfinementLevel::None => return None,
        ConfinementLevel::Partial => "a private temporary directory",
        ConfinementLevel::Full => "a private /tmp",
    };
    let mut writable = Vec::new();
    for path in policy.write.iter().chain(makes).map(|path| path.display().to_string()) {
        if !writable.contains(&path) {
            writable.push(path);
        }
    }
    let level = policy.level.name();
    let paths = match writable.as_slice() {
        [] => String::new(),
        paths if paths.len() > MOST_PATHS => {
            format!("{}, {} other paths and ", paths[..MOST_PATHS].join(", "), paths.len() - MOST_PATHS)
        }
        paths => format!("{} and ", paths.join(", ")),
    };
    let network = if policy.network { "the network of a grant" } else { "no network" };
    Some(format!("It was confined (--sandbox={level}): {network}, and write access only to {paths}{temporary}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::event::Silent;

    #[test]
    fn lines_are_kept_whole_and_the_last_ones_for_the_error() {
        let space = tempfile::tempdir().unwrap();
        let path = space.path().join("part.log");
        std::os::unix::fs::symlink(space.path().join("victim"), &path).unwrap();
        let report: Arc<dyn Report> = Arc::new(Silent);
        let mut log = CommandLog::begin(&"part".into(), path.clone(), true, &report);
        log.command("make all", [false; 2]);
        log.take(CommandStream::Stdout, b"one\ntw");
        log.take(CommandStream::Stderr, b"warning\n");
        log.take(CommandStream::Stdout, b"o\nthree");
        log.end();
        let expected = format!("{HEADER}part\n$ make all\none\nwarning\ntwo\nthree\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        assert!(!space.path().join("victim").exists(), "nothing is written through a link");
        let policy = CommandPolicy { write: vec!["/b/x".into()], ..CommandPolicy::default() };
        let failed = log.failed("make all".into(), "exited with status 2".into(), &policy, &[]);
        let confined =
            "It was confined (--sandbox=full): no network, and write access only to /b/x and a private /tmp.";
        assert_eq!(failed.details()[2], confined);
        let many = CommandPolicy { write: (0..20).map(|n| format!("/b/{n}").into()).collect(), ..policy.clone() };
        let failed = log.failed("make all".into(), "exited with status 2".into(), &many, &[]);
        assert!(
            failed.details()[2].ends_with(
                "only to /b/0, /b/1, /b/2, /b/3, /b/4, /b/5, /b/6, /b/7, 12 other paths and a private /tmp."
            ),
            "{failed:?}"
        );
        let lent = CommandPolicy { network: true, ..policy };
        let failed = log.failed("make all".into(), "exited with status 2".into(), &lent, &[]);
        assert!(failed.details()[2].contains("(--sandbox=full): the network of a grant, and"), "{failed:?}");
        assert_eq!(failed.tail, ["one", "warning", "two", "three"]);
        assert!(failed.details().last().unwrap().contains("part.log"));
    }

    #[test]
    fn lines_that_come_at_once_are_shown_at_once() {
        #[derive(Default)]
        struct Shown(std::sync::Mutex<Vec<String>>);
        impl Report for Shown {
            fn report(&self, event: Event<'_>) {
                if let Event::Output { lines, .. } = event {
                    self.0.lock().unwrap().push(lines.to_owned());
                }
            }
            fn wants(&self, _: Level) -> bool {
                true
            }
        }
        let space = tempfile::tempdir().unwrap();
        let shown = Arc::new(Shown::default());
        let report: Arc<dyn Report> = Arc::clone(&shown) as _;
        let mut log = CommandLog::begin(&"part".into(), space.path().join("part.log"), true, &report);
        log.command("yes", [true; 2]);
        log.take(CommandStream::Stdout, b"one\ntwo\r\n\nthr");
        log.take(CommandStream::Stdout, b"ee\n\n");
        log.take(CommandStream::Stdout, b"last");
        log.end();
        assert_eq!(*shown.0.lock().unwrap(), ["one\ntwo\n", "three\n", "last"]);
    }

    #[test]
    fn a_log_has_an_end() {
        let space = tempfile::tempdir().unwrap();
        let path = space.path().join("part.log");
        let report: Arc<dyn Report> = Arc::new(Silent);
        let mut log = CommandLog::begin(&"part".into(), path.clone(), true, &report);
        log.bytes_left = 10;
        for _ in 0..5 {
            log.take(CommandStream::Stdout, b"12345\n");
        }
        log.end();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{HEADER}part\n12345\n[the rest is left out: the log is too long]\n"));
        assert_eq!(log.tail.len(), 5);
    }
}
