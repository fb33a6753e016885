//! Whether a tree contains one of some paths: in names of links, in files as UTF-8, UTF-16 and UTF-32, and in members of gzip
//! files. A file in another compressed format cannot be looked into, and counts as one that contains them.

use std::io::Read as _;
use std::path::Path;

use base::files::read_whole;
use flate2::read::MultiGzDecoder;
use remote::{CapturedTree, TreeDirectory, TreeNode};

/// The first bytes of compressed files: bzip2, xz, zstd, compress, lzip, zip, 7z, and Debian's and RPM's packages, which
/// hold such files.
const COMPRESSED: [&[u8]; 9] = [
    b"BZh",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"\x1f\x9d",
    b"LZIP",
    b"PK\x03\x04",
    b"7z\xbc\xaf",
    b"!<arch>\ndebian-binary",
    b"\xed\xab\xee\xdb",
];

/// The most that a gzip file may unpack to.
const UNPACKED: u64 = 256 << 20;
/// How many gzip files are looked for in each other: one that contains itself would never end.
const NESTED: usize = 4;

/// The file that contains one of the paths, as text; `None` if there is none.
pub(super) fn find(tree: &CapturedTree, paths: &[&str]) -> Option<String> {
    let searches: Vec<Search> = paths.iter().flat_map(|path| encodings(path)).map(Search::new).collect();
    if let Some(link) = links(&tree.node, paths) {
        return Some(link);
    }
    let contains = |path: &Path| read_whole(path).map_or(true, |bytes| is_in(&bytes, &searches, NESTED));
    let found = tree.files.values().find(|path| contains(path))?;
    Some(found.display().to_string())
}

fn links(node: &TreeNode, paths: &[&str]) -> Option<String> {
    let is_named = |target: &str| paths.iter().any(|path| target.contains(path));
    match node {
        TreeNode::Link { target } => is_named(target).then(|| target.clone()),
        TreeNode::Directory(directory) => entries(directory).find_map(|inner| links(inner, paths)),
        TreeNode::File { .. } | TreeNode::Subtree(_) => None,
    }
}

fn entries(directory: &TreeDirectory) -> impl Iterator<Item = &TreeNode> {
    directory.entries().map(|(_, node)| node)
}

/// Whether the bytes contain one of the paths, or may do so. `nested` is how many gzip files are looked into.
fn is_in(bytes: &[u8], searches: &[Search], nested: usize) -> bool {
    if COMPRESSED.iter().any(|start| bytes.starts_with(start)) {
        return true;
    }
    if bytes.starts_with(b"\x1f\x8b") {
        let Some(nested) = nested.checked_sub(1) else { return true };
        let mut unpacked = Vec::new();
        let read = MultiGzDecoder::new(bytes).take(UNPACKED + 1).read_to_end(&mut unpacked);
        return read.is_err() || unpacked.len() as u64 > UNPACKED || is_in(&unpacked, searches, nested);
    }
    searches.iter().any(|search| search.is_in(bytes))
}

/// The path in the encodings that programs use for text.
fn encodings(path: &str) -> Vec<Vec<u8>> {
    let (wide, points): (Vec<u16>, Vec<u32>) = (path.encode_utf16().collect(), path.chars().map(u32::from).collect());
    vec![
        path.as_bytes().to_vec(),
        wide.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        wide.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        points.iter().flat_map(|point| point.to_le_bytes()).collect(),
        points.iter().flat_map(|point| point.to_be_bytes()).collect(),
    ]
}

/// Looks for a sequence of bytes (Horspool's algorithm).
struct Search {
    wanted: Vec<u8>,
    /// How far to go on after each last byte.
    skip: Box<[usize; 256]>,
}

impl Search {
    fn new(wanted: Vec<u8>) -> Self {
        let mut skip = Box::new([wanted.len().max(1); 256]);
        for (at, byte) in wanted.iter().enumerate().take(wanted.len().saturating_sub(1)) {
            skip[usize::from(*byte)] = wanted.len() - 1 - at;
        }
        Self { wanted, skip }
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        let length = self.wanted.len();
        let mut at = 0;
        while length > 0 && at + length <= bytes.len() {
            let window = &bytes[at..at + length];
            if window == self.wanted {
                return true;
            }
            at += self.skip[usize::from(window[length - 1])];
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn found(bytes: &[u8]) -> bool {
        let searches: Vec<Search> = encodings("/srv/b").into_iter().map(Search::new).collect();
        is_in(bytes, &searches, NESTED)
    }

    #[test]
    fn a_path_is_found_in_each_encoding() {
        assert!(found(b"/srv/b") && found(b"x/srv/bx") && found(b"/srv//srv/b/"));
        assert!(!found(b"") && !found(b"/srv/") && !found(b"/srv/c/srv /b"));
        for text in encodings("--/srv/b--") {
            assert!(found(&text), "{text:?}");
        }
    }

    #[test]
    fn compressed_files_are_looked_into_or_count_as_a_hit() {
        let gzip = |text: &[u8]| {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            writer.write_all(text).unwrap();
            writer.finish().unwrap()
        };
        assert!(found(&gzip(b"at /srv/b/share")) && !found(&gzip(b"at /usr/share")));
        assert!(found(&[gzip(b"one"), gzip(b"/srv/b")].concat()) && found(&gzip(&gzip(b"/srv/b"))));
        let deep = (0..NESTED).fold(gzip(b"at /usr/share"), |inner, _| gzip(&inner));
        assert!(found(&deep), "it is not looked into to its end");
        assert!(found(b"\x1f\x8bdamaged") && found(b"BZh9..") && found(b"PK\x03\x04.."));
    }
}
