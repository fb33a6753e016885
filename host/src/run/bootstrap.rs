//! `bootstrap` and `init`: a first configuration, the directories, and the launcher `bin/buildout`.

use std::path::{Path, PathBuf};

use crate::files;

use super::error::{Fault, RunError};
use super::{Session, directories};

const FIRST_CONFIGURATION: &str = "[buildout]\nparts =\n";

/// Writes a minimal configuration. False if there is one already.
///
/// # Errors
/// When its directory does not exist, or the file cannot be written.
pub fn write_configuration(path: &Path) -> Result<bool, RunError> {
    if path.exists() {
        return Ok(false);
    }
    let directory = path.parent().unwrap_or(path);
    if !directory.exists() {
        return Err(Fault::NoDirectory { path: directory.to_owned() }.into());
    }
    files::replace(path, FIRST_CONFIGURATION.as_bytes())?;
    Ok(true)
}

/// Writes the first configuration of `init`.
///
/// # Errors
/// When there is one already, or it cannot be written.
pub fn write_new_configuration(path: &Path) -> Result<(), RunError> {
    if write_configuration(path)? { Ok(()) } else { Err(Fault::Exists { path: path.to_owned() }.into()) }
}

impl Session {
    /// Makes the directories and `bin/buildout`, which runs `host`.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn bootstrap(&self, host: &Path) -> Result<PathBuf, RunError> {
        let locations = self.locations()?;
        directories::create(&locations, &self.buildout, self.report())?;
        let launcher = locations.bin.join("buildout");
        files::replace_executable(&launcher, launcher_text(host).as_bytes())?;
        Ok(launcher)
    }
}

/// A shell script that runs the host, or says what is missing and how to get it back.
fn launcher_text(host: &Path) -> String {
    let host = quote(&host.to_string_lossy());
    format!(
        "#!/bin/sh\n\
         # Runs this buildout. Written by `buildout-host run bootstrap`; run that again after buildout-host has moved.\n\
         host={host}\n\
         if [ ! -x \"$host\" ]; then\n\
         \x20 echo \"Hint: install buildout-host, then run in this directory: buildout-host run bootstrap\" >&2\n\
         \x20 echo \"Error: $host, which made this buildout, is not there any more.\" >&2\n\
         \x20 exit 1\n\
         fi\n\
         exec \"$host\" run \"$@\"\n"
    )
}

/// A word as a POSIX shell reads it back.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quote("/a b/it's"), r"'/a b/it'\''s'");
    }
}
