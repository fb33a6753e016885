//! A file of the cache during its download: hashed while it is written, and removed unless it is kept.

use std::fs::Permissions;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use tempfile::NamedTempFile;

use super::checksum::{Checksum, Computed, Hasher};
use crate::http::{Sink, SinkError};
use crate::space;
use base::event::{Event, Report};
use base::files::FileError;

const PREFIX: &str = ".download-";

/// A partial file that was not written for this long was left by a killed process.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// Minimum interval between progress reports.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);

/// How many bytes are written before they are flushed to disk, and before the free space is checked. If a large file
/// were flushed only at its end, an interrupt would have to wait for that.
const FLUSH_INTERVAL: u64 = 32 << 20;

/// A download, for events.
#[derive(Clone, Copy)]
pub(super) struct Label<'a> {
    /// The part that needs it.
    pub(super) part: &'a str,
    /// The URL, without credentials.
    pub(super) url: &'a str,
}

/// A file that is being downloaded. Its name starts with a dot until it is complete.
pub(super) struct Partial<'a> {
    file: NamedTempFile,
    directory: PathBuf,
    empty: Hasher,
    hasher: Hasher,
    length: u64,
    flushed: u64,
    total: Option<u64>,
    label: Label<'a>,
    report: &'a dyn Report,
    reported: Option<Instant>,
}

impl<'a> Partial<'a> {
    /// Creates an empty file in `directory`, to be verified by `checksums`; progress is reported with `label`.
    pub(super) fn new(
        directory: &Path,
        checksums: &[Checksum],
        label: Label<'a>,
        report: &'a dyn Report,
    ) -> Result<Self, FileError> {
        remove_abandoned(directory);
        // Default permissions of a new file: the umask decides who may read it.
        let file = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)
            .map_err(FileError::of("write in", directory))?;
        let empty = Hasher::new(checksums);
        Ok(Self {
            file,
            directory: directory.to_owned(),
            hasher: empty.clone(),
            empty,
            length: 0,
            flushed: 0,
            total: None,
            label,
            report,
            reported: None,
        })
    }

    /// The checksums of all written bytes.
    pub(super) fn computed(&self) -> Computed {
        self.hasher.clone().finish()
    }

    /// Renames the file to its final name, durably and atomically; an existing file is replaced.
    pub(super) fn keep(self, path: &Path) -> Result<(), FileError> {
        self.file.as_file().sync_all().map_err(FileError::of("write", path))?;
        self.file.persist(path).map_err(|error| FileError::of("write", path)(error.error))?;
        Ok(())
    }

    fn report_progress(&mut self) {
        if self.reported.is_none_or(|reported| reported.elapsed() >= REPORT_INTERVAL) {
            self.reported = Some(Instant::now());
            let Label { part, url } = self.label;
            self.report.report(Event::Download { part, url, done: self.length, total: self.total });
        }
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        if self.length - self.flushed >= FLUSH_INTERVAL {
            self.flushed = self.length;
            space::check(&self.directory, 0)?;
            self.file.as_file().sync_data().map_err(FileError::of("write", self.file.path()))?;
        }
        Ok(())
    }
}

impl Sink for Partial<'_> {
    fn restart(&mut self) -> Result<(), SinkError> {
        self.hasher = self.empty.clone();
        (self.length, self.flushed) = (0, 0);
        let file = self.file.as_file_mut();
        let restarted = file.set_len(0).and_then(|()| file.rewind());
        Ok(restarted.map_err(FileError::of("write", self.file.path()))?)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        if let Err(error) = self.file.as_file_mut().write_all(bytes) {
            return Err(FileError::of("write", self.file.path())(error).into());
        }
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        self.report_progress();
        self.flush()
    }

    fn length(&self) -> u64 {
        self.length
    }

    fn announce(&mut self, total: Option<u64>) -> Result<(), SinkError> {
        self.total = total;
        self.report_progress();
        Ok(space::check(&self.directory, total.map_or(0, |total| total.saturating_sub(self.length)))?)
    }
}

fn remove_abandoned(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| SystemTime::now().duration_since(modified).ok());
        if age.is_some_and(|age| age > ABANDONED) {
            // Another process may have removed it already.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
