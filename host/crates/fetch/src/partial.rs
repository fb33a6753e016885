//! A file of the cache that is being downloaded: hashed as it is written, and removed unless it is kept.

use std::fs::Permissions;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use tempfile::NamedTempFile;

use super::checksum::{Checksum, Computed, Hasher};
use super::transfer::Sink;
use base::event::{Event, Report};
use base::files::FileError;

const PREFIX: &str = ".download-";

/// A partial file that was not written for so long was left by a process that was killed.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// How often progress is told at most.
const TELL: Duration = Duration::from_millis(100);

/// What is downloaded, as events tell it.
#[derive(Clone, Copy)]
pub(super) struct Label<'a> {
    /// The part that wants it.
    pub(super) part: &'a str,
    /// The URL, without credentials.
    pub(super) url: &'a str,
}

/// A file that is being downloaded. Its name begins with a dot until it is whole.
pub(super) struct Partial<'a> {
    file: NamedTempFile,
    fresh: Hasher,
    hasher: Hasher,
    length: u64,
    total: Option<u64>,
    label: Label<'a>,
    report: &'a dyn Report,
    told: Option<Instant>,
}

impl<'a> Partial<'a> {
    /// An empty file in `directory`, to be verified by `checksums`; its progress is told as that of `label`.
    pub(super) fn new(
        directory: &Path,
        checksums: &[Checksum],
        label: Label<'a>,
        report: &'a dyn Report,
    ) -> Result<Self, FileError> {
        remove_abandoned(directory);
        // As any file that a program makes: the umask decides who may read it.
        let file = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)
            .map_err(FileError::of("write in", directory))?;
        let fresh = Hasher::new(checksums);
        Ok(Self { file, hasher: fresh.clone(), fresh, length: 0, total: None, label, report, told: None })
    }

    /// What was computed of all that was written.
    pub(super) fn computed(&self) -> Computed {
        self.hasher.clone().finish()
    }

    /// Gives the file its name, durably and in one step; one that is there is replaced.
    pub(super) fn keep(self, path: &Path) -> Result<(), FileError> {
        self.file.as_file().sync_all().map_err(FileError::of("write", path))?;
        self.file.persist(path).map_err(|error| FileError::of("write", path)(error.error))?;
        Ok(())
    }

    fn path(&self) -> PathBuf {
        self.file.path().to_owned()
    }

    fn tell(&mut self) {
        if self.told.is_none_or(|told| told.elapsed() >= TELL) {
            self.told = Some(Instant::now());
            self.report.report(Event::Download {
                part: self.label.part,
                url: self.label.url,
                done: self.length,
                total: self.total,
            });
        }
    }
}

impl Sink for Partial<'_> {
    fn restart(&mut self) -> Result<(), FileError> {
        self.hasher = self.fresh.clone();
        self.length = 0;
        let file = self.file.as_file_mut();
        file.set_len(0).and_then(|()| file.rewind()).map_err(FileError::of("write", self.file.path()))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        if let Err(error) = self.file.as_file_mut().write_all(bytes) {
            return Err(FileError::of("write", &self.path())(error));
        }
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        self.tell();
        Ok(())
    }

    fn length(&self) -> u64 {
        self.length
    }

    fn announce(&mut self, total: Option<u64>) {
        self.total = total;
        self.tell();
    }
}

fn remove_abandoned(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| SystemTime::now().duration_since(modified).ok());
        if age.is_some_and(|age| age > ABANDONED) {
            // Another process may be faster.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
