//! Detection of archive formats by their first bytes, and their decompression.

use std::io::{self, BufRead, Read};

use super::zstd::Frames;

/// Number of bytes needed to detect the format: one tar header.
pub(super) const START: usize = 512;

/// Maximum memory for an xz dictionary, in KiB; `xz -9` needs 64 MiB.
const XZ_MEMORY: u32 = 512 << 10;

/// The format of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Tar(Compression),
    Zip,
}

/// How a tar file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Plain,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
}

/// Detects the format of a file that starts with `start`.
pub(super) fn recognise(start: &[u8]) -> Option<Format> {
    // The second one is a zip file without entries.
    const MAGIC: [(&[u8], Format); 6] = [
        (b"PK\x03\x04", Format::Zip),
        (b"PK\x05\x06", Format::Zip),
        (b"\x1f\x8b\x08", Format::Tar(Compression::Gzip)),
        (b"BZh", Format::Tar(Compression::Bzip2)),
        (b"\xfd7zXZ\0", Format::Tar(Compression::Xz)),
        (b"\x28\xb5\x2f\xfd", Format::Tar(Compression::Zstd)),
    ];
    let known = MAGIC.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, format)| *format);
    known.or_else(|| is_tar(start).then_some(Format::Tar(Compression::Plain)))
}

/// POSIX and GNU tar have a magic string; Unix V7's format has only the checksum.
fn is_tar(start: &[u8]) -> bool {
    let Ok(block) = <&[u8; START]>::try_from(start) else { return false };
    let header = tar::Header::from_byte_slice(block);
    let sum: u32 =
        block.iter().enumerate().map(|(at, byte)| u32::from(if (148..156).contains(&at) { b' ' } else { *byte })).sum();
    &block[257..262] == b"ustar" || header.cksum().is_ok_and(|noted| noted == sum)
}

/// The decompressed content of `source`.
pub(super) fn decompress<'a>(source: impl BufRead + Send + 'a, compression: Compression) -> Box<dyn Read + Send + 'a> {
    match compression {
        Compression::Plain => Box::new(source),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(source)),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(source)),
        Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(source, true, XZ_MEMORY)),
        Compression::Zstd => Box::new(Frames::new(source)),
    }
}

/// Reads `stream` to its end, so that trailing checksums are verified.
pub(super) fn drain(stream: &mut impl Read) -> io::Result<()> {
    io::copy(stream, &mut io::sink()).map(|_| ())
}
