//! Reads zip files into a tree.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use zip::extra_fields::ExtraField;
use zip::result::ZipError;
use zip::{DateTime, ZipArchive};

use super::error::{ArchiveFault, UnpackStop};
use super::tree::{EntryAttributes, Time, Tree};
use super::{name, zip_headers};

/// The kinds of files in the upper bits of a mode (`sys/stat.h`).
const KIND: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// Longest target of a symbolic link (`PATH_MAX`).
const LONGEST_TARGET: u64 = 4095;

/// Unpacks the zip file `file`, of `length` bytes, into `tree`.
pub(super) fn unpack(file: File, length: u64, tree: &mut Tree<'_>) -> Result<(), UnpackStop> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(stop)?;
    let (start, entries) = (archive.offset(), archive.len());
    let central = archive.central_directory_start();
    let mut file = archive.into_inner();
    // Programs that look for the archive from its start, or from its end, must find the same one.
    if start != 0 {
        return Err(UnpackStop::because(ArchiveFault::Disagreement("start")));
    }
    zip_headers::check(&mut file, central, length, entries, tree)?;
    archive = ZipArchive::new(file).map_err(stop)?;
    for index in 0..entries {
        unpack_entry(&mut archive, index, tree)?;
    }
    Ok(())
}

fn unpack_entry(
    archive: &mut ZipArchive<BufReader<File>>,
    index: usize,
    tree: &mut Tree<'_>,
) -> Result<(), UnpackStop> {
    let mut entry = archive.by_index(index).map_err(stop)?;
    let raw = entry.name_raw().to_vec();
    let shown = PathBuf::from(OsStr::from_bytes(&raw));
    let at = |fault| UnpackStop::at(&shown, fault);
    if raw.contains(&b'\\') {
        return Err(at(ArchiveFault::Name("contains a backslash")));
    }
    let path = name::plain(&raw).map_err(at)?;
    let mode = entry.unix_mode().unwrap_or(0);
    let is_directory = raw.ends_with(b"/") || mode & KIND == DIRECTORY;
    let permissions = match mode & 0o777 {
        0 if is_directory => 0o755,
        0 => 0o644,
        permissions => permissions,
    };
    let time = entry.extra_data_fields().find_map(|field| match field {
        ExtraField::ExtendedTimestamp(times) => times.mod_time(),
        ExtraField::Ntfs(_) => None,
    });
    let modified = time.map_or_else(
        || entry.last_modified().map_or(Time::EPOCH, time_of),
        |seconds| Time { seconds: seconds.into(), nanoseconds: 0 },
    );
    let attributes = EntryAttributes { mode: permissions, modified };
    let size = entry.size();
    match mode & KIND {
        _ if is_directory => tree.directory(&path, attributes),
        0 | FILE => tree.file(&path, attributes, size, &mut entry),
        LINK => {
            let target = target(&mut entry, size).map_err(|stop| stop.in_entry(&shown))?;
            tree.symbolic_link(&path, Path::new(OsStr::from_bytes(&target)), modified)
        }
        _ => Err(at(ArchiveFault::Special("device or named pipe"))),
    }
}

/// A symbolic link is a file whose content is its target.
fn target(entry: &mut impl Read, size: u64) -> Result<Vec<u8>, UnpackStop> {
    let mut target = Vec::new();
    entry.take(LONGEST_TARGET + 1).read_to_end(&mut target).map_err(|error| UnpackStop::reading(&error))?;
    match target.len() as u64 {
        length if length > LONGEST_TARGET => {
            Err(UnpackStop::because(ArchiveFault::Name("is that of a link without a valid target")))
        }
        length if length != size => Err(UnpackStop::because(ArchiveFault::Disagreement("size"))),
        _ => Ok(target),
    }
}

/// The time of DOS, which has no time zone, as UTC: the same archive has the same times everywhere.
fn time_of(time: DateTime) -> Time {
    // Days since the epoch of a day of the Gregorian calendar; years are counted from March, so that the day that a leap
    // year has more is the last one.
    let (year, month) = (i64::from(time.year()), i64::from(time.month()));
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + i64::from(time.day()) - 719_469;
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    Time { seconds: days * 86_400 + seconds, nanoseconds: 0 }
}

fn stop(error: ZipError) -> UnpackStop {
    match error {
        ZipError::Io(error) => UnpackStop::reading(&error),
        ZipError::UnsupportedArchive(what) => {
            UnpackStop::because(ArchiveFault::Unsupported(format!("this zip file ({what})")))
        }
        other => UnpackStop::because(ArchiveFault::Damaged(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dos_times_are_utc() {
        let t = |year, month, day, hour, minute, second, expected: i64| {
            let time = DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap();
            assert_eq!(time_of(time).seconds, expected, "{time}");
        };
        // by `date -u +%s`
        t(1980, 1, 1, 0, 0, 0, 315_532_800);
        t(2000, 2, 29, 12, 30, 2, 951_827_402);
        t(2024, 12, 31, 23, 59, 58, 1_735_689_598);
    }
}
