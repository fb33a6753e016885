//! Which part has something in a directory, without looking at what all parts have.

use std::collections::BTreeSet;
use std::ffi::OsStr;
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
        self.others_within(part, directory).next().map(|(_, owner)| owner)
    }

    /// `directory` and the paths in it that parts other than `part` have, each with its owner.
    pub(crate) fn others_within<'i>(
        &'i self,
        part: &str,
        directory: &Path,
    ) -> impl Iterator<Item = (&'i Path, &'i str)> {
        let first = key(directory);
        let within =
            self.0.range((first.clone(), String::new())..).take_while(move |(path, _)| path.starts_with(&first));
        within.filter(move |(_, owner)| owner != part).map(|(path, owner)| (path_of(path), owner.as_str()))
    }

    /// The owner of the innermost directory that contains `path` and belongs to a part, if that is not `part`.
    pub(crate) fn other_around(&self, part: &str, path: &Path) -> Option<&str> {
        let owners = |directory: &Path| {
            let first = key(directory);
            let owners = self.0.range((first.clone(), String::new())..).take_while(move |(path, _)| *path == first);
            owners.map(|(_, owner)| owner.as_str()).collect::<Vec<_>>()
        };
        let owners = path.ancestors().skip(1).map(owners).find(|owners| !owners.is_empty())?;
        (!owners.contains(&part)).then(|| owners[0])
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

fn path_of(key: &[u8]) -> &Path {
    let path = key.strip_suffix(b"/").filter(|path| !path.is_empty()).unwrap_or(key);
    Path::new(OsStr::from_bytes(path))
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
        let within: Vec<_> = index.others_within("c", Path::new("/b/parts/a")).collect();
        assert_eq!(within, [(Path::new("/b/parts/a"), "a"), (Path::new("/b/parts/a/x"), "b")]);
        index.remove(Path::new("/b/parts/a/x"), "b");
        assert_eq!(index.other_within("a", Path::new("/b/parts/a")), None);
    }

    #[test]
    fn the_innermost_owner_counts() {
        let mut index = PathIndex::default();
        for (path, part) in [("/b/var", "a"), ("/b/var/sub", "b"), ("/b/both", "a"), ("/b/both", "b")] {
            index.insert(Path::new(path), part);
        }
        let other = |part: &str, path: &str| index.other_around(part, Path::new(path)).map(str::to_owned);
        assert_eq!(other("b", "/b/var/x/y"), Some("a".to_owned()));
        assert_eq!(other("b", "/b/var/sub/x"), None);
        assert_eq!(other("a", "/b/var/sub/x"), Some("b".to_owned()));
        assert_eq!(other("b", "/b/var"), None);
        assert_eq!(other("b", "/b/variable/x"), None);
        assert_eq!(other("a", "/b/both/x").or(other("b", "/b/both/x")), None);
        assert_eq!(other("c", "/b/both/x"), Some("a".to_owned()));
    }
}
