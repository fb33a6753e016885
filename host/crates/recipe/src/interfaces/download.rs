//! `buildout:recipe/download`: downloading and unpacking files, lent to a part that is granted their addresses.

use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::event::{Event, Report};
use base::files::{open_regular, recreate};
use fetch::{Algorithm, Checksum, Downloaded, Request, TransferFault};
use wasmtime::component::{HasData, Resource, ResourceTable};

use super::bindings::DownloadFailure;
use super::bindings::buildout::recipe::download::{
    self as wit, DownloadError, Host, HostDownloader, HostFetched, ServerStatus, TopLevel,
};
use super::filesystem::open::OpenFiles;
use super::resources::{Downloader, Fetched};
use super::target::{Target, names};
use crate::call::Call;
use crate::grants::addresses::{allowed, within};
use crate::limits;
use crate::native::shared::Native;

/// Marks the interface in the linker.
pub(crate) struct Downloads;

/// The state that its functions see.
pub(crate) struct View<'a> {
    pub(crate) call: &'a mut Call,
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) native: &'a Arc<Native>,
    /// An archive may be unpacked in place of a directory that the recipe has open.
    pub(crate) files: &'a mut OpenFiles,
}

impl HasData for Downloads {
    type Data<'a> = View<'a>;
}

impl Host for View<'_> {
    fn convert_download_error(&mut self, failure: DownloadFailure) -> wasmtime::Result<DownloadError> {
        failure.downcast()
    }

    fn open(&mut self, addresses: Vec<String>) -> Result<Resource<Downloader>, DownloadFailure> {
        let names: Vec<&str> = addresses.iter().map(String::as_str).collect();
        self.call.note("download.open", &names);
        if !self.call.phase.is_of_program() {
            let message = "files are downloaded only for a part or an extension";
            return Err(DownloadError::Invalid(message.into()).into());
        }
        let granted = allowed(&self.call.rights.fetch);
        let missing = addresses.iter().find(|address| !within(address, &granted, &self.native.directory()));
        if let Some(missing) = missing {
            let line = format!("fetch = [{missing:?}]");
            let message = format!("{missing} may not be downloaded: no grant says {line}");
            self.call.refused.push(line);
            return Err(DownloadError::NotGranted(message).into());
        }
        self.table.push(Downloader { allowed: allowed(&addresses) }).map_err(DownloadFailure::trap)
    }
}

impl HostDownloader for View<'_> {
    fn fetch(
        &mut self,
        downloader: Resource<Downloader>,
        request: wit::Request,
    ) -> Result<Resource<Fetched>, DownloadFailure> {
        self.call.note("download.fetch", &[&request.url]);
        let allowed = self.table.get(&downloader).map_err(DownloadFailure::trap)?.allowed.clone();
        let checksums = request.digests.iter().map(checksum).collect::<Result<_, _>>()?;
        let wanted = Request { url: request.url, allowed, checksums, headers: request.headers, ..Request::default() };
        let report = OfPart { part: Arc::clone(&self.call.part), report: Arc::clone(&self.native.report) };
        let outcome = self.native.downloader().download(&wanted, &report, &|| self.call.is_over());
        self.call.check().map_err(DownloadFailure::trap)?;
        let downloaded = outcome.map_err(|error| self.failed(&error))?;
        let size = downloaded.path.metadata().map(|metadata| metadata.len()).unwrap_or_default();
        let Downloaded { path, sha256, address, headers, .. } = downloaded;
        let fetched = Fetched { path, sha256, size, address, headers };
        self.table.push(fetched).map_err(DownloadFailure::trap)
    }

    fn drop(&mut self, downloader: Resource<Downloader>) -> wasmtime::Result<()> {
        self.table.delete(downloader)?;
        Ok(())
    }
}

impl HostFetched for View<'_> {
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
        let path = self.path_of(&file)?;
        Ok(read(&path, offset, length).map_err(|error| unreadable(&path, &error))?)
    }

    fn copy(&mut self, file: Resource<Fetched>, path: String) -> Result<(), DownloadFailure> {
        self.call.note("download.copy", &[&path]);
        let source = self.path_of(&file)?;
        let target = self.target(&path)?;
        let is_new = target.is_new();
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
        let archive = self.path_of(&file)?;
        let target = self.target(&directory)?;
        let opened = open_regular(&archive).map_err(|error| unreadable(&archive, &error))?;
        let outcome = target.unpack(&opened, &archive, top_level, self.call);
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

impl View<'_> {
    fn path_of(&self, file: &Resource<Fetched>) -> Result<PathBuf, DownloadFailure> {
        Ok(self.table.get(file).map_err(DownloadFailure::trap)?.path.clone())
    }

    /// Notes what the host made for the part.
    fn made(&mut self, target: Target, is_new: bool) {
        if is_new {
            self.call.made.add(target.shown);
        }
    }

    /// Where a file that the host makes for the recipe goes.
    fn target(&mut self, path: &str) -> Result<Target, DownloadError> {
        let refuse = |why: &str| DownloadError::Invalid(format!("cannot write {path}: {why}"));
        match Path::new(path).is_absolute() {
            true => Target::new(self.call, path).map_err(|why| refuse(&why)),
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
