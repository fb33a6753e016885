//! Decompresses a file that is not an archive.

use std::fs::File;
use std::io::{BufReader, Read as _, Write as _};
use std::path::Path;

use super::error::{Fault, Stop, UnpackError};
use super::format::{self, Format};
use super::meter::{Counted, Limits, Meter};
use base::files::FileError;

const BUFFER: usize = 64 << 10;

/// Decompresses `compressed` (gzip, bzip2, xz or zstd, recognized by its content) to `to`; returns the number of bytes.
/// `name` is its path, for messages. `canceled` is asked often.
///
/// # Errors
/// [`UnpackError`]; part of the content may be written.
pub fn decompress(
    mut compressed: File,
    name: &Path,
    to: &mut File,
    limits: &Limits,
    canceled: &dyn Fn() -> bool,
) -> Result<u64, UnpackError> {
    let start = super::start_of(&mut compressed, name)?;
    let Some(Format::Tar(compression)) = format::recognize(&start) else {
        return Err(UnpackError::of(name, Stop::because(Fault::NotCompressed)));
    };
    let meter = Meter::new(limits.clone());
    let source = BufReader::with_capacity(BUFFER, Counted::new(compressed, &meter));
    let mut content = format::decompress(source, compression);
    let (mut buffer, mut bytes) = (vec![0; BUFFER], 0);
    loop {
        if canceled() {
            return Err(UnpackError::Canceled(name.to_owned()));
        }
        let length = content.read(&mut buffer).map_err(|error| UnpackError::of(name, Stop::reading(&error)))?;
        if length == 0 {
            return Ok(bytes);
        }
        bytes += length as u64;
        meter.check(bytes).map_err(|fault| UnpackError::of(name, Stop::because(fault)))?;
        to.write_all(&buffer[..length]).map_err(FileError::of("write the content of", name))?;
    }
}
