//! Messages of a server → trees. All that comes is hostile until it is checked here: names, link targets, counts, depth.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use prost::Message as _;

use super::encode::RawTree;
use super::{TreeDirectory, TreeNode};
use crate::blob::{BlobDigest, InvalidBlobDigest};
use crate::protocol::v2;

/// The longest name of a file (`NAME_MAX` on Linux).
const LONGEST_NAME: usize = 255;
/// The longest target of a symbolic link, less the byte at its end (`PATH_MAX`).
const LONGEST_TARGET: usize = 4095;

/// How large a tree may be.
#[derive(Clone, Copy, Debug)]
pub struct TreeLimits {
    /// The number of entries, each counted as often as it occurs.
    pub entries: u64,
    /// The number of directories on a path.
    pub depth: usize,
    /// The sum of the sizes of the files.
    pub bytes: u64,
    /// The size of the `Tree` message.
    pub message: u64,
}

impl Default for TreeLimits {
    /// Twenty times what CPython installs.
    fn default() -> Self {
        Self { entries: 200_000, depth: 128, bytes: 16 << 30, message: 64 << 20 }
    }
}

/// A tree that is not accepted. Paths are relative to the tree's root.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostileTree {
    /// It is not a valid message, or lacks a field.
    #[error("it is not a valid message: {0}")]
    Malformed(String),
    /// A name that no file has.
    #[error("`{}` contains the name `{}`, which no file can have", place(.directory), .name.escape_debug())]
    Name {
        /// The directory.
        directory: String,
        /// The name.
        name: String,
    },
    /// A name that occurs twice.
    #[error("`{}` contains the name `{}` twice", place(.directory), .name.escape_debug())]
    Duplicate {
        /// The directory.
        directory: String,
        /// The name.
        name: String,
    },
    /// A symbolic link with an invalid target.
    #[error("the target of the symbolic link `{}` is empty, too long, or contains a NUL byte", .0.escape_debug())]
    Target(String),
    /// A symbolic link that leads out of the tree.
    #[error("the symbolic link `{}` leads out of the tree, to `{}`", .link.escape_debug(), .target.escape_debug())]
    Escape {
        /// The link.
        link: String,
        /// Its target.
        target: String,
    },
    /// An invalid digest.
    #[error(transparent)]
    Digest(#[from] InvalidBlobDigest),
    /// A directory that the message does not contain.
    #[error("the directory `{}` is missing", place(.0))]
    MissingDirectory(String),
    /// It exceeds one of the [`TreeLimits`].
    #[error("it has more than {most} {what}")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// The limit.
        most: u64,
    },
}

fn place(directory: &str) -> String {
    if directory.is_empty() { ".".to_owned() } else { directory.escape_debug().to_string() }
}

/// Reads a `Tree` message.
///
/// # Errors
/// What in it is not accepted.
pub fn decode_tree(message: &[u8], limits: &TreeLimits) -> Result<TreeDirectory, HostileTree> {
    if message.len() as u64 > limits.message {
        return Err(HostileTree::Limit { what: "bytes of directories", most: limits.message });
    }
    let raw = RawTree::decode(Bytes::copy_from_slice(message)).map_err(malformed)?;
    let children = raw.children.into_iter().map(|bytes| (BlobDigest::of(&bytes), bytes)).collect();
    let mut decoder = Decoder { children, limits: *limits, entries: 0, bytes: 0 };
    decoder.directory(&raw.root.unwrap_or_default(), &mut Vec::new())
}

fn malformed(error: prost::DecodeError) -> HostileTree {
    HostileTree::Malformed(error.to_string())
}

struct Decoder {
    children: HashMap<BlobDigest, Bytes>,
    limits: TreeLimits,
    entries: u64,
    bytes: u64,
}

