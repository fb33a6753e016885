//! Unpacks an archive into a directory, atomically: tar (plain, gzip, bzip2, xz, zstd) and zip, detected by content.
//!
//! An archive is untrusted input. It is unpacked into a directory next to the destination, which is renamed if the
//! whole archive is valid, and removed otherwise. Does not know where the archive came from.

mod ahead;
mod aside;
mod error;
mod format;
mod meter;
mod name;
mod tar;
mod tree;
mod zip;
mod zip_headers;
mod zstd;

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::Path;

pub use error::{Fault, UnpackError};
pub use meter::Limits as UnpackLimits;

use aside::Aside;
use base::files::FileError;
use error::Stop;
use format::Format;
use meter::Meter;
use tree::Tree;

/// Options for unpacking.
#[derive(Clone, Debug, Default)]
pub struct UnpackOptions {
    /// Makes the content of the archive's only top-level directory the destination; an archive without exactly one is
    /// then refused.
    pub strip_top_level: bool,
    /// Limits on its content.
    pub limits: UnpackLimits,
}

/// The result of unpacking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// Names of the files and directories at the top level of the archive, sorted.
    pub top_level: Vec<std::ffi::OsString>,
    /// Total size of all files in bytes.
    pub bytes: u64,
    /// Number of files, directories and links in the archive.
    pub entries: u64,
}

/// Unpacks the file `archive` to `destination`, which must be missing or an empty directory. `canceled` is called
/// frequently.
///
/// Permissions are the archive's, less the umask and the setuid, setgid and sticky bits; the owner is the current user.
/// Modification times are the archive's, with nanoseconds if available: make depends on them. Nothing is flushed to
/// disk: an unpacked source can be restored from its archive.
///
/// # Errors
/// [`UnpackError`]; then nothing is left next to the destination, and the destination is unchanged.
pub fn unpack(
    archive: &Path,
    destination: &Path,
    options: &UnpackOptions,
    canceled: &dyn Fn() -> bool,
) -> Result<Unpacked, UnpackError> {
    let mut file = File::open(archive).map_err(FileError::of("open", archive))?;
    let format = recognise(&mut file, archive)?;
    let aside = Aside::new(destination)?;
    let length = file.metadata().map_err(FileError::of("read", archive))?.len();
    let meter = Meter::new(options.limits.clone());
    let mut tree = Tree::new(aside.directory(), &meter, options.strip_top_level, canceled);
    let outcome = match format {
        Format::Zip => {
            meter.consumed(length);
            zip::unpack(file, length, &mut tree)
        }
        Format::Tar(compression) => tar::unpack(file, compression, &meter, &mut tree),
    };
    let unpacked = outcome.and_then(|()| tree.finish()).map_err(|stop| UnpackError::of(archive, stop))?;
    match unpacked.top_level.first() {
        Some(only) if options.strip_top_level => aside.become_destination(Some(only))?,
        _ => aside.become_destination(None)?,
    }
    Ok(unpacked)
}

fn recognise(file: &mut File, archive: &Path) -> Result<Format, UnpackError> {
    let mut start = Vec::with_capacity(format::START);
    file.take(format::START as u64).read_to_end(&mut start).map_err(FileError::of("read", archive))?;
    file.rewind().map_err(FileError::of("read", archive))?;
    format::recognise(&start).ok_or_else(|| UnpackError::of(archive, Stop::because(Fault::UnknownFormat)))
}
