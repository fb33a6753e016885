//! `buildout:recipe/download`: downloading and unpacking files, lent to a part that is granted their addresses.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::event::{Event, Report};
use base::files::{open_regular, recreate};
use cap_std::fs::Dir;
use fetch::unpack::{self, ArchiveFault, UnpackError, UnpackOptions, UnpackedArchive};
use fetch::{Algorithm, Checksum, DownloadRequest, Downloaded};
use wasmtime::component::{HasData, Resource, ResourceTable};

use super::bindings::DownloadFailure;
use super::bindings::buildout::recipe::download::{
    self as wit, DownloadError, Host, HostDownloader, HostFetched, TopLevel,
};
use super::filesystem::open::OpenFiles;
use super::resources::{AllowedDownloads, Fetched};
use crate::call::Call;
use crate::grants::addresses::{allowed, within};
use crate::grants::mounts::normalize;
use crate::grants::writable::Unwritable;
use crate::native::shared::Native;

/// Marks the interface in the linker.
pub(crate) struct Downloads;

/// The state that its functions see.
pub(crate) struct DownloadView<'a> {
    pub(crate) call: &'a mut Call,
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) native: &'a Arc<Native>,
    /// An archive may be unpacked in place of a directory that the recipe has open.
    pub(crate) files: &'a mut OpenFiles,
}

impl HasData for Downloads {
    type Data<'a> = DownloadView<'a>;
}

impl Host for DownloadView<'_> {
    fn convert_download_error(&mut self, failure: DownloadFailure) -> wasmtime::Result<DownloadError> {
        failure.downcast()
    }

    fn open(&mut self, addresses: Vec<String>) -> Result<Resource<AllowedDownloads>, DownloadFailure> {
        let names: Vec<&str> = addresses.iter().map(String::as_str).collect();
        self.call.note("download.open", &names);
        if !self.call.phase.is_making() {
            let message = "files are downloaded only while a part is installed or updated";
            return Err(DownloadError::Invalid(message.into()).into());
        }
        let granted = &self.call.rights.fetch;
        let missing = addresses.iter().find(|address| !within(address, granted, &self.native.directory()));
        if let Some(missing) = missing {
            let line = format!("fetch = [{missing:?}]");
            let message = format!("{missing} may not be downloaded: no grant says {line}");
            self.call.refused.push(line);
            return Err(DownloadError::NotGranted(message).into());
        }
        self.table.push(AllowedDownloads { addresses }).map_err(DownloadFailure::trap)
    }
}

impl HostDownloader for DownloadView<'_> {
    fn fetch(
        &mut self,
        downloader: Resource<AllowedDownloads>,
        request: wit::Request,
    ) -> Result<Resource<Fetched>, DownloadFailure> {
        self.call.note("download.fetch", &[&request.url]);
        let addresses = &self.table.get(&downloader).map_err(DownloadFailure::trap)?.addresses;
        let allowed = allowed(addresses, &self.call.rights.mounts);
        let checksums = request.digests.iter().map(checksum).collect::<Result<_, _>>()?;
        let wanted = DownloadRequest { url: request.url, allowed, checksums, ..DownloadRequest::default() };
        let report = OfPart { part: Arc::clone(&self.call.part), report: Arc::clone(&self.native.report) };
        let outcome = self.native.downloader().download(&wanted, &report, &|| self.call.is_over());
        self.call.check().map_err(DownloadFailure::trap)?;
        let downloaded = outcome.map_err(|error| self.failed(&error))?;
        let Downloaded { path, local, sha256, .. } = downloaded;
        let metadata = local.as_ref().map_or_else(|| path.metadata(), |file| file.metadata());
        let size = metadata.map(|metadata| metadata.len()).unwrap_or_default();
        let fetched = Fetched { path, local, sha256, size };
        self.table.push(fetched).map_err(DownloadFailure::trap)
    }

    fn drop(&mut self, downloader: Resource<AllowedDownloads>) -> wasmtime::Result<()> {
        self.table.delete(downloader)?;
        Ok(())
    }
}

impl HostFetched for DownloadView<'_> {
    fn sha256(&mut self, file: Resource<Fetched>) -> wasmtime::Result<String> {
        Ok(self.table.get(&file)?.sha256.to_string())
    }

    fn size(&mut self, file: Resource<Fetched>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&file)?.size)
    }

    fn copy(&mut self, file: Resource<Fetched>, path: String) -> Result<(), DownloadFailure> {
        self.call.note("download.copy", &[&path]);
        let source = self.fetched(&file)?.source();
        let target = self.target(&path)?;
        if self.call.is_foreign(&target.shown) {
            let message = format!("cannot write {path}: it exists, and this part did not make it");
            self.call.advice.push("Move it away, or choose another path.".to_owned());
            return Err(DownloadError::Invalid(message).into());
        }
        let is_new = target.is_new();
        self.announce(&target)?;
        copy(&source, &target.path())
            .map_err(|error| DownloadError::Invalid(format!("cannot write {path}: {error}")))?;
        self.made(target, is_new);
        Ok(())
    }

    fn unpack(
        &mut self,
        file: Resource<Fetched>,
        directory: String,
        top_level: TopLevel,
    ) -> Result<Vec<String>, DownloadFailure> {
        self.call.note("download.unpack", &[&directory]);
        let fetched = self.fetched(&file)?;
        let (archive, shown) = (fetched.source(), fetched.path.clone());
        let target = self.target(&directory)?;
        self.announce(&target)?;
        let outcome = self.unpack_at(&archive, &target, top_level);
        self.files.close_mounts(self.table);
        self.call.check().map_err(DownloadFailure::trap)?;
        match outcome {
            Ok(unpacked) => {
                // There was nothing, or an empty directory.
                self.made(target, true);
                Ok(unpacked.top_level.iter().map(|name| name.to_string_lossy().into_owned()).collect())
            }
            Err(error) => {
                self.call.advise(&error);
                let message = error.to_string().replace(&archive.display().to_string(), &shown.display().to_string());
                Err(DownloadError::BadArchive(target.in_words(&message)).into())
            }
        }
    }

    fn drop(&mut self, file: Resource<Fetched>) -> wasmtime::Result<()> {
        self.table.delete(file)?;
        Ok(())
    }
}

