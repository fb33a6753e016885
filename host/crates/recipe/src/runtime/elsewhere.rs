//! What making a part on another machine needs of the recipes: its sources as files, and its log on this machine.
//!
//! Knows nothing of keys, servers and workers.

use std::path::PathBuf;
use std::sync::Arc;

use base::digest::Digest;
use base::event::Report;
use confine::CommandStream;
use fetch::{Algorithm, CachedPaths, Checksum, DownloadRequest};

use super::Runtime;
use crate::grants::addresses::allowed;
use crate::native::command_log::{CommandLog, HEADER};

/// A source of a part, on this machine.
#[derive(Clone, Debug)]
pub enum PartSource {
    /// A file of this machine, used in place.
    Local(PathBuf),
    /// A file that was downloaded and verified.
    Downloaded {
        /// Where it is.
        path: PathBuf,
        /// Its digest.
        sha256: Digest,
        /// Where another cache of downloads must have it to find it.
        cached: CachedPaths,
    },
}

impl Runtime {
    /// A source of an initialized part: downloaded, if it is not a local file. The error is the reason why there is none.
    ///
    /// # Errors
    /// When it cannot be downloaded, or the part may not do that.
    pub fn source(&self, part: &str, url: &str, digests: &[(&'static str, String)]) -> Result<PartSource, String> {
        let Some(rights) = self.parts.get(part).map(|part| Arc::clone(&part.rights)) else {
            return Err("the part is unknown".to_owned());
        };
        let downloader = self.native.downloader();
        if let Some(path) = downloader.local_path(url) {
            return Ok(PartSource::Local(path));
        }
        let checksums: Vec<Checksum> = digests.iter().filter_map(checksum).collect();
        let request = DownloadRequest {
            url: url.to_owned(),
            part: part.to_owned(),
            checksums,
            allowed: allowed(&rights.fetch, &rights.mounts),
            ..DownloadRequest::default()
        };
        let canceled = || self.native.settings.interrupt.signal().is_some();
        let downloaded = downloader.download(&request, &*self.native.report, &canceled);
        let downloaded = downloaded.map_err(|error| error.to_string())?;
        let cached = CachedPaths::of(&request.checksums, &downloaded.sha256);
        Ok(PartSource::Downloaded { path: downloaded.path, sha256: downloaded.sha256, cached })
    }

    /// Where an initialized part has the log of its native commands.
    pub fn log_path(&self, part: &str) -> Option<PathBuf> {
        self.parts.get(part).map(|part| part.rights.command_log())
    }

    /// The log of native commands that another machine runs.
    pub fn log_of(&self, part: &str) -> PartLog {
        let is_own_place = self.parts.get(part).is_some_and(|part| part.rights.owns_its_places());
        let path = self.log_path(part).unwrap_or_default();
        PartLog {
            part: part.into(),
            path,
            is_own_place,
            report: Arc::clone(&self.native.report),
            head: Vec::new(),
            log: None,
        }
    }
}

fn checksum((name, digits): &(&'static str, String)) -> Option<Checksum> {
    let algorithms = [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512];
    let algorithm = algorithms.into_iter().find(|algorithm| algorithm.name() == *name)?;
    Checksum::parse(algorithm, digits).ok()
}

/// The log of commands that another machine runs: it is that machine's log, as it arrives.
pub struct PartLog {
    part: Arc<str>,
    path: PathBuf,
    is_own_place: bool,
    report: Arc<dyn Report>,
    /// The beginning, until its first line is complete.
    head: Vec<u8>,
    /// `None` before there is a command.
    log: Option<CommandLog>,
}

impl PartLog {
    /// Adds to the log.
    pub fn write(&mut self, bytes: &[u8]) {
        if let Some(log) = &mut self.log {
            return log.take(CommandStream::Stdout, bytes);
        }
        self.head.extend_from_slice(bytes);
        let Some(end) = self.head.iter().position(|byte| *byte == b'\n') else { return };
        let head = std::mem::take(&mut self.head);
        // The log on this machine has the same first line already.
        let rest = if head.starts_with(HEADER.as_bytes()) { &head[end + 1..] } else { &head };
        let mut log = CommandLog::begin(&self.part, self.path.clone(), self.is_own_place, &self.report);
        log.take(CommandStream::Stdout, rest);
        self.log = Some(log);
    }

    /// Completes the log.
    pub fn end(mut self) {
        if self.log.is_none() && !self.head.is_empty() {
            self.write(b"\n");
        }
        if let Some(log) = &mut self.log {
            log.end();
        }
    }
}
