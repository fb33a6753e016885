//! Compares the two headers of each entry of a zip file: in the central directory at its end, which the library reads, and
//! before the entry's data, where other programs read it. If they differ, the file may have been made to deceive.
//!
//! Offsets are those of the format's description (APPNOTE 6.3, sections 4.3.7 and 4.3.12).

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::error::{ArchiveFault, UnpackStop};
use super::tree::Tree;
use base::collections::Set;

const CENTRAL: usize = 46;
const LOCAL: usize = 30;

/// The sizes of this entry are behind its data.
const SIZES_FOLLOW: u16 = 1 << 3;

/// A header of an entry.
struct ZipHeader {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    checksum: u32,
    compressed: u64,
    size: u64,
    /// Where the local header is; of a local header, 0.
    offset: u64,
    /// Length of the local header with name and extra fields.
    length: u64,
}

/// Checks all entries of the central directory at `central` in the file of `length` bytes; the library found `entries`.
pub(super) fn check(
    file: &mut BufReader<File>,
    central: u64,
    length: u64,
    entries: usize,
    tree: &Tree<'_>,
) -> Result<(), UnpackStop> {
    let headers = read_central(file, central, tree).map_err(|error| UnpackStop::reading(&error))?;
    let mut names = Set::default();
    if let Some(twice) = headers.iter().find(|header| !names.insert(header.name.as_slice())) {
        return Err(stop(twice, ArchiveFault::Duplicate));
    }
    if headers.len() != entries {
        return Err(UnpackStop::because(ArchiveFault::Disagreement("number of entries")));
    }
    let mut spans = Vec::new();
    for header in &headers {
        let local =
            read_local(file, header.offset).map_err(|error| UnpackStop::reading(&error).in_entry(path(header)))?;
        compare(header, &local)?;
        spans.push((header.offset, local.length.saturating_add(header.compressed), header));
    }
    check_spans(spans, central.min(length))
}

/// Data that two entries share, or that lie in the directory, make a bomb out of a small file.
fn check_spans(mut spans: Vec<(u64, u64, &ZipHeader)>, most: u64) -> Result<(), UnpackStop> {
    spans.sort_by_key(|(offset, ..)| *offset);
    let ends = spans.iter().skip(1).map(|(offset, ..)| *offset).chain([most]);
    for ((offset, length, header), end) in spans.iter().zip(ends) {
        if offset.saturating_add(*length) > end {
            return Err(stop(header, ArchiveFault::Disagreement("offset: it overlaps with another")));
        }
    }
    Ok(())
}

fn compare(central: &ZipHeader, local: &ZipHeader) -> Result<(), UnpackStop> {
    let differs = |what| Err(stop(central, ArchiveFault::Disagreement(what)));
    if central.name != local.name {
        return differs("name");
    }
    if central.method != local.method || central.flags != local.flags {
        return differs("compression");
    }
    let noted = (central.checksum, central.compressed, central.size);
    let also = (local.checksum, local.compressed, local.size);
    let follow = local.flags & SIZES_FOLLOW != 0 && also == (0, 0, 0);
    if noted != also && !follow {
        return differs("size or checksum");
    }
    Ok(())
}

fn read_central(file: &mut BufReader<File>, at: u64, tree: &Tree<'_>) -> io::Result<Vec<ZipHeader>> {
    file.seek(SeekFrom::Start(at))?;
    let mut headers = Vec::new();
    loop {
        let mut signature = [0; 4];
        file.read_exact(&mut signature)?;
        if signature != *b"PK\x01\x02" {
            return Ok(headers);
        }
        tree.allows(headers.len() as u64).map_err(io::Error::other)?;
        let mut fields = [0; CENTRAL];
        file.read_exact(&mut fields[4..])?;
        let name = read_bytes(file, u16_at(&fields, 28))?;
        let extra = read_bytes(file, u16_at(&fields, 30))?;
        file.seek_relative(u16_at(&fields, 32).into())?;
        let values = [u32_at(&fields, 24), u32_at(&fields, 20), u32_at(&fields, 42)];
        let [size, compressed, offset] = wide(values, &extra)?;
        let (flags, method, checksum) = (u16_at(&fields, 8), u16_at(&fields, 10), u32_at(&fields, 16));
        headers.push(ZipHeader { name, flags, method, checksum, compressed, size, offset, length: 0 });
    }
}

fn read_local(file: &mut BufReader<File>, at: u64) -> io::Result<ZipHeader> {
    file.seek(SeekFrom::Start(at))?;
    let mut fields = [0; LOCAL];
    file.read_exact(&mut fields)?;
    if !fields.starts_with(b"PK\x03\x04") {
        return Err(io::Error::other(ArchiveFault::Disagreement("offset: there is no header")));
    }
    let name = read_bytes(file, u16_at(&fields, 26))?;
    let extra = read_bytes(file, u16_at(&fields, 28))?;
    let length = (LOCAL + name.len() + extra.len()) as u64;
    let [size, compressed] = wide([u32_at(&fields, 22), u32_at(&fields, 18)], &extra)?;
    let (flags, method, checksum) = (u16_at(&fields, 6), u16_at(&fields, 8), u32_at(&fields, 14));
    Ok(ZipHeader { name, flags, method, checksum, compressed, size, offset: 0, length })
}

/// Values that do not fit into 32 bits (they are `0xffff_ffff` there) stand in the extra field 1, in their order.
fn wide<const N: usize>(values: [u32; N], extra: &[u8]) -> io::Result<[u64; N]> {
    let mut found = values.map(u64::from);
    let mut field = zip64_field(extra);
    for value in found.iter_mut().filter(|value| **value == u64::from(u32::MAX)) {
        let (bytes, rest) = field.split_first_chunk::<8>().ok_or(io::ErrorKind::InvalidData)?;
        (*value, field) = (u64::from_le_bytes(*bytes), rest);
    }
    Ok(found)
}

fn zip64_field(mut extra: &[u8]) -> &[u8] {
    while let Some((&[a, b, c, d], rest)) = extra.split_first_chunk::<4>() {
        let length = usize::from(u16::from_le_bytes([c, d])).min(rest.len());
        if (a, b) == (1, 0) {
            return &rest[..length];
        }
        extra = &rest[length..];
    }
    &[]
}

fn read_bytes(file: &mut BufReader<File>, count: u16) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count.into()];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn path(header: &ZipHeader) -> &Path {
    Path::new(OsStr::from_bytes(&header.name))
}

fn stop(header: &ZipHeader, fault: ArchiveFault) -> UnpackStop {
    UnpackStop::at(path(header), fault)
}
