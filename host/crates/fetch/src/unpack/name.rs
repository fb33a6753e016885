//! Names in archives, checked as strings.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::error::Fault;

/// Maximum length of a file name (`NAME_MAX`) and of a path (`PATH_MAX`) on Linux, in bytes.
const LONGEST_NAME: usize = 255;
const LONGEST_PATH: usize = 4095;

/// Parses `raw` as a relative path, without `.`; empty for the top level itself (`./`).
pub(super) fn plain(raw: &[u8]) -> Result<PathBuf, Fault> {
    if raw.is_empty() {
        return Err(Fault::Name("is empty"));
    }
    if raw.contains(&0) {
        return Err(Fault::Name("contains a NUL"));
    }
    if raw.len() > LONGEST_PATH {
        return Err(Fault::Name("is too long"));
    }
    let mut path = PathBuf::new();
    for component in Path::new(OsStr::from_bytes(raw)).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) if name.len() > LONGEST_NAME => return Err(Fault::Name("is too long")),
            Component::Normal(name) => path.push(name),
            Component::ParentDir => return Err(Fault::Name("contains `..`")),
            Component::RootDir | Component::Prefix(_) => return Err(Fault::Name("is absolute")),
        }
    }
    Ok(path)
}

/// Whether a symbolic link to `target`, at `depth` directories below the top level, points outside the tree, judging by
/// the string alone.
pub(super) fn leads_out(target: &Path, depth: usize) -> bool {
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
            assert_eq!(plain(raw), expected.map(PathBuf::from).map_err(Fault::Name), "{raw:?}");
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
        let t = |target: &str, depth, expected| assert_eq!(leads_out(Path::new(target), depth), expected, "{target}");
        t("a/b", 0, false);
        t("../a", 1, false);
        t("a/../..", 0, true);
        t("../a", 0, true);
        t("/a", 5, true);
    }
}
