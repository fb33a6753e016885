//! `buildout:recipe/download`: fetching and unpacking files, lent to a part that is granted their addresses.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use cap_std::fs::Dir;
use wasmtime::component::Resource;

use super::bindings::buildout::recipe::download::{
    self as wit, DownloadError, Host, HostDownloader, HostFetched, TopLevel,
};
use super::bindings::buildout::recipe::paths::PathError;
use super::mounts::normalise;
use super::state::{Phase, State};
use super::writable;
use base::digest::Digest;
use base::event::{Event, Report};
use base::files::recreate;
use fetch::unpack::{self, Fault, UnpackError, UnpackOptions};
use fetch::{self, Algorithm, Allowed, Checksum, Request};

/// What a part may fetch, as its recipe holds it.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Downloader {
    allowed: Allowed,
}

/// A file in the cache.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Fetched {
    path: PathBuf,
    sha256: Digest,
    size: u64,
}

impl Host for State {
    fn open(&mut self, addresses: Vec<String>) -> wasmtime::Result<Result<Resource<Downloader>, DownloadError>> {
        let names: Vec<&str> = addresses.iter().map(String::as_str).collect();
        self.calling("download.open", &names);
        if !matches!(self.call.phase, Phase::Install | Phase::Update) {
            let message = "files are fetched only while a part is installed or updated";
            return Ok(Err(DownloadError::Invalid(message.into())));
        }
        let granted = allowed(&self.call.granted.fetch);
        let missing = addresses.iter().find(|address| !within(address, &granted, &self.native.directory()));
        if let Some(missing) = missing {
            let line = format!("fetch = [{missing:?}]");
            self.call.refused.push(line.clone());
            let message = format!("{missing} may not be fetched: no grant says {line}");
            return Ok(Err(DownloadError::NotGranted(message)));
        }
        Ok(Ok(self.table.push(Downloader { allowed: allowed(&addresses) })?))
    }
}

impl HostDownloader for State {
    fn fetch(
        &mut self,
        downloader: Resource<Downloader>,
        request: wit::Request,
    ) -> wasmtime::Result<Result<Resource<Fetched>, DownloadError>> {
        self.calling("download.fetch", &[&request.url]);
        let allowed = self.table.get(&downloader)?.allowed.clone();
        let mut wanted = Request { url: request.url, allowed, ..Request::default() };
        for digest in request.digests {
            match checksum(&digest) {
                Ok(checksum) => wanted.checksums.push(checksum),
                Err(error) => return Ok(Err(error)),
            }
        }
        let (native, deadline) = (Arc::clone(&self.native), self.call.deadline);
        let report = OfPart { part: Arc::clone(&self.call.part), report: Arc::clone(&native.report) };
        let cancelled = || native.is_interrupted() || Instant::now() >= deadline;
        let outcome = native.downloader().download(&wanted, &report, &cancelled);
        self.go_on()?;
        let brought = match outcome {
            Ok(brought) => brought,
            Err(error) => return Ok(Err(self.download_failed(&error))),
        };
        let size = brought.path.metadata().map(|metadata| metadata.len()).unwrap_or_default();
        Ok(Ok(self.table.push(Fetched { path: brought.path, sha256: brought.sha256, size })?))
    }

    fn drop(&mut self, downloader: Resource<Downloader>) -> wasmtime::Result<()> {
        self.table.delete(downloader)?;
        Ok(())
    }
}

impl HostFetched for State {
    fn sha256(&mut self, file: Resource<Fetched>) -> wasmtime::Result<String> {
        Ok(self.table.get(&file)?.sha256.to_string())
    }

    fn size(&mut self, file: Resource<Fetched>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&file)?.size)
    }

    fn copy(&mut self, file: Resource<Fetched>, path: String) -> wasmtime::Result<Result<(), DownloadError>> {
        self.calling("download.copy", &[&path]);
        let source = self.table.get(&file)?.path.clone();
        let target = match self.target(&path) {
            Ok(target) => target,
            Err(error) => return Ok(Err(error)),
        };
        let copied = copy(&source, &target.path());
        Ok(copied.map_err(|error| DownloadError::Invalid(format!("cannot write {path}: {error}"))))
    }

    fn unpack(
        &mut self,
        file: Resource<Fetched>,
        directory: String,
        top_level: TopLevel,
    ) -> wasmtime::Result<Result<Vec<String>, DownloadError>> {
        self.calling("download.unpack", &[&directory]);
        let archive = self.table.get(&file)?.path.clone();
        let target = match self.target(&directory) {
            Ok(target) => target,
            Err(error) => return Ok(Err(error)),
        };
        let (native, deadline) = (Arc::clone(&self.native), self.call.deadline);
        let cancelled = || native.is_interrupted() || Instant::now() >= deadline;
        let unpack = |strip_top_level| {
            let options = UnpackOptions { strip_top_level, ..UnpackOptions::default() };
            unpack::unpack(&archive, &target.path(), &options, &cancelled)
        };
        let mut outcome = unpack(top_level != TopLevel::Keep);
        if top_level == TopLevel::StripIfSingle && outcome.as_ref().is_err_and(is_not_single) {
            outcome = unpack(false);
        }
        // It may have taken the place of a directory that the recipe has open.
        self.close_mounts();
        self.go_on()?;
        match outcome {
            Ok(unpacked) => {
                let names = unpacked.top_level.iter().map(|name| name.to_string_lossy().into_owned());
                Ok(Ok(names.collect()))
            }
            Err(error) => {
                self.call.advice_of(&error);
                Ok(Err(DownloadError::BadArchive(target.told(&error.to_string()))))
            }
        }
    }

    fn drop(&mut self, file: Resource<Fetched>) -> wasmtime::Result<()> {
        self.table.delete(file)?;
        Ok(())
    }
}

