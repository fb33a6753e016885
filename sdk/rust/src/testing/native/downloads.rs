//! Downloads, from files of this machine.

use std::path::{Path, PathBuf};

use md5::Md5;
use sha2::{Digest as _, Sha256, Sha512};

use super::{Part, archives};
use crate::bindings::buildout::recipe::archives::ArchiveError;
use crate::bindings::buildout::recipe::download::{Algorithm, DownloadError, Request, TopLevel};

/// Downloads files of this machine.
#[derive(Debug)]
pub(crate) struct Downloader {
    part: Part,
    addresses: Vec<String>,
}

/// A file of this machine.
#[derive(Debug)]
pub(crate) struct Fetched {
    path: PathBuf,
    content: Vec<u8>,
}

pub(crate) fn open(addresses: &[String]) -> Result<Downloader, DownloadError> {
    let none = || DownloadError::Invalid("no part was initialized in this thread".to_owned());
    Ok(Downloader { part: super::part().ok_or_else(none)?, addresses: addresses.to_owned() })
}

impl Downloader {
    pub(crate) fn fetch(&self, request: &Request) -> Result<Fetched, DownloadError> {
        let url = &request.url;
        if !self.addresses.iter().any(|address| address == "*" || url.starts_with(address)) {
            return Err(DownloadError::NotGranted(format!("{url} may not be downloaded")));
        }
        let path = url.strip_prefix("file://").or_else(|| url.strip_prefix("file:")).unwrap_or(url);
        if path.contains("://") {
            return Err(DownloadError::Unavailable(format!("{url}: tests have no network")));
        }
        let path = Path::new(&self.part.buildout_directory).join(path);
        let content =
            std::fs::read(&path).map_err(|error| DownloadError::Unavailable(format!("{}: {error}", path.display())))?;
        for digest in &request.digests {
            let actual = hash(digest.algorithm, &content);
            if !actual.eq_ignore_ascii_case(&digest.value) {
                let message = format!("{url} has the digest {actual}, not {}", digest.value);
                return Err(DownloadError::Mismatch(message));
            }
        }
        Ok(Fetched { path, content })
    }
}

fn hash(algorithm: Algorithm, content: &[u8]) -> String {
    match algorithm {
        Algorithm::Md5 => hexadecimal(&Md5::digest(content)),
        Algorithm::Sha256 => hexadecimal(&Sha256::digest(content)),
        Algorithm::Sha512 => hexadecimal(&Sha512::digest(content)),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Fetched {
    pub(crate) fn sha256(&self) -> String {
        hash(Algorithm::Sha256, &self.content)
    }

    pub(crate) fn size(&self) -> u64 {
        self.content.len() as u64
    }

    pub(crate) fn copy(&self, path: &str) -> Result<(), DownloadError> {
        std::fs::write(path, &self.content).map_err(|error| DownloadError::Invalid(format!("{path}: {error}")))
    }

    pub(crate) fn unpack(&self, directory: &str, top_level: TopLevel) -> Result<Vec<String>, DownloadError> {
        let archive = self.path.to_string_lossy();
        archives::unpack(&archive, directory, top_level).map_err(|error| match error {
            ArchiveError::BadArchive(message) => DownloadError::BadArchive(message),
            ArchiveError::Other(other) => DownloadError::Other(other),
            ArchiveError::NotReadable(message)
            | ArchiveError::UnknownFormat(message)
            | ArchiveError::Invalid(message)
            | ArchiveError::Limit(message) => DownloadError::Invalid(message),
        })
    }

    pub(crate) fn address(&self) -> String {
        format!("file://{}", self.path.display())
    }

    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    pub(crate) fn read(&self, offset: u64, length: u32) -> Result<Vec<u8>, DownloadError> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.content.len());
        let end = start.saturating_add(length as usize).min(self.content.len());
        Ok(self.content[start..end].to_vec())
    }
}
