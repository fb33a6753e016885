//! The directories of the buildout: their paths, and creating missing ones.

use std::path::{Path, PathBuf};

use base::event::{Level, Report};
use base::paths::normalize;
use config::options::Buildout;
use fetch::{DownloadSettings, TransferLimits};
use recipe::{Locations, Written};
use registry::oci::RemoteSettings;

use super::super::fault::RunFault;
use crate::error::RunError;

/// Reads the standard directories from `[buildout]`. `other_parts` is a second directory of parts, in addition to
/// `parts-directory`; by default `rebootstrap-directory`. `keys` are files of public keys, `homes` the home directories of the user.
///
/// # Errors
/// When an option of `[buildout]` cannot be substituted.
pub(in crate::run) fn locations(
    buildout: &Buildout,
    other_parts: Option<&str>,
    keys: &[PathBuf],
    homes: &[PathBuf],
) -> Result<Locations, RunError> {
    let require = |option: &str| buildout.require("buildout", option);
    let rebootstrap = buildout.get("buildout", "rebootstrap-directory")?.filter(|directory| !directory.is_empty());
    let configuration = buildout.configuration();
    let directory = configuration.working_directory.join(require("directory")?);
    for option in ["parts-directory", "bin-directory", "eggs-directory", "develop-eggs-directory"] {
        check_home(buildout, option, &directory, homes)?;
    }
    SWITCHES.iter().try_for_each(|option| check_switch(buildout, option))?;
    // A cache may be a directory of another kind.
    let used =
        [directory.clone(), directory.join(require("parts-directory")?), directory.join(require("bin-directory")?)];
    let is_used = |path: &&PathBuf| used.iter().any(|used| normalize(used).starts_with(normalize(path)));
    let reserved = configuration.reserved.iter().filter(|path| !is_used(path));
    Ok(Locations::new(&Written {
        directory: &directory,
        parts: &require("parts-directory")?,
        other_parts: other_parts.or(rebootstrap.as_deref()),
        bin: &require("bin-directory")?,
        develop_eggs: &require("develop-eggs-directory")?,
        eggs: &require("eggs-directory")?,
        installed: &require("installed")?,
        configuration_directory: configuration.file_path().and_then(Path::parent).unwrap_or(&directory),
        configuration: &configuration.files.iter().chain(reserved).cloned().collect::<Vec<_>>(),
        keys,
        homes,
    }))
}

/// The options of `[buildout]` that are on or off.
const SWITCHES: [&str; 8] = [
    "allow-picked-versions",
    "allow-unknown-extras",
    "install-from-cache",
    "newest",
    "offline",
    "prefer-final",
    "show-picked-versions",
    "use-dependency-links",
];

/// Refuses a value of a switch that means neither on nor off, also where the switch makes no difference in this run.
fn check_switch(buildout: &Buildout, option: &str) -> Result<(), RunError> {
    let value = buildout.get("buildout", option)?.unwrap_or_default();
    if ["", "true", "false"].contains(&value.trim()) {
        return Ok(());
    }
    let place = buildout.place_of("buildout", Some(option));
    let expected = "it must be true or false";
    Err(RunFault::Value { option: format!("buildout:{option}"), value, expected, place }.into())
}

/// Directories in a home directory that hold secrets of the user.
const PRIVATE: [&str; 9] =
    [".aws", ".azure", ".config", ".docker", ".gnupg", ".kube", ".mozilla", ".password-store", ".ssh"];

/// Refuses a directory of the buildout that would open the home directory, or secrets in it, to recipes.
fn check_home(buildout: &Buildout, option: &str, directory: &Path, homes: &[PathBuf]) -> Result<(), RunError> {
    let value = buildout.require("buildout", option)?;
    let path = normalize(&directory.join(&value));
    let is_private = |home: &PathBuf| {
        let first = path.strip_prefix(home).ok().and_then(|rest| rest.iter().next());
        home.starts_with(&path) || first.is_some_and(|first| PRIVATE.iter().any(|name| first == *name))
    };
    if path.starts_with(directory) || !homes.iter().any(is_private) {
        return Ok(());
    }
    let place = buildout.place_of("buildout", Some(option));
    let (option, expected) = (format!("buildout:{option}"), "recipes could use what is in your home directory");
    Err(RunFault::Value { option, value, expected, place }.into())
}

/// Creates the missing directories, in zc.buildout 1.0's order.
///
/// # Errors
/// When one cannot be created.
pub(in crate::run) fn create(locations: &Locations, buildout: &Buildout, report: &dyn Report) -> Result<(), RunError> {
    for directory in [&locations.bin, &locations.parts, &locations.eggs, &locations.develop_eggs] {
        create_one(directory, report)?;
    }
    for option in ["download-cache", "extends-cache"] {
        if let Some(cache) = buildout.get("buildout", option)?.filter(|cache| !cache.is_empty()) {
            create_one(&locations.directory.join(cache), report)?;
        }
    }
    Ok(())
}

/// The first symbolic link on the way to `path` that leads to nothing, with its target.
fn dangling(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let ways: Vec<&Path> = path.ancestors().collect();
    let link = ways.into_iter().rev().find(|way| way.is_symlink() && !way.exists())?;
    Some((link.to_owned(), std::fs::read_link(link).ok()?))
}

/// Creates a directory and its parents, and reports that.
pub(in crate::run) fn create_one(directory: &Path, report: &dyn Report) -> Result<(), RunError> {
    if directory.is_dir() {
        return Ok(());
    }
    if let Some((link, target)) = dangling(directory) {
        return Err(RunFault::Dangling { link, target }.into());
    }
    report.log(Level::Info, &format!("Creating directory {}", directory.display()));
    std::fs::create_dir_all(directory).map_err(|error| RunFault::io(directory, "cannot create directory", error).into())
}

/// The settings for registries in `[buildout]`: `offline`, `install-from-cache`, `socket-timeout`.
pub(in crate::run) fn registries(buildout: &Buildout) -> RemoteSettings {
    let option = |name: &str| buildout.get("buildout", name).ok().flatten();
    // Invalid values are reported when sources are downloaded.
    let downloads = DownloadSettings::of_options(&option, Path::new(""), Path::new(""), &base::event::Silent);
    let mut limits = TransferLimits::for_registries();
    if let Some(Ok(seconds)) =
        option("socket-timeout").map(|value| value.trim().parse().map(std::time::Duration::from_secs))
    {
        limits.give_up_after(seconds);
    }
    RemoteSettings { network: downloads.network, limits, ..RemoteSettings::default() }
}
