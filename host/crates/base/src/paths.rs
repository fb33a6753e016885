//! Paths as strings: how they relate, and changes of their names. Accesses no file.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

/// The path without `.` and `..`, resolved lexically: `/a/../b` is `/b`.
#[must_use]
pub fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(normal.components().next_back(), Some(Component::Normal(_))) => {
                normal.pop();
            }
            Component::ParentDir if normal.has_root() => {}
            other => normal.push(other),
        }
    }
    normal
}

/// The names on the way to `path`, including `..`, for code that follows links itself.
pub fn names(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    let counts = |component: &Component<'_>| matches!(component, Component::Normal(_) | Component::ParentDir);
    path.components().filter(counts).map(|component| component.as_os_str().to_owned())
}

/// Whether `path` is below `directory`, and not the directory itself.
#[must_use]
pub fn is_below(path: &Path, directory: &Path) -> bool {
    path.starts_with(directory) && path != directory
}

/// The path with `suffix` appended to its name: `a.wasm` and `.sig` become `a.wasm.sig`.
#[must_use]
pub fn with_suffix(path: &Path, suffix: impl AsRef<OsStr>) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_resolved_as_far_as_the_text_shows() {
        let t = |path: &str, expected: &str| assert_eq!(normalize(Path::new(path)), Path::new(expected), "{path}");
        t("/a/./b/../c/", "/a/c");
        t("/../a", "/a");
        t("../../a/..", "../..");
        t("a/..", "");
        t("/", "/");
    }

    #[test]
    fn a_directory_is_not_below_itself() {
        let t = |path: &str, expected| assert_eq!(is_below(Path::new(path), Path::new("/a")), expected, "{path}");
        t("/a/b", true);
        t("/a", false);
        t("/a/", false);
        t("/ab", false);
    }

    #[test]
    fn a_suffix_ends_the_name() {
        assert_eq!(with_suffix(Path::new("/a/b.wasm"), ".sig"), Path::new("/a/b.wasm.sig"));
    }
}
