//! The order that a worker gets, and how it answers.

use std::path::{Path, PathBuf};

use base::files::read_at_most;
use config::Assignment;
use confine::ConfinementLevel;
use serde::{Deserialize, Serialize};

use super::super::facts::PartFacts;

/// Where a worker sees the files of the order.
pub(crate) const INPUTS: &str = "/.buildout-host";
/// The directory in the input root that has them.
pub(super) const FILES: &str = "make";
/// The name of the order there.
const ORDER: &str = "order.json";
/// The cache of downloads there, with the sources.
pub(super) const SOURCES: &str = "sources";
/// The longest order that is read.
const SIZE: u64 = 64 << 20;

/// A section, and its options with their values.
pub(super) type SectionValues = (String, Vec<(String, String)>);

/// Which part a worker is to make, and in which buildout.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MakeOrder {
    /// The part.
    pub(crate) part: String,
    /// How its commands are confined.
    pub(crate) level: ConfinementLevel,
    /// What in the input root (first) is shown at which path (second).
    pub(crate) paths: Vec<(String, PathBuf)>,
    /// The log of its commands.
    pub(crate) log: PathBuf,
    /// Where it is made.
    pub(super) location: PathBuf,
    /// The sections that it may read, with their options.
    pub(super) sections: Vec<SectionValues>,
    /// All that its commands may see of the buildout.
    pub(super) visible: Vec<PathBuf>,
    /// What decides it.
    pub(super) facts: PartFacts,
}

impl MakeOrder {
    /// The path of the order in the input root.
    pub(super) fn path() -> String {
        format!("{FILES}/{ORDER}")
    }

    /// Reads the order below an input root.
    ///
    /// # Errors
    /// When it is not there, or is of another version of this program.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let bytes = read_at_most(&root.join(Self::path()), SIZE).map_err(|error| error.to_string())?;
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())
    }

    /// What is shown at which path, for an input root that is at `root`.
    pub(crate) fn paths_below(&self, root: &Path) -> Vec<(PathBuf, PathBuf)> {
        let files = (root.join(FILES), Path::new(INPUTS).join(FILES));
        let others = self.paths.iter().map(|(input, path)| (root.join(input), path.clone()));
        others.chain([files]).collect()
    }

    /// The options of the buildout. Whatever they refer to was substituted.
    pub(crate) fn assignments(&self) -> Vec<Assignment> {
        let set =
            |section: &str, (option, value): &(String, String)| Assignment::set(section, option, value, "the order");
        let of_section =
            |(section, options): &SectionValues| options.iter().map(|option| set(section, option)).collect::<Vec<_>>();
        self.sections.iter().flat_map(of_section).collect()
    }
}

/// The last line that a worker writes to its standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WorkerVerdict {
    /// The part is made.
    Made,
    /// Its recipe failed, as it would anywhere.
    Failed {
        /// The cause, in one sentence.
        message: String,
        /// What helps to find it.
        details: Vec<String>,
        /// What the user can do.
        hints: Vec<String>,
    },
    /// This worker cannot make it; another machine can.
    Unfit(String),
}

impl WorkerVerdict {
    /// The verdict as a line.
    pub(crate) fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The verdict in what a worker wrote.
    pub(super) fn in_output(stderr: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(stderr);
        text.lines().rev().find_map(|line| serde_json::from_str(line.trim()).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_is_found_among_other_lines() {
        let verdict = WorkerVerdict::Unfit("no \"namespaces\"\nhere".to_owned());
        let output = format!("lib: x\n{}\nError: x\n", verdict.line());
        assert_eq!(WorkerVerdict::in_output(output.as_bytes()), Some(verdict));
        assert_eq!(WorkerVerdict::in_output(b"\"other\"\n{}\nbwrap: no namespaces\n"), None);
    }
}
