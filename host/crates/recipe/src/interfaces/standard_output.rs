//! `wasi:cli/stdout` and `stderr`: the guest's output becomes lines of the part that is installed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::cli::{stderr, stdout};
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamResult};

use crate::limits;
use base::event::{Event, Level, Report};

/// The output of an instance.
pub(crate) struct Output {
    report: Arc<dyn Report>,
    part: Arc<str>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// The last lines of standard error, for the report of a trap.
    tail: VecDeque<String>,
    bytes_left: usize,
}

impl Output {
    pub(crate) fn new(report: Arc<dyn Report>) -> Self {
        let (stdout, stderr, tail) = Default::default();
        Self { report, part: Arc::from(""), stdout, stderr, tail, bytes_left: limits::OUTPUT }
    }

    /// Starts a call for `part`.
    pub(crate) fn begin(&mut self, part: &Arc<str>) {
        self.part = Arc::clone(part);
        self.bytes_left = limits::OUTPUT;
        self.tail.clear();
    }

    /// Ends a call: a line without a line end is shown too.
    pub(crate) fn end(&mut self) -> VecDeque<String> {
        self.flush(StandardStream::Stdout);
        self.flush(StandardStream::Stderr);
        std::mem::take(&mut self.tail)
    }

    /// Logs a message of the recipe, after its output so far.
    pub(crate) fn log(&mut self, part: &str, level: Level, message: &str) {
        self.flush(StandardStream::Stdout);
        self.report.report(Event::Log { logger: part, level, message });
    }

    /// Reports the recipe's current activity.
    pub(crate) fn activity(&self, part: &str, activity: &str) {
        self.report.report(Event::PartActivity { part, activity });
    }

    fn write(&mut self, stream: StandardStream, bytes: &[u8]) {
        let kept = &bytes[..bytes.len().min(self.bytes_left)];
        self.bytes_left -= kept.len();
        for piece in kept.split_inclusive(|byte| *byte == b'\n') {
            let buffer = self.buffer(stream);
            buffer.extend_from_slice(piece);
            if buffer.ends_with(b"\n") || buffer.len() >= limits::OUTPUT_LINE {
                self.flush(stream);
            }
        }
        if kept.len() < bytes.len() {
            self.leave_out();
        }
    }

    fn leave_out(&mut self) {
        if self.bytes_left == 0 && !self.part.is_empty() {
            let message = format!("more than {} bytes were printed; the rest is left out", limits::OUTPUT);
            self.report.report(Event::Log { logger: &self.part, level: Level::Warning, message: &message });
            // Reported once: the next call sets the name again.
            self.part = Arc::from("");
        }
    }

    fn buffer(&mut self, stream: StandardStream) -> &mut Vec<u8> {
        match stream {
            StandardStream::Stdout => &mut self.stdout,
            StandardStream::Stderr => &mut self.stderr,
        }
    }

    fn flush(&mut self, stream: StandardStream) {
        let bytes = std::mem::take(self.buffer(stream));
        if bytes.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(&bytes);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        match stream {
            StandardStream::Stdout => self.report.report(Event::Output { part: &self.part, lines: line }),
            StandardStream::Stderr => {
                self.report.report(Event::Log { logger: &self.part, level: Level::Debug, message: line });
                if self.tail.len() == limits::STDERR_LINES {
                    self.tail.pop_front();
                }
                self.tail.push_back(line.to_owned());
            }
        }
    }
}

#[derive(Clone, Copy)]
enum StandardStream {
    Stdout,
    Stderr,
}

/// One handle of standard output or standard error that the guest has.
struct Writer {
    output: Arc<Mutex<Output>>,
    stream: StandardStream,
}

#[async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).write(self.stream, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(limits::OUTPUT_LINE)
    }
}

/// Marks the interfaces in the linker.
pub(crate) struct StandardOutput;

/// The state that their functions see.
pub(crate) struct OutputView<'a> {
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) output: &'a Arc<Mutex<Output>>,
}

impl HasData for StandardOutput {
    type Data<'a> = OutputView<'a>;
}

impl OutputView<'_> {
    fn writer(&mut self, stream: StandardStream) -> wasmtime::Result<Resource<DynOutputStream>> {
        let writer: DynOutputStream = Box::new(Writer { output: Arc::clone(self.output), stream });
        Ok(self.table.push(writer)?)
    }
}

impl stdout::Host for OutputView<'_> {
    fn get_stdout(&mut self) -> wasmtime::Result<Resource<DynOutputStream>> {
        self.writer(StandardStream::Stdout)
    }
}

impl stderr::Host for OutputView<'_> {
    fn get_stderr(&mut self) -> wasmtime::Result<Resource<DynOutputStream>> {
        self.writer(StandardStream::Stderr)
    }
}
