//! Where file systems are mounted: what is mounted in a directory is not removed with it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

/// The longest table that is read.
const SIZE: u64 = 16 << 20;

/// The mount points of this process. Without the table of the kernel, none is known.
pub(super) fn mount_points() -> Vec<PathBuf> {
    let table = super::read_at_most("/proc/self/mountinfo".as_ref(), SIZE).unwrap_or_default();
    table.split(|byte| *byte == b'\n').filter_map(mount_point).collect()
}

/// The fifth field of a line (proc(5)).
fn mount_point(line: &[u8]) -> Option<PathBuf> {
    let field = line.split(|byte| *byte == b' ').nth(4)?;
    Some(OsString::from_vec(unescaped(field)).into())
}

/// Whitespace and backslashes are written as a backslash and three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let digits = (*first == b'\\').then(|| after.get(..3)).flatten();
        let byte = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[3..] } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_are_read_from_the_table_of_the_kernel() {
        let line = br"36 35 98:0 /mnt1 /mnt/my\040disk\134x rw,noatime master:1 - ext3 /dev/root rw,errors=continue";
        assert_eq!(mount_point(line), Some(PathBuf::from(r"/mnt/my disk\x")));
        assert_eq!(mount_point(b""), None);
        assert!(mount_points().contains(&PathBuf::from("/proc")));
    }
}
