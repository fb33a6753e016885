//! Where the output of a command goes: to the log of the part, to the recipe, to a file, or nowhere.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

use confine::Stream;

use super::command_log::CommandLog;
use crate::call::disk::DiskGuard;
use crate::limits;

/// What happens to one stream.
#[derive(Default)]
pub(crate) enum Sink {
    #[default]
    Log,
    Capture(Captured),
    File(Written),
    Discard,
}

/// What happens to both streams.
#[derive(Default)]
pub(crate) struct Sinks {
    pub(crate) stdout: Sink,
    pub(crate) stderr: Sink,
}

/// The output of a command for its recipe.
#[derive(Default)]
pub(crate) struct Captured {
    kept: Vec<u8>,
    is_too_much: bool,
}

/// The output of a command in a file.
pub(crate) struct Written {
    file: File,
    size: u64,
    guard: Arc<DiskGuard>,
    failed: Option<io::Error>,
}

/// Why the output is not where it should be.
pub(crate) enum Lost {
    /// More than can be captured.
    TooMuch,
    /// The file cannot be written.
    File(io::Error),
}

impl Sinks {
    /// Passes on output of a command.
    pub(crate) fn take(&mut self, stream: Stream, bytes: &[u8], log: &mut CommandLog) {
        let sink = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        match sink {
            Sink::Log => log.take(stream, bytes),
            Sink::Capture(captured) => captured.take(bytes),
            Sink::File(written) => written.take(bytes),
            Sink::Discard => {}
        }
    }
}

impl Sink {
    /// The captured bytes, when the command has ended.
    pub(crate) fn end(self) -> Result<Vec<u8>, Lost> {
        match self {
            Self::Capture(Captured { is_too_much: true, .. }) => Err(Lost::TooMuch),
            Self::Capture(Captured { kept, .. }) => Ok(kept),
            Self::File(Written { failed: Some(error), .. }) => Err(Lost::File(error)),
            Self::Log | Self::File(_) | Self::Discard => Ok(Vec::new()),
        }
    }
}

impl Captured {
    fn take(&mut self, bytes: &[u8]) {
        let length = bytes.len().min(limits::CAPTURED - self.kept.len());
        self.kept.extend_from_slice(&bytes[..length]);
        self.is_too_much |= length < bytes.len();
    }
}

impl Written {
    /// Output to an open file. It counts as what the recipe writes.
    pub(crate) fn new(file: File, guard: &Arc<DiskGuard>) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file, size, guard: Arc::clone(guard), failed: None })
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        let length = bytes.len() as u64;
        self.size = self.size.saturating_add(length);
        let written = self.guard.check(&self.file, self.size, length).and_then(|()| self.file.write_all(bytes));
        self.failed = written.err();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_up_to_a_limit() {
        let mut captured = Captured::default();
        captured.take(&vec![0; limits::CAPTURED - 2]);
        captured.take(b"ab");
        assert!(!captured.is_too_much);
        captured.take(b"c");
        assert!(captured.kept.ends_with(b"ab"));
        assert!(matches!(Sink::Capture(captured).end(), Err(Lost::TooMuch)));
    }

    #[test]
    fn what_cannot_be_written_is_reported() {
        let space = tempfile::tempdir().unwrap();
        let path = space.path().join("output");
        std::fs::write(&path, "").unwrap();
        let mut written = Written::new(File::open(&path).unwrap(), &Arc::default()).unwrap();
        written.take(b"text");
        assert!(matches!(Sink::File(written).end(), Err(Lost::File(_))));
        let mut written = Written::new(File::create(&path).unwrap(), &Arc::default()).unwrap();
        written.take(b"text");
        assert_eq!(Sink::File(written).end().ok(), Some(Vec::new()));
        assert_eq!(std::fs::read(&path).unwrap(), b"text");
    }
}
