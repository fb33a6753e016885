//! Reads tar files into a tree.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::rc::Rc;

use tar::{Archive, Entry, EntryType};

use super::ahead::ahead;
use super::error::{Fault, Stop};
use super::format::{Compression, decompress, drain};
use super::meter::{Counted, Meter};
use super::name;
use super::tree::{Attributes, Time, Tree};

const READ_BUFFER: usize = 64 << 10;

/// Maximum size of the headers before one entry in bytes: long names and pax records are kept in memory.
const LONGEST_HEADERS: u64 = 1 << 20;

/// Unpacks the tar file `file` into `tree`.
pub(super) fn unpack(file: File, compression: Compression, meter: &Meter, tree: &mut Tree<'_>) -> Result<(), Stop> {
    let source = decompress(BufReader::with_capacity(READ_BUFFER, Counted::new(file, meter)), compression);
    if compression == Compression::Plain {
        return unpack_stream(source, meter, tree);
    }
    std::thread::scope(|scope| {
        let (stream, work) = ahead(source);
        scope.spawn(work);
        unpack_stream(stream, meter, tree)
    })
}

fn unpack_stream(stream: impl Read, meter: &Meter, tree: &mut Tree<'_>) -> Result<(), Stop> {
    let gate = Rc::new(Gate::default());
    let mut archive = Archive::new(Gated { inner: stream, gate: Rc::clone(&gate), meter: meter.clone(), bytes: 0 });
    let mut entries = archive.entries().map_err(|error| Stop::reading(&error))?;
    loop {
        gate.left.set(LONGEST_HEADERS);
        let Some(entry) = entries.next() else { break };
        let entry = entry.map_err(|error| Stop::reading(&error))?;
        gate.left.set(u64::MAX);
        unpack_entry(entry, tree)?;
    }
    if gate.at_end.get() {
        return Err(Stop::because(Fault::Damaged("it ends without its end mark".into())));
    }
    gate.left.set(u64::MAX);
    drain(&mut archive.into_inner()).map_err(|error| Stop::reading(&error))
}

fn unpack_entry(mut entry: Entry<'_, impl Read>, tree: &mut Tree<'_>) -> Result<(), Stop> {
    let kind = entry.header().entry_type();
    if kind == EntryType::XGlobalHeader {
        return Ok(());
    }
    let raw = entry.path_bytes().into_owned();
    let shown = PathBuf::from(OsStr::from_bytes(&raw));
    let at = |fault| Stop::at(&shown, fault);
    let path = name::plain(&raw).map_err(at)?;
    let attributes = attributes(&mut entry).map_err(|stop| stop.in_entry(&shown))?;
    match kind {
        EntryType::Directory => tree.directory(&path, attributes),
        // Before POSIX, a directory was a file with a trailing slash in its name.
        EntryType::Regular if raw.ends_with(b"/") => tree.directory(&path, attributes),
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            tree.file(&path, attributes, entry.size(), &mut entry)
        }
        EntryType::Symlink => tree.symbolic_link(&path, &link(&entry), attributes.modified),
        EntryType::Link => {
            let target = name::plain(link(&entry).as_os_str().as_bytes());
            tree.hard_link(&path, &target.map_err(|_| at(Fault::HardLink(link(&entry))))?)
        }
        EntryType::Char | EntryType::Block => Err(at(Fault::Special("device"))),
        EntryType::Fifo => Err(at(Fault::Special("named pipe"))),
        other => Err(at(Fault::Unsupported(format!("its type {:?}", char::from(other.as_byte()))))),
    }
}

fn link(entry: &Entry<'_, impl Read>) -> PathBuf {
    let target = entry.link_name_bytes().unwrap_or_default().into_owned();
    PathBuf::from(OsStr::from_bytes(&target))
}

fn attributes(entry: &mut Entry<'_, impl Read>) -> Result<Attributes, Stop> {
    let reading = |error: io::Error| Stop::reading(&error);
    let seconds = i64::try_from(entry.header().mtime().map_err(reading)?).unwrap_or(i64::MAX);
    let mode = entry.header().mode().map_err(reading)?;
    let mut modified = Time { seconds, nanoseconds: 0 };
    for extension in entry.pax_extensions().map_err(reading)?.into_iter().flatten() {
        let extension = extension.map_err(reading)?;
        match extension.key_bytes() {
            b"mtime" => modified = pax_time(extension.value_bytes()).unwrap_or(modified),
            key if key.starts_with(b"GNU.sparse.") => {
                return Err(Stop::because(Fault::Unsupported("a sparse file of pax format".into())));
            }
            _ => {}
        }
    }
    Ok(Attributes { mode, modified })
}

/// `1234567890.123456789`; a time before the epoch becomes the epoch.
fn pax_time(value: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(value).ok()?;
    if text.starts_with('-') {
        return Some(Time::EPOCH);
    }
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    Some(Time { seconds: seconds.parse().ok()?, nanoseconds: digits.parse().ok()? })
}

/// How much of the stream may be read.
#[derive(Default)]
struct Gate {
    left: Cell<u64>,
    /// Whether the stream was read to its end.
    at_end: Cell<bool>,
}

/// A stream that checks the read bytes against the limits.
struct Gated<R> {
    inner: R,
    gate: Rc<Gate>,
    meter: Meter,
    bytes: u64,
}

impl<R: Read> Read for Gated<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.gate.left.get();
        if left == 0 {
            return Err(io::Error::other(Fault::Limit { what: "bytes of headers", limit: LONGEST_HEADERS }));
        }
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = self.inner.read(&mut buffer[..most])?;
        if left != u64::MAX {
            self.gate.left.set(left - count as u64);
        }
        self.gate.at_end.set(count == 0 && !buffer.is_empty());
        self.bytes += count as u64;
        self.meter.check(self.bytes).map_err(io::Error::other)?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_pax_have_nanoseconds() {
        let t = |text: &str, expected: Option<(i64, u32)>| {
            let time = pax_time(text.as_bytes()).map(|time| (time.seconds, time.nanoseconds));
            assert_eq!(time, expected, "{text}");
        };
        t("1234567890.123456789", Some((1_234_567_890, 123_456_789)));
        t("5.5", Some((5, 500_000_000)));
        t("5", Some((5, 0)));
        t("-5.5", Some((0, 0)));
        t("x", None);
    }
}
