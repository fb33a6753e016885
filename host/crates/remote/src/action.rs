//! Actions: what is run with which inputs, encoded in one way. The digest of the encoding is the key of the result.
//!
//! The encoding is a contract between all versions of the host that share a cache. A change to it must change
//! [`FORMAT`], or results of the old form would be taken for those of the new one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use crate::blob::BlobDigest;
use crate::input::InputRoot;
use crate::protocol::{proto_duration, v2};
use crate::tree::EncodedTree;

/// The version of the encoding, in the key of each action.
const FORMAT: &str = "buildout-host action 1";

/// What is run. Equal values have equal keys.
#[derive(Clone, Debug, Default)]
pub struct ActionDescription {
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// The environment, which is all that the command gets.
    pub environment: BTreeMap<String, String>,
    /// What the command can read.
    pub inputs: InputRoot,
    /// What the machine must have, and what else decides the result: processor, C library, compiler.
    pub platform: BTreeMap<String, String>,
    /// Where the command starts, relative to the input root; empty for the root. It must be a directory of the inputs.
    pub working_directory: String,
    /// What the command makes, relative to the working directory. All of it must be there for a result to count.
    pub outputs: BTreeSet<String>,
    /// How long a worker may take.
    pub timeout: Option<Duration>,
}

/// An action as messages.
#[derive(Clone, Debug)]
pub struct EncodedAction {
    /// The digest of the `Action` message.
    pub key: BlobDigest,
    /// The digest of the `Command` message.
    pub(crate) command: BlobDigest,
    /// How long a worker may take.
    pub(crate) timeout: Option<Duration>,
    /// The output paths.
    pub(crate) outputs: BTreeSet<String>,
    /// The digest of the `Directory` message of the input root.
    pub(crate) input_root: BlobDigest,
    /// The messages, and the inputs that are in memory. Other inputs are where the caller has them.
    pub(crate) blobs: BTreeMap<BlobDigest, Bytes>,
}

impl ActionDescription {
    /// The messages and the key.
    pub fn encode(&self) -> EncodedAction {
        let EncodedTree { root, directories, .. } = self.inputs.tree().encode();
        let mut blobs = directories;
        blobs.extend(self.inputs.contents().iter().map(|(digest, content)| (*digest, content.clone())));
        let (command, bytes) = BlobDigest::of_message(&self.command());
        blobs.insert(command, bytes.into());
        let (key, bytes) = BlobDigest::of_message(&v2::Action {
            command_digest: Some(command.to_message()),
            input_root_digest: Some(root.to_message()),
            timeout: self.timeout.map(proto_duration),
            do_not_cache: false,
            salt: FORMAT.as_bytes().to_vec(),
            platform: Some(self.platform()),
        });
        blobs.insert(key, bytes.into());
        EncodedAction { key, command, timeout: self.timeout, outputs: self.outputs.clone(), input_root: root, blobs }
    }

    #[allow(deprecated, reason = "servers before version 2.2 of the protocol read the platform from the command")]
    fn command(&self) -> v2::Command {
        let variable = |(name, value): (&String, &String)| v2::command::EnvironmentVariable {
            name: name.clone(),
            value: value.clone(),
        };
        v2::Command {
            arguments: self.arguments.clone(),
            environment_variables: self.environment.iter().map(variable).collect(),
            output_paths: self.outputs.iter().cloned().collect(),
            platform: Some(self.platform()),
            working_directory: self.working_directory.clone(),
            ..v2::Command::default()
        }
    }

    fn platform(&self) -> v2::Platform {
        let property =
            |(name, value): (&String, &String)| v2::platform::Property { name: name.clone(), value: value.clone() };
        v2::Platform { properties: self.platform.iter().map(property).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::TreeNode;

    fn sample() -> ActionDescription {
        let mut action = ActionDescription {
            arguments: vec!["buildout-host".to_owned(), "make-part".to_owned()],
            environment: [("PATH".to_owned(), "/usr/bin".to_owned())].into(),
            platform: [("ISA".to_owned(), "x86-64".to_owned()), ("OSFamily".to_owned(), "linux".to_owned())].into(),
            outputs: ["parts/hello".to_owned()].into(),
            timeout: Some(Duration::from_millis(1500)),
            ..ActionDescription::default()
        };
        action.inputs.file("options", "a = 1\n", false).unwrap();
        action.inputs.node("parts/zlib", TreeNode::Subtree(BlobDigest::of(b"tree"))).unwrap();
        action
    }

    /// If this test fails, the encoding changed: results of older versions are lost, and `FORMAT` must change.
    #[test]
    fn the_key_is_the_same_in_all_versions() {
        let key = "2438c0b097efbcbfd639f2c168862fea49a576706f8e7ffeb960f2c934d1c7b1/211";
        assert_eq!(sample().encode().key.to_string(), key);
    }

    #[test]
    fn all_that_decides_is_in_the_key() {
        let key = sample().encode().key;
        let changes: [&dyn Fn(&mut ActionDescription); 8] = [
            &|action| action.arguments.push("x".to_owned()),
            &|action| drop(action.environment.insert("A".to_owned(), String::new())),
            &|action| action.inputs.file("more", "", false).unwrap(),
            &|action| drop(action.platform.insert("gcc".to_owned(), "12".to_owned())),
            &|action| action.working_directory.push('x'),
            &|action| _ = action.outputs.insert("x".to_owned()),
            &|action| action.timeout = None,
            &|action| {
                action.inputs = InputRoot::default();
                action.inputs.file("options", "a = 1\n", true).unwrap();
                action.inputs.node("parts/zlib", TreeNode::Subtree(BlobDigest::of(b"tree"))).unwrap();
            },
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut action = sample();
            change(&mut action);
            assert_ne!(action.encode().key, key, "{number}");
        }
    }
}
