//! Brings the sources of parts: files, and URLs by way of the cache. Whatever it gives out was hashed first.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::allowed::Allowed;
use super::checksum::{Checksum, Computed, Hasher};
use super::download_error::DownloadError;
use super::fault::{Ended, TransferFault};
use super::http::Client;
use super::limits::Limits;
use super::local;
use super::partial::Label;
use super::settings::{DownloadSettings, Network};
use super::store::Store;
use super::transfer::Transfer;
use base::digest::Digest;
use base::environment::Environment;
use base::event::{Event, Level, Report};
use base::files::FileError;
use base::source::redact;

/// What is to be brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// An `http:`, `https:` or `file:` URL, or a path relative to the buildout directory.
    pub url: String,
    /// Who asks: the part that events tell.
    pub part: String,
    /// What it must be; all must hold.
    pub checksums: Vec<Checksum>,
    /// Where it, and redirects, may lead.
    pub allowed: Allowed,
    /// Longest file, in bytes, where it is not the usual limit.
    pub size: Option<u64>,
    /// How long the server may be silent, where that is not `socket-timeout`.
    pub timeout: Option<Duration>,
    /// How often it is tried, where that is not the usual number.
    pub attempts: Option<u32>,
}

impl Request {
    /// A request for `url`, without checksum.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// The same, to be verified by one more checksum.
    #[must_use]
    pub fn checksum(mut self, checksum: Checksum) -> Self {
        self.checksums.push(checksum);
        self
    }
}

/// A file that was brought, and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// Where it is: in the cache, or, if it is a local file, where it always was. Not to be changed.
    pub path: PathBuf,
    /// Its digest.
    pub sha256: Digest,
    /// Whether the cache had it.
    pub from_cache: bool,
}

/// Brings the sources of parts. Can be shared by threads.
pub struct Downloader {
    client: Client,
    store: Store,
    settings: DownloadSettings,
}

/// What the cache has.
enum Cached {
    Found(Downloaded),
    Missing { damaged: bool },
}

impl Downloader {
    /// Downloads for the process that `environment` describes (its proxy settings count). Opens nothing yet.
    pub fn new(environment: &Environment, settings: DownloadSettings) -> Self {
        Self { client: Client::new(environment), store: Store::new(&settings.cache.path), settings }
    }

