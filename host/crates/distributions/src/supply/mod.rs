//! The supply of distributions: files, their metadata, wheels of source distributions, environments for builds. All of
//! it is kept in a cache that buildouts share.

mod cache;
mod environments;
mod error;
mod files;
mod sources;
mod turn;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base::event::Report;
use base::source::Explain;
use fetch::Downloader;

pub use cache::DistributionCache;
pub use error::SupplyError;
pub(crate) use files::Brought;

use crate::build::{BuildOptions, Commands};
use crate::index::{IndexCredentials, IndexError, IndexFile, PackageIndex, ProjectFiles, SearchLocation, Web, lock};
use crate::lock::{LockUse, Purpose};
use crate::metadata::Metadata;
use crate::python::Python;
use crate::resolve::{Available, Candidate, MetadataProblem};
use turn::Turn;

/// The tools of the supply.
pub struct SupplyTools<'a> {
    /// The Python that the distributions are for.
    pub python: &'a Python,
    /// Requests pages.
    pub web: &'a dyn Web,
    /// Downloads files.
    pub downloader: &'a Downloader,
    /// The known credentials.
    pub credentials: &'a IndexCredentials,
    /// The cache.
    pub cache: &'a DistributionCache,
    /// `download-cache`: here, files are also kept by their names.
    pub download_cache: Option<PathBuf>,
    /// Runs the commands of builds.
    pub commands: &'a dyn Commands,
    /// The directory for logs of failed builds.
    pub logs: PathBuf,
    /// Receives events.
    pub report: &'a dyn Report,
    /// Called often; returns whether to stop.
    pub canceled: &'a (dyn Fn() -> bool + Sync),
}

/// The supply of distributions. Threads share it; each thing is done once.
pub struct Supply<'a> {
    tools: SupplyTools<'a>,
    index: PackageIndex<'a>,
    metadata: Memo<Metadata>,
    brought: Memo<Brought>,
    wheels: Memo<Brought>,
    /// The options for builds of source distributions.
    options: BuildOptions,
    turn: Turn,
    /// What builds have required so far.
    required: Mutex<Vec<Candidate>>,
}

/// The results for files, by their locations.
type Memo<T> = Mutex<BTreeMap<SearchLocation, Arc<Mutex<Option<Arc<T>>>>>>;

/// Computes each value once, whichever thread requests it.
fn once<T, E>(memo: &Memo<T>, key: &SearchLocation, find: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
    let slot = Arc::clone(lock(memo).entry(key.clone()).or_default());
    let mut slot = lock(&slot);
    if let Some(known) = &*slot {
        return Ok(Arc::clone(known));
    }
    let found = Arc::new(find()?);
    *slot = Some(Arc::clone(&found));
    Ok(found)
}

impl<'a> Supply<'a> {
    /// The supply of the files of `index`, downloaded with `tools`.
    pub fn new(index: PackageIndex<'a>, tools: SupplyTools<'a>) -> Self {
        Self {
            tools,
            index,
            metadata: Mutex::default(),
            brought: Mutex::default(),
            wheels: Mutex::default(),
            options: BuildOptions::default(),
            turn: Turn::default(),
            required: Mutex::default(),
        }
    }

    /// The same, with these options for builds.
    #[must_use]
    pub fn with_options(self, options: BuildOptions) -> Self {
        Self { options, ..self }
    }

    /// The available files.
    pub(crate) fn index(&self) -> &PackageIndex<'a> {
        &self.index
    }

    /// The lock.
    pub(crate) fn lock(&self) -> Option<&LockUse> {
        self.index.lock()
    }

    /// The distributions that builds have required so far. With a preferred lock, none is missing, as then nothing is
    /// remembered.
    pub fn required_by_builds(&self) -> Vec<Candidate> {
        lock(&self.required).clone()
    }

    /// Its tools.
    pub(crate) fn tools(&self) -> &SupplyTools<'a> {
        &self.tools
    }

    fn read_metadata(&self, file: &IndexFile) -> Result<Metadata, SupplyError> {
        if let Some(known) = self.published_metadata(file)? {
            return Ok(known);
        }
        if file.name.is_source() {
            return self.metadata_of_source(file);
        }
        self.wheel_metadata(file)
    }

    /// The separate metadata that the index has for the file, cached by its digest.
    fn published_metadata(&self, file: &IndexFile) -> Result<Option<Metadata>, SupplyError> {
        let Some(sidecar) = &file.metadata else { return Ok(None) };
        let kept = sidecar.checksum.as_ref().and_then(|checksum| self.tools.cache.metadata(checksum));
        let bytes = match kept {
            Some(bytes) => bytes,
            None => {
                let Some(bytes) = self
                    .tools
                    .web
                    .bytes(&sidecar.url, self.tools.report)
                    .map_err(|error| SupplyError::of_web(&sidecar.url, error))?
                else {
                    return Ok(None);
                };
                if let Some(checksum) = &sidecar.checksum {
                    cache::verify(&sidecar.url, &bytes, checksum)?;
                    self.tools.cache.keep_metadata(checksum, &bytes);
                }
                bytes
            }
        };
        let metadata = Metadata::parse(&String::from_utf8_lossy(&bytes))
            .map_err(|error| SupplyError::Metadata { file: file.file.clone(), cause: error.to_string() })?;
        self.check_identity(file, &metadata)?;
        Ok(Some(metadata))
    }

    /// Checks that the metadata belongs to the file.
    fn check_identity(&self, file: &IndexFile, metadata: &Metadata) -> Result<(), SupplyError> {
        let same = crate::name::canonical(&metadata.name) == file.name.key()
            && crate::version::parse(&metadata.version).as_ref() == Some(&file.name.version);
        if same {
            return Ok(());
        }
        let cause = format!("they say that it is {} {}", metadata.name, metadata.version);
        Err(SupplyError::Metadata { file: file.file.clone(), cause })
    }
}

impl Available for Supply<'_> {
    fn project(&self, key: &str, written: &str) -> Result<Arc<ProjectFiles>, IndexError> {
        self.index.project(key, written, Purpose::Use)
    }

    fn metadata(&self, file: &IndexFile) -> Result<Arc<Metadata>, MetadataProblem> {
        let found = match file.name.is_source() {
            true => {
                self.turn_of(file).and_then(|_turn| once(&self.metadata, &file.location, || self.read_metadata(file)))
            }
            false => once(&self.metadata, &file.location, || self.read_metadata(file)),
        };
        found.map_err(|error| match error.is_of_the_file() {
            true => MetadataProblem::Unusable(error.to_string()),
            false => MetadataProblem::Fatal(Box::new(error) as Box<dyn Explain + Send + Sync>),
        })
    }
}

/// The last part of a path, as a string.
fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
