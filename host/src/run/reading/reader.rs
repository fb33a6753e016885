//! Reads the files of a configuration with the crate `fetch`, which knows nothing of configurations.

use std::path::{Path, PathBuf};

use config::{Location, ReadError, ReadSettings, Reader};
use fetch::{CopySettings, DocumentError, Fetcher};

/// Reads what `extends` names, from the file system and the network.
pub(super) struct ConfigurationReader(pub(super) Fetcher);

impl Reader for ConfigurationReader {
    fn read(&self, location: &Location, settings: &ReadSettings) -> Result<Vec<u8>, ReadError> {
        let read = match location {
            Location::Path(path) => self.0.file(path),
            Location::Url(url) => self.0.url(url, &copies(settings)),
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

fn copies(settings: &ReadSettings) -> CopySettings {
    let ReadSettings { extends_cache, newest, offline } = settings.clone();
    CopySettings { directory: extends_cache, newest, offline }
}

fn of_document(error: DocumentError) -> ReadError {
    let DocumentError { message, hints, missing } = error;
    ReadError { message, hints, missing }
}
