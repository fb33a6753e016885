//! `buildout:recipe/archives`: unpacks archives that the recipe may read to where it may write.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use base::files::recreate;
use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::fs::OpenOptions;
use fetch::unpack::{self, ArchiveFault, UnpackError, UnpackLimits};
use wasmtime::component::{HasData, ResourceTable};

use super::bindings::ArchiveFailure;
use super::bindings::buildout::recipe::archives::{ArchiveError, Host, TopLevel};
use super::bindings::buildout::recipe::types::UnnamedError;
use super::filesystem::open::OpenFiles;
use super::target::{WriteTarget, names};
use crate::call::Call;
use crate::grants::mounts::Access;
use crate::grants::symlinks::resolve;

/// Marks the interface in the linker.
pub(crate) struct Archives;

/// The state that its functions see.
pub(crate) struct ArchivesView<'a> {
    pub(crate) call: &'a mut Call,
    pub(crate) table: &'a mut ResourceTable,
    /// An archive may be unpacked in place of a directory that the recipe has open.
    pub(crate) files: &'a mut OpenFiles,
}

impl HasData for Archives {
    type Data<'a> = ArchivesView<'a>;
}

impl Host for ArchivesView<'_> {
    fn convert_archive_error(&mut self, failure: ArchiveFailure) -> wasmtime::Result<ArchiveError> {
        failure.downcast()
    }

    fn unpack(
        &mut self,
        archive: String,
        directory: String,
        top_level: TopLevel,
    ) -> Result<Vec<String>, ArchiveFailure> {
        self.call.note("archives.unpack", &[&archive, &directory]);
        let (file, name) = self.open(&archive)?;
        let target = self.target(&directory)?;
        self.call.will_make(&target.shown).map_err(|error| invalid(&directory, &error.to_string()))?;
        let outcome = target.unpack(&file, &name, top_level, self.call);
        self.files.close_mounts(self.table);
        self.call.check().map_err(ArchiveFailure::trap)?;
        let unpacked = outcome.map_err(|error| self.failed(&error, &target))?;
        // There was nothing, or an empty directory.
        self.call.made.add(target.shown);
        Ok(names(&unpacked))
    }

    fn decompress(&mut self, compressed: String, file: String) -> Result<u64, ArchiveFailure> {
        self.call.note("archives.decompress", &[&compressed, &file]);
        let (source, name) = self.open(&compressed)?;
        let target = self.target(&file)?;
        if self.call.is_foreign(&target.shown) {
            self.call.advice.push("Move it away, or choose another path.".to_owned());
            return Err(invalid(&file, "it exists, and this part did not make it").into());
        }
        let is_new = target.is_new();
        self.call.will_make(&target.shown).map_err(|error| invalid(&file, &error.to_string()))?;
        let mut content = recreate(&target.path()).map_err(|error| invalid(&file, &error.to_string()))?;
        let call = &*self.call;
        let outcome = unpack::decompress(source, &name, &mut content, &UnpackLimits::default(), &|| call.is_over());
        self.call.check().map_err(ArchiveFailure::trap)?;
        let bytes = outcome.map_err(|error| {
            // Nothing of it stays: the content is complete or not there.
            let _ = std::fs::remove_file(target.path());
            self.failed(&error, &target)
        })?;
        if is_new {
            self.call.made.add(target.shown);
        }
        Ok(bytes)
    }
}

impl ArchivesView<'_> {
    /// Opens an archive, and returns its path for messages.
    fn open(&mut self, path: &str) -> Result<(File, PathBuf), ArchiveError> {
        let refuse = |why: &str| ArchiveError::NotReadable(format!("cannot read {path}: {why}"));
        let rights = self.call.rights.clone();
        let absolute = rights.absolute(path).map_err(|_| refuse("the path is empty, too long, or contains NUL"))?;
        let real = resolve(&rights.mounts, &absolute, true).map_err(|error| refuse(&error.to_string()))?;
        let Some(granted) = rights.granted(&real, Access::Read) else {
            self.call.deny(real, Access::Read);
            return Err(refuse("the part may not read it"));
        };
        let open = || {
            let (directory, rest) = granted.place()?;
            let mut options = OpenOptions::new();
            options.read(true).follow(FollowSymlinks::No).nonblock(true);
            let file = directory.open_with(rest, &options)?.into_std();
            match file.metadata()?.is_file() {
                true => Ok(file),
                false => Err(io::Error::other("it is not a regular file")),
            }
        };
        Ok((open().map_err(|error| refuse(&error.to_string()))?, real))
    }

    fn target(&mut self, path: &str) -> Result<WriteTarget, ArchiveError> {
        WriteTarget::new(self.call, path).map_err(|why| invalid(path, &why))
    }

    fn failed(&mut self, error: &UnpackError, target: &WriteTarget) -> ArchiveError {
        self.call.advise(error);
        let message = target.in_words(&error.to_string());
        match error {
            UnpackError::Refused { fault: ArchiveFault::UnknownFormat | ArchiveFault::NotCompressed, .. } => {
                ArchiveError::UnknownFormat(message)
            }
            UnpackError::Refused { fault: ArchiveFault::Limit { .. }, .. } => ArchiveError::Limit(message),
            UnpackError::Refused { .. } => ArchiveError::BadArchive(message),
            UnpackError::DestinationExists(_) => ArchiveError::Invalid(message),
            UnpackError::File(_) | UnpackError::Canceled(_) => {
                ArchiveError::Other(UnnamedError { code: "io".to_owned(), message })
            }
        }
    }
}

fn invalid(path: &str, why: &str) -> ArchiveError {
    ArchiveError::Invalid(format!("cannot write {}: {why}", Path::new(path).display()))
}
