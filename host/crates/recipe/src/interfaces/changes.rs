//! What a call may change in the sections of the buildout: an extension before the parts everything that decides no rights,
//! `init` only what its part has added.

use std::path::PathBuf;

use super::bindings::buildout::recipe::options::SetError;
use super::bindings::buildout::recipe::types::UnnamedError;
use crate::call::{Call, Phase};
use crate::grants::locations::is_part_name;
use crate::grants::mounts::normalize;
use crate::grants::rights::Rights;
use crate::limits;
use config::options::Buildout;

/// Options of `[buildout]` that decide what programs may read, write, fetch and start, where the host writes, and where
/// recipes come from. No program changes them, nor those of the remote cache and executor.
const DECIDING: [&str; 21] = [
    "allow-hosts",
    "bin-directory",
    "develop-eggs-directory",
    "directory",
    "download-cache",
    "dump-picked-versions-file",
    "eggs-directory",
    "eggs-directory-version",
    "executable",
    "extends-cache",
    "extensions",
    "find-links",
    "index",
    "installed",
    "parts-directory",
    "python",
    "rebootstrap-directory",
    "rebootstrap-prepend-paths",
    "shared-part-list",
    "sources-dir",
    "update-versions-file",
];

/// A change of a section.
pub(super) enum SectionChange<'a> {
    Set { section: &'a str, name: &'a str, value: &'a str },
    Remove { section: &'a str, name: &'a str },
    Add { section: &'a str, options: &'a [(String, String)] },
}

impl SectionChange<'_> {
    pub(super) fn section(&self) -> &str {
        match self {
            Self::Set { section, .. } | Self::Remove { section, .. } | Self::Add { section, .. } => section,
        }
    }

    /// The options with their new values.
    pub(super) fn options(&self) -> Vec<(&str, Option<&str>)> {
        match self {
            Self::Set { name, value, .. } => vec![(name, Some(value))],
            Self::Remove { name, .. } => vec![(name, None)],
            Self::Add { options, .. } => options.iter().map(|(name, value)| (&**name, Some(&**value))).collect(),
        }
    }

    /// Refuses what the call may not change.
    pub(super) fn check(&self, call: &mut Call, buildout: &Buildout) -> Result<(), SetError> {
        match call.phase {
            Phase::Extend => {}
            Phase::Init if matches!(self, Self::Add { .. }) => {}
            Phase::Init if buildout.added_by(self.section()).is_some_and(|by| by == call.part) => {}
            Phase::Init => return Err(refused("A recipe changes only its own section and those that it has added")),
            _ => return Err(SetError::AfterInit),
        }
        for (name, value) in self.options() {
            check_name(name)?;
            count(call, name, value.unwrap_or_default())?;
            self.check_rights(call, buildout, name, value)?;
        }
        Ok(())
    }

    /// Refuses options by which a program would get rights that it does not have.
    fn check_rights(&self, call: &Call, buildout: &Buildout, name: &str, value: Option<&str>) -> Result<(), SetError> {
        let decides = (DECIDING.contains(&name) || name.starts_with("remote-")) && !is_same(buildout, name, value);
        if self.section() == "buildout" && (decides || ends_offline(buildout, name, value)) {
            return Err(refused("This option decides what programs may do: set it in the configuration"));
        }
        if call.phase != Phase::Init {
            return Ok(());
        }
        if call.is_fixed(self.section(), name) {
            return Err(refused("A grant depends on this option: set it in the configuration"));
        }
        // Another recipe may have grants that this one has not.
        let package = |reference: &str| reference.split(':').next().unwrap_or_default().trim().to_owned();
        match name == "recipe" && value.is_some_and(|reference| package(reference) != package(&call.recipe)) {
            true => Err(refused("A recipe can add only parts of its own package")),
            false => Ok(()),
        }
    }
}

/// Whether a deciding option keeps its value. mr.developer makes the path of its sources absolute, also of the default.
fn is_same(buildout: &Buildout, name: &str, value: Option<&str>) -> bool {
    let option = |name| buildout.get("buildout", name).ok().flatten();
    let now = option(name);
    if name != "sources-dir" {
        return now.as_deref() == value;
    }
    let directory = PathBuf::from(option("directory").unwrap_or_default());
    let path = |value: &str| normalize(&directory.join(value));
    value.is_some_and(|value| path(value) == path(now.as_deref().unwrap_or("src")))
}

/// Whether a run that the user wants offline would use the network.
fn ends_offline(buildout: &Buildout, name: &str, value: Option<&str>) -> bool {
    let is_offline = || buildout.get("buildout", name).ok().flatten().is_some_and(|now| now == "true");
    name == "offline" && value != Some("true") && is_offline()
}

/// Refuses names that cannot be written in a configuration, and what the host recorded.
fn check_name(name: &str) -> Result<(), SetError> {
    let is_invalid = name.is_empty() || name.starts_with(' ') || name.starts_with("__buildout_");
    match is_invalid || name.contains(['\n', '\r', '=', ':', ']', '\0']) {
        true => Err(SetError::InvalidName),
        false => Ok(()),
    }
}

/// Refuses options that the recipe of a part may not set in its own section: also those that the host trusts.
pub(super) fn check_own_name(name: &str) -> Result<(), SetError> {
    if name == "recipe" { Err(SetError::InvalidName) } else { check_name(name) }
}

/// Refuses to change which paths a grant opens to the recipe. Another form of the same path is allowed: recipes make paths
/// absolute.
pub(super) fn check_fixed(value: &str, current: Option<&str>, rights: &Rights) -> Result<(), SetError> {
    let path = |value: &str| normalize(&rights.directory().join(value));
    let is_same = current.is_some_and(|current| path(current) == path(value));
    if is_same { Ok(()) } else { Err(SetError::InvalidName) }
}

/// Refuses names that a section cannot have.
pub(super) fn check_section(call: &Call, name: &str) -> Result<(), SetError> {
    if name.len() > limits::OPTION_NAME || call.options_set > limits::OPTIONS_SET {
        return Err(SetError::Limit);
    }
    let is_valid = is_part_name(name) && !name.contains(['[', ']', ':', '\n', '\r', '#', ';']) && name.trim() == name;
    if is_valid { Ok(()) } else { Err(SetError::InvalidName) }
}

/// Counts an option that is set.
pub(super) fn count(call: &mut Call, name: &str, value: &str) -> Result<(), SetError> {
    call.options_set += 1;
    let is_too_much = call.options_set > limits::OPTIONS_SET;
    match is_too_much || name.len() > limits::OPTION_NAME || value.len() > limits::OPTION_VALUE {
        true => Err(SetError::Limit),
        false => Ok(()),
    }
}

pub(super) fn refused(message: &str) -> SetError {
    SetError::Other(UnnamedError { code: "not-granted".to_owned(), message: message.to_owned() })
}
