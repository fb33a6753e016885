//! Unpacks an archive into a directory, whole or not at all: tar (plain, gzip, bzip2, xz, zstd) and zip, distinguished by
//! content.
//!
//! An archive is input from outside. It is unpacked into a directory next to the destination, which is renamed at the end,
//! or removed if anything is wrong. Knows nothing of where the archive came from.

mod ahead;
mod aside;
mod error;
mod format;
mod meter;
mod name;
mod single;
mod tar;
mod tree;
mod zip;
mod zip_headers;
mod zstd;

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _};
use std::path::Path;

pub use error::{ArchiveFault, UnpackError};
pub use meter::UnpackLimits;
pub use single::decompress;
pub use tree::UnpackedArchive;

use aside::Aside;
use base::files::{FileError, open_regular};
use error::UnpackStop;
use format::{ArchiveFormat, Compression};
use meter::Meter;
use tree::Tree;

/// How an archive is unpacked.
#[derive(Clone, Debug, Default)]
pub struct UnpackOptions {
    /// Whether the content of the archive's only top-level directory becomes the destination; an archive that does not have
    /// exactly one is then refused.
    pub strip_top_level: bool,
    /// What it may grow to.
    pub limits: UnpackLimits,
}

/// Unpacks the file `archive` to `destination`, which must be missing or an empty directory.
/// `canceled` is asked often.
///
/// Permissions are the archive's, less what the umask takes and less setuid, setgid and sticky bits; the owner is the
/// user of this process. Times of modification are the archive's, to the nanosecond if it has them: make depends on them.
/// Nothing is flushed to disk: a source can be unpacked again.
///
/// # Errors
/// [`UnpackError`]; nothing is left next to the destination, and the destination is unchanged.
pub fn unpack(
    archive: &Path,
    destination: &Path,
    options: &UnpackOptions,
    canceled: &dyn Fn() -> bool,
) -> Result<UnpackedArchive, UnpackError> {
    let file = open_regular(archive).map_err(FileError::of("open", archive))?;
    unpack_open(file, archive, destination, options, canceled)
}

/// As [`unpack`], for a file that is open. `archive` is its path, for messages.
///
/// # Errors
/// As [`unpack`].
pub fn unpack_open(
    mut file: File,
    archive: &Path,
    destination: &Path,
    options: &UnpackOptions,
    canceled: &dyn Fn() -> bool,
) -> Result<UnpackedArchive, UnpackError> {
    let format = recognize(&mut file, archive)?;
    let aside = Aside::new(destination)?;
    let length = file.metadata().map_err(FileError::of("read", archive))?.len();
    let meter = Meter::new(options.limits.clone());
    let mut tree = Tree::new(aside.directory(), &meter, options.strip_top_level, canceled);
    let outcome = match format {
        ArchiveFormat::Zip => {
            meter.consumed(length);
            zip::unpack(file, length, &mut tree)
        }
        ArchiveFormat::Tar(compression) => tar::unpack(file, compression, &meter, &mut tree),
    };
    let unpacked = outcome.and_then(|()| tree.finish()).map_err(|stop| UnpackError::of(archive, stop))?;
    match unpacked.top_level.first() {
        Some(only) if options.strip_top_level => aside.become_destination(Some(only))?,
        _ => aside.become_destination(None)?,
    }
    Ok(unpacked)
}

/// The content of a file that is compressed with zstd, at most `limit` bytes.
///
/// # Errors
/// When the file cannot be read, is damaged, or has more content.
pub fn decompressed(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let frames = zstd::Frames::new(BufReader::new(File::open(path)?));
    let count = frames.take(limit + 1).read_to_end(&mut content)? as u64;
    if count > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(content) }
}

fn recognize(file: &mut File, archive: &Path) -> Result<ArchiveFormat, UnpackError> {
    let start = start_of(file, archive)?;
    let plain = || tar::is_tar(&start).then_some(ArchiveFormat::Tar(Compression::Plain));
    let format = format::recognize(&start).or_else(plain);
    format.ok_or_else(|| UnpackError::of(archive, UnpackStop::because(ArchiveFault::UnknownFormat)))
}

/// The first bytes of a file, which is then at its start.
fn start_of(file: &mut File, archive: &Path) -> Result<Vec<u8>, UnpackError> {
    let failed = FileError::of("read", archive);
    let mut start = Vec::with_capacity(format::START);
    let mut read = || {
        file.rewind()?;
        (&*file).take(format::START as u64).read_to_end(&mut start)?;
        file.rewind()
    };
    read().map_err(failed)?;
    Ok(start)
}
