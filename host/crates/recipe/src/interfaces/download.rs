//! `buildout:recipe/download`: downloading and unpacking files, for a part that is granted their addresses.

use std::io::{self, Read as _, Seek as _};
use std::path::Path;
use std::sync::Arc;

use base::event::{Event, Report};
use base::files::{open_regular, recreate};
use fetch::{Algorithm, Checksum, DownloadRequest, Downloaded, TransferFault};
use wasmtime::component::{HasData, Resource, ResourceTable};

use super::bindings::DownloadFailure;
use super::bindings::buildout::recipe::download::{
    self as wit, DownloadError, Host, HostDownloader, HostFetched, ServerStatus, TopLevel,
};
use super::filesystem::open::OpenFiles;
use super::resources::{AllowedDownloads, Fetched};
use super::target::{WriteTarget, names};
use crate::call::Call;
use crate::grants::addresses::{allowed, within};
use crate::limits;
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
        if !self.call.phase.is_of_program() {
            let message = "files are downloaded only for a part or an extension";
            return Err(DownloadError::Invalid(message.into()).into());
        }
        let granted = &self.call.rights.fetch;
        let missing = addresses.iter().find(|address| !within(address, granted, &self.native.directory()));
        if let Some(missing) = missing {
            let line = format!("fetch = [{missing:?}]");
            let message = format!("{missing} may not be downloaded: no grant contains {line}");
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
        let wanted = DownloadRequest {
            url: request.url,
            allowed,
            checksums,
            headers: request.headers,
            ..DownloadRequest::default()
        };
        let report = OfPart { part: Arc::clone(&self.call.part), report: Arc::clone(&self.native.report) };
        let outcome = self.native.downloader().download(&wanted, &report, &|| self.call.is_over());
        self.call.check().map_err(DownloadFailure::trap)?;
        let downloaded = outcome.map_err(|error| self.failed(&error))?;
        let Downloaded { path, local, sha256, address, headers, .. } = downloaded;
        let metadata = local.as_ref().map_or_else(|| path.metadata(), |file| file.metadata());
        let size = metadata.map(|metadata| metadata.len()).unwrap_or_default();
        let fetched = Fetched { path, local, sha256, size, address, headers };
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

    fn address(&mut self, file: Resource<Fetched>) -> wasmtime::Result<String> {
        Ok(self.table.get(&file)?.address.clone())
    }

    fn headers(&mut self, file: Resource<Fetched>) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(self.table.get(&file)?.headers.clone())
    }

    fn read(&mut self, file: Resource<Fetched>, offset: u64, length: u32) -> Result<Vec<u8>, DownloadFailure> {
        self.call.note("download.read", &[]);
        let fetched = self.fetched(&file)?;
        Ok(read(&fetched.source(), offset, length).map_err(|error| unreadable(&fetched.path, &error))?)
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
        let opened = open_regular(&archive).map_err(|error| unreadable(&shown, &error))?;
        let outcome = target.unpack(&opened, &shown, top_level, self.call);
        self.files.close_mounts(self.table);
        self.call.check().map_err(DownloadFailure::trap)?;
        match outcome {
            Ok(unpacked) => {
                // There was nothing, or an empty directory.
                self.made(target, true);
                Ok(names(&unpacked))
            }
            Err(error) => {
                self.call.advise(&error);
                Err(DownloadError::BadArchive(target.in_words(&error.to_string())).into())
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
    fn target(&mut self, path: &str) -> Result<WriteTarget, DownloadError> {
        let refuse = |why: &str| DownloadError::Invalid(format!("cannot write {path}: {why}"));
        match Path::new(path).is_absolute() {
            true => WriteTarget::new(self.call, path).map_err(|why| refuse(&why)),
            false => Err(refuse("the path must be absolute")),
        }
    }

    fn failed(&mut self, error: &fetch::DownloadError) -> DownloadError {
        use fetch::DownloadError as Cause;
        self.call.advise(error);
        let message = error.to_string();
        match error {
            Cause::WrongChecksum { .. } => DownloadError::Mismatch(message),
            Cause::NotAllowed { .. } => DownloadError::NotGranted(message),
            Cause::NoFile(_) => DownloadError::Invalid(message),
            Cause::Transfer { fault: TransferFault::Status(status), .. } => match code_of(status) {
                Some(code) => DownloadError::Status(ServerStatus { code, message }),
                None => DownloadError::Unavailable(message),
            },
            _ => DownloadError::Unavailable(message),
        }
    }
}

fn checksum(digest: &wit::Digest) -> Result<Checksum, DownloadError> {
    let algorithm = match digest.algorithm {
        wit::Algorithm::Md5 => Algorithm::Md5,
        wit::Algorithm::Sha256 => Algorithm::Sha256,
        wit::Algorithm::Sha512 => Algorithm::Sha512,
    };
    Checksum::parse(algorithm, &digest.value).map_err(|error| DownloadError::Invalid(error.to_string()))
}

/// The number at the start of a status: `404 Not Found`.
fn code_of(status: &str) -> Option<u16> {
    status.split(' ').next()?.parse().ok()
}

/// Up to `length` bytes of a file; fewer only at its end.
fn read(path: &Path, offset: u64, length: u32) -> io::Result<Vec<u8>> {
    let mut file = open_regular(path)?;
    file.seek(io::SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(u64::from(length.min(limits::READ))).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> DownloadError {
    DownloadError::Unavailable(format!("cannot read {}: {error}", path.display()))
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
    fn reads_a_piece_of_a_file() {
        let space = tempfile::tempdir().unwrap();
        let path = space.path().join("file");
        std::fs::write(&path, "0123456789").unwrap();
        let t = |offset, length, expected: &[u8]| assert_eq!(read(&path, offset, length).unwrap(), expected);
        t(0, 4, b"0123");
        t(8, 100, b"89");
        t(100, 1, b"");
        assert_eq!(code_of("404 Not Found"), Some(404));
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
