//! One block of 512 bytes that describes a member, as Unix V7, POSIX (ustar) and GNU tar write it.

use std::borrow::Cow;

use super::super::error::ArchiveFault;

/// The size of a block: everything in a tar file starts at a multiple of it.
pub(super) const BLOCK: usize = 512;

/// A block, read as a header.
#[derive(Clone)]
pub(super) struct TarHeader(pub(super) [u8; BLOCK]);

/// What a member is, by the byte for its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberKind {
    File,
    /// A file with holes, as GNU tar stores it in its older format.
    SparseFile,
    HardLink,
    SymbolicLink,
    Directory,
    Device,
    Pipe,
    /// Records about the next member (pax).
    Records,
    /// Records about all further members (pax).
    GlobalRecords,
    /// The name of the next member (GNU).
    LongName,
    /// The target of the next member (GNU).
    LongLink,
    /// The label of the archive (GNU).
    Label,
    Other(u8),
}

impl TarHeader {
    /// Whether the checksum is right. Some old programs summed up signed bytes.
    pub(crate) fn is_valid(&self) -> bool {
        let bytes = || self.0.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { b' ' } else { *byte });
        let unsigned: u64 = bytes().map(u64::from).sum();
        let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
        number(&self.0[148..156]).is_ok_and(|sum| sum == i128::from(unsigned) || sum == i128::from(signed))
    }

    /// Whether it is a part of the end mark.
    pub(super) fn is_zero(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    pub(super) fn kind(&self) -> MemberKind {
        match self.0[156] {
            b'0' | b'7' | 0 => MemberKind::File,
            b'1' => MemberKind::HardLink,
            b'2' => MemberKind::SymbolicLink,
            b'3' | b'4' => MemberKind::Device,
            // The latter is a directory with a list of its files, of an incremental backup.
            b'5' | b'D' => MemberKind::Directory,
            b'6' => MemberKind::Pipe,
            // The latter is Solaris's.
            b'x' | b'X' => MemberKind::Records,
            b'g' => MemberKind::GlobalRecords,
            b'L' => MemberKind::LongName,
            b'K' => MemberKind::LongLink,
            b'S' => MemberKind::SparseFile,
            b'V' => MemberKind::Label,
            other => MemberKind::Other(other),
        }
    }

    /// The name; POSIX splits long ones.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = string(&self.0[..100]);
        let is_posix = &self.0[257..263] == b"ustar\0";
        match string(&self.0[345..500]) {
            prefix if is_posix && !prefix.is_empty() => [prefix, b"/", name].concat(),
            _ => name.to_vec(),
        }
    }

    pub(super) fn link(&self) -> Cow<'_, [u8]> {
        string(&self.0[157..257]).into()
    }

    /// The size of the data that follow.
    pub(super) fn size(&self) -> Result<u64, ArchiveFault> {
        let size = number(&self.0[124..136])?;
        u64::try_from(size).map_err(|_| damaged("its size"))
    }

    pub(super) fn mode(&self) -> Result<u32, ArchiveFault> {
        let mode = number(&self.0[100..108])?;
        Ok(u32::try_from(mode & 0o7777).unwrap_or(0))
    }

    /// Seconds since the epoch; an earlier time is the epoch.
    pub(super) fn mtime(&self) -> Result<i64, ArchiveFault> {
        let seconds = number(&self.0[136..148])?;
        Ok(i64::try_from(seconds.max(0)).unwrap_or(i64::MAX))
    }
}

/// The bytes before the first NUL.
fn string(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number: octal digits between spaces and NULs, or, if the first bit is set, a binary one (GNU). An empty field is 0.
pub(super) fn number(field: &[u8]) -> Result<i128, ArchiveFault> {
    if let Some((first, rest)) = field.split_first().filter(|(first, _)| **first >= 0x80) {
        // Two's complement, without the first bit.
        let start = if first & 0x40 == 0 { i128::from(first & 0x3f) } else { i128::from(first | 0x80) - 0x100 };
        return Ok(rest.iter().fold(start, |number, byte| number << 8 | i128::from(*byte)));
    }
    let digits = string(field).trim_ascii();
    digits.iter().try_fold(0, |number, digit| match digit {
        b'0'..=b'7' => Ok(number << 3 | i128::from(digit - b'0')),
        _ => Err(damaged("a number in its header")),
    })
}

/// A whole number in decimal digits, as extended headers have them.
pub(super) fn decimal(value: &[u8]) -> Result<u64, ArchiveFault> {
    let number = std::str::from_utf8(value).ok().filter(|text| !text.starts_with('+'));
    number.and_then(|text| text.parse().ok()).ok_or_else(|| damaged("a value of its extended header"))
}

fn damaged(what: &str) -> ArchiveFault {
    ArchiveFault::Damaged(format!("{what} is not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary() {
        let t = |field: &[u8], expected: i128| assert_eq!(number(field), Ok(expected), "{field:?}");
        t(b"0000644\0", 0o644);
        t(b"   644 \0", 0o644);
        t(b"00000000010", 8);
        t(b"", 0);
        t(b"       \0", 0);
        t(b"\0\0\0\0", 0);
        t(b"\x80\0\0\0\0\0\0\x02\0\0\0\0", 0x2_0000_0000);
        t(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", -1);
        t(b"\xff\xff\xff\xff\xff\xff\xff\x00", -256);
        assert!(number(b"0000689\0").is_err());
    }
}
