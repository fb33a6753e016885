//! Directories anywhere in the buildout that the user's programs take for their own: other buildouts, and bare repositories
//! of git. And what the settings of a repository name.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::mounts::normalize;

/// What a buildout has next to its configuration.
const OF_BUILDOUT: [&str; 4] = ["recipes.toml", "recipes.lock", "pylock.toml", ".installed.cfg"];
/// What git looks for in a bare repository.
const OF_REPOSITORY: [&str; 3] = ["HEAD", "objects", "refs"];
/// The longest configuration or settings that are read, in bytes.
const LONGEST: u64 = 1 << 20;
/// Settings of git whose values are no files that it reads.
const NO_FILES: [&str; 3] = ["worktree", "url", "pushurl"];

/// What stays as it is in a directory with these entries.
pub(super) fn kept_in(directory: &Path, names: &[OsString]) -> Vec<PathBuf> {
    if is_bare(directory, names) {
        return vec![directory.to_owned()];
    }
    let names: Vec<&str> = names.iter().filter_map(|name| name.to_str()).filter(|name| is_of_buildout(name)).collect();
    if !names.iter().any(|name| makes_buildout(directory, name)) {
        return Vec::new();
    }
    let further = OF_BUILDOUT.into_iter().filter(|name| !names.contains(name));
    names.iter().copied().chain(further).map(|name| directory.join(name)).collect()
}

/// The same for one path, as far as it is in such a directory below `root`: the path or directory that stays.
pub(super) fn kept_of(root: &Path, path: &Path) -> Option<PathBuf> {
    let around = path.ancestors().skip(1).take_while(|around| around.starts_with(root) && *around != root);
    let has_all = |around: &&Path| OF_REPOSITORY.iter().all(|name| around.join(name).exists());
    if let Some(repository) = around.into_iter().find(has_all) {
        return Some(repository.to_owned());
    }
    let holder = path.parent().filter(|holder| holder.starts_with(root) && *holder != root)?;
    path.file_name()?.to_str().filter(|name| is_of_buildout(name))?;
    kept_in(holder, &names_in(holder)).into_iter().find(|kept| kept == path)
}

fn is_bare(directory: &Path, names: &[OsString]) -> bool {
    let has = |wanted: &&str| names.iter().any(|name| name == wanted);
    OF_REPOSITORY.iter().all(has) && directory.join("objects").is_dir()
}

/// Whether a name means something in the directory of a buildout. Hidden files, such as `.mr.developer.cfg`, are no configurations.
fn is_of_buildout(name: &str) -> bool {
    OF_BUILDOUT.contains(&name) || name.ends_with(".cfg") && !name.starts_with('.')
}

/// Whether a file shows that its directory is that of a buildout.
fn makes_buildout(directory: &Path, name: &str) -> bool {
    let path = directory.join(name);
    let is_configuration = || {
        let text = base::files::read_at_most(&path, LONGEST).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().any(|line| line.trim_start().starts_with("[buildout"))
    };
    matches!(name, "recipes.toml" | ".installed.cfg") || is_configuration()
}

fn names_in(directory: &Path) -> Vec<OsString> {
    std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
}

/// The existing paths that the settings of a repository name, such as `core.hooksPath` and `include.path`: what is there is
/// read or started by git. `checkout` is the directory `.git`, or a file in its place; `repository` has the settings.
pub(super) fn named_by_settings(checkout: &Path, repository: &Path) -> Vec<PathBuf> {
    let text = base::files::read_at_most(&repository.join("config"), LONGEST).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let setting = |line: &str| {
        let (key, value) = line.split_once('=')?;
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned());
        let is_path = value.contains(['/', '.']) || key.ends_with("path");
        (is_path && !value.is_empty() && !NO_FILES.contains(&key.as_str())).then_some(value)
    };
    let bases = [Some(repository), checkout.parent()];
    let paths = text
        .lines()
        .filter_map(setting)
        .flat_map(|value| bases.into_iter().flatten().map(move |base| normalize(&base.join(&value))));
    paths.filter(|path| path.exists() && !checkout.starts_with(path) && !repository.starts_with(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_buildouts_and_repositories_stay_as_they_are() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path();
        let at = |path: &str| root.join(path);
        for directory in ["sub", "etc", "mirror/objects", "mirror/refs", "app/.git", "hooks"] {
            std::fs::create_dir_all(at(directory)).unwrap();
        }
        for (path, text) in [
            ("sub/dev.cfg", "[buildout]\nextends = base.cfg\n"),
            ("sub/base.cfg", "[versions]\n"),
            ("etc/daemon.cfg", "[daemon]\n"),
            ("mirror/HEAD", ""),
            ("app/.git/config", "[core]\n\tbare = false\n\thooksPath = ../hooks\n\tworktree = ../../etc\n"),
        ] {
            std::fs::write(at(path), text).unwrap();
        }
        for path in ["sub/dev.cfg", "sub/base.cfg", "sub/recipes.toml", "sub/.installed.cfg", "mirror/hooks/update"] {
            assert!(kept_of(root, &at(path)).is_some(), "{path}");
        }
        for path in ["sub/new.cfg", "sub/data", "etc/daemon.cfg", "etc/recipes.toml", "recipes.toml", "hooks/x"] {
            assert_eq!(kept_of(root, &at(path)), None, "{path}");
        }
        assert_eq!(named_by_settings(&at("app/.git"), &at("app/.git")), [at("hooks")]);
        assert_eq!(kept_in(&at("mirror"), &names_in(&at("mirror"))), [at("mirror")]);
    }
}