impl Decoder {
    /// `path` has the names of the directories down to this one. A directory cannot contain itself, as it would have to
    /// contain its own hash; so the depth is the only bound that the recursion needs.
    fn directory(&mut self, bytes: &Bytes, path: &mut Vec<String>) -> Result<TreeDirectory, HostileTree> {
        if path.len() > self.limits.depth {
            return Err(HostileTree::Limit { what: "levels of directories", most: self.limits.depth as u64 });
        }
        let message = v2::Directory::decode(bytes.clone()).map_err(malformed)?;
        let count = message.files.len() + message.directories.len() + message.symlinks.len();
        self.entries = self.entries.saturating_add(count as u64);
        if self.entries > self.limits.entries {
            return Err(HostileTree::Limit { what: "entries", most: self.limits.entries });
        }
        let mut entries = BTreeMap::new();
        for file in message.files {
            let node = self.file(file.digest.as_ref(), file.is_executable)?;
            insert(&mut entries, path, file.name, node)?;
        }
        for link in message.symlinks {
            check_target(&link.target).map_err(|()| HostileTree::Target(join(path, &link.name)))?;
            insert(&mut entries, path, link.name, TreeNode::Link { target: link.target })?;
        }
        for directory in message.directories {
            check_name(&directory.name).map_err(|()| name_error(path, &directory.name))?;
            let digest = digest(directory.digest.as_ref())?;
            path.push(directory.name.clone());
            let bytes = self.child(&digest, path)?;
            let inner = self.directory(&bytes, path)?;
            path.pop();
            insert(&mut entries, path, directory.name, TreeNode::Directory(inner))?;
        }
        Ok(TreeDirectory { entries })
    }

    fn child(&self, digest: &BlobDigest, path: &[String]) -> Result<Bytes, HostileTree> {
        match self.children.get(digest) {
            Some(bytes) => Ok(bytes.clone()),
            // Servers may leave it out: everyone knows its content.
            None if *digest == BlobDigest::of(b"") => Ok(Bytes::new()),
            None => Err(HostileTree::MissingDirectory(path.join("/"))),
        }
    }

    fn file(&mut self, message: Option<&v2::Digest>, executable: bool) -> Result<TreeNode, HostileTree> {
        let digest = digest(message)?;
        self.bytes = self.bytes.saturating_add(digest.size());
        if self.bytes > self.limits.bytes {
            return Err(HostileTree::Limit { what: "bytes", most: self.limits.bytes });
        }
        Ok(TreeNode::File { digest, executable })
    }
}

fn digest(message: Option<&v2::Digest>) -> Result<BlobDigest, HostileTree> {
    let message = message.ok_or_else(|| HostileTree::Malformed("a digest is missing".to_owned()))?;
    Ok(BlobDigest::from_message(message)?)
}

fn insert(
    entries: &mut BTreeMap<String, TreeNode>,
    path: &[String],
    name: String,
    node: TreeNode,
) -> Result<(), HostileTree> {
    check_name(&name).map_err(|()| name_error(path, &name))?;
    if entries.contains_key(&name) {
        return Err(HostileTree::Duplicate { directory: path.join("/"), name });
    }
    entries.insert(name, node);
    Ok(())
}

fn name_error(path: &[String], name: &str) -> HostileTree {
    HostileTree::Name { directory: path.join("/"), name: name.chars().take(LONGEST_NAME).collect() }
}

fn join(path: &[String], name: &str) -> String {
    path.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("/")
}

/// Whether a file can have this name.
pub(crate) fn check_name(name: &str) -> Result<(), ()> {
    let is_invalid =
        name.is_empty() || name.len() > LONGEST_NAME || matches!(name, "." | "..") || name.contains(['/', '\0']);
    if is_invalid { Err(()) } else { Ok(()) }
}

/// Whether a symbolic link can have this target.
pub(crate) fn check_target(target: &str) -> Result<(), ()> {
    let is_invalid = target.is_empty() || target.len() > LONGEST_TARGET || target.contains('\0');
    if is_invalid { Err(()) } else { Ok(()) }
}
