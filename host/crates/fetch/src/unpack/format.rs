//! The format of an archive, by its first bytes, and how each compression is read.

use std::io::{self, BufRead, Read};

use super::zstd::Frames;

/// How many bytes at the start of a file are needed to know the format: a header of tar.
pub(super) const START: usize = 512;

/// Most memory that a dictionary of xz may take, in KiB; `xz -9` needs 64 MiB.
const XZ_MEMORY: u32 = 512 << 10;

/// The format of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArchiveFormat {
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

/// The format of the file that starts with `start`, unless it is a plain tar file.
pub(super) fn recognize(start: &[u8]) -> Option<ArchiveFormat> {
    // The second one is a zip file without entries.
    const MAGIC: [(&[u8], ArchiveFormat); 6] = [
        (b"PK\x03\x04", ArchiveFormat::Zip),
        (b"PK\x05\x06", ArchiveFormat::Zip),
        (b"\x1f\x8b\x08", ArchiveFormat::Tar(Compression::Gzip)),
        (b"BZh", ArchiveFormat::Tar(Compression::Bzip2)),
        (b"\xfd7zXZ\0", ArchiveFormat::Tar(Compression::Xz)),
        (b"\x28\xb5\x2f\xfd", ArchiveFormat::Tar(Compression::Zstd)),
    ];
    MAGIC.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, format)| *format)
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

/// Reads `stream` to its end, so that the checksums at the end are verified.
pub(super) fn drain(stream: &mut impl Read) -> io::Result<()> {
    io::copy(stream, &mut io::sink()).map(|_| ())
}
