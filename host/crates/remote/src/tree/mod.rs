//! Trees of files as values: directories, files by digest, symbolic links. Captured from the disk, encoded as the
//! protocol's Merkle trees, decoded from what servers send, and written to the disk.
//!
//! A tree contains no times, no owners, and of the mode only whether a file is executable. Knows nothing of servers.

mod capture;
mod decode;
mod encode;
mod links;
mod materialize;
mod staged;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub(crate) use capture::CaptureError;
pub use capture::{CapturedTree, capture};
pub(crate) use decode::HostileTree;
pub use decode::{TreeLimits, decode_tree};
pub(crate) use encode::EncodedTree;
pub use links::LinkPolicy;
pub(crate) use materialize::BlobReader;
pub use materialize::{MaterializeError, Materialized, materialize};

pub(crate) use decode::{check_name, check_target};

use crate::blob::BlobDigest;

/// A directory. Names are unique by construction, and sorted by their bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeDirectory {
    pub(crate) entries: BTreeMap<String, TreeNode>,
}

/// What a name in a directory, or an output path, stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeNode {
    /// A directory whose content is known.
    Directory(TreeDirectory),
    /// A directory of which only the digest of its `Directory` message is known: good for an input, not for an output.
    Subtree(BlobDigest),
    /// A regular file.
    File {
        /// Its content.
        digest: BlobDigest,
        /// Whether it can be executed.
        executable: bool,
    },
    /// A symbolic link.
    Link {
        /// Where it leads, as it is written in the link.
        target: String,
    },
}

impl TreeDirectory {
    /// The entries, sorted by name.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &TreeNode)> {
        self.entries.iter().map(|(name, node)| (name.as_str(), node))
    }
}

impl TreeNode {
    /// Calls `visit` for each file below, with its path relative to the node (empty for the node itself).
    pub(crate) fn files(&self, visit: &mut dyn FnMut(&str, BlobDigest, bool)) {
        let mut path = String::new();
        self.files_below(&mut path, visit);
    }

    fn files_below(&self, path: &mut String, visit: &mut dyn FnMut(&str, BlobDigest, bool)) {
        match self {
            Self::File { digest, executable } => visit(path, *digest, *executable),
            Self::Directory(directory) => {
                for (name, node) in &directory.entries {
                    let length = path.len();
                    if length > 0 {
                        path.push('/');
                    }
                    path.push_str(name);
                    node.files_below(path, visit);
                    path.truncate(length);
                }
            }
            Self::Subtree(_) | Self::Link { .. } => {}
        }
    }

    /// The same as an input of an action: a directory by its digest alone.
    pub fn by_digest(&self) -> Self {
        match self {
            Self::Directory(directory) => Self::Subtree(directory.encode().root),
            other => other.clone(),
        }
    }

    /// The number of files and the sum of their sizes; a content that occurs twice counts twice.
    pub fn extent(&self) -> (u64, u64) {
        let (mut count, mut bytes) = (0, 0_u64);
        self.files(&mut |_, digest, _| {
            count += 1;
            bytes = bytes.saturating_add(digest.size());
        });
        (count, bytes)
    }
}
