//! Where downloads are tried: a directory with a cache, limits of fractions of a second, and a log of what is reported.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use base::digest::Digest;
use base::environment::Environment;
use base::event::{Event, Report, Silent};
use fetch::{
    Algorithm, CacheDirectory, Checksum, DownloadError, DownloadRequest, DownloadSettings, Downloaded, Downloader,
    Mirrors, NetworkUse, Rate, TransferFault, TransferLimits,
};

pub(crate) const SHORT: Duration = Duration::from_millis(300);
pub(crate) const LONGEST: u64 = 100_000;

/// A buildout directory with a cache.
pub(crate) struct DownloadSpace {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) settings: DownloadSettings,
}

impl DownloadSpace {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let limits = TransferLimits {
            size: LONGEST,
            connect: SHORT,
            stall: SHORT,
            slowest: Rate { bytes: 1000, within: 2 * SHORT },
            total: Duration::from_secs(20),
            attempts: 3,
            pause: Duration::from_millis(1),
            longest_pause: SHORT,
        };
        let cache = CacheDirectory { path: directory.path().join("cache"), chosen: true };
        let (network, mirrors) = (NetworkUse::Allowed, Mirrors::default());
        let settings = DownloadSettings { directory: directory.path().to_owned(), cache, network, limits, mirrors };
        Self { directory, settings }
    }

    pub(crate) fn with(change: impl Fn(&mut DownloadSettings)) -> Self {
        let mut space = Self::new();
        change(&mut space.settings);
        space
    }

    pub(crate) fn downloader(&self) -> Downloader {
        Downloader::new(&Environment::default(), self.settings.clone())
    }

    pub(crate) fn get(&self, request: &DownloadRequest) -> Result<Downloaded, DownloadError> {
        self.downloader().download(request, &Silent, &|| false)
    }

    /// The fault of a transfer that fails; nothing is left of it.
    #[track_caller]
    pub(crate) fn fault(&self, request: &DownloadRequest) -> TransferFault {
        let error = self.get(request).expect_err("a failure");
        assert_eq!(self.kept(), Vec::<PathBuf>::new(), "after {error}");
        match error {
            DownloadError::Transfer { fault, .. } => fault,
            other => panic!("{other}"),
        }
    }

    /// All files of the cache, whole or partial.
    pub(crate) fn kept(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut directories = vec![self.settings.cache.path.clone()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                match entry.file_type().unwrap().is_dir() {
                    true => directories.push(entry.path()),
                    false => files.push(entry.path()),
                }
            }
        }
        files
    }
}

fn sha256(content: &str) -> Checksum {
    Checksum::parse(Algorithm::Sha256, &Digest::of(content.as_bytes()).to_string()).unwrap()
}

pub(crate) fn verified(url: impl Into<String>, content: &str) -> DownloadRequest {
    DownloadRequest::new(url).checksum(sha256(content))
}

#[track_caller]
pub(crate) fn assert_holds(downloaded: &Downloaded, content: &str, from_cache: bool) {
    assert_eq!(fs::read_to_string(&downloaded.path).unwrap(), content);
    assert_eq!(downloaded.sha256, Digest::of(content.as_bytes()));
    assert_eq!(downloaded.from_cache, from_cache);
}

/// Remembers what was reported.
#[derive(Default)]
pub(crate) struct Log(pub(crate) Mutex<Vec<String>>);

impl Report for Log {
    fn report(&self, event: Event<'_>) {
        self.0.lock().unwrap().push(match event {
            Event::Log { message, .. } => message.to_owned(),
            Event::Download { part, url, done, total } => format!("{part} {url} {done}/{total:?}"),
            other => format!("{other:?}"),
        });
    }
}
