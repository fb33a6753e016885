//! Names in archives, checked as strings.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::error::ArchiveFault;

/// Longest name of one file (`NAME_MAX`) and longest path (`PATH_MAX`) of Linux, in bytes.
const LONGEST_NAME: usize = 255;
const LONGEST_PATH: usize = 4095;

/// The name as a relative path without `.`; empty for the top itself (`./`).
pub(super) fn plain(raw: &[u8]) -> Result<PathBuf, ArchiveFault> {
    if raw.is_empty() {
        return Err(ArchiveFault::Name("is empty"));
    }
    if raw.contains(&0) {
        return Err(ArchiveFault::Name("contains a NUL"));
    }
    if raw.len() > LONGEST_PATH {
        return Err(ArchiveFault::Name("is too long"));
    }
    let mut path = PathBuf::new();
    for component in Path::new(OsStr::from_bytes(raw)).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) if name.len() > LONGEST_NAME => return Err(ArchiveFault::Name("is too long")),
            Component::Normal(name) => path.push(name),
            Component::ParentDir => return Err(ArchiveFault::Name("contains `..`")),
            Component::RootDir | Component::Prefix(_) => return Err(ArchiveFault::Name("is absolute")),
        }
    }
    Ok(path)
}

/// Whether a symbolic link to `target`, which is `depth` directories below the top, points outside the tree, as far as its
/// text says.
pub(super) fn points_outside(target: &Path, depth: usize) -> bool {
    let mut level = depth;
    for component in target.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(_) => level += 1,
            Component::ParentDir if level > 0 => level -= 1,
            _ => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_relative_paths_without_parents_are_plain() {
        let t = |raw: &[u8], expected: Result<&str, &'static str>| {
            assert_eq!(plain(raw), expected.map(PathBuf::from).map_err(ArchiveFault::Name), "{raw:?}");
        };
        t(b"a/b", Ok("a/b"));
        t(b"./a//b/.", Ok("a/b"));
        t(b"./", Ok(""));
        t(b"a b\\c", Ok("a b\\c"));
        t(b"", Err("is empty"));
        t(b"/a", Err("is absolute"));
        t(b"a/../b", Err("contains `..`"));
        t(b"..", Err("contains `..`"));
        t(b"a\0b", Err("contains a NUL"));
        t("x".repeat(256).as_bytes(), Err("is too long"));
        t("x/".repeat(3000).as_bytes(), Err("is too long"));
    }

    #[test]
    fn a_link_may_go_up_as_far_as_the_top() {
        let t =
            |target: &str, depth, expected| assert_eq!(points_outside(Path::new(target), depth), expected, "{target}");
        t("a/b", 0, false);
        t("../a", 1, false);
        t("a/../..", 0, true);
        t("../a", 0, true);
        t("/a", 5, true);
    }
}
