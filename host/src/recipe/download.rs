//! `buildout:recipe/download`: fetching and unpacking files, lent to a part that is granted their addresses.

use std::path::PathBuf;

use wasmtime::component::Resource;

use super::bindings::buildout::recipe::download::{
    DownloadError, Host, HostDownloader, HostFetched, Request, TopLevel,
};
use super::state::{Phase, State};

/// What a part may fetch, as its recipe holds it.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Downloader {
    /// Beginnings of addresses; `*` for all.
    pub(super) addresses: Vec<String>,
}

/// A file in the cache.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Fetched {
    pub(super) path: PathBuf,
    pub(super) sha256: String,
    pub(super) size: u64,
}

impl Host for State {
    fn open(&mut self, addresses: Vec<String>) -> wasmtime::Result<Result<Resource<Downloader>, DownloadError>> {
        let names: Vec<&str> = addresses.iter().map(String::as_str).collect();
        self.calling("download.open", &names);
        if !matches!(self.call.phase, Phase::Install | Phase::Update) {
            let message = "files are fetched only while a part is installed or updated";
            return Ok(Err(DownloadError::Invalid(message.into())));
        }
        let granted = &self.call.granted.fetch;
        let is_granted =
            |address: &String| granted.iter().any(|granted| granted == "*" || address.starts_with(granted));
        if let Some(missing) = addresses.iter().find(|address| !is_granted(address)) {
            let message =
                format!("{missing} may not be fetched: recipes.toml would have to grant fetch = [{missing:?}]");
            return Ok(Err(DownloadError::NotGranted(message)));
        }
        Ok(Ok(self.table.push(Downloader { addresses })?))
    }
}

impl HostDownloader for State {
    fn fetch(
        &mut self,
        downloader: Resource<Downloader>,
        request: Request,
    ) -> wasmtime::Result<Result<Resource<Fetched>, DownloadError>> {
        self.calling("download.fetch", &[&request.url]);
        let _ = &self.table.get(&downloader)?.addresses;
        Ok(Err(DownloadError::Unavailable("downloads are not there yet".into())))
    }

    fn drop(&mut self, downloader: Resource<Downloader>) -> wasmtime::Result<()> {
        self.table.delete(downloader)?;
        Ok(())
    }
}

impl HostFetched for State {
    fn sha256(&mut self, file: Resource<Fetched>) -> wasmtime::Result<String> {
        Ok(self.table.get(&file)?.sha256.clone())
    }

    fn size(&mut self, file: Resource<Fetched>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&file)?.size)
    }

    fn copy(&mut self, file: Resource<Fetched>, path: String) -> wasmtime::Result<Result<(), DownloadError>> {
        self.calling("download.copy", &[&path]);
        let _ = &self.table.get(&file)?.path;
        Ok(Err(DownloadError::Unavailable("downloads are not there yet".into())))
    }

    fn unpack(
        &mut self,
        file: Resource<Fetched>,
        directory: String,
        _top_level: TopLevel,
    ) -> wasmtime::Result<Result<Vec<String>, DownloadError>> {
        self.calling("download.unpack", &[&directory]);
        let _ = &self.table.get(&file)?.path;
        Ok(Err(DownloadError::Unavailable("downloads are not there yet".into())))
    }

    fn drop(&mut self, file: Resource<Fetched>) -> wasmtime::Result<()> {
        self.table.delete(file)?;
        Ok(())
    }
}
