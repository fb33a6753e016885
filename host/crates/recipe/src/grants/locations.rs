//! The buildout's directories, which limit recipes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::mounts::normalize;

/// The buildout's directories: they determine what a recipe can reach, and what it may never write. All paths are
/// absolute, without `.`, `..` and doubled slashes.
#[derive(Clone, Debug, Default)]
pub struct Locations {
    /// The buildout directory.
    pub directory: PathBuf,
    /// `parts-directory`
    pub parts: PathBuf,
    /// The directory of parts that are not in `parts`: those of the buildout's Python, or all others.
    pub other_parts: Option<PathBuf>,
    /// `bin-directory`
    pub bin: PathBuf,
    /// `develop-eggs-directory`
    pub develop_eggs: PathBuf,
    /// `eggs-directory`
    pub eggs: PathBuf,
    /// The state file; `None` for a buildout without one.
    pub installed: Option<PathBuf>,
    /// The directory of `recipes.toml` and `recipes.lock`.
    pub configuration_directory: PathBuf,
    /// Paths that only built-in recipes may write, and that are never removed: the state with its lock and journal,
    /// `recipes.toml`, `recipes.lock`, the keys of trusted signers, the launcher, the configuration files.
    pub protected: Vec<PathBuf>,
    /// The directories that every recipe may read, starting with the buildout directory and that of the parts.
    standard: Vec<Arc<Path>>,
}

/// Suffixes of the state file's name in the names of the files that belong to it (`docs/state.md`).
const STATE: [&str; 4] = ["", ".lock", ".journal", ".new"];

/// The suffix of a part's name in the name of its build directory.
const BUILD: &str = "__compile__";
/// The suffix of a part's name in the name of its command log.
const LOG: &str = ".log";
/// Suffixes that the name of a part cannot have, because they belong to files of other parts.
pub(crate) const SUFFIXES: [&str; 2] = [BUILD, LOG];

/// Whether a section with this name can be a part: files in `parts-directory` have its name.
pub fn is_part_name(name: &str) -> bool {
    !matches!(name, "" | "." | ".." | "buildout") && !name.contains(['/', '\\', '\0'])
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The directories as written in the configuration: absolute, or relative to the first one.
pub struct Written<'a> {
    /// The buildout directory, absolute.
    pub directory: &'a Path,
    /// `parts-directory`
    pub parts: &'a str,
    /// Another directory of parts.
    pub other_parts: Option<&'a str>,
    /// `bin-directory`
    pub bin: &'a str,
    /// `develop-eggs-directory`
    pub develop_eggs: &'a str,
    /// `eggs-directory`
    pub eggs: &'a str,
    /// `installed`; empty for a buildout without a state file.
    pub installed: &'a str,
    /// The directory of the configuration file.
    pub configuration_directory: &'a Path,
    /// The configuration files.
    pub configuration: &'a [PathBuf],
    /// The public keys of trusted signers.
    pub keys: &'a [PathBuf],
}

impl Locations {
    /// The directories in `written`.
    pub fn new(written: &Written<'_>) -> Self {
        let directory = normalize(written.directory);
        let at = |path: &str| normalize(&directory.join(path));
        let bin = at(written.bin);
        let installed = (!written.installed.is_empty()).then(|| at(written.installed));
        let configuration_directory = normalize(&directory.join(written.configuration_directory));
        let beside = ["recipes.toml", "recipes.lock"].map(|name| configuration_directory.join(name));
        let state = installed.iter().flat_map(|path| STATE.map(|suffix| with_suffix(path, suffix)));
        let configuration = written.configuration.iter().chain(written.keys).map(|path| normalize(path));
        let protected = state.chain(beside).chain([bin.join("buildout")]).chain(configuration).collect();
        let (parts, develop_eggs, eggs) = (at(written.parts), at(written.develop_eggs), at(written.eggs));
        let other_parts = written.other_parts.map(at);
        let standard = [&directory, &parts, &bin, &eggs, &develop_eggs].into_iter().chain(&other_parts);
        let standard = standard.map(|path| Arc::from(path.as_path())).collect();
        Self {
            parts,
            other_parts,
            develop_eggs,
            eggs,
            directory,
            bin,
            installed,
            configuration_directory,
            protected,
            standard,
        }
    }

    /// The log of a part's native commands.
    pub fn command_log(&self, part: &str) -> PathBuf {
        normalize(&self.parts.join(format!("{part}{LOG}")))
    }

    /// The path of that log if the part was in the other parts directory.
    pub fn other_command_log(&self, part: &str) -> Option<PathBuf> {
        Some(normalize(&self.other_parts.as_ref()?.join(format!("{part}{LOG}"))))
    }

    /// The directory in which a part's native commands build.
    pub fn build_directory(&self, part: &str) -> PathBuf {
        normalize(&self.parts.join(format!("{part}{BUILD}")))
    }

    /// The directories that every recipe may read, and in which a part may own paths.
    pub fn standard(&self) -> &[Arc<Path>] {
        &self.standard
    }

    /// The directories in which recipes write: the buildout's, and those of parts.
    pub(crate) fn written(&self) -> Vec<&Arc<Path>> {
        let own = self.standard.iter().take(2);
        let other = self.standard.iter().filter(|path| self.other_parts.as_deref() == Some(path));
        own.chain(other).collect()
    }
}
