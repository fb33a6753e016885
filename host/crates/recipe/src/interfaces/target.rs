//! Where the host writes something for a recipe, and what it unpacks there.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use fetch::unpack::{self, ArchiveFault, UnpackError, UnpackOptions, UnpackedArchive};

use super::bindings::buildout::recipe::archives::TopLevel;
use crate::call::Call;
use crate::grants::granted::Ungranted;
use crate::grants::mounts::Access;
use crate::grants::symlinks::resolve;

/// A place in an open directory, so that no link can replace the directory.
pub(super) struct WriteTarget {
    holder: Dir,
    name: OsString,
    /// Its path, as shown to people.
    pub(super) shown: PathBuf,
}

impl WriteTarget {
    /// The place at `path`. The error is the reason why the recipe cannot have it.
    pub(super) fn new(call: &mut Call, path: &str) -> Result<Self, String> {
        let rights = call.rights.clone();
        let absolute = rights.absolute(path).map_err(|error| match error {
            Ungranted::NotGranted => "the part may not write there".to_owned(),
            Ungranted::TooLong | Ungranted::Invalid => "the path is empty, too long, or contains NUL".to_owned(),
        })?;
        let real = resolve(&rights.mounts, &absolute, false).map_err(|error| error.to_string())?;
        let Some(granted) = rights.granted(&real, Access::Write) else {
            call.deny(real, Access::Write);
            return Err("the part may not write there".to_owned());
        };
        let (holder, name) = granted.holder().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "its directory does not exist".to_owned(),
            _ => error.to_string(),
        })?;
        Ok(Self { holder, name, shown: real })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory().join(&self.name)
    }

    fn directory(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.holder.as_raw_fd()))
    }

    pub(super) fn is_new(&self) -> bool {
        self.holder.symlink_metadata(&self.name).is_err()
    }

    /// A message about it, with the path as a person knows it.
    pub(super) fn in_words(&self, message: &str) -> String {
        let shown = self.shown.parent().unwrap_or(Path::new("/"));
        message.replace(&self.directory().display().to_string(), &shown.display().to_string())
    }

    /// Unpacks an archive here. `name` is its path, for messages.
    pub(super) fn unpack(
        &self,
        archive: &File,
        name: &Path,
        top_level: TopLevel,
        call: &Call,
    ) -> Result<UnpackedArchive, UnpackError> {
        let unpack = |strip_top_level| {
            let archive = archive.try_clone().map_err(base::files::FileError::of("read", name))?;
            let options = UnpackOptions { strip_top_level, ..UnpackOptions::default() };
            unpack::unpack_open(archive, name, &self.path(), &options, &|| call.is_over())
        };
        match unpack(top_level != TopLevel::Keep) {
            Err(error) if top_level == TopLevel::StripIfSingle && is_not_single(&error) => unpack(false),
            outcome => outcome,
        }
    }
}

/// The names of what was unpacked.
pub(super) fn names(unpacked: &UnpackedArchive) -> Vec<String> {
    unpacked.top_level.iter().map(|name| name.to_string_lossy().into_owned()).collect()
}

fn is_not_single(error: &UnpackError) -> bool {
    matches!(error, UnpackError::Refused { fault: ArchiveFault::NoTopLevelDirectory(_), .. })
}
