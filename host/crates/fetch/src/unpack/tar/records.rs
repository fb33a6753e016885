//! The records of pax headers (POSIX, pax, "pax Extended Header"): what they say of a member.
//!
//! A record starts with its length, so that a value may contain any bytes: line ends in names and in extended attributes.

use super::super::error::ArchiveFault;
use super::super::tree::Time;
use super::header::decimal;
use super::sparse::{self, SparseMap};

/// What records, and headers of GNU tar, say of the next member.
#[derive(Clone, Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) modified: Option<Time>,
    pub(super) sparse: Sparse,
}

/// What records say of a file with holes (GNU tar's manual, "PAX Format").
#[derive(Clone, Debug, Default)]
pub(super) struct Sparse {
    /// The name, as `path` is another one.
    name: Option<Vec<u8>>,
    /// The size with holes.
    size: Option<u64>,
    version: (u64, u64),
    /// The parts with data, unless they are in front of the data (version 1.0).
    pub(super) map: SparseMap,
    /// The start of a part whose length follows (version 0.0).
    offset: Option<u64>,
}

impl Extended {
    /// Adds the records of a header.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), ArchiveFault> {
        records(bytes).try_for_each(|record| {
            let (key, value) = record?;
            self.set(key, value)
        })
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), ArchiveFault> {
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(decimal(value)?),
            b"mtime" => self.modified = Some(time(value).ok_or_else(|| malformed("mtime"))?),
            b"GNU.sparse.name" => self.sparse.name = Some(value.to_vec()),
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => self.sparse.size = Some(decimal(value)?),
            b"GNU.sparse.major" => self.sparse.version.0 = decimal(value)?,
            b"GNU.sparse.minor" => self.sparse.version.1 = decimal(value)?,
            b"GNU.sparse.map" => self.sparse.map = sparse::parse_map(value)?,
            b"GNU.sparse.offset" => self.sparse.offset = Some(decimal(value)?),
            b"GNU.sparse.numbytes" => {
                let offset = self.sparse.offset.take().ok_or_else(|| malformed("GNU.sparse.numbytes"))?;
                self.sparse.map.push((offset, decimal(value)?));
            }
            // Times of access, owners, extended attributes, and what programs add.
            _ => {}
        }
        Ok(())
    }

    /// The size of a file with holes, if it is one.
    pub(super) fn sparse_size(&self) -> Result<Option<u64>, ArchiveFault> {
        match self.sparse.version {
            (0, _) | (1, 0) => Ok(self.sparse.size),
            (major, minor) => Err(ArchiveFault::Unsupported(format!("version {major}.{minor} of sparse files"))),
        }
    }

    /// The name; that of a file with holes comes first.
    pub(super) fn name(&self) -> Option<&[u8]> {
        self.sparse.name.as_deref().or(self.path.as_deref())
    }

    /// Whether the map of a file with holes is in front of its data.
    pub(super) fn has_map_in_data(&self) -> bool {
        self.sparse.version == (1, 0)
    }
}

/// Refuses records about all further members that change what a member is: programs differ in whether they apply them.
pub(super) fn check_global(bytes: &[u8]) -> Result<(), ArchiveFault> {
    records(bytes).try_for_each(|record| {
        let (key, _) = record?;
        match key {
            b"path" | b"linkpath" | b"size" => Err(unsupported(key)),
            key if key.starts_with(b"GNU.sparse.") => Err(unsupported(key)),
            _ => Ok(()),
        }
    })
}

fn unsupported(key: &[u8]) -> ArchiveFault {
    ArchiveFault::Unsupported(format!("a global header with {:?}", String::from_utf8_lossy(key)))
}

/// `LENGTH KEY=VALUE`, each with a line end.
fn records(mut bytes: &[u8]) -> impl Iterator<Item = Result<(&[u8], &[u8]), ArchiveFault>> {
    std::iter::from_fn(move || {
        // Some programs fill the block with NULs.
        if bytes.iter().all(|byte| *byte == 0) {
            return None;
        }
        let record = split(bytes);
        bytes = record.map_or(&[][..], |(_, rest)| rest);
        let pair = record.and_then(|(record, _)| {
            let equals = record.iter().position(|byte| *byte == b'=')?;
            Some((&record[..equals], &record[equals + 1..]))
        });
        Some(pair.ok_or_else(|| ArchiveFault::Damaged("a record of its pax header is malformed".to_owned())))
    })
}

/// The first record without its length and line end, and the rest.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&bytes[..space]).ok()?).ok()?;
    let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    Some((record, &bytes[length..]))
}

fn malformed(what: &str) -> ArchiveFault {
    ArchiveFault::Damaged(format!("{what} in its pax header is malformed"))
}

/// `1234567890.123456789`; a time before the epoch is the epoch.
fn time(value: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(value).ok()?;
    if text.starts_with('-') {
        return Some(Time::EPOCH);
    }
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    Some(Time { seconds: seconds.parse().ok()?, nanoseconds: digits.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_nanoseconds() {
        let t = |text: &str, expected: Option<(i64, u32)>| {
            let time = time(text.as_bytes()).map(|time| (time.seconds, time.nanoseconds));
            assert_eq!(time, expected, "{text}");
        };
        t("1234567890.123456789", Some((1_234_567_890, 123_456_789)));
        t("5.5", Some((5, 500_000_000)));
        t("5", Some((5, 0)));
        t("-5.5", Some((0, 0)));
        t("x", None);
    }

    #[test]
    fn values_may_contain_line_ends() {
        let mut extended = Extended::default();
        extended.add(b"32 SCHILY.xattr.user.a=x\n9 bb=c\n12 path=a\nb\n8 cc==d\n\0\0").unwrap();
        assert_eq!(extended.path.as_deref(), Some(&b"a\nb"[..]));
    }

    #[test]
    fn rejects_malformed_records() {
        for bytes in
            [&b"12 path=a\n"[..], b"8 path=a\n", b"x path=a\n", b"10 path a\n", b"10 path=a", b"0 ", b"+9 path=\n"]
        {
            assert!(matches!(Extended::default().add(bytes), Err(ArchiveFault::Damaged(_))), "{bytes:?}");
        }
        assert!(matches!(Extended::default().add(b"9 size=x\n"), Err(ArchiveFault::Damaged(_))));
        assert!(check_global(b"12 comment=\n").is_ok());
        assert!(matches!(check_global(b"9 path=a\n"), Err(ArchiveFault::Unsupported(_))));
    }
}
