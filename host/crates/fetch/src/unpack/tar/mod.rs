//! Reads tar files into a tree: those of GNU tar, bsdtar, git, Python, Go and others, with their extended headers.
//!
//! Reads as those programs do where they agree and where that is safe; where they differ, the archive is refused.

mod header;
mod records;
mod sparse;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::ahead::ahead;
use super::error::{ArchiveFault, UnpackStop};
use super::format::{Compression, decompress, drain};
use super::meter::{Counted, Meter};
use super::name;
use super::tree::{EntryAttributes, Time, Tree};
use header::{BLOCK, MemberKind, TarHeader};
use records::Extended;

const READ_BUFFER: usize = 64 << 10;

/// The most bytes of headers before one member: long names and pax records are held in memory.
const LONGEST_HEADERS: u64 = 1 << 20;

/// Whether a file that starts with `start` is a tar file: the format of Unix V7 has no magic word, only a checksum.
pub(super) fn is_tar(start: &[u8]) -> bool {
    <[u8; BLOCK]>::try_from(start).is_ok_and(|block| &block[257..262] == b"ustar" || TarHeader(block).is_valid())
}

/// Unpacks the tar file `file` into `tree`.
pub(super) fn unpack(
    file: File,
    compression: Compression,
    meter: &Meter,
    tree: &mut Tree<'_>,
) -> Result<(), UnpackStop> {
    let source = decompress(BufReader::with_capacity(READ_BUFFER, Counted::new(file, meter)), compression);
    if compression == Compression::Plain {
        return Members::new(source, meter).unpack(tree, true);
    }
    std::thread::scope(|scope| {
        let (stream, work) = ahead(source);
        scope.spawn(work);
        // The end of compressed data is known, so the end mark is not needed to notice a truncated file.
        Members::new(stream, meter).unpack(tree, false)
    })
}

/// The members of a tar file.
struct Members<R> {
    stream: Metered<R>,
    /// Bytes of headers since the last member.
    headers: u64,
}

impl<R: Read> Members<R> {
    fn new(stream: R, meter: &Meter) -> Self {
        Self { stream: Metered { inner: stream, meter: meter.clone(), bytes: 0 }, headers: 0 }
    }

    fn unpack(&mut self, tree: &mut Tree<'_>, needs_end_mark: bool) -> Result<(), UnpackStop> {
        tree.replace_duplicates();
        let mut extended = None;
        while let Some(header) = self.header(needs_end_mark)? {
            let shown = PathBuf::from(OsStr::from_bytes(&header.name()));
            if self.extend(&header, &mut extended).map_err(|stop| stop.in_entry(&shown))? {
                continue;
            }
            self.headers = 0;
            self.member(&header, &extended.take().unwrap_or_default(), tree)?;
        }
        if extended.is_some() {
            return Err(UnpackStop::because(ArchiveFault::Damaged("it ends after an extended header".into())));
        }
        drain(&mut self.stream).map_err(|error| UnpackStop::reading(&error))
    }

    /// The next header; `None` at the end.
    fn header(&mut self, needs_end_mark: bool) -> Result<Option<TarHeader>, UnpackStop> {
        let mut block = Vec::with_capacity(BLOCK);
        let read = (&mut self.stream).take(BLOCK as u64).read_to_end(&mut block);
        match read.map_err(|error| UnpackStop::reading(&error))? {
            0 if !needs_end_mark => return Ok(None),
            0 => {
                return Err(UnpackStop::because(ArchiveFault::Damaged(
                    "it ends without its end-of-archive marker".into(),
                )));
            }
            _ => {}
        }
        let block = <[u8; BLOCK]>::try_from(block).map_err(|_| damaged("it ends within a header"))?;
        let header = TarHeader(block);
        if header.is_zero() {
            return Ok(None);
        }
        if !header.is_valid() {
            return Err(damaged("a header has a wrong checksum"));
        }
        self.count(BLOCK as u64)?;
        Ok(Some(header))
    }

    /// Counts bytes of headers, which are held in memory.
    fn count(&mut self, bytes: u64) -> Result<(), UnpackStop> {
        self.headers = self.headers.saturating_add(bytes);
        match self.headers > LONGEST_HEADERS {
            true => Err(UnpackStop::because(ArchiveFault::Limit { what: "bytes of headers", limit: LONGEST_HEADERS })),
            false => Ok(()),
        }
    }

    /// Adds what a header says of further members; false if it is that of a member.
    fn extend(&mut self, header: &TarHeader, extended: &mut Option<Extended>) -> Result<bool, UnpackStop> {
        let kind = header.kind();
        if !matches!(
            kind,
            MemberKind::Records
                | MemberKind::GlobalRecords
                | MemberKind::LongName
                | MemberKind::LongLink
                | MemberKind::Label
        ) {
            return Ok(false);
        }
        let bytes = self.bytes(header.size().map_err(UnpackStop::because)?)?;
        let string = || bytes.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
        match kind {
            MemberKind::Records => {
                extended.get_or_insert_default().add(&bytes).map_err(UnpackStop::because)?;
            }
            MemberKind::GlobalRecords => records::check_global(&bytes).map_err(UnpackStop::because)?,
            MemberKind::LongName => extended.get_or_insert_default().path = Some(string()),
            MemberKind::LongLink => extended.get_or_insert_default().link = Some(string()),
            _ => {}
        }
        Ok(true)
    }

