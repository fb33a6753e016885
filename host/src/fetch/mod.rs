#![allow(missing_docs)]
use crate::{config::*, event::Report};
use std::{path::*, sync::Arc};
pub struct Fetcher;
impl Fetcher {
    pub fn new(_r: Arc<dyn Report>) -> Self {
        Self
    }
}
impl Reader for Fetcher {
    fn read(&self, location: &Location, _settings: &ReadSettings) -> Result<Vec<u8>, ReadError> {
        match location {
            Location::Path(p) => std::fs::read(p).map_err(|_| ReadError::missing(location)),
            _ => Err(ReadError::new("url")),
        }
    }
    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
    fn canonical(&self, directory: &Path) -> Option<PathBuf> {
        directory.canonicalize().ok()
    }
}
