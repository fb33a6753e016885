//! A content on its way into the store: it gets its name when all of it is there and has the right hash.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use base::digest::Digest;
use base::files::FileError;
use rustix::fs::ioctl_ficlone;
use sha2::{Digest as _, Sha256};
use tempfile::{Builder, NamedTempFile};

use super::{BlobStore, BlobStoreError, SUFFIX, create};
use crate::blob::BlobDigest;

/// The content. It is dropped with the value, unless it was kept.
#[derive(Debug)]
pub(crate) struct IncomingBlob<'a> {
    store: &'a BlobStore,
    digest: BlobDigest,
    file: NamedTempFile,
    hash: Sha256,
    length: u64,
}

impl<'a> IncomingBlob<'a> {
    pub(super) fn new(store: &'a BlobStore, digest: BlobDigest) -> Result<Self, FileError> {
        let path = store.blob(&digest);
        let directory = path.parent().unwrap_or(&store.directory);
        // Where it gets its name: renaming from one directory to another would wait for all others that do so.
        let make = || Builder::new().suffix(SUFFIX).tempfile_in(directory);
        let file = make().or_else(|error| {
            if error.kind() != ErrorKind::NotFound {
                return Err(error);
            }
            // Most directories exist.
            create(directory)?;
            make()
        });
        let file = file.map_err(FileError::of("create a file in", directory))?;
        Ok(Self { store, digest, file, hash: Sha256::new(), length: 0 })
    }

    /// The number of bytes so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Adds the next bytes.
    ///
    /// # Errors
    /// [`BlobStoreError::Mismatch`] if there are more than the digest says, or the system's error.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), BlobStoreError> {
        self.add(bytes)?;
        let path = self.file.path().to_owned();
        Ok(self.file.as_file_mut().write_all(bytes).map_err(FileError::of("write", &path))?)
    }

    /// Adds the content of a file, whose blocks are shared if the file system can do that.
    pub(super) fn copy(&mut self, source: &File, path: &Path) -> Result<(), BlobStoreError> {
        let is_cloned = ioctl_ficlone(self.file.as_file(), source).is_ok();
        // What counts is what was stored.
        let mut source = if is_cloned {
            self.file.reopen().map_err(FileError::of("read", path))?
        } else {
            source.try_clone().map_err(FileError::of("read", path))?
        };
        let mut buffer = vec![0; 128 << 10];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) if is_cloned => self.add(&buffer[..length])?,
                Ok(length) => self.write(&buffer[..length])?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(FileError::of("read", path)(error).into()),
            }
        }
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), BlobStoreError> {
        self.length += bytes.len() as u64;
        if self.length > self.digest.size() {
            return Err(BlobStoreError::Mismatch(self.digest));
        }
        self.hash.update(bytes);
        Ok(())
    }

    /// Gives it its name, if it is what the digest says.
    ///
    /// # Errors
    /// [`BlobStoreError::Mismatch`], or the system's error.
    pub(crate) fn keep(self) -> Result<(), BlobStoreError> {
        let Self { store, digest, file, hash, length } = self;
        let hash: [u8; 32] = hash.finalize().into();
        if BlobDigest::new(Digest::from(hash), length) != digest {
            return Err(BlobStoreError::Mismatch(digest));
        }
        let path = store.blob(&digest);
        file.persist(&path).map_err(|error| FileError::of("write", &path)(error.error))?;
        store.count(length);
        Ok(())
    }
}
