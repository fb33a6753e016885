//! Reads the files of a configuration with the crate `fetch`, which does not know about configurations.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::environment::Environment;
use base::event::Silent;
use base::source::Explain as _;
use config::parse::{decode, parse};
use config::{Location, ReadError, ReadSettings, Reader};
use fetch::{CopySettings, DocumentError, Fetcher};

/// Reads the files listed in `extends`, from the file system and the network.
pub(super) struct ConfigurationReader(pub(super) Fetcher);

/// Reads files, and only those URLs that are in the cache of extended files: an editor must not wait for the network.
pub(crate) fn editor_reader(environment: &Environment) -> Arc<dyn Reader> {
    Arc::new(OfflineReader(ConfigurationReader(Fetcher::new(environment, Arc::new(Silent)))))
}

struct OfflineReader(ConfigurationReader);

impl Reader for OfflineReader {
    fn read(&self, location: &Location, settings: &ReadSettings) -> Result<Vec<u8>, ReadError> {
        self.0.read(location, &ReadSettings { offline: true, ..settings.clone() })
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.exists(path)
    }

    fn canonical(&self, directory: &Path) -> Option<PathBuf> {
        self.0.canonical(directory)
    }
}

impl Reader for ConfigurationReader {
    fn read(&self, location: &Location, settings: &ReadSettings) -> Result<Vec<u8>, ReadError> {
        let read = match location {
            Location::Path(path) => self.0.file(path),
            Location::Url(url) => self.0.url(url, &copies(settings), &|bytes| check(location, bytes)),
        };
        read.map_err(of_document)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn canonical(&self, directory: &Path) -> Option<PathBuf> {
        std::fs::canonicalize(directory).ok()
    }
}

/// Checks the syntax of a configuration file. Its conditions are not evaluated.
fn check(location: &Location, bytes: &[u8]) -> Result<(), String> {
    let parsed = decode(location, bytes.to_vec()).and_then(|source| parse(&source, &mut |_| Ok(true)));
    parsed.map(drop).map_err(|error| match error.place() {
        Some(place) => format!("{error} (line {})", place.line()),
        None => error.to_string(),
    })
}

fn copies(settings: &ReadSettings) -> CopySettings {
    let ReadSettings { extends_cache, newest, offline } = settings.clone();
    CopySettings { directory: extends_cache, newest, offline }
}

fn of_document(error: DocumentError) -> ReadError {
    let DocumentError { message, hints, missing } = error;
    ReadError { message, hints, missing }
}
