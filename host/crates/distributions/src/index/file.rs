//! A file that is available, and where it is.

use std::path::{Path, PathBuf};

use base::source::redact;
use fetch::Checksum;
use url::Url;

use crate::filename::FileName;

/// A place that is searched.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SearchLocation {
    /// On the network.
    Url(String),
    /// On this machine.
    Path(PathBuf),
}

impl SearchLocation {
    /// Parses a setting: a URL, a `file:` URL, or a path, relative to `directory`.
    pub fn parse(text: &str, directory: &Path) -> Self {
        match Url::parse(text) {
            Ok(url) if url.scheme() == "file" => match url.to_file_path() {
                Ok(path) => Self::Path(path),
                Err(()) => Self::Url(text.to_owned()),
            },
            // A single letter is the drive of a Windows path in zc.buildout; here it is not a scheme either.
            Ok(url) if url.scheme().len() > 1 => Self::Url(text.to_owned()),
            _ => Self::Path(directory.join(text)),
        }
    }
}

/// As shown to a person, without credentials.
impl std::fmt::Display for SearchLocation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Url(url) => formatter.write_str(&redact(url)),
            Self::Path(path) => path.display().fmt(formatter),
        }
    }
}

/// An available file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexFile {
    /// The parts of its name.
    pub name: FileName,
    /// Its name.
    pub file: String,
    /// Its location.
    pub location: SearchLocation,
    /// Its expected digests, as far as the index has them; all must match.
    pub checksums: Vec<Checksum>,
    /// `Requires-Python`, if the index has it.
    pub requires_python: Option<String>,
    /// The reason if it was yanked.
    pub yanked: Option<String>,
    /// Where its metadata can be read without the file, and its expected digests.
    pub metadata: Option<SeparateMetadata>,
    /// Its length in bytes, if the index has it.
    pub size: Option<u64>,
}

/// Metadata that an index serves separately from the file (PEP 658, 714).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeparateMetadata {
    /// Its location.
    pub url: String,
    /// Its expected digests, if the index has them.
    pub checksum: Option<Checksum>,
}
