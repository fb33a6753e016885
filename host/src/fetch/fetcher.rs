//! Reads the files of a configuration: paths, `file://` and `http(s)://` URLs.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cache::Cache;
use super::http::Client;
use super::limits::Limits;
use super::local;
use super::transfer::Transfer;
use super::{Allowed, fault::Ended};
use crate::config::{Location, ReadError, ReadSettings, Reader};
use crate::environment::Environment;
use crate::event::{Event, Report};

/// Reads what `extends` names, from the file system and the network.
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

    fn file(&self, path: &Path, location: &Location) -> Result<Vec<u8>, ReadError> {
        let failed = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => ReadError::missing(location),
            _ => ReadError::new(format!("Couldn't open {location}: {error}")),
        };
        let kind = path.metadata().map_err(failed)?.file_type();
        if kind.is_dir() {
            return Err(ReadError::new(format!("{location} is a directory, not a file")));
        }
        if kind.is_fifo() && !is_open_already(path) {
            // Opening one waits until somebody writes, for ever where nobody does.
            return Err(ReadError::new(format!("{location} is a named pipe, not a file"))
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

    fn bytes(&self, path: &Path, location: &Location) -> Result<Vec<u8>, ReadError> {
        let failed = |error: std::io::Error| ReadError::new(format!("Couldn't open {location}: {error}"));
        let file = File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        // One byte more than allowed tells a file that is too long, whatever its metadata say (a device has no length).
        file.take(self.limits.size.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > self.limits.size {
            return Err(ReadError::new(format!("{location} is larger than {} bytes", self.limits.size)));
        }
        Ok(bytes)
    }

    fn download(&self, url: &str, settings: &ReadSettings) -> Result<Vec<u8>, ReadError> {
        let location = Location::Url(url.to_owned());
        if settings.offline {
            return Err(ReadError::new(format!("Couldn't download '{location}' in offline mode."))
                .hint("A copy in the directory that [buildout] extends-cache names would be read."));
        }
        self.report.report(Event::Progress { activity: &format!("Downloading {location}") });
        let mut bytes = Vec::new();
        let transfer = Transfer { url, allowed: &Allowed::Any, limits: &self.limits, cancelled: &|| false };
        let outcome = self.client.get(&transfer, &mut bytes);
        self.report.report(Event::ProgressEnd);
        let failed = |cause: &dyn std::fmt::Display| {
            ReadError::new(format!("Error downloading extends for URL {location}: {cause}"))
        };
        match outcome {
            Ok(()) => Ok(bytes),
            Err(Ended::Fault(fault)) => Err(failed(&fault)),
            Err(Ended::File(error)) => Err(failed(&error)),
            Err(Ended::Cancelled) => Err(failed(&"cancelled")),
        }
    }

    /// zc.buildout's rule (`download.py`): a copy is good enough, unless `newest`; then it stands in for a URL that
    /// cannot be read.
    fn cached(&self, cache: &Cache, url: &str, settings: &ReadSettings) -> Result<Vec<u8>, ReadError> {
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

impl Reader for Fetcher {
    fn read(&self, location: &Location, settings: &ReadSettings) -> Result<Vec<u8>, ReadError> {
        let url = match location {
            Location::Path(path) => return self.file(path, location),
            Location::Url(url) => url,
        };
        if let Some(path) = local::path_of_file_url(url) {
            // zc.buildout would copy it into the cache, and then overlook changes of the file.
            return self.file(&path, location);
        }
        match &settings.extends_cache {
            Some(directory) => self.cached(&Cache::open(directory)?, url, settings),
            None => self.download(url, settings),
        }
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn canonical(&self, directory: &Path) -> Option<PathBuf> {
        std::fs::canonicalize(directory).ok()
    }
}
