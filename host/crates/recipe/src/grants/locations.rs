//! The buildout's directories, as recipes are held to them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::mounts::normalize;

/// The buildout's directories: they decide what a recipe reaches, and what it may never write. All paths are absolute,
/// without `.`, `..` and doubled slashes.
#[derive(Clone, Debug, Default)]
pub struct Locations {
    /// The buildout directory.
    pub directory: PathBuf,
    /// `parts-directory`
    pub parts: PathBuf,
    /// Where parts are that are not of `parts`: those of the buildout's own Python, or those of all others.
    pub other_parts: Option<PathBuf>,
    /// `bin-directory`
    pub bin: PathBuf,
    /// `develop-eggs-directory`
    pub develop_eggs: PathBuf,
    /// `eggs-directory`
    pub eggs: PathBuf,
    /// The state file; `None` for a buildout that keeps none.
    pub installed: Option<PathBuf>,
    /// Where `recipes.toml` and `recipes.lock` are.
    pub configuration_directory: PathBuf,
    /// What no recipe may write unless it is built in, and what is never removed: the state with its lock and journal,
    /// `recipes.toml`, `recipes.lock`, the keys of those who are trusted, the launcher, the files of the configuration.
    pub protected: Vec<PathBuf>,
    /// The directories that every recipe may read: the buildout directory, then that of the parts, first.
    standard: Vec<Arc<Path>>,
}

/// What follows the state file's name in those of the files that go with it (`docs/state.md`).
const STATE: [&str; 4] = ["", ".lock", ".journal", ".new"];

/// What follows a part's name in that of the directory in which it builds.
const BUILD: &str = "__compile__";
/// What follows it in that of the log of its commands.
const LOG: &str = ".log";
/// What another part cannot be called, beside a part of the name before it.
pub(crate) const SUFFIXES: [&str; 2] = [BUILD, LOG];

/// Whether a section of this name can be a part: it names files of `parts-directory`.
pub fn is_part_name(name: &str) -> bool {
    !matches!(name, "" | "." | ".." | "buildout") && !name.contains(['/', '\\', '\0'])
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The directories as the configuration writes them: absolute, or relative to the first.
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
    /// `installed`; empty for a buildout that keeps no state.
    pub installed: &'a str,
    /// Where the configuration file is.
    pub configuration_directory: &'a Path,
    /// The files of the configuration.
    pub configuration: &'a [PathBuf],
    /// The public keys of those whose recipes are trusted.
    pub keys: &'a [PathBuf],
}

impl Locations {
    /// The directories that `written` names.
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

    /// Where what a part's native commands print is kept.
    pub fn command_log(&self, part: &str) -> PathBuf {
        normalize(&self.parts.join(format!("{part}{LOG}")))
    }

    /// Where that was kept while the part was one of the other parts directory.
    pub fn other_command_log(&self, part: &str) -> Option<PathBuf> {
        Some(normalize(&self.other_parts.as_ref()?.join(format!("{part}{LOG}"))))
    }

    /// Where a part's native commands build.
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
