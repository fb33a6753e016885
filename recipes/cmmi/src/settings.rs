//! What the options of a part say that other builds do not have: the prefix, how it is configured and installed.

use buildout_recipe::{Error, Init, Options};
use native_builds::{Commands, Settings, make, words};
use shared_parts::{Place, filled, is_true, join};

/// Options of the Python recipe that name Python functions, and the option with which the same is done here.
const HOOKS: [(&str, &str); 3] =
    [("pre-configure-hook", "pre-configure"), ("pre-make-hook", "pre-build"), ("post-make-hook", "post-install")];

/// Reads the options of the part that is being initialised.
pub(crate) fn read(init: &Init<'_>) -> Result<Settings, Error> {
    refuse_hooks(init.options())?;
    Settings::of(init, |place| {
        let prefix = set_prefix(init, place)?;
        commands(init.options(), prefix)
    })
}

fn refuse_hooks(options: &Options) -> Result<(), Error> {
    for (hook, replacement) in HOOKS {
        if filled(options, hook)?.is_some() {
            let message = format!(
                "Option {hook} of part {} is Python, which no recipe here runs: write it as shell commands in \
                 {replacement}",
                options.part()
            );
            return Err(Error::user(message));
        }
    }
    Ok(())
}

/// Sets `prefix`. Returns it if it is not in the location.
fn set_prefix(init: &Init<'_>, place: &Place) -> Result<Option<String>, Error> {
    let options = init.options();
    let directory = init.buildout().directory()?;
    let prefix =
        filled(options, "prefix")?.map_or_else(|| place.location().to_owned(), |prefix| join(&directory, &prefix));
    options.set("prefix", &prefix)?;
    if holds(place.location(), &prefix) {
        return Ok(None);
    }
    if is_true(options, "shared")? {
        return Err(Error::user(format!(
            "A part with shared = true has its prefix in its location: {prefix} is outside"
        )));
    }
    if holds(&prefix, &directory) {
        return Err(Error::user(format!(
            "Nothing is installed into {prefix}, which holds the buildout: prefix is a directory in it, or another"
        )));
    }
    Ok(Some(prefix))
}

/// Whether `path` is `directory` or lies in it, both absolute and normal.
fn holds(directory: &str, path: &str) -> bool {
    let rest = path.strip_prefix(directory.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn commands(options: &Options, prefix: Option<String>) -> Result<Commands, Error> {
    let make = make(options)?;
    let targets = words(options, "make-targets", "install")?;
    let arguments = words(options, "configure-options", "")?;
    let is_usual = filled(options, "make-binary")?.is_none_or(|program| program == "make") && targets == "install";
    let (configure, install) = match filled(options, "configure-command")? {
        // A command of the user's own may not have heard of the prefix: `make install` has.
        Some(command) if is_usual => {
            (format!("{command} {arguments}"), format!("{make} install prefix=\"%(prefix)s\""))
        }
        Some(command) => (format!("{command} {arguments}"), format!("{make} {targets}")),
        None => {
            let given = if arguments.contains("--prefix") { "" } else { "--prefix=\"%(prefix)s\" " };
            (format!("./configure {given}{arguments}"), format!("{make} {targets}"))
        }
    };
    Ok(Commands { configure, make, install, prefix })
}