impl State {
    /// Where a file that the host makes for the recipe goes.
    fn target(&self, path: &str) -> Result<Target, DownloadError> {
        let refuse = |why: &str| DownloadError::Invalid(format!("cannot write {path}: {why}"));
        if !Path::new(path).is_absolute() {
            return Err(refuse("the path must be absolute"));
        }
        let route = writable::route(&self.call.granted, path).map_err(|error| match error {
            PathError::Outside => refuse("the part may not write there"),
            _ => refuse("this is no file's name"),
        })?;
        let (holder, name) = route.holder().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => refuse("its directory does not exist"),
            _ => refuse(&error.to_string()),
        })?;
        Ok(Target { holder, name, shown: normalise(Path::new(path)) })
    }

    fn download_failed(&mut self, error: &fetch::DownloadError) -> DownloadError {
        use fetch::DownloadError as Cause;
        self.call.advice_of(error);
        let message = error.to_string();
        match error {
            Cause::WrongChecksum { .. } => DownloadError::Mismatch(message),
            Cause::NotAllowed { .. } => DownloadError::NotGranted(message),
            Cause::NoFile(_) => DownloadError::Invalid(message),
            _ => DownloadError::Unavailable(message),
        }
    }
}

/// Where the host makes something: in a directory that is open, so that no link can be put in its place.
struct Target {
    holder: Dir,
    name: OsString,
    /// Its path, as a person knows it.
    shown: PathBuf,
}

impl Target {
    fn path(&self) -> PathBuf {
        self.directory().join(&self.name)
    }

    fn directory(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.holder.as_raw_fd()))
    }

    /// A message about it, with the path as a person knows it.
    fn told(&self, message: &str) -> String {
        let shown = self.shown.parent().unwrap_or(Path::new("/"));
        message.replace(&self.directory().display().to_string(), &shown.display().to_string())
    }
}

fn is_not_single(error: &UnpackError) -> bool {
    matches!(error, UnpackError::Refused { fault: Fault::NoTopLevelDirectory(_), .. })
}

/// A grant, or what a recipe asks for, as addresses.
fn allowed(addresses: &[String]) -> Allowed {
    if addresses.iter().any(|address| address == "*") { Allowed::Any } else { Allowed::Beneath(addresses.to_vec()) }
}

/// Whether a beginning of addresses lies within what is granted. A path stands for its `file:` address.
fn within(address: &str, granted: &Allowed, directory: &Path) -> bool {
    if *granted == Allowed::Any {
        return true;
    }
    let url =
        url::Url::parse(address).ok().or_else(|| url::Url::from_file_path(normalise(&directory.join(address))).ok());
    address != "*" && url.is_some_and(|url| granted.allows(&url))
}

fn checksum(digest: &wit::Digest) -> Result<Checksum, DownloadError> {
    let algorithm = match digest.algorithm {
        wit::Algorithm::Md5 => Algorithm::Md5,
        wit::Algorithm::Sha256 => Algorithm::Sha256,
        wit::Algorithm::Sha512 => Algorithm::Sha512,
    };
    Checksum::parse(algorithm, &digest.value).map_err(|error| DownloadError::Invalid(error.to_string()))
}

/// Copies a file, in place of one that may be there.
fn copy(source: &Path, target: &Path) -> io::Result<()> {
    let mut from = File::open(source)?;
    io::copy(&mut from, &mut recreate(target)?)?;
    Ok(())
}

/// Tells how a part's download goes on, in the part's name.
struct OfPart {
    part: Arc<str>,
    report: Arc<dyn Report>,
}

impl Report for OfPart {
    fn report(&self, event: Event<'_>) {
        let part = &*self.part;
        self.report.report(match event {
            Event::Download { url, done, total, .. } => Event::Download { part, url, done, total },
            Event::Log { logger: "buildout", level, message } => Event::Log { logger: part, level, message },
            Event::ProgressEnd => return,
            other => other,
        });
    }

    fn wants(&self, level: base::event::Level) -> bool {
        self.report.wants(level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_must_lie_within_what_is_granted() {
        let t = |asked: &str, granted: &[&str]| {
            let granted: Vec<String> = granted.iter().map(|address| (*address).to_owned()).collect();
            within(asked, &allowed(&granted), Path::new("/b"))
        };
        assert!(t("https://example.com/a", &["https://example.com/"]));
        assert!(t("*", &["*"]));
        assert!(t("file.tar", &["file:///b/"]));
        assert!(!t("*", &["https://example.com/"]));
        assert!(!t("https://example.com.evil.net/", &["https://example.com"]));
        assert!(!t("https://example.com/", &[]));
        assert!(!t("../etc/passwd", &["file:///b/"]));
    }

    #[test]
    fn a_copy_takes_the_place_of_a_link_and_follows_none() {
        let space = tempfile::tempdir().unwrap();
        let at = |name: &str| space.path().join(name);
        std::fs::write(at("source"), "new").unwrap();
        std::fs::write(at("victim"), "old").unwrap();
        std::os::unix::fs::symlink(at("victim"), at("target")).unwrap();
        copy(&at("source"), &at("target")).unwrap();
        assert_eq!(std::fs::read_to_string(at("victim")).unwrap(), "old");
        assert_eq!(std::fs::read_to_string(at("target")).unwrap(), "new");
        assert!(at("target").symlink_metadata().unwrap().is_file());
    }
}
