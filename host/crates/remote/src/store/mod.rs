//! A directory of contents by digest and of results by key, which buildouts and processes of one user share.
//!
//! ```text
//! blobs/ab/HASH      a content
//! results/ab/HASH    the digest of what follows, a line end, the outputs of the action with this key
//! blobs/ab/*.temporary, results/*.temporary    what is being written
//! ```
//!
//! All is written under a temporary name, then renamed. Nothing is trusted when it is used: contents are hashed again, so
//! a torn or damaged file is a content that is not there. Knows nothing of servers.

mod incoming;
mod trim;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder, File, FileTimes};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use base::digest::Digest;
use base::files::{self, Distrust, FileError, check_trusted, check_trusted_directory};

pub use trim::StoreUsage;

pub(crate) use incoming::IncomingBlob;

use crate::blob::BlobDigest;
use crate::tree::BlobReader;

/// How large a store becomes before the least recently used files are removed.
pub const DEFAULT_CAPACITY: u64 = 10 << 30;

/// Uses of a file within this time count as one.
const ONE_USE: Duration = Duration::from_secs(600);

/// How the names of files end while they are written.
const SUFFIX: &str = ".temporary";

/// The largest result.
const LARGEST_RESULT: u64 = 16 << 20;

/// The store.
#[derive(Debug)]
pub struct BlobStore {
    directory: PathBuf,
    capacity: u64,
    /// Bytes that this process wrote since it last removed old files.
    written: AtomicU64,
    /// Removes a temporary store.
    _temporary: Option<tempfile::TempDir>,
}

/// Why the store cannot be used, or did not take something.
#[derive(Debug, thiserror::Error)]
pub enum BlobStoreError {
    /// Others can write it.
    #[error("The cache {} is not used: {cause}", .directory.display())]
    Untrusted {
        /// The directory.
        directory: PathBuf,
        /// Why.
        cause: Distrust,
    },
    /// The system's error.
    #[error(transparent)]
    File(#[from] FileError),
    /// What was to be stored is not what its digest says.
    #[error("The content is not {0}")]
    Mismatch(BlobDigest),
}

impl BlobStore {
    /// Opens the store in `directory`, which is created if it does not exist.
    ///
    /// # Errors
    /// When it cannot be created, or someone else can write to it.
    pub fn open(directory: &Path, capacity: u64) -> Result<Self, BlobStoreError> {
        let untrusted = |cause| BlobStoreError::Untrusted { directory: directory.to_owned(), cause };
        check_trusted_directory(directory).map_err(untrusted)?;
        for name in ["blobs", "results"] {
            let path = directory.join(name);
            create(&path).map_err(FileError::of("create the directory", &path))?;
            let metadata = path.symlink_metadata().map_err(FileError::of("read", &path))?;
            if !metadata.is_dir() {
                return Err(FileError::of("use the directory", &path)(ErrorKind::NotADirectory.into()).into());
            }
            check_trusted(&path, &metadata).map_err(untrusted)?;
        }
        Ok(Self { directory: directory.to_owned(), capacity, written: AtomicU64::new(0), _temporary: None })
    }

    /// A store that ends with the value, for when there is no other.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn temporary() -> Result<Self, BlobStoreError> {
        let made = tempfile::Builder::new().prefix("buildout-cache-").tempdir();
        let made = made.map_err(FileError::of("create a directory in", &std::env::temp_dir()))?;
        let mut store = Self::open(made.path(), u64::MAX)?;
        store._temporary = Some(made);
        Ok(store)
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// How large it may become, in bytes.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Whether a content of this name and size is there. It may be damaged.
    pub(crate) fn contains(&self, digest: &BlobDigest) -> bool {
        let found = self.blob(digest).symlink_metadata();
        digest.size() == 0 || found.is_ok_and(|found| found.is_file() && found.len() == digest.size())
    }

    /// A content, hashed; `None` if it is not there. A damaged one is removed.
    ///
    /// # Errors
    /// The system's error.
    pub(crate) fn read(&self, digest: &BlobDigest) -> io::Result<Option<Vec<u8>>> {
        let file = match self.open_blob(digest) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        match files::read_open(&file, digest.size()) {
            Ok(bytes) if BlobDigest::of(&bytes) == *digest => Ok(Some(bytes)),
            Err(error) if error.kind() != ErrorKind::FileTooLarge => Err(error),
            _ => {
                self.drop_blob(digest);
                Ok(None)
            }
        }
    }

