//! Files from the network, the `download-cache`, or this machine. Every file is hashed before it is returned.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::digest::Digest;
use base::files::FileError;
use fetch::{Allowed, DownloadRequest, UrlFilter};

use super::{Supply, SupplyError, once};
use crate::filename::{FileKind, FileName};
use crate::index::{IndexFile, SearchLocation};
use crate::metadata::Metadata;
use crate::wheel::{self, WheelError};

/// The longest file, in bytes: the largest wheels have some gigabytes.
const LONGEST: u64 = 8 << 30;

/// A file on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// Its path. The file must not be changed.
    pub(crate) path: PathBuf,
    /// The parts of its name.
    pub(crate) name: FileName,
    /// Its digest.
    pub sha256: Digest,
    /// Where it comes from, as shown to a person: the path is often that of a cache.
    pub(crate) origin: String,
}

impl Brought {
    /// The metadata of a wheel.
    pub(super) fn read_metadata(&self) -> Result<Metadata, WheelError> {
        wheel::read_metadata(&self.path, &self.name).map_err(|error| error.naming(&self.origin))
    }
}

impl Supply<'_> {
    /// Downloads a file, or finds it.
    ///
    /// # Errors
    /// When it is not available, or differs from what the index promises.
    pub fn bring(&self, file: &IndexFile) -> Result<Arc<Brought>, SupplyError> {
        once(&self.brought, &file.location, || self.bring_again(file))
    }

    fn bring_again(&self, file: &IndexFile) -> Result<Brought, SupplyError> {
        let kept = self.tools.download_cache.as_ref().map(|directory| directory.join(&file.file));
        if let Some(kept) = kept.as_ref().filter(|path| path.is_file()) {
            // The existing file may be another one of the same name: then it is downloaded again and replaced.
            if let Ok(brought) = self.download(&kept.to_string_lossy(), file) {
                return Ok(brought);
            }
        }
        let brought = match &file.location {
            SearchLocation::Path(path) => self.download(&path.to_string_lossy(), file)?,
            SearchLocation::Url(url) => self.download(&self.tools.credentials.with(url), file)?,
        };
        if let Some(kept) = kept {
            keep(&brought.path, &kept)?;
        }
        Ok(brought)
    }

    fn download(&self, url: &str, file: &IndexFile) -> Result<Brought, SupplyError> {
        let mut request = DownloadRequest::new(url);
        request.checksums = file.checksums.clone();
        request.allowed = self.allowed_for(file);
        request.size = Some(file.size.unwrap_or(LONGEST).min(LONGEST));
        request.is_reported = true;
        let downloaded = self.tools.downloader.download(&request, self.tools.report, &self.tools.canceled)?;
        let origin = file.location.to_string();
        Ok(Brought { path: downloaded.path, name: file.name.clone(), sha256: downloaded.sha256, origin })
    }

    /// Where the server of a file may redirect to: not to a host that is not allowed, if its own host is.
    fn allowed_for(&self, file: &IndexFile) -> Allowed {
        let hosts = &self.index.sources().allowed;
        match &file.location {
            SearchLocation::Url(url) if hosts.allows(url) => {
                let hosts = hosts.clone();
                Allowed::Accepted(UrlFilter::new(move |url| hosts.allows(url.as_str())))
            }
            _ => Allowed::Any,
        }
    }

    /// The metadata of a wheel or an egg.
    pub(super) fn wheel_metadata(&self, file: &IndexFile) -> Result<Metadata, SupplyError> {
        let brought = self.bring(file)?;
        match file.name.kind {
            FileKind::Egg { .. } => crate::eggs::read_zipped(&brought.path)
                .map_err(|cause| SupplyError::Metadata { file: file.file.clone(), cause }),
            _ => Ok(brought.read_metadata()?),
        }
    }
}

/// Puts a copy of a file at `kept`, whole.
fn keep(path: &Path, kept: &Path) -> Result<(), FileError> {
    let directory = kept.parent().unwrap_or(kept);
    std::fs::create_dir_all(directory).map_err(FileError::of("create the directory", directory))?;
    let copy = || {
        let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
        std::io::copy(&mut base::files::open_regular(path)?, &mut temporary)?;
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        temporary.as_file().set_permissions(readable)?;
        temporary.persist(kept).map_err(|error| error.error)
    };
    copy().map(drop).map_err(FileError::of("keep", kept))
}
