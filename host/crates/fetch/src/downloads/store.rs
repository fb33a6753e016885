//! The cache of downloads: each content is stored once, in a file named after its SHA-256 digest; small files next to
//! it point there from another checksum, or from a URL.
//!
//! ```text
//! sha256/DIGEST     the content
//! sha512/DIGEST     the SHA-256 digest of the content, in hexadecimal digits
//! md5/DIGEST        the same
//! url/DIGEST        the same, for the SHA-256 digest of a URL
//! ```
//!
//! All files are written atomically (temporary file, rename), so any number of processes can share a cache.

use std::path::{Path, PathBuf};

use md5::Md5;
use sha2::Digest as _;

use super::checksum::{Algorithm, Checksum, Computed};
use super::partial::{Label, Partial};
use crate::hexadecimal::hexadecimal;
use base::digest::Digest;
use base::files::{self, FileError};

/// A directory of downloads.
pub(super) struct Store {
    directory: PathBuf,
}

/// A file that may be the requested one.
pub(super) struct CandidateFile {
    pub(super) path: PathBuf,
    /// The digest in its name; `None` for a file from zc.buildout.
    pub(super) promised: Option<Digest>,
}

/// Where a cache of downloads has a file, relative to its directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedPaths {
    /// The content.
    pub content: PathBuf,
    /// Small files with [`CachedPaths::pointer`].
    pub pointers: Vec<PathBuf>,
    /// What they contain.
    pub pointer: String,
}

impl CachedPaths {
    /// Those of a file that is found by `checksums`.
    pub fn of(checksums: &[Checksum], sha256: &Digest) -> Self {
        let store = Store::new(Path::new(""));
        let (content, pointers) = (store.content(sha256), store.pointers(None, checksums).collect());
        Self { content, pointers, pointer: pointer_to(sha256) }
    }
}

/// The text of a pointer.
fn pointer_to(sha256: &Digest) -> String {
    format!("{sha256}\n")
}

impl Store {
    pub(super) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The files for `url` and `checksums`, the most reliable ones first. Not verified.
    pub(super) fn candidates(&self, url: &str, checksums: &[Checksum]) -> Vec<CandidateFile> {
        let by_checksum = checksums.iter().filter_map(|checksum| match checksum.algorithm() {
            Algorithm::Sha256 => checksum.to_string().parse().ok(),
            _ => self.follow(&self.pointer(checksum)),
        });
        let ours = by_checksum.chain(self.follow(&self.url_pointer(url)));
        let ours = ours.map(|digest| CandidateFile { path: self.content(&digest), promised: Some(digest) });
        let mut found: Vec<_> = ours.chain(self.of_zc_buildout(url, !checksums.is_empty())).collect();
        found.retain(|candidate| candidate.path.is_file());
        found
    }

    /// Files where zc.buildout stores downloads: named after the MD5 digest of the URL (`hash_name`), or after the last
    /// part of its path. A file with the latter name may be anything, so it is a candidate only if there is a checksum.
    fn of_zc_buildout(&self, url: &str, is_verified: bool) -> impl Iterator<Item = CandidateFile> {
        let hashed = self.directory.join(hexadecimal(&Md5::digest(url.as_bytes())));
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let name =
            path.split_once("://").and_then(|(_, rest)| rest.split('/').skip(1).filter(|name| !name.is_empty()).last());
        let named = name.filter(|name| is_verified && !matches!(*name, "." | ".."));
        let named = named.map(|name| [self.directory.join("dist").join(name), self.directory.join(name)]);
        [hashed].into_iter().chain(named.into_iter().flatten()).map(|path| CandidateFile { path, promised: None })
    }

    /// Creates an empty file, to be written and then passed to [`Self::keep`].
    pub(super) fn partial<'a>(
        &self,
        checksums: &[Checksum],
        label: Label<'a>,
        report: &'a dyn base::event::Report,
    ) -> Result<Partial<'a>, FileError> {
        let directory = self.directory.join(Algorithm::Sha256.name());
        std::fs::create_dir_all(&directory).map_err(FileError::of("create the directory", &directory))?;
        Partial::new(&directory, checksums, label, report)
    }

    /// Stores a verified file as the content of `url` (if it is found again by that), and of `checksums`; returns its path.
    pub(super) fn keep(
        &self,
        partial: Partial<'_>,
        computed: &Computed,
        url: Option<&str>,
        checksums: &[Checksum],
    ) -> Result<PathBuf, FileError> {
        let path = self.content(&computed.sha256);
        partial.keep(&path)?;
        for pointer in self.pointers(url, checksums) {
            let directory = pointer.parent().unwrap_or(&self.directory);
            std::fs::create_dir_all(directory).map_err(FileError::of("create the directory", directory))?;
            files::replace_shared(&pointer, pointer_to(&computed.sha256).as_bytes())?;
        }
        Ok(path)
    }

    /// The pointers by which a file is found.
    fn pointers(&self, url: Option<&str>, checksums: &[Checksum]) -> impl Iterator<Item = PathBuf> {
        let others = checksums.iter().filter(|checksum| checksum.algorithm() != Algorithm::Sha256);
        others.map(|checksum| self.pointer(checksum)).chain(url.map(|url| self.url_pointer(url)))
    }

    /// Removes the pointer of `url`.
    pub(super) fn forget(&self, url: &str) -> Result<(), FileError> {
        files::delete(&self.url_pointer(url))
    }

    fn content(&self, digest: &Digest) -> PathBuf {
        self.directory.join(Algorithm::Sha256.name()).join(digest.to_string())
    }

    fn pointer(&self, checksum: &Checksum) -> PathBuf {
        self.directory.join(checksum.algorithm().name()).join(checksum.to_string())
    }

    fn url_pointer(&self, url: &str) -> PathBuf {
        self.directory.join("url").join(Digest::of(url.as_bytes()).to_string())
    }

    /// The digest in a pointer; `None` if it cannot be read: the file is then downloaded again.
    fn follow(&self, pointer: &Path) -> Option<Digest> {
        let text = files::read(pointer).ok().flatten()?;
        std::str::from_utf8(&text).ok()?.trim().parse().ok()
    }
}