    /// Stores bytes, unless they are not what the digest says.
    ///
    /// # Errors
    /// [`BlobStoreError::Mismatch`], or the system's error.
    pub(crate) fn insert(&self, digest: &BlobDigest, bytes: &[u8]) -> Result<(), BlobStoreError> {
        let mut incoming = self.incoming(*digest)?;
        incoming.write(bytes)?;
        incoming.keep()
    }

    /// Stores a copy of a file.
    ///
    /// # Errors
    /// [`BlobStoreError::Mismatch`] if it changed since its digest was computed, or the system's error.
    pub(crate) fn insert_file(&self, digest: &BlobDigest, path: &Path) -> Result<(), BlobStoreError> {
        if self.contains(digest) {
            return Ok(());
        }
        let source = files::open_regular(path).map_err(FileError::of("open", path))?;
        let mut incoming = self.incoming(*digest)?;
        incoming.copy(&source, path)?;
        incoming.keep()
    }

    /// Starts to store a content that arrives in pieces.
    ///
    /// # Errors
    /// The system's error.
    pub(crate) fn incoming(&self, digest: BlobDigest) -> Result<IncomingBlob<'_>, BlobStoreError> {
        Ok(IncomingBlob::new(self, digest)?)
    }

    /// The result of an action, as it was stored; `None` if there is none, or it is damaged.
    pub(crate) fn result(&self, key: &BlobDigest) -> Option<Vec<u8>> {
        let path = self.path("results", key);
        let content = files::read_at_most(&path, LARGEST_RESULT).ok()?;
        let body = content.get(65..)?;
        let is_whole = content[64] == b'\n' && Digest::of(body).to_string().as_bytes() == &content[..64];
        if !is_whole {
            let _ = fs::remove_file(&path);
            return None;
        }
        touch(&File::open(&path).ok()?);
        Some(body.to_owned())
    }

    pub(crate) fn insert_result(&self, key: &BlobDigest, result: &[u8]) -> Result<(), BlobStoreError> {
        let digest = format!("{}\n", Digest::of(result));
        let path = self.path("results", key);
        if let Some(parent) = path.parent() {
            create(parent).map_err(FileError::of("create the directory", parent))?;
        }
        let publish = |temporary: &Path| fs::rename(temporary, &path);
        let written = files::write_private(&self.directory.join("results"), &[digest.as_bytes(), result], publish);
        written.map_err(FileError::of("write", &path))?;
        self.count(result.len() as u64);
        Ok(())
    }

    /// Forgets a result that turned out to be incomplete.
    pub(crate) fn drop_result(&self, key: &BlobDigest) {
        let _ = fs::remove_file(self.path("results", key));
    }

    fn drop_blob(&self, digest: &BlobDigest) {
        let _ = fs::remove_file(self.blob(digest));
    }

    fn open_blob(&self, digest: &BlobDigest) -> io::Result<File> {
        if digest.size() == 0 && !self.contains_file(digest) {
            // Everyone knows its content, so it need not be stored.
            return File::open("/dev/null");
        }
        let file = files::open_regular(&self.blob(digest))?;
        touch(&file);
        Ok(file)
    }

    fn contains_file(&self, digest: &BlobDigest) -> bool {
        self.blob(digest).exists()
    }

    fn count(&self, bytes: u64) {
        let written = self.written.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        // A large run can write more than the store may hold.
        if written > self.capacity {
            self.trim();
        }
    }

    fn blob(&self, digest: &BlobDigest) -> PathBuf {
        self.path("blobs", digest)
    }

    fn path(&self, kind: &str, digest: &BlobDigest) -> PathBuf {
        let hash = digest.hash().to_string();
        self.directory.join(kind).join(&hash[..2]).join(hash)
    }
}

impl Drop for BlobStore {
    fn drop(&mut self) {
        if self._temporary.is_none() && self.written.load(Ordering::Relaxed) > 0 {
            self.trim();
        }
    }
}

impl BlobReader for BlobStore {
    fn open(&self, digest: &BlobDigest) -> io::Result<File> {
        self.open_blob(digest)
    }

    fn damaged(&self, digest: &BlobDigest) {
        self.drop_blob(digest);
    }
}

fn create(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Notes that a file was used.
fn touch(file: &File) {
    let now = SystemTime::now();
    let is_old = |used: SystemTime| now.duration_since(used).map_or(true, |age| age > ONE_USE);
    if file.metadata().and_then(|metadata| metadata.modified()).is_ok_and(is_old) {
        // In a store that cannot be written, nothing is removed either.
        let _ = file.set_times(FileTimes::new().set_modified(now));
    }
}
