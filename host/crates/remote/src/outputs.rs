//! What an action made, and the message that says so. A result counts only if the command succeeded and all outputs that
//! the action names, and no others, are there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base::interrupt::Interrupt;
use bytes::Bytes;
use prost::Message as _;

use crate::blob::{BlobDigest, InvalidBlobDigest};
use crate::protocol::v2;
use crate::tree::{CaptureError, HostileTree, TreeLimits, TreeNode, capture, check_target};

/// What an action made, by output path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionOutputs {
    /// The outputs.
    pub paths: BTreeMap<String, TreeNode>,
}

/// Outputs on this machine, and where their contents are.
#[derive(Clone, Debug, Default)]
pub struct CapturedOutputs {
    /// The outputs.
    pub outputs: ActionOutputs,
    /// A file with each content.
    pub files: BTreeMap<BlobDigest, PathBuf>,
}

/// Why a result does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnacceptedResult {
    /// The command failed.
    #[error("the command ended with exit code {0}")]
    ExitCode(i32),
    /// An output is not there.
    #[error("the output `{}` is missing", .0.escape_debug())]
    MissingOutput(String),
    /// An output that the action does not have.
    #[error("the output `{}` was not requested", .0.escape_debug())]
    UnexpectedOutput(String),
    /// An output that occurs twice.
    #[error("the output `{}` occurs twice", .0.escape_debug())]
    RepeatedOutput(String),
    /// It is not a valid message, or lacks a field.
    #[error("the result is not a valid message")]
    Malformed,
    /// An invalid digest.
    #[error(transparent)]
    Digest(#[from] InvalidBlobDigest),
    /// A tree that is not accepted.
    #[error("the tree of `{}` is not accepted: {cause}", .path.escape_debug())]
    Tree {
        /// The output.
        path: String,
        /// What is wrong with it.
        cause: HostileTree,
    },
}

impl CapturedOutputs {
    /// Captures the outputs `paths` below `directory`.
    ///
    /// # Errors
    /// When one of them cannot be captured.
    pub fn capture(
        directory: &Path,
        paths: &BTreeSet<String>,
        limits: &TreeLimits,
        interrupt: &Interrupt,
    ) -> Result<Self, CaptureError> {
        let mut captured = Self::default();
        for path in paths {
            let tree = capture(&directory.join(path), limits, interrupt)?;
            captured.files.extend(tree.files);
            captured.outputs.paths.insert(path.clone(), tree.node);
        }
        Ok(captured)
    }
}

/// A result as messages.
pub(crate) struct EncodedResult {
    pub(crate) message: v2::ActionResult,
    /// The messages that it refers to.
    pub(crate) blobs: BTreeMap<BlobDigest, Bytes>,
}

impl ActionOutputs {
    /// Adds up the outputs: the number of files and the sum of their sizes.
    pub fn extent(&self) -> (u64, u64) {
        let extents = self.paths.values().map(TreeNode::extent);
        extents.fold((0, 0), |(count, bytes), (more, added)| (count + more, bytes + added))
    }

    /// The content of each file, once.
    pub(crate) fn blobs(&self) -> BTreeSet<BlobDigest> {
        let mut found = BTreeSet::new();
        self.paths.values().for_each(|node| node.files(&mut |_, digest, _| _ = found.insert(digest)));
        found
    }

