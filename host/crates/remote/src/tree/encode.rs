//! Trees → messages, in the canonical form: sorted, nothing optional, each directory once.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message as _;

use super::{TreeDirectory, TreeNode};
use crate::blob::BlobDigest;
use crate::protocol::v2;

/// A directory as messages.
#[derive(Clone, Debug)]
pub struct EncodedTree {
    /// The digest of the `Directory` message of the tree's root, by which other trees can contain it.
    pub(crate) root: BlobDigest,
    /// The `Directory` messages of the tree, by digest.
    pub(crate) directories: BTreeMap<BlobDigest, Bytes>,
    /// The order of the messages in a `Tree`: the root, then each directory once, parents before children.
    order: Vec<BlobDigest>,
}

impl TreeDirectory {
    /// The messages of the tree.
    pub fn encode(&self) -> EncodedTree {
        let mut encoded = EncodedTree { root: BlobDigest::of(b""), directories: BTreeMap::new(), order: Vec::new() };
        encoded.root = encoded.add(self);
        encoded.order.reverse();
        encoded
    }
}

impl EncodedTree {
    fn add(&mut self, directory: &TreeDirectory) -> BlobDigest {
        let mut message = v2::Directory::default();
        for (name, node) in &directory.entries {
            let name = name.clone();
            match node {
                TreeNode::Directory(inner) => {
                    let digest = Some(self.add(inner).to_message());
                    message.directories.push(v2::DirectoryNode { name, digest });
                }
                TreeNode::Subtree(digest) => {
                    message.directories.push(v2::DirectoryNode { name, digest: Some(digest.to_message()) });
                }
                TreeNode::File { digest, executable } => message.files.push(v2::FileNode {
                    name,
                    digest: Some(digest.to_message()),
                    is_executable: *executable,
                    node_properties: None,
                }),
                TreeNode::Link { target } => {
                    message.symlinks.push(v2::SymlinkNode { name, target: target.clone(), node_properties: None });
                }
            }
        }
        let (digest, bytes) = BlobDigest::of_message(&message);
        if self.directories.insert(digest, bytes.into()).is_none() {
            self.order.push(digest);
        }
        digest
    }

    /// The `Tree` message, which contains the whole tree, and its digest.
    pub fn tree_message(&self) -> (BlobDigest, Bytes) {
        let message = RawTree {
            root: Some(self.directories[&self.root].clone()),
            children: self
                .order
                .iter()
                .filter(|digest| **digest != self.root)
                .map(|digest| self.directories[digest].clone())
                .collect(),
        };
        let bytes = Bytes::from(message.encode_to_vec());
        (BlobDigest::of(&bytes), bytes)
    }
}

/// A `Tree` whose directories are still encoded: their digests are those of the bytes that were sent.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RawTree {
    #[prost(bytes = "bytes", optional, tag = "1")]
    pub(super) root: Option<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub(super) children: Vec<Bytes>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_what_the_protocol_says() {
        let file = TreeNode::File { digest: BlobDigest::of(b"x"), executable: true };
        let link = TreeNode::Link { target: "b".to_owned() };
        let inner = TreeDirectory { entries: [("b".to_owned(), file), ("a".to_owned(), link)].into() };
        let twice =
            [("two", inner.clone()), ("one", inner)].map(|(name, inner)| (name.to_owned(), TreeNode::Directory(inner)));
        let tree = TreeDirectory { entries: twice.into() };
        let encoded = tree.encode();
        assert_eq!(encoded.directories.len(), 2);
        let message = v2::Tree::decode(encoded.tree_message().1).unwrap();
        let root = message.root.unwrap();
        assert_eq!(BlobDigest::of_message(&root).0, encoded.root);
        assert_eq!(root.directories.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(message.children.len(), 1);
        assert_eq!(root.directories[0].digest, Some(BlobDigest::of_message(&message.children[0]).0.to_message()));
        assert!(message.children[0].files[0].is_executable);
    }

    #[test]
    fn an_empty_directory_is_the_empty_blob() {
        let encoded = TreeDirectory::default().encode();
        assert_eq!(encoded.root, BlobDigest::of(b""));
        let (_, bytes) = encoded.tree_message();
        assert!(v2::Tree::decode(bytes).unwrap().root.unwrap_or_default() == v2::Directory::default());
    }
}
