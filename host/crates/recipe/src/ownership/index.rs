//! Which part has something in a directory, without looking at what all parts have.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Paths of parts, in an order in which the paths in a directory follow that directory.
#[derive(Debug, Default)]
pub(crate) struct PathIndex(BTreeSet<(Vec<u8>, String)>);

impl PathIndex {
    /// Adds a normalized path of a part.
    pub(crate) fn insert(&mut self, path: &Path, part: &str) {
        self.0.insert((key(path), part.to_owned()));
    }

    /// Removes a path of a part.
    pub(crate) fn remove(&mut self, path: &Path, part: &str) {
        self.0.remove(&(key(path), part.to_owned()));
    }

    /// A part other than `part` that has `directory`, or a path in it. `directory` is normalized.
    pub(crate) fn other_within(&self, part: &str, directory: &Path) -> Option<&str> {
        let first = key(directory);
        let within = self.0.range((first.clone(), String::new())..).take_while(|(path, _)| path.starts_with(&first));
        within.map(|(_, owner)| owner.as_str()).find(|owner| *owner != part)
    }
}

/// With a slash at the end: so the paths in a directory, and no others, begin with it.
fn key(path: &Path) -> Vec<u8> {
    let mut key = path.as_os_str().as_bytes().to_vec();
    if !key.ends_with(b"/") {
        key.push(b'/');
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_in_a_directory_are_found() {
        let mut index = PathIndex::default();
        for (path, part) in [("/b/parts/a", "a"), ("/b/parts/a/x", "b"), ("/b/parts/a-b", "c"), ("/b/parts/d/e/f", "d")]
        {
            index.insert(Path::new(path), part);
        }
        let other = |part: &str, directory: &str| index.other_within(part, Path::new(directory)).map(str::to_owned);
        assert_eq!(other("a", "/b/parts/a"), Some("b".to_owned()));
        assert_eq!(other("b", "/b/parts/a"), Some("a".to_owned()));
        assert_eq!(other("b", "/b/parts/a/x"), None);
        assert_eq!(other("c", "/b/parts/a-b"), None);
        assert_eq!(other("c", "/b/parts/d"), Some("d".to_owned()));
        assert_eq!(other("c", "/b/parts/d/e/f/g"), None);
        assert!(other("a", "/").is_some() && other("a", "/c").is_none());
        index.remove(Path::new("/b/parts/a/x"), "b");
        assert_eq!(index.other_within("a", Path::new("/b/parts/a")), None);
    }
}