    pub(crate) fn encode(&self) -> EncodedResult {
        let (mut message, mut blobs) = (v2::ActionResult::default(), BTreeMap::new());
        for (path, node) in &self.paths {
            let path = path.clone();
            match node {
                TreeNode::Directory(directory) => {
                    let encoded = directory.encode();
                    let (digest, bytes) = encoded.tree_message();
                    message.output_directories.push(v2::OutputDirectory {
                        path,
                        tree_digest: Some(digest.to_message()),
                        is_topologically_sorted: false,
                        root_directory_digest: Some(encoded.root.to_message()),
                    });
                    blobs.insert(digest, bytes);
                    // Not only the `Tree`: the input roots of other actions name the directories.
                    blobs.extend(encoded.directories);
                }
                TreeNode::File { digest, executable } => message.output_files.push(v2::OutputFile {
                    path,
                    digest: Some(digest.to_message()),
                    is_executable: *executable,
                    ..v2::OutputFile::default()
                }),
                TreeNode::Link { target } => message.output_symlinks.push(v2::OutputSymlink {
                    path,
                    target: target.clone(),
                    node_properties: None,
                }),
                // What was captured has none.
                TreeNode::Subtree(_) => {}
            }
        }
        EncodedResult { message, blobs }
    }
}

/// An output as a result names it: the tree of a directory is another content.
#[derive(Clone, Debug)]
pub(crate) enum PromisedOutput {
    Tree(BlobDigest),
    Node(TreeNode),
}

/// The outputs that a result names.
#[derive(Clone, Debug, Default)]
pub(crate) struct PromisedOutputs {
    pub(crate) paths: BTreeMap<String, PromisedOutput>,
}

impl PromisedOutputs {
    pub(crate) fn decode(bytes: &[u8], expected: &BTreeSet<String>) -> Result<Self, UnacceptedResult> {
        let message = v2::ActionResult::decode(bytes).map_err(|_| UnacceptedResult::Malformed)?;
        Self::of_message(&message, expected)
    }

    /// Accepts a result whose command succeeded, with exactly the expected outputs.
    #[allow(deprecated, reason = "older servers send links in one of the two older fields")]
    pub(crate) fn of_message(
        message: &v2::ActionResult,
        expected: &BTreeSet<String>,
    ) -> Result<Self, UnacceptedResult> {
        if message.exit_code != 0 {
            return Err(UnacceptedResult::ExitCode(message.exit_code));
        }
        let mut promised = Self::default();
        for file in &message.output_files {
            let node = TreeNode::File { digest: digest(file.digest.as_ref())?, executable: file.is_executable };
            promised.add(&file.path, PromisedOutput::Node(node), expected)?;
        }
        for directory in &message.output_directories {
            let tree = PromisedOutput::Tree(digest(directory.tree_digest.as_ref())?);
            promised.add(&directory.path, tree, expected)?;
        }
        let older = message.output_file_symlinks.iter().chain(&message.output_directory_symlinks);
        let older = older.filter(|link| !message.output_symlinks.contains(link));
        for link in message.output_symlinks.iter().chain(older) {
            check_target(&link.target).map_err(|()| UnacceptedResult::Malformed)?;
            let node = TreeNode::Link { target: link.target.clone() };
            promised.add(&link.path, PromisedOutput::Node(node), expected)?;
        }
        match expected.iter().find(|path| !promised.paths.contains_key(*path)) {
            Some(path) => Err(UnacceptedResult::MissingOutput(path.clone())),
            None => Ok(promised),
        }
    }

    /// As only paths that are expected are added, no other path of a server is ever used.
    fn add(&mut self, path: &str, output: PromisedOutput, expected: &BTreeSet<String>) -> Result<(), UnacceptedResult> {
        if !expected.contains(path) {
            return Err(UnacceptedResult::UnexpectedOutput(path.chars().take(200).collect()));
        }
        match self.paths.insert(path.to_owned(), output) {
            Some(_) => Err(UnacceptedResult::RepeatedOutput(path.to_owned())),
            None => Ok(()),
        }
    }

    /// The trees that must be read.
    pub(crate) fn trees(&self) -> impl Iterator<Item = BlobDigest> {
        self.paths.values().filter_map(|output| match output {
            PromisedOutput::Tree(digest) => Some(*digest),
            PromisedOutput::Node(_) => None,
        })
    }

