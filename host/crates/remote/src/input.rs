//! The input root of an action: files of the host, small files in memory, and trees by digest, each at its path.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::blob::BlobDigest;
use crate::tree::{TreeDirectory, TreeNode, check_name, check_target};

/// The files that a command can read. Contents need not be on this machine: digests are enough.
#[derive(Clone, Debug, Default)]
pub struct InputRoot {
    root: TreeDirectory,
    contents: BTreeMap<BlobDigest, Bytes>,
}

/// A path that an input cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// Not a relative path of ordinary names.
    #[error("`{}` is not the path of an input: such a path is relative, without `.` and `..`", .0.escape_debug())]
    Path(String),
    /// Another input is there.
    #[error("Two inputs have the path `{}`, or one is in the other", .0.escape_debug())]
    Occupied(String),
    /// No symbolic link can have this target.
    #[error("The link `{}` has an invalid target", .0.escape_debug())]
    Target(String),
}

/// The longest path of an input, in names.
const DEEPEST: usize = 100;

impl InputRoot {
    /// A file whose content is in memory: options, a list of commands.
    ///
    /// # Errors
    /// When no input can have this path.
    pub fn file(&mut self, path: &str, content: impl Into<Bytes>, executable: bool) -> Result<(), InputError> {
        let content = content.into();
        let digest = BlobDigest::of(&content);
        self.node(path, TreeNode::File { digest, executable })?;
        self.contents.insert(digest, content);
        Ok(())
    }

    /// A file, a directory or a link: one that was captured, or is known by digest ([`TreeNode::Subtree`]).
    ///
    /// # Errors
    /// When no input can have this path.
    pub fn node(&mut self, path: &str, node: TreeNode) -> Result<(), InputError> {
        let mut names: Vec<&str> = path.split('/').collect();
        if names.len() > DEEPEST || names.iter().any(|name| check_name(name).is_err()) {
            return Err(InputError::Path(path.to_owned()));
        }
        if let TreeNode::Link { target } = &node {
            check_target(target).map_err(|()| InputError::Target(path.to_owned()))?;
        }
        let last = names.pop().unwrap_or_default();
        let occupied = || InputError::Occupied(path.to_owned());
        let mut directory = &mut self.root;
        for name in names {
            let inner = directory.entries.entry(name.to_owned());
            match inner.or_insert_with(|| TreeNode::Directory(TreeDirectory::default())) {
                TreeNode::Directory(inner) => directory = inner,
                _ => return Err(occupied()),
            }
        }
        match directory.entries.get(last) {
            None => drop(directory.entries.insert(last.to_owned(), node)),
            Some(there) if *there == node => {}
            Some(_) => return Err(occupied()),
        }
        Ok(())
    }

    /// The tree.
    pub(crate) fn tree(&self) -> &TreeDirectory {
        &self.root
    }

    /// The contents of the files in memory.
    pub(crate) fn contents(&self) -> &BTreeMap<BlobDigest, Bytes> {
        &self.contents
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_have_paths_that_do_not_collide() {
        let mut root = InputRoot::default();
        root.file("a/b", "x", false).unwrap();
        root.file("a/b", "x", false).unwrap();
        root.node("c", TreeNode::Subtree(BlobDigest::of(b"tree"))).unwrap();
        for path in ["a", "a/b/c", "c/d"] {
            assert_eq!(root.file(path, "y", false), Err(InputError::Occupied(path.to_owned())));
        }
        for path in ["", "/a", "../a", "a//b", "a/", "./a"] {
            assert_eq!(root.file(path, "y", false), Err(InputError::Path(path.to_owned())));
        }
        assert_eq!(root.contents().len(), 1);
    }
}
