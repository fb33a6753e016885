//! Copies of downloads from registries, in the user's cache directory: contents by digest, and the digests of tags. The
//! cache is not trusted: loaded contents are hashed again, and a damaged copy is ignored.
//!
//! No failure here stops a run: contents that cannot be stored are downloaded again.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};
use std::time::SystemTime;

use super::artifacts::{ArtifactManifest, LARGEST_MANIFEST};
use super::reference::Reference;
use base::digest::Digest;
use base::environment::Environment;
use base::event::{Level, Report};
use base::files::{TEMPORARY, evict, open_regular, read_at_most, write_private};

/// Maximum total size of the copies, in bytes; the least recently used ones are removed.
const CAPACITY: u64 = 1 << 30;

/// The suffix of files with the digest that a tag pointed to.
const TAG: &str = "tag";

/// The copies of one user.
#[derive(Clone)]
pub struct ArtifactCache {
    directory: Option<PathBuf>,
    capacity: u64,
    report: Arc<dyn Report>,
    /// Whether the warning that nothing can be stored was printed.
    reported: Arc<Once>,
}

impl ArtifactCache {
    /// The cache in the user's cache directory. If that directory is unknown, nothing is stored.
    pub fn open(environment: &Environment, report: Arc<dyn Report>) -> Self {
        let directory = environment.cache_directory().map(|directory| directory.join("artifacts"));
        Self { directory, capacity: CAPACITY, report, reported: Arc::new(Once::new()) }
    }

    /// The directory of the copies, if there is one.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// The most bytes that they may use together.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// The sizes of the copies, in bytes.
    ///
    /// # Errors
    /// When the directory cannot be read. A missing directory is empty.
    pub fn sizes(&self) -> io::Result<Vec<u64>> {
        Ok(self.files()?.into_iter().filter(|(path, _)| path.extension().is_none()).map(|(_, size)| size).collect())
    }

    /// Removes everything; returns the number of bytes removed.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn clear(&self) -> io::Result<u64> {
        let mut freed = 0;
        for (path, size) in self.files()? {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => freed += size,
            }
        }
        Ok(freed)
    }

    /// The files that this cache writes, with their sizes.
    fn files(&self) -> io::Result<Vec<(PathBuf, u64)>> {
        let Some(directory) = &self.directory else { return Ok(Vec::new()) };
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let is_digest = path.file_stem().and_then(|stem| stem.to_str()?.parse::<Digest>().ok()).is_some();
            let is_own = match path.extension().and_then(|extension| extension.to_str()) {
                Some(TAG) | None => is_digest,
                Some(extension) => extension == TEMPORARY,
            };
            // Another process may have removed the file meanwhile.
            if is_own
                && let Ok(metadata) = path.symlink_metadata()
                && metadata.is_file()
            {
                files.push((path, metadata.len()));
            }
        }
        Ok(files)
    }

    #[cfg(test)]
    pub(super) fn with_capacity(self, capacity: u64) -> Self {
        Self { capacity, ..self }
    }

    /// The content with that digest, of at most `most` bytes.
    pub(super) fn load(&self, digest: Digest, most: u64) -> Option<Vec<u8>> {
        let path = self.directory.as_ref()?.join(digest.to_string());
        let bytes = read_at_most(&path, most).ok().filter(|bytes| Digest::of(bytes) == digest)?;
        // The modification time records the last use, for eviction. If the cache is read-only, it remains the time of
        // storing.
        let _ = open_regular(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Some(bytes)
    }

    /// The digest of the tag when it was last requested from the registry.
    pub(super) fn tag(&self, reference: &Reference) -> Option<Digest> {
        let path = self.directory.as_ref()?.join(tag_file(reference)?);
        let text = read_at_most(&path, LARGEST_MANIFEST).ok()?;
        std::str::from_utf8(&text).ok()?.trim().parse().ok()
    }

    pub(super) fn keep(&self, bytes: &[u8]) {
        self.store(&Digest::of(bytes).to_string(), bytes);
    }

    /// Stores a manifest, and that the tag points to it.
    pub(super) fn keep_manifest(&self, reference: &Reference, manifest: &ArtifactManifest) {
        self.keep(&manifest.bytes);
        if let (None, Some(file)) = (reference.digest(), tag_file(reference)) {
            self.store(&file, manifest.digest.to_string().as_bytes());
        }
    }

    /// A read-only or full cache is not an error, but is reported once.
    fn store(&self, name: &str, bytes: &[u8]) {
        let Some(directory) = &self.directory else { return };
        if let Err(error) = try_store(directory, self.capacity, name, bytes) {
            let message =
                format!("Copies from registries are not kept: cannot write to {}: {error}", directory.display());
            self.reported.call_once(|| self.report.log(Level::Warning, &message));
        }
    }
}

fn try_store(directory: &Path, capacity: u64, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    write_private(directory, &[bytes], |temporary| fs::rename(temporary, directory.join(name)))?;
    evict(directory, capacity, |kept| kept == name)
}

/// The name of a tag's file. Tag and repository may be too long for a file name, so their digest is used.
fn tag_file(reference: &Reference) -> Option<String> {
    Some(format!("{}.{TAG}", Digest::of(reference.tagged_name()?.as_bytes())))
}