impl DownloadView<'_> {
    fn fetched(&self, file: &Resource<Fetched>) -> Result<&Fetched, DownloadFailure> {
        self.table.get(file).map_err(DownloadFailure::trap)
    }

    fn unpack_at(
        &self,
        archive: &Path,
        target: &WriteTarget,
        top_level: TopLevel,
    ) -> Result<UnpackedArchive, UnpackError> {
        let unpack = |strip_top_level| {
            let options = UnpackOptions { strip_top_level, ..UnpackOptions::default() };
            unpack::unpack(archive, &target.path(), &options, &|| self.call.is_over())
        };
        match unpack(top_level != TopLevel::Keep) {
            Err(error) if top_level == TopLevel::StripIfSingle && is_not_single(&error) => unpack(false),
            outcome => outcome,
        }
    }

    fn announce(&self, target: &WriteTarget) -> Result<(), DownloadError> {
        let path = &target.shown;
        self.call
            .will_make(path)
            .map_err(|error| DownloadError::Invalid(format!("cannot write {}: {error}", path.display())))
    }

    /// Notes what the host made for the part.
    fn made(&mut self, target: WriteTarget, is_new: bool) {
        if is_new {
            self.call.made.add(target.shown);
        }
    }

    /// Where a file that the host makes for the recipe goes.
    fn target(&self, path: &str) -> Result<WriteTarget, DownloadError> {
        let refuse = |why: &str| DownloadError::Invalid(format!("cannot write {path}: {why}"));
        if !Path::new(path).is_absolute() {
            return Err(refuse("the path must be absolute"));
        }
        let route = self.call.rights.route(path).map_err(|error| match error {
            Unwritable::NotGranted => refuse("the part may not write there"),
            Unwritable::TooLong | Unwritable::Invalid => refuse("this is not the name of a file"),
        })?;
        let (holder, name) = route.holder().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => refuse("its directory does not exist"),
            _ => refuse(&error.to_string()),
        })?;
        Ok(WriteTarget { holder, name, shown: normalize(Path::new(path)) })
    }

    fn failed(&mut self, error: &fetch::DownloadError) -> DownloadError {
        use fetch::DownloadError as Cause;
        self.call.advise(error);
        let message = error.to_string();
        match error {
            Cause::WrongChecksum { .. } => DownloadError::Mismatch(message),
            Cause::NotAllowed { .. } => DownloadError::NotGranted(message),
            Cause::NoFile(_) => DownloadError::Invalid(message),
            _ => DownloadError::Unavailable(message),
        }
    }
}

/// Where the host writes something: in an open directory, so that no link can replace the directory.
struct WriteTarget {
    holder: Dir,
    name: OsString,
    /// Its path, as shown to people.
    shown: PathBuf,
}

impl WriteTarget {
    fn path(&self) -> PathBuf {
        self.directory().join(&self.name)
    }

    fn directory(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.holder.as_raw_fd()))
    }

    fn is_new(&self) -> bool {
        self.holder.symlink_metadata(&self.name).is_err()
    }

    /// A message about it, with the path as a person knows it.
    fn in_words(&self, message: &str) -> String {
        let shown = self.shown.parent().unwrap_or(Path::new("/"));
        message.replace(&self.directory().display().to_string(), &shown.display().to_string())
    }
}

fn is_not_single(error: &UnpackError) -> bool {
    matches!(error, UnpackError::Refused { fault: ArchiveFault::NoTopLevelDirectory(_), .. })
}

fn checksum(digest: &wit::Digest) -> Result<Checksum, DownloadError> {
    let algorithm = match digest.algorithm {
        wit::Algorithm::Md5 => Algorithm::Md5,
        wit::Algorithm::Sha256 => Algorithm::Sha256,
        wit::Algorithm::Sha512 => Algorithm::Sha512,
    };
    Checksum::parse(algorithm, &digest.value).map_err(|error| DownloadError::Invalid(error.to_string()))
}

/// Copies a file, replacing an existing one.
fn copy(source: &Path, target: &Path) -> io::Result<()> {
    let mut from = open_regular(source)?;
    io::copy(&mut from, &mut recreate(target)?)?;
    Ok(())
}

/// Reports the progress of a part's download in the part's name.
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
