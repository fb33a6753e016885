//! Reads small documents into memory, such as configuration files: paths, `file://` and `http(s)://` URLs.
//!
//! Does not know what a document means: the caller checks whether the bytes are valid.

mod error;
mod extends_cache;
#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::http::{Allowed, Client, Transfer, TransferLimits, TransferStop};
use crate::{hints, local};
use base::environment::Environment;
use base::event::{Event, Report};
use base::files::{open_input, read_open};
use base::source::{did_you_mean, nearest, redact};
use extends_cache::ExtendsCache;

pub use error::DocumentError;

/// When a copy is used instead of a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopySettings {
    /// Directory for copies of URLs (`extends-cache`), absolute.
    pub directory: Option<PathBuf>,
    /// Whether a copy is used only if the URL is not available (`newest`); otherwise a copy is always used.
    pub newest: bool,
    /// Whether downloads are forbidden (`offline`).
    pub offline: bool,
}

/// Checks whether bytes are a document of the expected kind, and if not, why. A server may send an error page with a
/// success status.
pub(crate) type CheckDocument<'a> = &'a dyn Fn(&[u8]) -> Result<(), String>;

/// Reads documents from the file system and the network.
pub struct Fetcher {
    client: Client,
    report: Arc<dyn Report>,
    limits: TransferLimits,
}

impl Fetcher {
    /// A fetcher for the process with this `environment` (uses its proxies), with the default limits.
    pub fn new(environment: &Environment, report: Arc<dyn Report>) -> Self {
        Self { client: Client::new(environment), report, limits: TransferLimits::for_configuration() }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// If it does not exist, cannot be read, or is not a file.
    pub fn file(&self, path: &Path) -> Result<Vec<u8>, DocumentError> {
        self.file_called(path, &path.display())
    }

    fn file_called(&self, path: &Path, name: &dyn Display) -> Result<Vec<u8>, DocumentError> {
        let failed = |error: io::Error| match error.kind() {
            ErrorKind::NotFound => {
                let error = DocumentError { missing: true, ..DocumentError::new(format!("Couldn't open {name}")) };
                error.hints(similar(path).map(|near| did_you_mean(&near)))
            }
            ErrorKind::IsADirectory => DocumentError::new(format!("{name} is a directory, not a file")),
            ErrorKind::InvalidInput => DocumentError::new(format!("{name} is a named pipe, not a file"))
                .hints(["To read what a command prints, use `/dev/stdin`, or `<(COMMAND)` in bash.".to_owned()]),
            ErrorKind::FileTooLarge => DocumentError::new(format!("{name} is larger than {} bytes", self.limits.size)),
            _ => DocumentError::new(format!("Couldn't open {name}: {error}")),
        };
        let file = open_input(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_file() {
            return read_open(&file, self.limits.size).map_err(failed);
        }
        self.report.report(Event::Progress { activity: &format!("Reading {name}") });
        let outcome = read_open(&file, self.limits.size).map_err(failed);
        self.report.report(Event::ProgressEnd);
        outcome
    }

    /// The bytes of `url`, or of its copy, depending on `settings`. Bytes that `check` refuses are never stored as a
    /// copy.
    ///
    /// # Errors
    /// If the document does not exist, is not available, or must not be downloaded (offline).
    pub fn url(&self, url: &str, settings: &CopySettings, check: CheckDocument<'_>) -> Result<Vec<u8>, DocumentError> {
        if let Some(path) = local::path_of_file_url(url) {
            // zc.buildout would copy it into the cache, and then miss changes of the file.
            return self.file_called(&path, &redact(url));
        }
        match &settings.directory {
            Some(directory) => self.cached(&ExtendsCache::open(directory)?, url, settings, check),
            None => self.download(url, settings),
        }
    }

    fn download(&self, url: &str, settings: &CopySettings) -> Result<Vec<u8>, DocumentError> {
        let name = redact(url);
        if settings.offline {
            return Err(DocumentError::new(format!("Couldn't download '{name}' in offline mode."))
                .hints(["A copy in the directory that [buildout] extends-cache sets would be read.".to_owned()]));
        }
        self.report.report(Event::Progress { activity: &format!("Downloading {name}") });
        let mut bytes = Vec::new();
        let transfer =
            Transfer { url, allowed: &Allowed::Any, limits: &self.limits, headers: &[], canceled: &|| false };
        let outcome = self.client.get(&transfer, &mut bytes);
        self.report.report(Event::ProgressEnd);
        let failed =
            |cause: &dyn Display| DocumentError::new(format!("Error downloading extends for URL {name}: {cause}"));
        match outcome {
            Ok(_) => Ok(bytes),
            Err(TransferStop::Fault(fault)) => Err(failed(&fault).hints(hints::of_document(&fault))),
            Err(TransferStop::Sink(error)) => Err(failed(&error)),
            Err(TransferStop::Canceled) => Err(failed(&"canceled")),
        }
    }

    /// zc.buildout's rule (`download.py`): a copy is used, unless `newest` is set; then it is used only if the URL is
    /// not available. A copy that `check` refuses is ignored, and an invalid response never replaces a valid copy.
    fn cached(
        &self,
        cache: &ExtendsCache,
        url: &str,
        settings: &CopySettings,
        check: CheckDocument<'_>,
    ) -> Result<Vec<u8>, DocumentError> {
        let copy = cache.find(url)?;
        let refused = copy.as_ref().and_then(|copy| check(copy).err());
        let good = copy.filter(|_| refused.is_none());
        let refresh = settings.newest && !settings.offline;
        let file = cache.path(url);
        let good = match good {
            Some(copy) if !refresh => return Ok(copy),
            good => good,
        };
        match (self.download(url, settings), good, refused) {
            (Ok(bytes), good, _) => match (is_something(&bytes).and_then(|()| check(&bytes)), good) {
                (Ok(()), _) => cache.keep(url, &bytes).map(|()| bytes),
                (Err(reason), Some(_)) => Err(worse_than_copy(url, &reason, &file)),
                // The caller reports the error and its place.
                (Err(_), None) => Ok(bytes),
            },
            (Err(_), Some(copy), _) => Ok(copy),
            (Err(error), None, Some(reason)) => Err(bad_copy(url, &reason, &file, error)),
            (Err(error), None, None) => Err(error),
        }
    }
}

/// How many names of a directory are compared with a missing one.
const MOST_COMPARED: usize = 1000;

/// The file with the most similar name in the directory of a missing one.
fn similar(path: &Path) -> Option<String> {
    let entries = std::fs::read_dir(path.parent()?).ok()?.take(MOST_COMPARED).flatten();
    let files = entries.filter(|entry| entry.path().is_file());
    let names: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str)).map(str::to_owned)
}

/// A server that is being repaired may answer with success, and nothing.
fn is_something(bytes: &[u8]) -> Result<(), String> {
    if bytes.trim_ascii().is_empty() { Err("the response is empty".to_owned()) } else { Ok(()) }
}

fn worse_than_copy(url: &str, reason: &str, file: &Path) -> DocumentError {
    let message = format!("Error downloading extends for URL {}: {reason}", redact(url));
    DocumentError::new(message).hints([
        format!("The server may have sent something other than the file. The copy in {} was kept.", file.display()),
        "With [buildout] newest = false, the copy is read.".to_owned(),
    ])
}

fn bad_copy(url: &str, reason: &str, file: &Path, error: DocumentError) -> DocumentError {
    let message = format!("The copy of {} in {} cannot be used: {reason}", redact(url), file.display());
    DocumentError::new(message).hints([format!("It was not replaced: {}", error.message)]).hints(error.hints)
}
