//! The recipe's own options: the prefix, and the commands to configure and install.

use buildout_recipe::{Error, Init, Options};
use native_builds::{BuildSettings, ShellCommands, make, words};
use shared_parts::{PartLocation, filled, is_true, join};

/// Options of the Python recipe that name Python functions, and the options that replace them here.
const HOOKS: [(&str, &str); 3] =
    [("pre-configure-hook", "pre-configure"), ("pre-make-hook", "pre-build"), ("post-make-hook", "post-install")];

/// Reads the options of the part that is being initialized.
pub(crate) fn read(init: &Init<'_>) -> Result<BuildSettings, Error> {
    reject_hooks(init.options())?;
    BuildSettings::of(init, |place| {
        let prefix = set_prefix(init, place)?;
        commands(init.options(), prefix)
    })
}

fn reject_hooks(options: &Options) -> Result<(), Error> {
    for (hook, replacement) in HOOKS {
        if filled(options, hook)?.is_some() {
            let message = format!(
                "Option {hook} of part {} is not supported, because it contains Python code: use shell commands in \
                 {replacement} instead",
                options.part()
            );
            return Err(Error::user(message));
        }
    }
    Ok(())
}

/// Sets `prefix`. Returns the prefix if it is outside the location.
fn set_prefix(init: &Init<'_>, place: &PartLocation) -> Result<Option<String>, Error> {
    let options = init.options();
    let directory = init.buildout().directory()?;
    let prefix =
        filled(options, "prefix")?.map_or_else(|| place.location().to_owned(), |prefix| join(&directory, &prefix));
    options.set("prefix", &prefix)?;
    if contains(place.location(), &prefix) {
        return Ok(None);
    }
    if is_true(options, "shared")? {
        return Err(Error::user(format!(
            "The prefix of a part with shared = true must be in its location, but {prefix} is outside"
        )));
    }
    if contains(&prefix, &directory) {
        return Err(Error::user(format!("Cannot install to the prefix {prefix}, because it contains the buildout")));
    }
    Ok(Some(prefix))
}

/// Whether `path` is `directory` or below it. Both are absolute and normalized.
fn contains(directory: &str, path: &str) -> bool {
    let rest = path.strip_prefix(directory.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn commands(options: &Options, prefix: Option<String>) -> Result<ShellCommands, Error> {
    let make = make(options)?;
    let targets = words(options, "make-targets", "install")?;
    let arguments = words(options, "configure-options", "")?;
    let is_usual = filled(options, "make-binary")?.is_none_or(|program| program == "make") && targets == "install";
    let (configure, install) = match filled(options, "configure-command")? {
        // A command of the user may not pass on the prefix, so `make install` does.
        Some(command) if is_usual => {
            (format!("{command} {arguments}"), format!("{make} install prefix=\"%(prefix)s\""))
        }
        Some(command) => (format!("{command} {arguments}"), format!("{make} {targets}")),
        None => {
            let given = if arguments.contains("--prefix") { "" } else { "--prefix=\"%(prefix)s\" " };
            (format!("./configure {given}{arguments}"), format!("{make} {targets}"))
        }
    };
    Ok(ShellCommands { configure, make, install, prefix })
}
