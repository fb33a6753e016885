//! Reads small documents whole, such as the files of a configuration: paths, `file://` and `http(s)://` URLs.

use std::fmt::Display;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::DocumentError;
use super::cache::Cache;
use super::http::Client;
use super::limits::Limits;
use super::local;
use super::transfer::Transfer;
use super::{Allowed, fault::Ended};
use base::environment::Environment;
use base::event::{Event, Report};
use base::source::redact;

/// When a copy of a URL is read instead of the URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopySettings {
    /// Where copies of URLs are kept (`extends-cache`), absolute.
    pub directory: Option<PathBuf>,
    /// Whether a copy is read only when the URL cannot be (`newest`); otherwise a copy is good enough.
    pub newest: bool,
    /// Whether nothing may be fetched (`offline`).
    pub offline: bool,
}

/// Reads documents from the file system and the network.
pub struct Fetcher {
    client: Client,
    report: Arc<dyn Report>,
    limits: Limits,
}

impl Fetcher {
    /// Reads for the process that `environment` describes (its proxy settings count), within the usual limits.
    pub fn new(environment: &Environment, report: Arc<dyn Report>) -> Self {
        Self::with_limits(environment, report, Limits::for_configuration())
    }

    /// As [`Self::new`], within `limits`.
    pub fn with_limits(environment: &Environment, report: Arc<dyn Report>, limits: Limits) -> Self {
        Self { client: Client::new(environment), report, limits }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// When it does not exist, cannot be read, or is not a file.
    pub fn file(&self, path: &Path) -> Result<Vec<u8>, DocumentError> {
        self.named(path, &path.display())
    }

    fn named(&self, path: &Path, location: &dyn Display) -> Result<Vec<u8>, DocumentError> {
        let failed = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => {
                DocumentError { missing: true, ..DocumentError::new(format!("Couldn't open {location}")) }
            }
            _ => DocumentError::new(format!("Couldn't open {location}: {error}")),
        };
        let kind = path.metadata().map_err(failed)?.file_type();
        if kind.is_dir() {
            return Err(DocumentError::new(format!("{location} is a directory, not a file")));
        }
        if kind.is_fifo() && !is_open_already(path) {
            // Opening one waits until somebody writes, for ever where nobody does.
            return Err(DocumentError::new(format!("{location} is a named pipe, not a file"))
                .hint("To read what a command prints, name `/dev/stdin`, or write `<(COMMAND)` in bash."));
        }
        if !kind.is_file() {
            self.report.report(Event::Progress { activity: &format!("Reading {location}") });
        }
        let outcome = self.bytes(path, location);
        if !kind.is_file() {
            self.report.report(Event::ProgressEnd);
        }
        outcome
    }

    fn bytes(&self, path: &Path, location: &dyn Display) -> Result<Vec<u8>, DocumentError> {
        let failed = |error: std::io::Error| DocumentError::new(format!("Couldn't open {location}: {error}"));
        let file = File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        // One byte more than allowed tells a file that is too long, whatever its metadata say (a device has no length).
        file.take(self.limits.size.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > self.limits.size {
            return Err(DocumentError::new(format!("{location} is larger than {} bytes", self.limits.size)));
        }
        Ok(bytes)
    }

    /// The bytes that `url` leads to, or its copy, as `settings` say.
    ///
    /// # Errors
    /// When the file is missing, cannot be read, or may not be fetched (offline).
    pub fn url(&self, url: &str, settings: &CopySettings) -> Result<Vec<u8>, DocumentError> {
        if let Some(path) = local::path_of_file_url(url) {
            // zc.buildout would copy it into the cache, and then overlook changes of the file.
            return self.named(&path, &redact(url));
        }
        match &settings.directory {
            Some(directory) => self.cached(&Cache::open(directory)?, url, settings),
            None => self.download(url, settings),
        }
    }

    fn download(&self, url: &str, settings: &CopySettings) -> Result<Vec<u8>, DocumentError> {
        let location = redact(url);
        if settings.offline {
            return Err(DocumentError::new(format!("Couldn't download '{location}' in offline mode."))
                .hint("A copy in the directory that [buildout] extends-cache names would be read."));
        }
        self.report.report(Event::Progress { activity: &format!("Downloading {location}") });
        let mut bytes = Vec::new();
        let transfer = Transfer { url, allowed: &Allowed::Any, limits: &self.limits, cancelled: &|| false };
        let outcome = self.client.get(&transfer, &mut bytes);
        self.report.report(Event::ProgressEnd);
        let failed =
            |cause: &dyn Display| DocumentError::new(format!("Error downloading extends for URL {location}: {cause}"));
        match outcome {
            Ok(()) => Ok(bytes),
            Err(Ended::Fault(fault)) => Err(failed(&fault)),
            Err(Ended::File(error)) => Err(failed(&error)),
            Err(Ended::Cancelled) => Err(failed(&"cancelled")),
        }
    }

    /// zc.buildout's rule (`download.py`): a copy is good enough, unless `newest`; then it stands in for a URL that
    /// cannot be read.
    fn cached(&self, cache: &Cache, url: &str, settings: &CopySettings) -> Result<Vec<u8>, DocumentError> {
        let refresh = settings.newest && !settings.offline;
        if !refresh && let Some(copy) = cache.find(url)? {
            return Ok(copy);
        }
        match self.download(url, settings) {
            Ok(bytes) => cache.keep(url, &bytes).map(|()| bytes),
            Err(error) => cache.find(url)?.ok_or(error),
        }
    }
}

/// Whether the path names a descriptor that this process was given: a pipe of the shell.
fn is_open_already(path: &Path) -> bool {
    path == Path::new("/dev/stdin") || path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}
