//! The predefined options of `[buildout]`, and the directories among them.
//!
//! The names are those of zc.buildout 6 and of buildout 1.0; options that only concern eggs are included because
//! profiles and recipes reference them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Options;
use super::location::is_url;
use super::{ConfigError, HistoryItem, Operation, OptionValue, Origin, Piece, Trouble};
use base::environment::Environment;
use base::paths::normalize;

const DEFAULTS: &[(&str, &str)] = &[
    ("allow-hosts", "*"),
    ("allow-picked-versions", "true"),
    ("bin-directory", "bin"),
    ("develop-eggs-directory", "develop-eggs"),
    ("eggs-directory", "eggs"),
    ("eggs-directory-version", "v5"),
    ("find-links", ""),
    ("install-from-cache", "false"),
    ("installed", ".installed.cfg"),
    ("log-format", ""),
    ("log-level", "INFO"),
    ("newest", "true"),
    ("offline", "false"),
    ("parts-directory", "parts"),
    ("prefer-final", "true"),
    ("python", "buildout"),
    ("show-picked-versions", "false"),
    ("socket-timeout", ""),
    ("update-versions-file", ""),
    ("use-dependency-links", "true"),
    ("allow-unknown-extras", "false"),
];

/// The pins that zc.buildout 6 adds to the section of versions where there are none, so that it is not downgraded.
pub(super) const VERSIONS: [(&str, &str); 2] = [("zc.buildout", ">=6.0.1"), ("zc.recipe.egg", ">=2.0.6")];

/// Options of `[buildout]` that are meaningful even if nothing reads them in a run.
pub const KNOWN_OPTIONS: [&str; 22] = [
    "abi-tag-eggs",
    "develop",
    "download-cache",
    "extends-cache",
    "extensions",
    "index",
    "interpolation",
    "networkcache-section",
    "parts",
    "rebootstrap-directory",
    "rebootstrap-prepend-paths",
    "relative-paths",
    "remote-cache",
    "remote-cache-directory",
    "remote-cache-size",
    "remote-cache-upload",
    "remote-executor",
    "remote-platform",
    "shared-part-list",
    "unzip",
    "verbosity",
    "versions",
];

/// The options that are predefined in `[buildout]`, and the others that have a meaning there.
pub fn buildout_options() -> impl Iterator<Item = &'static str> {
    let predefined = ["directory", "executable"].into_iter().chain(DEFAULTS.iter().map(|(name, _)| *name));
    predefined.chain(KNOWN_OPTIONS).chain(["extends", "optional-extends"])
}

/// Whether `option` is predefined in `[buildout]`.
pub fn is_predefined(option: &str) -> bool {
    ["directory", "executable", "versions"].contains(&option) || DEFAULTS.iter().any(|(name, _)| *name == option)
}

/// `[buildout]` before any file is read.
pub(super) fn options(directory: &Path, executable: &str) -> Options {
    let value = |text: &str, origin| Arc::new(OptionValue::set(text, origin));
    let mut options: Options =
        DEFAULTS.iter().map(|(name, text)| (Arc::from(*name), value(text, Origin::Default))).collect();
    options.insert("executable".into(), value(executable, Origin::Default));
    options.insert("directory".into(), value(&directory.to_string_lossy(), Origin::Computed));
    options
}

/// Makes the buildout's directories absolute, relative to the buildout directory.
pub(super) fn absolutize_directories(options: &mut Options, environment: &Environment) {
    let Some(directory) = options.get("directory").cloned() else { return };
    if !directory.raw.contains("${") {
        let path = normalize(&environment.directory.join(&*directory.raw));
        if path != Path::new(&*directory.raw) {
            options.insert("directory".into(), Arc::new(directory_value(&directory, &path)));
        }
    }
    let Some(directory) = options.get("directory") else { return };
    // The base directory is known only after references are substituted.
    let directory = if directory.raw.contains("${") { "${buildout:directory}" } else { &*directory.raw };
    let directory = PathBuf::from(directory);
    for name in ["bin-directory", "parts-directory", "develop-eggs-directory", "eggs-directory", "installed"] {
        // As in zc.buildout, a value that starts with a reference is left unchanged, as it may be absolute.
        let relative = |value: &&Arc<OptionValue>| {
            !value.raw.is_empty() && !value.raw.contains("${") && !Path::new(&*value.raw).is_absolute()
        };
        if let Some(value) = options.get(name).filter(relative) {
            let absolute = directory_value(value, &directory.join(&*value.raw));
            options.insert(name.into(), Arc::new(absolute));
        }
    }
}

/// Makes directories absolute that are relative to the file that sets them, as in zc.buildout: caches and eggs.
///
/// # Errors
/// When a downloaded file contains a relative one: it has no base directory.
pub(super) fn absolutize(options: &mut Options, environment: &Environment) -> Result<(), ConfigError> {
    for name in ["download-cache", "eggs-directory", "extends-cache"] {
        let Some(value) = options.get(name).filter(|value| !value.raw.contains("${")) else { continue };
        if Path::new(&*value.raw).is_absolute() {
            continue;
        }
        let base = match value.origin() {
            Origin::File(place) if is_url(&place.source.name) => return Err(ambiguous(name, value)),
            Origin::File(place) => Path::new(&place.source.name).parent().unwrap_or(Path::new("/")).to_owned(),
            _ => options.get("directory").map_or(PathBuf::new(), |directory| PathBuf::from(&*directory.raw)),
        };
        let base = environment.directory.join(base);
        let path = normalize(&base.join(expand_home(&value.raw, environment)));
        let directory = directory_value(value, &path);
        options.insert(name.into(), Arc::new(directory));
    }
    Ok(())
}

/// The directory for copies of extended URLs while the configuration is read. As in zc.buildout, a relative one is then
/// relative to the buildout directory, regardless of who sets it; only afterwards does the option get the value from
/// [`absolutize`].
pub(super) fn extends_cache(options: &Options, environment: &Environment) -> Option<PathBuf> {
    let cache = options.get("extends-cache").filter(|cache| !cache.raw.is_empty())?;
    let directory = options.get("directory").map_or("", |directory| &*directory.raw);
    Some(normalize(&environment.directory.join(directory).join(expand_home(&cache.raw, environment))))
}

fn directory_value(value: &OptionValue, path: &Path) -> OptionValue {
    let raw: Arc<str> = path.to_string_lossy().into();
    let mut history = value.history.clone();
    let origin = value.origin().clone();
    history.push(HistoryItem { operation: Operation::Directory, value: Arc::clone(&raw), origin: origin.clone() });
    OptionValue { pieces: vec![Piece { end: raw.len(), origin }], raw, history, inherited: value.inherited }
}

/// Expands `~` and `~/…` as in a shell.
pub(super) fn expand_home(path: &str, environment: &Environment) -> PathBuf {
    match (path.strip_prefix('~'), &environment.home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(path),
    }
}

fn ambiguous(name: &str, value: &OptionValue) -> ConfigError {
    let message = format!("`{name} = {}` in a downloaded configuration is ambiguous: it is not absolute", value.raw);
    match value.place() {
        Some(place) => Trouble::at(place, message).hint("Set it to an absolute path in your own configuration.").into(),
        None => ConfigError::new(message),
    }
}
