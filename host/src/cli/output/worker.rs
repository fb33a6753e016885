//! What a worker of a remote executor prints: the log of the part's commands to standard output, all else to standard error.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use base::event::{Event, Level, Report};
use base::source::{printable_line, redact};

/// How often the log is read on.
const PAUSE: Duration = Duration::from_millis(200);

/// Prints messages to standard error.
pub(in crate::cli) struct WorkerReport;

impl Report for WorkerReport {
    fn report(&self, event: Event<'_>) {
        if let Event::Log { logger, level, message } = event
            && self.wants(level)
        {
            let line = printable_line(&format!("{logger}: {}", redact(message)));
            // The verdict counts, not this.
            let _ = writeln!(io::stderr(), "{line}");
        }
    }

    fn wants(&self, level: Level) -> bool {
        level >= Level::Info
    }
}

/// Copies the log of a part's commands to standard output while it is written.
pub(in crate::cli) struct LogCopy {
    over: Sender<()>,
    thread: JoinHandle<()>,
}

impl LogCopy {
    /// Begins. The file need not exist yet.
    pub(in crate::cli) fn of(path: PathBuf) -> io::Result<Self> {
        let (over, ended) = channel::<()>();
        let copy = move || {
            let mut file = None;
            loop {
                let is_over = !matches!(ended.recv_timeout(PAUSE), Err(RecvTimeoutError::Timeout));
                file = file.or_else(|| File::open(&path).ok());
                if let Some(file) = &mut file {
                    copy_rest(file);
                }
                if is_over {
                    return;
                }
            }
        };
        Ok(Self { over, thread: std::thread::Builder::new().name("log".into()).spawn(copy)? })
    }

    /// Copies what is left.
    pub(in crate::cli) fn end(self) {
        drop(self.over);
        let _ = self.thread.join();
    }
}

fn copy_rest(file: &mut File) {
    let mut bytes = Vec::new();
    if file.read_to_end(&mut bytes).is_ok() {
        let mut output = io::stdout();
        // A log that is lost is no failure of the part.
        let _ = output.write_all(&bytes).and_then(|()| output.flush());
    }
}