    /// The data of a header that is held in memory.
    fn bytes(&mut self, size: u64) -> Result<Vec<u8>, UnpackStop> {
        self.count(size)?;
        let mut bytes = Vec::new();
        let read =
            (&mut self.stream).take(size).read_to_end(&mut bytes).map_err(|error| UnpackStop::reading(&error))?;
        if (read as u64) < size {
            return Err(damaged("it ends within a header"));
        }
        self.skip(padding(size))?;
        Ok(bytes)
    }

    fn skip(&mut self, bytes: u64) -> Result<(), UnpackStop> {
        let skipped = io::copy(&mut (&mut self.stream).take(bytes), &mut io::sink());
        match skipped.map_err(|error| UnpackStop::reading(&error))? {
            count if count < bytes => {
                Err(UnpackStop::because(ArchiveFault::Damaged("the archive ends within it".into())))
            }
            _ => Ok(()),
        }
    }

    fn member(&mut self, header: &TarHeader, extended: &Extended, tree: &mut Tree<'_>) -> Result<(), UnpackStop> {
        let raw = extended.name().map_or_else(|| header.name(), <[u8]>::to_vec);
        let shown = PathBuf::from(OsStr::from_bytes(&raw));
        let member = TarMember { header, extended, raw: &raw };
        self.unpack_member(&member, tree).map_err(|stop| stop.in_entry(&shown))
    }

    fn unpack_member(&mut self, member: &TarMember<'_>, tree: &mut Tree<'_>) -> Result<(), UnpackStop> {
        let path = name::plain(member.raw).map_err(UnpackStop::because)?;
        let sparse = member.extended.sparse_size().map_err(UnpackStop::because)?;
        let stored = member.extended.size.map_or_else(|| member.header.size(), Ok).map_err(UnpackStop::because)?;
        let attributes = member.attributes().map_err(UnpackStop::because)?;
        match member.header.kind() {
            MemberKind::SparseFile => {
                let (map, size) = sparse::read_old(member.header, &mut self.stream)?;
                self.sparse_file(&path, attributes, size, &map, stored, tree)?;
            }
            MemberKind::File if sparse.is_some() && member.extended.has_map_in_data() => {
                let (map, read) = sparse::read_map(&mut (&mut self.stream).take(stored))?;
                self.sparse_file(&path, attributes, sparse.unwrap_or(0), &map, stored - read, tree)?;
            }
            MemberKind::File if sparse.is_some() => {
                self.sparse_file(&path, attributes, sparse.unwrap_or(0), &member.extended.sparse.map, stored, tree)?;
            }
            // Before POSIX, a directory was a file whose name ends with a slash.
            MemberKind::File if !member.raw.ends_with(b"/") => {
                tree.file(&path, attributes, stored, &mut (&mut self.stream).take(stored))?;
            }
            kind => {
                self.skip(stored)?;
                member.make(kind, &path, attributes, tree)?;
            }
        }
        self.skip(padding(stored))
    }

    fn sparse_file(
        &mut self,
        path: &Path,
        attributes: EntryAttributes,
        size: u64,
        map: &sparse::SparseMap,
        data: u64,
        tree: &mut Tree<'_>,
    ) -> Result<(), UnpackStop> {
        sparse::check(map, size, data).map_err(UnpackStop::because)?;
        tree.sparse_file(path, attributes, size, map, &mut (&mut self.stream).take(data))
    }
}

/// A member, but for its data.
struct TarMember<'a> {
    header: &'a TarHeader,
    extended: &'a Extended,
    raw: &'a [u8],
}

impl TarMember<'_> {
    fn attributes(&self) -> Result<EntryAttributes, ArchiveFault> {
        let mode = self.header.mode()?;
        let modified = match self.extended.modified {
            Some(time) => time,
            None => Time { seconds: self.header.mtime()?, nanoseconds: 0 },
        };
        Ok(EntryAttributes { mode, modified })
    }

    fn link(&self) -> PathBuf {
        let target = self.extended.link.clone().unwrap_or_else(|| self.header.link().into_owned());
        PathBuf::from(OsStr::from_bytes(&target))
    }

    /// Makes a member without data.
    fn make(
        &self,
        kind: MemberKind,
        path: &Path,
        attributes: EntryAttributes,
        tree: &mut Tree<'_>,
    ) -> Result<(), UnpackStop> {
        let refuse = |fault| Err(UnpackStop::because(fault));
        match kind {
            MemberKind::Directory | MemberKind::File => tree.directory(path, attributes),
            MemberKind::SymbolicLink => tree.symbolic_link(path, &self.link(), attributes.modified),
            MemberKind::HardLink => match name::plain(self.link().as_os_str().as_bytes()) {
                Ok(target) => tree.hard_link(path, &target),
                Err(_) => refuse(ArchiveFault::HardLink(self.link())),
            },
            MemberKind::Device => refuse(ArchiveFault::Special("device")),
            MemberKind::Pipe => refuse(ArchiveFault::Special("named pipe")),
            _ => {
                let kind = self.header.0[156];
                refuse(ArchiveFault::Unsupported(format!("its type {:?}", char::from(kind))))
            }
        }
    }
}

/// How many bytes follow `size` bytes up to the next block.
fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn damaged(reason: &str) -> UnpackStop {
    UnpackStop::because(ArchiveFault::Damaged(reason.to_owned()))
}

/// A stream whose bytes are checked against the limits.
struct Metered<R> {
    inner: R,
    meter: Meter,
    bytes: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        self.meter.check(self.bytes).map_err(io::Error::other)?;
        Ok(count)
    }
}
