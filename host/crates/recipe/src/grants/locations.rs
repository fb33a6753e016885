//! The buildout's directories, which limit recipes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::paths::with_suffix;

use super::mounts::{holds, normalize};
use super::path_dependencies::FollowedPath;

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
    /// `recipes.toml`, `recipes.lock`, `pylock.toml`, the keys of trusted signers, the launcher, the configuration files with
    /// `buildout.cfg`, and what they lead to if they are links.
    pub protected: Vec<PathBuf>,
    /// What the user names for the host, in the buildout: in the environment, on the command line, in options. No Python
    /// recipe writes it.
    pub named: Vec<PathBuf>,
    /// What is never removed, nor a directory that contains it: home directories, the buildout directory, the directory of the
    /// configuration.
    pub kept: Vec<PathBuf>,
    /// Symbolic links in the buildout directory on the way to its directories, with what they point to. The user made them:
    /// no recipe writes there. They are followed as they were at the start.
    pub(super) linked: Vec<(Arc<Path>, PathBuf)>,
    /// The directories that every recipe may read: the buildout directory, then that of the parts, first.
    pub(super) standard: Vec<Arc<Path>>,
}

/// Suffixes of the state file's name in the names of the files that belong to it (`docs/state.md`).
const STATE: [&str; 5] = ["", ".lock", ".journal", ".new", UNFINISHED];
/// The suffix of the file with paths that parts are about to make.
pub(crate) const UNFINISHED: &str = ".unfinished";

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

/// Whether a file has the name of a configuration file. Hidden ones are notes of programs, such as `.mr.developer.cfg`.
pub(crate) fn is_profile(path: &Path) -> bool {
    let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !is_hidden && path.extension().is_some_and(|extension| extension == "cfg")
}

/// The first name below the buildout directory of each directory that is reached through a link there.
fn linked(directory: &Path, standard: &[Arc<Path>]) -> Vec<(Arc<Path>, PathBuf)> {
    let mut linked: Vec<(Arc<Path>, PathBuf)> = Vec::new();
    for path in standard {
        let Some(name) = path.strip_prefix(directory).ok().and_then(|below| below.iter().next()) else { continue };
        let first: Arc<Path> = directory.join(name).into();
        if !first.is_symlink() || linked.iter().any(|(link, _)| *link == first) {
            continue;
        }
        if let Ok(real) = first.canonicalize() {
            linked.push((first, real));
        }
    }
    linked
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
    /// `installed`; empty for a buildout without a state file.
    pub installed: &'a str,
    /// The directory of the configuration file.
    pub configuration_directory: &'a Path,
    /// The configuration files.
    pub configuration: &'a [PathBuf],
    /// The public keys of trusted signers.
    pub keys: &'a [PathBuf],
    /// The home directories of the user.
    pub homes: &'a [PathBuf],
}

impl Locations {
    /// The directories in `written`.
    pub fn new(written: &Written<'_>) -> Self {
        let directory = normalize(written.directory);
        let at = |path: &str| normalize(&directory.join(path));
        let bin = at(written.bin);
        let installed = (!written.installed.is_empty()).then(|| at(written.installed));
        let configuration_directory = normalize(&directory.join(written.configuration_directory));
        let next_to_it = ["recipes.toml", "recipes.lock", "pylock.toml"].map(|name| configuration_directory.join(name));
        // A run without `-c` reads it, whatever this one reads.
        let default = [&directory, &configuration_directory].map(|directory| directory.join("buildout.cfg"));
        let state = installed.iter().flat_map(|path| STATE.map(|suffix| with_suffix(path, suffix)));
        let configuration = written.configuration.iter().chain(written.keys).map(|path| normalize(path));
        let mut protected: Vec<PathBuf> =
            state.chain(next_to_it).chain(default).chain([bin.join("buildout")]).chain(configuration).collect();
        // The user may have made a file of these a link.
        let targets: Vec<PathBuf> = FollowedPath::all(&protected).into_iter().flat_map(|way| way.targets).collect();
        protected.extend(targets.into_iter().filter(|path| !path.is_dir()));
        let kept = written.homes.iter().map(|home| normalize(&directory.join(home)));
        let kept = kept.chain([directory.clone(), configuration_directory.clone()]);
        let kept = kept.flat_map(|path| [path.canonicalize().ok(), Some(path)]).flatten().collect();
        let (parts, develop_eggs, eggs) = (at(written.parts), at(written.develop_eggs), at(written.eggs));
        let other_parts = written.other_parts.map(at);
        let standard = [&directory, &parts, &bin, &eggs, &develop_eggs].into_iter().chain(&other_parts);
        let standard: Vec<Arc<Path>> = standard.map(|path| Arc::from(path.as_path())).collect();
        let linked = linked(&directory, &standard);
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
            named: Vec::new(),
            kept,
            linked,
            standard,
        }
    }

    /// Whether the user chose the directory of the parts. Then files may be there that no part made; in `parts`, the default,
    /// everything is a part's.
    pub fn is_parts_chosen(&self) -> bool {
        self.parts != self.directory.join("parts")
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

    /// The location and the build directory of a part, and its location in the other parts directory: everything there was
    /// made for it. None if parts do not have their own directory.
    pub fn places_of(&self, part: &str) -> Vec<PathBuf> {
        if !is_part_name(part) {
            return Vec::new();
        }
        let parts = [Some(&self.parts), self.other_parts.as_ref()].into_iter().flatten();
        let own = parts.filter(|parts| !holds(parts, &self.directory));
        own.flat_map(|parts| [part.to_owned(), format!("{part}{BUILD}")].map(|name| normalize(&parts.join(name))))
            .collect()
    }

    /// The directories that every recipe may read, and in which a part may own paths.
    pub fn standard(&self) -> &[Arc<Path>] {
        &self.standard
    }

    /// Whether `path` (normalized) is in one of them.
    pub(super) fn is_within(&self, path: &Path) -> bool {
        self.standard.iter().any(|directory| holds(directory, path))
    }

    /// The links that the user made on the way to the buildout's directories.
    pub(crate) fn links(&self) -> impl Iterator<Item = &Arc<Path>> {
        self.linked.iter().map(|(link, _)| link)
    }

    /// `path` without these links.
    pub(crate) fn real(&self, path: &Path) -> PathBuf {
        let real = self.linked.iter().find_map(|(link, real)| Some(real.join(path.strip_prefix(link).ok()?)));
        real.unwrap_or_else(|| path.to_owned())
    }

    /// The directories in which recipes write: the buildout's, and those of parts.
    pub(crate) fn written(&self) -> Vec<&Arc<Path>> {
        let own = self.standard.iter().take(2);
        let other = self.standard.iter().filter(|path| self.other_parts.as_deref() == Some(path));
        own.chain(other).collect()
    }
}
