//! Downloads, from files of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use md5::Md5;
use sha2::{Digest as _, Sha256, Sha512};

use super::Part;
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

    /// Unpacks with this machine's `tar`. Tests of other formats need a host.
    pub(crate) fn unpack(&self, directory: &str, top_level: TopLevel) -> Result<Vec<String>, DownloadError> {
        let invalid = |error: std::io::Error| DownloadError::Invalid(format!("{directory}: {error}"));
        // As on the host, the directory may exist if it is empty.
        if names(Path::new(directory)).map_or(true, |names| !names.is_empty()) {
            std::fs::create_dir(directory).map_err(invalid)?;
        }
        let output = Command::new("tar").arg("-xf").arg(&self.path).arg("-C").arg(directory).output();
        let output = output.map_err(invalid)?;
        let bad = |message: String| {
            // The archive is unpacked completely or not at all.
            let _ = std::fs::remove_dir_all(directory);
            DownloadError::BadArchive(message)
        };
        if !output.status.success() {
            return Err(bad(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let top = names(Path::new(directory)).map_err(invalid)?;
        let single = match top.as_slice() {
            [name] if Path::new(directory).join(name).is_dir() => Some(name),
            _ => None,
        };
        match (top_level, single) {
            (TopLevel::Keep, _) | (TopLevel::StripIfSingle, None) => Ok(top),
            (TopLevel::Strip, None) => Err(bad(format!("{} has more than one top-level entry", self.path.display()))),
            (_, Some(name)) => {
                let moved = format!("{directory}.top");
                std::fs::rename(Path::new(directory).join(name), &moved).map_err(invalid)?;
                std::fs::remove_dir(directory).map_err(invalid)?;
                std::fs::rename(moved, directory).map_err(invalid)?;
                names(Path::new(directory)).map_err(invalid)
            }
        }
    }
}

fn names(directory: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
