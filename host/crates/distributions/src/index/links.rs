//! Links to files in pages.

use fetch::{Algorithm, Checksum};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{IndexFile, SearchLocation, SeparateMetadata};
use crate::filename::FileName;

/// A link to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The target, without fragment.
    pub(crate) location: SearchLocation,
    /// The last part of its path.
    pub(crate) name: String,
    /// The expected digests of the file.
    pub(crate) checksums: Vec<Checksum>,
    /// `data-requires-python`.
    pub(crate) requires_python: Option<String>,
    /// `data-yanked`.
    pub(crate) yanked: Option<String>,
    /// Whether the index has the metadata of the file, and its expected digests.
    pub(crate) metadata: Option<Option<Checksum>>,
    /// The length of the file.
    pub(crate) size: Option<u64>,
}

impl Link {
    /// A link to a path on this machine.
    pub(crate) fn of_path(path: std::path::PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_owned();
        Some(Self::to(SearchLocation::Path(path), name))
    }

    /// A link to a URL, whose fragment may contain a digest of the file: `#sha256=…`.
    pub(crate) fn of_url(text: &str) -> Self {
        let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
        let path = Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.path().to_owned());
        let last = path.rsplit('/').next().unwrap_or_default();
        let name = percent_decode_str(last).decode_utf8_lossy().into_owned();
        let location = SearchLocation::parse(url, std::path::Path::new("/"));
        let checksums = fragment.split('&').filter_map(|part| checksum(part.split_once('=')?)).collect();
        Self { checksums, ..Self::to(location, name) }
    }

    /// A link to the URL of a file on the network.
    pub(super) fn of_parsed_url(url: &Url) -> Self {
        let text = url.as_str();
        let (without_fragment, fragment) = text.split_once('#').unwrap_or((text, ""));
        if !matches!(url.scheme(), "http" | "https") {
            return Self::of_url(text);
        }
        let last = url.path().rsplit('/').next().unwrap_or_default();
        let name = percent_decode_str(last).decode_utf8_lossy().into_owned();
        let checksums = fragment.split('&').filter_map(|part| checksum(part.split_once('=')?)).collect();
        Self { checksums, ..Self::to(SearchLocation::Url(without_fragment.to_owned()), name) }
    }

    fn to(location: SearchLocation, name: String) -> Self {
        Self { location, name, checksums: Vec::new(), requires_python: None, yanked: None, metadata: None, size: None }
    }

    /// The file, if its name is that of a distribution.
    pub(crate) fn into_file(self) -> Option<IndexFile> {
        let name = FileName::parse(&self.name)?;
        let metadata = match (&self.location, self.metadata) {
            (SearchLocation::Url(url), Some(checksum)) => {
                Some(SeparateMetadata { url: format!("{url}.metadata"), checksum })
            }
            _ => None,
        };
        let Self { location, checksums, requires_python, yanked, size, .. } = self;
        Some(IndexFile { name, file: self.name, location, checksums, requires_python, yanked, metadata, size })
    }
}

/// A digest of a known algorithm; others are ignored.
pub(super) fn checksum((algorithm, digest): (&str, &str)) -> Option<Checksum> {
    let known = [Algorithm::Sha256, Algorithm::Sha512, Algorithm::Md5];
    let algorithm = known.into_iter().find(|known| known.name().eq_ignore_ascii_case(algorithm))?;
    Checksum::parse(algorithm, digest).ok()
}