    /// Brings what `request` names. `cancelled` is asked several times a second.
    ///
    /// # Errors
    /// [`DownloadError`]; then nothing of the file is left in the cache.
    pub fn download(
        &self,
        request: &Request,
        report: &dyn Report,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Downloaded, DownloadError> {
        match local::path_of(&request.url, &self.settings.directory) {
            Some(path) => self.local(request, path, cancelled),
            None => self.remote(request, report, cancelled),
        }
    }

    /// A local file is used where it is, as zc.buildout does.
    fn local(
        &self,
        request: &Request,
        path: PathBuf,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Downloaded, DownloadError> {
        let real = path.canonicalize().map_err(FileError::of("open", &path))?;
        if !request.allowed.allows_file(&real) {
            return Err(DownloadError::NotAllowed { url: redact(&request.url) });
        }
        let metadata = real.metadata().map_err(FileError::of("read", &path))?;
        if !metadata.is_file() {
            return Err(DownloadError::NoFile(path));
        }
        let limit = self.limits(request).size;
        if metadata.len() > limit {
            return Err(DownloadError::Transfer { url: redact(&request.url), fault: TransferFault::TooLarge(limit) });
        }
        let computed = hash(&path, request, cancelled)?;
        verify(request, &computed)?;
        Ok(Downloaded { path, sha256: computed.sha256, from_cache: false })
    }

    fn remote(
        &self,
        request: &Request,
        report: &dyn Report,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Downloaded, DownloadError> {
        let url = redact(&request.url);
        if !Url::parse(&request.url).is_ok_and(|url| request.allowed.allows(&url)) && request.allowed != Allowed::Any {
            return Err(DownloadError::NotAllowed { url });
        }
        let DownloadSettings { network, cache, .. } = &self.settings;
        let may_reuse = !request.checksums.is_empty() || cache.chosen || *network != Network::Allowed;
        let damaged = match may_reuse {
            true => match self.cached(request, report, cancelled)? {
                Cached::Found(downloaded) => return Ok(downloaded),
                Cached::Missing { damaged } => damaged,
            },
            false => false,
        };
        if *network != Network::Allowed {
            let cache = self.store.directory().to_owned();
            return Err(DownloadError::NotInCache { url, cache, network: *network, damaged });
        }
        let message = format!("Downloading {url}");
        report.report(Event::Log { logger: "buildout", level: Level::Info, message: &message });
        self.transfer(request, Label { part: &request.part, url: &url }, report, cancelled)
    }

    /// Looks into the cache. A copy that is not what its name promises has changed since it was written: it is removed.
    fn cached(
        &self,
        request: &Request,
        report: &dyn Report,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Cached, DownloadError> {
        let mut damaged = false;
        for candidate in self.store.candidates(&request.url, &request.checksums) {
            let computed = match hash(&candidate.path, request, cancelled) {
                Ok(computed) => computed,
                // Another process has found it damaged, and removed it.
                Err(DownloadError::File(error)) if error.cause.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if candidate.promised.is_some_and(|promised| promised != computed.sha256) {
                let message = format!("The cached copy {} is damaged; it is removed.", candidate.path.display());
                report.report(Event::Log { logger: "buildout", level: Level::Warning, message: &message });
                remove(&candidate.path)?;
                damaged = true;
            } else if computed.differs(&request.checksums).is_none() {
                let downloaded = Downloaded { path: candidate.path, sha256: computed.sha256, from_cache: true };
                return Ok(Cached::Found(downloaded));
            }
        }
        Ok(Cached::Missing { damaged })
    }

    fn transfer(
        &self,
        request: &Request,
        label: Label<'_>,
        report: &dyn Report,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Downloaded, DownloadError> {
        let mut partial = self.store.partial(&request.checksums, label, report)?;
        let limits = self.limits(request);
        let transfer = Transfer { url: &request.url, allowed: &request.allowed, limits: &limits, cancelled };
        self.client.get(&transfer, &mut partial).map_err(|ended| match ended {
            Ended::Fault(fault) => DownloadError::Transfer { url: redact(&request.url), fault },
            Ended::File(error) => error.into(),
            Ended::Cancelled => cancelled_error(request),
        })?;
        let computed = partial.computed();
        verify(request, &computed)?;
        let path = self.store.keep(partial, &computed, &request.url, &request.checksums)?;
        Ok(Downloaded { path, sha256: computed.sha256, from_cache: false })
    }

    fn limits(&self, request: &Request) -> Limits {
        let mut limits = self.settings.limits.clone();
        limits.size = request.size.unwrap_or(limits.size);
        limits.attempts = request.attempts.unwrap_or(limits.attempts);
        if let Some(timeout) = request.timeout {
            limits.give_up_after(timeout);
        }
        limits
    }
}

fn hash(path: &Path, request: &Request, cancelled: &dyn Fn() -> bool) -> Result<Computed, DownloadError> {
    let mut file = File::open(path).map_err(FileError::of("open", path))?;
    let computed = Hasher::new(&request.checksums).read(&mut file, cancelled).map_err(FileError::of("read", path))?;
    computed.ok_or_else(|| cancelled_error(request))
}

fn verify(request: &Request, computed: &Computed) -> Result<(), DownloadError> {
    match computed.differs(&request.checksums) {
        None => Ok(()),
        Some((expected, found)) => Err(DownloadError::WrongChecksum {
            url: redact(&request.url),
            expected: expected.clone(),
            found: found.clone(),
        }),
    }
}

fn cancelled_error(request: &Request) -> DownloadError {
    DownloadError::Cancelled { url: redact(&request.url) }
}

fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(FileError::of("remove", path)(error)),
        _ => Ok(()),
    }
}
