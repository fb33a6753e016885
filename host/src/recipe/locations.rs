//! The buildout's directories, as recipes are held to them.

use std::path::{Path, PathBuf};

use super::mounts::normalise;

/// The buildout's directories: they decide what a recipe reaches, and what it may never write. All paths are absolute,
/// without `.`, `..` and doubled slashes.
#[derive(Clone, Debug, Default)]
pub struct Locations {
    /// The buildout directory.
    pub directory: PathBuf,
    /// `parts-directory`
    pub parts: PathBuf,
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
    /// What no recipe may write unless it is built in: the state, `recipes.toml`, the lock, the launcher.
    pub protected: Vec<PathBuf>,
}

/// The directories as the configuration writes them: absolute, or relative to the first.
pub struct Written<'a> {
    /// The buildout directory, absolute.
    pub directory: &'a Path,
    /// `parts-directory`
    pub parts: &'a str,
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
}

impl Locations {
    /// The directories that `written` names.
    pub fn new(written: &Written<'_>) -> Self {
        let directory = normalise(written.directory);
        let at = |path: &str| normalise(&directory.join(path));
        let bin = at(written.bin);
        let installed = (!written.installed.is_empty()).then(|| at(written.installed));
        let configuration_directory = normalise(&directory.join(written.configuration_directory));
        let beside = ["recipes.toml", "recipes.lock"].map(|name| configuration_directory.join(name));
        let protected = installed.iter().cloned().chain(beside).chain([bin.join("buildout")]).collect();
        Self {
            parts: at(written.parts),
            develop_eggs: at(written.develop_eggs),
            eggs: at(written.eggs),
            directory,
            bin,
            installed,
            configuration_directory,
            protected,
        }
    }

    /// Where what a part's native commands print is kept.
    pub fn command_log(&self, part: &str) -> PathBuf {
        normalise(&self.parts.join(format!("{part}.log")))
    }

    /// Where a part's native commands build.
    pub(super) fn build_directory(&self, part: &str) -> PathBuf {
        normalise(&self.parts.join(format!("{part}__compile__")))
    }

    /// The directories that every recipe may read, and in which a part may own paths.
    pub(super) fn standard(&self) -> [&PathBuf; 5] {
        [&self.directory, &self.parts, &self.bin, &self.eggs, &self.develop_eggs]
    }
}
