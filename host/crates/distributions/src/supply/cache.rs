//! Files that are kept for other runs and other buildouts, below a directory of the user.
//!
//! ```text
//! metadata/DIGEST            metadata of wheels, by its digest
//! wheels/KEY/NAME.whl        wheels that were built of sources
//! eggs/KEY/NAME.egg          eggs that were made of wheels
//! environments/KEY           what builds require
//! required/KEY               which environment has these requirements
//! developed/KEY              what an editable install was made of
//! trials/                    what is made only to be looked at
//! ```
//!
//! All of it may be removed. Existing files are never changed.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use base::digest::Digest;
use base::files::FileError;
use fetch::{Algorithm, Checksum};

use super::SupplyError;

/// The longest metadata that is kept, in bytes.
const LONGEST: u64 = 16 << 20;

/// A cache directory.
#[derive(Clone, Debug)]
pub struct DistributionCache {
    directory: PathBuf,
}

impl DistributionCache {
    /// The cache in `directory`, which is created when it is first written to.
    ///
    /// # Errors
    /// When other users can write there: its contents could come from anyone.
    pub fn new(directory: impl Into<PathBuf>) -> Result<Self, FileError> {
        let directory = directory.into();
        if let Ok(metadata) = directory.metadata() {
            let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
            if !is_ours || metadata.mode() & 0o022 != 0 {
                let cause = "other users can write to it, so its content cannot be trusted";
                return Err(FileError::of("use the cache", &directory)(std::io::Error::new(
                    std::io::ErrorKind::PermissionDenied,
                    cause,
                )));
            }
        }
        Ok(Self { directory })
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A directory for entries of one kind; this creates it.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn kind(&self, kind: &str) -> Result<PathBuf, FileError> {
        let path = self.directory.join(kind);
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(&path).map_err(FileError::of("create the directory", &path))?;
        Ok(path)
    }

    fn metadata_place(&self, checksum: &Checksum) -> PathBuf {
        self.directory.join("metadata").join(format!("{}-{checksum}", checksum.algorithm()))
    }

    /// Cached metadata.
    pub(super) fn metadata(&self, checksum: &Checksum) -> Option<Vec<u8>> {
        let place = self.metadata_place(checksum);
        let bytes = place
            .symlink_metadata()
            .ok()
            .filter(|data| data.is_file() && data.len() <= LONGEST)
            .and_then(|_| std::fs::read(&place).ok())?;
        verify("", &bytes, checksum).is_ok().then_some(bytes)
    }

    /// Stores metadata. If that fails, it is downloaded again next time.
    pub(super) fn keep_metadata(&self, checksum: &Checksum, bytes: &[u8]) {
        if let Ok(directory) = self.kind("metadata") {
            let place = self.metadata_place(checksum);
            let _ = base::files::write_private(&directory, &[bytes], |temporary| std::fs::rename(temporary, &place));
        }
    }
}

/// Checks that bytes match a digest.
pub(super) fn verify(url: &str, bytes: &[u8], checksum: &Checksum) -> Result<(), SupplyError> {
    if checksum.algorithm() != Algorithm::Sha256 {
        return Ok(());
    }
    let found = Digest::of(bytes).to_string();
    if found == checksum.to_string() {
        return Ok(());
    }
    let (url, algorithm) = (base::source::redact(url), checksum.algorithm().to_string());
    Err(SupplyError::WrongDigest { url, algorithm, expected: checksum.to_string(), found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_cache_that_others_can_write_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        assert!(
            DistributionCache::new(directory.path()).is_ok()
                && DistributionCache::new(directory.path().join("missing")).is_ok()
        );
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let error = DistributionCache::new(directory.path()).unwrap_err().to_string();
        assert!(error.contains("other users can write"), "{error}");
    }

    #[test]
    fn kept_metadata_are_verified() {
        let directory = tempfile::tempdir().unwrap();
        let cache = DistributionCache::new(directory.path().join("cache")).unwrap();
        let checksum = Checksum::parse(Algorithm::Sha256, &Digest::of(b"text").to_string()).unwrap();
        assert_eq!(cache.metadata(&checksum), None);
        cache.keep_metadata(&checksum, b"text");
        assert_eq!(cache.metadata(&checksum).as_deref(), Some(&b"text"[..]));
        std::fs::write(cache.metadata_place(&checksum), "other").unwrap();
        assert_eq!(cache.metadata(&checksum), None);
    }
}
