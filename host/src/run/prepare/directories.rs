//! The directories of the buildout: their paths, and creating missing ones.

use std::path::{Path, PathBuf};

use base::event::{Level, Report};
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
    Ok(Locations::new(&Written {
        directory: &directory,
        parts: &require("parts-directory")?,
        other_parts: other_parts.or(rebootstrap.as_deref()),
        bin: &require("bin-directory")?,
        develop_eggs: &require("develop-eggs-directory")?,
        eggs: &require("eggs-directory")?,
        installed: &require("installed")?,
        configuration_directory: configuration.file_path().and_then(Path::parent).unwrap_or(&directory),
        configuration: &configuration.files,
        keys,
        homes,
    }))
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

/// Creates a directory and its parents, and reports that.
pub(in crate::run) fn create_one(directory: &Path, report: &dyn Report) -> Result<(), RunError> {
    if directory.is_dir() {
        return Ok(());
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
