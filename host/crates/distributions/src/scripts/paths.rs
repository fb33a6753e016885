//! Absolute and real paths, as Python's `os.path` makes them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// `os.path.abspath` of an absolute path: without `.`, `..` and doubled separators. Links are not followed.
pub fn absolute(path: &Path) -> PathBuf {
    base::paths::normalize(path)
}

/// `os.path.realpath` of an absolute path: links are followed as far as the path exists.
pub fn real_path(path: &Path) -> PathBuf {
    let mut missing: Vec<OsString> = Vec::new();
    let mut there = path.to_owned();
    loop {
        if let Ok(real) = there.canonicalize() {
            let rest: PathBuf = missing.iter().rev().collect();
            return absolute(&real.join(rest));
        }
        match (there.file_name().map(ToOwned::to_owned), there.parent().map(Path::to_owned)) {
            (Some(name), Some(parent)) => {
                missing.push(name);
                there = parent;
            }
            _ => return absolute(path),
        }
    }
}

/// The number of directories between `outer` and the file `path` in it.
pub(super) fn depth(outer: &Path, path: &Path) -> Option<usize> {
    Some(path.strip_prefix(outer).ok()?.components().count().saturating_sub(1))
}
