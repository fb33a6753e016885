//! Downloads the sources of parts: files, and URLs through the cache. Every file is hashed before it is returned.

mod checksum;
mod error;
mod headers;
mod mirrors;
mod partial;
mod request;
mod settings;
mod store;

use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::http::{Allowed, Client, Transfer, TransferFault, TransferLimits, TransferStop};
use crate::local;
use base::environment::Environment;
use base::event::{Level, Report};
use base::files::{FileError, open_regular};
use base::source::redact;
use checksum::{Computed, Hasher};
use partial::{Label, Partial};
use store::{CandidateFile, Store};

pub use checksum::{Algorithm, Checksum};
pub use error::DownloadError;
pub use mirrors::Mirrors;
pub use request::{DownloadRequest, Downloaded};
pub use settings::{CacheDirectory, DownloadSettings, NetworkUse};
pub use store::CachedPaths;

/// Downloads the sources of parts. Can be shared between threads.
pub struct Downloader {
    client: Client,
    store: Store,
    /// Replaces the store if that cannot be written, until the process exits.
    substitute: OnceLock<(Store, tempfile::TempDir)>,
    /// Directory for temporary files.
    temporary: PathBuf,
    settings: DownloadSettings,
}

/// Returns whether the caller canceled the operation.
type Canceled<'a> = &'a dyn Fn() -> bool;

/// The result of searching the cache.
enum Cached {
    Found(Downloaded),
    Missing { damaged: bool },
}

impl Downloader {
    /// A downloader for the process with this `environment` (uses its proxies). Opens nothing yet.
    pub fn new(environment: &Environment, settings: DownloadSettings) -> Self {
        let temporary = environment.variables.get("TMPDIR").filter(|path| !path.is_empty());
        Self {
            client: Client::new(environment),
            store: Store::new(&settings.cache.path),
            substitute: OnceLock::new(),
            temporary: PathBuf::from(temporary.map_or("/tmp", String::as_str)),
            settings,
        }
    }

    /// Downloads a file. `canceled` is called several times per second.
    ///
    /// # Errors
    /// [`DownloadError`]; then no part of the file is left in the cache.
    pub fn download(
        &self,
        request: &DownloadRequest,
        report: &dyn Report,
        canceled: Canceled<'_>,
    ) -> Result<Downloaded, DownloadError> {
        match local::path_of(&request.url, &self.settings.directory) {
            Some(path) => self.local(request, path, canceled),
            None => self.remote(request, report, canceled),
        }
    }

    /// The local file that a URL or path means, if it means one.
    pub fn local_path(&self, url: &str) -> Option<PathBuf> {
        local::path_of(url, &self.settings.directory)
    }

    /// Removes the cache entry of `url`, so that it is downloaded again: for a file without a checksum that turned out
    /// to be something else.
    ///
    /// # Errors
    /// If the cache cannot be written.
    pub fn forget(&self, url: &str) -> Result<(), DownloadError> {
        Ok(self.store.forget(url)?)
    }

