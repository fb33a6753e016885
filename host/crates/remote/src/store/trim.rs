//! The size of the store: how much is in it, and removal of what was not used for the longest time.

use std::fs::{self, DirEntry};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use super::{BlobStore, SUFFIX};

/// A temporary file of this age was left by a process that was killed.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// What is in a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreUsage {
    /// The number of contents.
    pub blobs: u64,
    /// The number of results.
    pub results: u64,
    /// The size of all of them.
    pub bytes: u64,
}

struct StoreFile {
    path: PathBuf,
    used: SystemTime,
    size: u64,
}

impl StoreFile {
    fn is_temporary(&self) -> bool {
        self.path.as_os_str().as_encoded_bytes().ends_with(SUFFIX.as_bytes())
    }
}

impl BlobStore {
    /// How much is in the store.
    pub fn usage(&self) -> StoreUsage {
        let (blobs, results) = (self.files("blobs"), self.files("results"));
        let bytes = blobs.iter().chain(&results).map(|file| file.size).sum();
        StoreUsage { blobs: blobs.len() as u64, results: results.len() as u64, bytes }
    }

    /// Removes the least recently used files until the rest is not larger than the capacity. What cannot be removed stays.
    pub(crate) fn trim(&self) {
        self.written.store(0, Ordering::Relaxed);
        self.remove_down_to(self.capacity);
        self.remove_abandoned();
    }

    /// Removes all contents and results. What other runs are writing stays.
    pub fn clear(&self) {
        self.remove_down_to(0);
        self.remove_abandoned();
    }

    fn remove_abandoned(&self) {
        let everywhere = ["blobs", "results"].iter().flat_map(|kind| self.all_files(kind));
        for file in everywhere.filter(StoreFile::is_temporary) {
            if file.used.elapsed().is_ok_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(&file.path);
            }
        }
    }

    fn remove_down_to(&self, most: u64) {
        let mut files: Vec<_> = ["blobs", "results"].iter().flat_map(|kind| self.files(kind)).collect();
        let mut total: u64 = files.iter().map(|file| file.size).sum();
        if total <= most {
            return;
        }
        files.sort_by_key(|file| file.used);
        for file in files {
            if total <= most {
                return;
            }
            if fs::remove_file(&file.path).is_ok() {
                total = total.saturating_sub(file.size);
            }
        }
    }

    fn files(&self, kind: &str) -> Vec<StoreFile> {
        self.all_files(kind).filter(|file| !file.is_temporary()).collect()
    }

    fn all_files(&self, kind: &str) -> impl Iterator<Item = StoreFile> {
        let directory = self.directory.join(kind);
        let inner = fs::read_dir(&directory).into_iter().flatten().flatten();
        inner.flat_map(|inner| in_directory(&inner.path())).chain(in_directory(&directory))
    }
}

fn in_directory(directory: &std::path::Path) -> Vec<StoreFile> {
    let read = |entry: DirEntry| {
        let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some(StoreFile { path: entry.path(), used: metadata.modified().ok()?, size: metadata.len() })
    };
    fs::read_dir(directory).into_iter().flatten().flatten().filter_map(read).collect()
}
