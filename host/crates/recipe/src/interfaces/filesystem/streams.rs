//! Output streams to files that watch how much a guest writes.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::{DynOutputStream, FsError, FsResult, OutputStream, Pollable, StreamError, StreamResult};

use super::routing::FilesystemView;
use crate::call::disk::DiskGuard;

/// A stream to a file.
struct Watched {
    inner: DynOutputStream,
    file: Arc<std::fs::File>,
    guard: Arc<DiskGuard>,
    /// Where the next byte is written.
    position: u64,
}

impl Watched {
    fn check(&mut self, length: usize) -> StreamResult<()> {
        let length = length as u64;
        self.position = self.position.saturating_add(length);
        let checked = self.guard.check(&self.file, self.position, length);
        checked.map_err(|error| StreamError::LastOperationFailed(error.into()))
    }
}

#[async_trait]
impl Pollable for Watched {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[async_trait]
impl OutputStream for Watched {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.check(bytes.len())?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

impl FilesystemView<'_> {
    /// Puts a stream that watches in place of a stream to `file` that starts at `position`; `None` for its end.
    pub(super) fn watched(
        &mut self,
        stream: Resource<DynOutputStream>,
        file: &Resource<Descriptor>,
        position: Option<u64>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let Descriptor::File(opened) = self.table.get(file)? else { return Err(ErrorCode::BadDescriptor.into()) };
        let file = Arc::clone(&opened.file);
        let end = || file.metadata().map(|metadata| metadata.len()).unwrap_or_default();
        let position = position.unwrap_or_else(end);
        let inner = self.table.delete(stream).map_err(FsError::trap)?;
        let watched: DynOutputStream = Box::new(Watched { inner, file, guard: Arc::clone(&self.call.disk), position });
        self.table.push(watched).map_err(FsError::trap)
    }

    /// Checks that so many bytes may be written to `file`, which then has at least `size` bytes.
    pub(super) fn check_space(&self, file: &Resource<Descriptor>, size: u64, length: u64) -> FsResult<()> {
        if let Descriptor::File(opened) = self.table.get(file)? {
            self.call.disk.check(&opened.file, size, length).map_err(|error| ErrorCode::from(&error))?;
        }
        Ok(())
    }
}
