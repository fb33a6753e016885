//! Where the output of a command goes: to the log of the part, to the recipe, to a file, or nowhere.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

use confine::CommandStream;

use super::command_log::CommandLog;
use super::network;
use crate::call::disk::DiskGuard;
use crate::limits;

/// How many bytes of what was captured are searched for messages.
const LOOKED_AT: usize = 16 << 10;

/// What happens to one stream.
#[derive(Default)]
pub(crate) enum StreamSink {
    #[default]
    Log,
    Capture(CapturedOutput),
    File(WrittenOutput),
    Discard,
}

/// What happens to both streams.
#[derive(Default)]
pub(crate) struct StreamSinks {
    pub(crate) stdout: StreamSink,
    pub(crate) stderr: StreamSink,
    /// Whether the command has printed that it did not reach the network.
    pub(crate) misses_network: bool,
}

/// The output of a command for its recipe.
#[derive(Default)]
pub(crate) struct CapturedOutput {
    kept: Vec<u8>,
    is_too_much: bool,
}

/// The output of a command in a file.
pub(crate) struct WrittenOutput {
    file: File,
    size: u64,
    guard: Arc<DiskGuard>,
    failed: Option<io::Error>,
    /// Its end, for messages about it.
    end: Vec<u8>,
}

/// Why the output is not where it should be.
pub(crate) enum LostOutput {
    /// More than can be captured.
    TooMuch,
    /// The file cannot be written.
    File(io::Error),
}

impl StreamSinks {
    /// Passes on output of a command.
    pub(crate) fn take(&mut self, stream: CommandStream, bytes: &[u8], log: &mut CommandLog) {
        self.misses_network = self.misses_network || network::is_missed(bytes);
        let sink = match stream {
            CommandStream::Stdout => &mut self.stdout,
            CommandStream::Stderr => &mut self.stderr,
        };
        match sink {
            StreamSink::Log => log.take(stream, bytes),
            StreamSink::Capture(captured) => captured.take(bytes),
            StreamSink::File(written) => written.take(bytes),
            StreamSink::Discard => {}
        }
    }
}

impl StreamSinks {
    /// The end of what is not in the log, for messages about it.
    pub(crate) fn captured(&self) -> String {
        let mut text = String::new();
        for sink in [&self.stdout, &self.stderr] {
            let kept = match sink {
                StreamSink::Capture(captured) => &captured.kept,
                StreamSink::File(written) => &written.end,
                StreamSink::Log | StreamSink::Discard => continue,
            };
            text.push_str(&String::from_utf8_lossy(&kept[kept.len().saturating_sub(LOOKED_AT)..]));
            text.push('\n');
        }
        text
    }
}

impl StreamSink {
    /// The captured bytes, when the command has ended.
    pub(crate) fn end(self) -> Result<Vec<u8>, LostOutput> {
        match self {
            Self::Capture(CapturedOutput { is_too_much: true, .. }) => Err(LostOutput::TooMuch),
            Self::Capture(CapturedOutput { kept, .. }) => Ok(kept),
            Self::File(WrittenOutput { failed: Some(error), .. }) => Err(LostOutput::File(error)),
            Self::Log | Self::File(_) | Self::Discard => Ok(Vec::new()),
        }
    }
}

impl CapturedOutput {
    fn take(&mut self, bytes: &[u8]) {
        let length = bytes.len().min(limits::CAPTURED - self.kept.len());
        self.kept.extend_from_slice(&bytes[..length]);
        self.is_too_much |= length < bytes.len();
    }
}

impl WrittenOutput {
    /// Output to an open file. It counts as what the recipe writes.
    pub(crate) fn new(file: File, guard: &Arc<DiskGuard>) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file, size, guard: Arc::clone(guard), failed: None, end: Vec::new() })
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        self.end.extend_from_slice(&bytes[bytes.len().saturating_sub(LOOKED_AT)..]);
        self.end.drain(..self.end.len().saturating_sub(LOOKED_AT));
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
        let mut captured = CapturedOutput::default();
        captured.take(&vec![0; limits::CAPTURED - 2]);
        captured.take(b"ab");
        assert!(!captured.is_too_much);
        captured.take(b"c");
        assert!(captured.kept.ends_with(b"ab"));
        assert!(matches!(StreamSink::Capture(captured).end(), Err(LostOutput::TooMuch)));
    }

    #[test]
    fn what_cannot_be_written_is_reported() {
        let space = tempfile::tempdir().unwrap();
        let path = space.path().join("output");
        std::fs::write(&path, "").unwrap();
        let mut written = WrittenOutput::new(File::open(&path).unwrap(), &Arc::default()).unwrap();
        written.take(b"text");
        assert!(matches!(StreamSink::File(written).end(), Err(LostOutput::File(_))));
        let mut written = WrittenOutput::new(File::create(&path).unwrap(), &Arc::default()).unwrap();
        written.take(b"text");
        assert_eq!(StreamSink::File(written).end().ok(), Some(Vec::new()));
        assert_eq!(std::fs::read(&path).unwrap(), b"text");
    }
}