    /// Uses a local file in place, as zc.buildout does.
    fn local(
        &self,
        request: &DownloadRequest,
        path: PathBuf,
        canceled: Canceled<'_>,
    ) -> Result<Downloaded, DownloadError> {
        let not_allowed = || DownloadError::NotAllowed { url: redact(&request.url) };
        let real = path.canonicalize().map_err(FileError::of("open", &path))?;
        if !request.allowed.allows_file(&real) {
            return Err(not_allowed());
        }
        let file = match open_regular(&real) {
            Err(error) if matches!(error.kind(), ErrorKind::IsADirectory | ErrorKind::InvalidInput) => {
                return Err(DownloadError::NoFile(path));
            }
            file => Arc::new(file.map_err(FileError::of("open", &path))?),
        };
        // Meanwhile, a command may have replaced a directory on the way by a link.
        let opened = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()));
        if !request.allowed.allows_file(&opened.map_err(FileError::of("open", &path))?) {
            return Err(not_allowed());
        }
        let length = file.metadata().map_err(FileError::of("read", &path))?.len();
        let limit = self.limits(request).size;
        if length > limit {
            return Err(DownloadError::Transfer { url: redact(&request.url), fault: TransferFault::TooLarge(limit) });
        }
        let computed = hash(&file, &path, request, canceled)?;
        verify(request, &computed)?;
        let (sha256, address) = (computed.sha256, redact(&request.url));
        Ok(Downloaded { path, local: Some(file), sha256, from_cache: false, address, headers: Vec::new() })
    }

    fn remote(
        &self,
        request: &DownloadRequest,
        report: &dyn Report,
        canceled: Canceled<'_>,
    ) -> Result<Downloaded, DownloadError> {
        let url = redact(&request.url);
        if !request.allowed.allows_remote(&request.url) {
            return Err(DownloadError::NotAllowed { url });
        }
        let DownloadSettings { network, cache, .. } = &self.settings;
        // Other headers may bring another file.
        let is_plain = request.headers.is_empty() && cache.chosen;
        let may_reuse = !request.checksums.is_empty() || is_plain || *network != NetworkUse::Allowed;
        let damaged = match may_reuse {
            true => match self.cached(request, report, canceled)? {
                Cached::Found(downloaded) => return Ok(downloaded),
                Cached::Missing { damaged } => damaged,
            },
            false => false,
        };
        if *network != NetworkUse::Allowed {
            let cache = self.store.directory().to_owned();
            return Err(DownloadError::NotInCache { url, cache, network: *network, damaged });
        }
        self.transfer(request, report, canceled)
    }

    /// Searches the cache. A copy that does not match the digest in its name was damaged: it is removed.
    fn cached(
        &self,
        request: &DownloadRequest,
        report: &dyn Report,
        canceled: Canceled<'_>,
    ) -> Result<Cached, DownloadError> {
        let mut damaged = false;
        for CandidateFile { path, promised } in self.store.candidates(&request.url, &request.checksums) {
            let file = match open_regular(&path) {
                // Another process found the damage, and removed it.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                file => file.map_err(FileError::of("open", &path))?,
            };
            let computed = hash(&file, &path, request, canceled)?;
            if promised.is_some_and(|promised| promised != computed.sha256) {
                report.log(Level::Warning, &format!("Removing {}: the cached copy is damaged", path.display()));
                remove(&path)?;
                damaged = true;
            } else if computed.differs(&request.checksums).is_none() {
                let (sha256, address) = (computed.sha256, redact(&request.url));
                let headers = Vec::new();
                return Ok(Cached::Found(Downloaded { path, local: None, sha256, from_cache: true, address, headers }));
            }
        }
        Ok(Cached::Missing { damaged })
    }

    fn transfer(
        &self,
        request: &DownloadRequest,
        report: &dyn Report,
        canceled: Canceled<'_>,
    ) -> Result<Downloaded, DownloadError> {
        let mirror = self.settings.mirrors.find(&request.url);
        // The user has chosen the mirror, and therefore its redirects, too.
        let allowed = if mirror.is_some() { &Allowed::Any } else { &request.allowed };
        let url = mirror.as_ref().unwrap_or(&request.url);
        let shown = redact(url);
        let level = if request.is_reported { Level::Debug } else { Level::Info };
        report.log(level, &format!("Downloading {shown}"));
        let label = Label { part: &request.part, url: &shown };
        let (store, mut partial) = self.partial(request, label, report)?;
        let limits = self.limits(request);
        let headers = headers::sent(&request.headers);
        let transfer = Transfer { url, allowed, limits: &limits, headers: &headers, canceled };
        let received = self.client.get(&transfer, &mut partial).map_err(|stop| match stop {
            TransferStop::Fault(fault) => DownloadError::Transfer { url: shown.clone(), fault },
            TransferStop::Sink(error) => DownloadError::of_sink(shown.clone(), error),
            TransferStop::Canceled => canceled_error(request),
        })?;
        let computed = partial.computed();
        verify(request, &computed)?;
        let name = request.headers.is_empty().then_some(request.url.as_str());
        let path = store.keep(partial, &computed, name, &request.checksums)?;
        let (sha256, address, headers) = (computed.sha256, redact(received.url.as_str()), headers::received(&received));
        Ok(Downloaded { path, local: None, sha256, from_cache: false, address, headers })
    }

    /// An empty file in the cache. If the user did not choose a cache and the default one cannot be written, it is in a
    /// temporary directory.
    fn partial<'a>(
        &self,
        request: &DownloadRequest,
        label: Label<'a>,
        report: &'a dyn Report,
    ) -> Result<(&Store, Partial<'a>), FileError> {
        let error = match self.store.partial(&request.checksums, label, report) {
            Ok(partial) => return Ok((&self.store, partial)),
            Err(error) if self.settings.cache.chosen => return Err(error),
            Err(error) => error,
        };
        if self.substitute.get().is_none() {
            let failed = FileError::of("write in", &self.temporary);
            let directory = tempfile::Builder::new().prefix("buildout-host-").tempdir_in(&self.temporary);
            let directory = directory.map_err(failed)?;
            if self.substitute.set((Store::new(directory.path()), directory)).is_ok() {
                report.log(Level::Warning, &format!("Downloads are not kept: {error}"));
            }
        }
        let store = self.substitute.get().map_or(&self.store, |(store, _)| store);
        Ok((store, store.partial(&request.checksums, label, report)?))
    }

    fn limits(&self, request: &DownloadRequest) -> TransferLimits {
        let mut limits = self.settings.limits.clone();
        limits.size = request.size.unwrap_or(limits.size);
        limits.attempts = request.attempts.unwrap_or(limits.attempts);
        if let Some(timeout) = request.timeout {
            limits.give_up_after(timeout);
        }
        limits
    }
}

fn hash(
    file: &File,
    path: &Path,
    request: &DownloadRequest,
    canceled: Canceled<'_>,
) -> Result<Computed, DownloadError> {
    let mut content = file;
    let computed = Hasher::new(&request.checksums).read(&mut content, canceled).map_err(FileError::of("read", path))?;
    computed.ok_or_else(|| canceled_error(request))
}

fn verify(request: &DownloadRequest, computed: &Computed) -> Result<(), DownloadError> {
    match computed.differs(&request.checksums) {
        None => Ok(()),
        Some((expected, found)) => Err(DownloadError::WrongChecksum {
            url: redact(&request.url),
            expected: expected.clone(),
            found: found.clone(),
        }),
    }
}

fn canceled_error(request: &DownloadRequest) -> DownloadError {
    DownloadError::Canceled { url: redact(&request.url) }
}

fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(FileError::of("remove", path)(error)),
        _ => Ok(()),
    }
}
