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
        set_prefix(init, place)?;
        commands(init.options())
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

fn set_prefix(init: &Init<'_>, place: &Place) -> Result<(), Error> {
    let options = init.options();
    let Some(prefix) = filled(options, "prefix")? else { return options.set("prefix", place.location()) };
    let prefix = join(&init.buildout().directory()?, &prefix);
    let inside = prefix.strip_prefix(place.location()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if !inside && is_true(options, "shared")? {
        return Err(Error::user(format!(
            "A part with shared = true has its prefix in its location: {prefix} is outside"
        )));
    }
    Ok(())
}

fn commands(options: &Options) -> Result<Commands, Error> {
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
    Ok(Commands { configure, make, install })
}