    /// The outputs, with the trees from `read`, which returns what is not there as an error.
    pub(crate) fn resolve<E: From<UnacceptedResult>>(
        self,
        limits: &TreeLimits,
        mut read: impl FnMut(BlobDigest) -> Result<Vec<u8>, E>,
    ) -> Result<ActionOutputs, E> {
        let mut outputs = ActionOutputs::default();
        for (path, output) in self.paths {
            let node = match output {
                // A tree is checked while it is decoded; the size of a single file is a number of the server as well.
                PromisedOutput::Node(node) if node.extent().1 > limits.bytes => {
                    let cause = HostileTree::Limit { what: "bytes", most: limits.bytes };
                    return Err(UnacceptedResult::Tree { path, cause }.into());
                }
                PromisedOutput::Node(node) => node,
                PromisedOutput::Tree(digest) => {
                    let decoded = crate::tree::decode_tree(&read(digest)?, limits);
                    TreeNode::Directory(decoded.map_err(|cause| UnacceptedResult::Tree { path: path.clone(), cause })?)
                }
            };
            outputs.paths.insert(path, node);
        }
        Ok(outputs)
    }
}

fn digest(message: Option<&v2::Digest>) -> Result<BlobDigest, UnacceptedResult> {
    Ok(BlobDigest::from_message(message.ok_or(UnacceptedResult::Malformed)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> BTreeSet<String> {
        ["parts/a".to_owned()].into()
    }

    fn file(path: &str) -> v2::OutputFile {
        v2::OutputFile {
            path: path.to_owned(),
            digest: Some(BlobDigest::of(b"x").to_message()),
            ..v2::OutputFile::default()
        }
    }

    #[test]
    fn a_result_counts_only_if_it_is_complete() {
        let of = |result: v2::ActionResult| PromisedOutputs::decode(&result.encode_to_vec(), &expected()).map(drop);
        let good = v2::ActionResult { output_files: vec![file("parts/a")], ..v2::ActionResult::default() };
        assert_eq!(of(good.clone()), Ok(()));
        assert_eq!(of(v2::ActionResult { exit_code: 1, ..good }), Err(UnacceptedResult::ExitCode(1)));
        assert_eq!(of(v2::ActionResult::default()), Err(UnacceptedResult::MissingOutput("parts/a".to_owned())));
        for path in ["../../etc/x", "/etc/x", "parts/../x", "parts/b"] {
            let result = v2::ActionResult { output_files: vec![file("parts/a"), file(path)], ..Default::default() };
            assert_eq!(of(result), Err(UnacceptedResult::UnexpectedOutput(path.to_owned())));
        }
        let twice = v2::ActionResult { output_files: vec![file("parts/a"); 2], ..Default::default() };
        assert!(matches!(of(twice), Err(UnacceptedResult::RepeatedOutput(_))));
    }

    #[test]
    fn a_single_file_is_limited_like_a_tree() {
        let large = BlobDigest::new(*BlobDigest::of(b"x").hash(), 1 << 62);
        let output = v2::OutputFile { digest: Some(large.to_message()), ..file("parts/a") };
        let result = v2::ActionResult { output_files: vec![output], ..v2::ActionResult::default() };
        let promised = PromisedOutputs::of_message(&result, &expected()).unwrap();
        let resolved = promised.resolve(&TreeLimits::default(), |_| Err(UnacceptedResult::Malformed));
        assert!(
            matches!(resolved, Err(UnacceptedResult::Tree { cause: HostileTree::Limit { .. }, .. })),
            "{resolved:?}"
        );
    }

    #[test]
    #[allow(deprecated, reason = "as above")]
    fn links_in_both_fields_are_one() {
        let link = v2::OutputSymlink { path: "parts/a".to_owned(), target: "b".to_owned(), node_properties: None };
        let result = v2::ActionResult {
            output_symlinks: vec![link.clone()],
            output_file_symlinks: vec![link],
            ..v2::ActionResult::default()
        };
        PromisedOutputs::of_message(&result, &expected()).unwrap();
    }
}
