//! What the options of a part say.

use buildout_recipe::{Error, Init, Options};
use shared_parts::{Place, filled, is_true, join};

use crate::environment::{self, Variables};
use crate::sources::Sources;
use crate::template::expand;

/// What is to be replaced by the part's location, wherever it stands in an option.
const LOCATION: &str = "@@LOCATION@@";

/// Options of the Python recipe that name Python functions, and the option with which the same is done here.
const HOOKS: [(&str, &str); 3] =
    [("pre-configure-hook", "pre-configure"), ("pre-make-hook", "pre-build"), ("post-make-hook", "post-install")];

/// What a part is made of, and how.
pub(crate) struct Settings {
    pub(crate) place: Place,
    pub(crate) sources: Sources,
    /// Where it is built.
    pub(crate) build_directory: String,
    pub(crate) keep_build_directory: bool,
    /// What is run, in this order, each in a shell of its own.
    pub(crate) phases: Vec<Phase>,
    pub(crate) patches: Patches,
    pub(crate) environment: Variables,
    /// Files that must be there afterwards.
    pub(crate) promises: Vec<String>,
}

/// One step of the build.
pub(crate) struct Phase {
    /// Its name, for people.
    pub(crate) name: &'static str,
    /// A command of the shell.
    pub(crate) command: String,
}

/// Changes of the sources.
pub(crate) struct Patches {
    /// Addresses, each with `#DIGEST` if it has one.
    pub(crate) files: Vec<String>,
    /// Program and options.
    pub(crate) command: String,
}

impl Settings {
    pub(crate) fn of(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        refuse_hooks(options)?;
        let environment = environment::read(init)?;
        // All that is set before is part of what decides where a shared part lies; nothing that is set afterwards is.
        let place = Place::of(init)?;
        set_location(options, &place)?;
        check_prefix(init, &place)?;
        let sources = Sources::of(init)?;
        let build_directory = match sources.in_place() {
            Some(path) => path.to_owned(),
            None => {
                let parts = init.buildout().require("buildout", "parts-directory")?;
                format!("{}/{}__compile__", join(&init.buildout().directory()?, &parts), init.part())
            }
        };
        options.set("compile-directory", &build_directory)?;
        let keep_all = init.buildout().get("buildout", "keep-compile-dir")?;
        let keep_build_directory =
            is_true(options, "keep-compile-dir")? || keep_all.is_some_and(|keep| keep.trim() == "true");
        // Read only so that what it refers to is made before this part.
        options.get("depends")?;
        Ok(Self {
            phases: phases(options)?,
            patches: patches(options)?,
            environment: environment_with_location(environment, &place),
            promises: lines(options, "promises")?,
            place,
            sources,
            build_directory,
            keep_build_directory,
        })
    }

    /// The build directory that stays, and so belongs to the part.
    pub(crate) fn kept_directory(&self) -> Option<&str> {
        let kept = self.keep_build_directory
            && self.sources.in_place().is_none()
            // A shared part may have been built by another buildout.
            && std::path::Path::new(&self.build_directory).is_dir();
        kept.then_some(self.build_directory.as_str())
    }
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

/// Sets `location`, and puts it wherever `@@LOCATION@@` stands.
fn set_location(options: &Options, place: &Place) -> Result<(), Error> {
    let location = place.location();
    if let Some(written) = filled(options, "location")? {
        let written = written.replace(LOCATION, location);
        if written.trim_end_matches('/') != location {
            let message = format!(
                "The location of part {} is not for its section to choose: it is {location}, not {written}",
                options.part()
            );
            return Err(Error::user(message));
        }
    }
    options.set("location", location)?;
    for name in options.keys()? {
        let value = options.require(&name)?;
        if value.contains(LOCATION) {
            options.set(&name, value.replace(LOCATION, location))?;
        }
    }
    Ok(())
}

fn check_prefix(init: &Init<'_>, place: &Place) -> Result<(), Error> {
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

/// `environment-section` may name the location too.
fn environment_with_location(mut environment: Variables, place: &Place) -> Variables {
    for value in environment.values_mut() {
        *value = value.replace(LOCATION, place.location());
    }
    environment
}

fn phases(options: &Options) -> Result<Vec<Phase>, Error> {
    let prefix = options.require("prefix")?;
    let make = filled(options, "make-binary")?.unwrap_or_else(|| "make".to_owned());
    let make_options = words(options, "make-options", "")?;
    let targets = words(options, "make-targets", "install")?;
    let arguments = words(options, "configure-options", "")?;
    let configure = filled(options, "configure-command")?;
    let (configure, install) = match configure {
        // A command of the user's own may not have heard of the prefix: `make install` has.
        Some(command) if make == "make" && targets == "install" => {
            (format!("{command} {arguments}"), format!("make {make_options} install prefix=\"{prefix}\""))
        }
        Some(command) => (format!("{command} {arguments}"), format!("{make} {make_options} {targets}")),
        None => {
            let given = if arguments.contains("--prefix") { String::new() } else { format!("--prefix=\"{prefix}\" ") };
            (format!("./configure {given}{arguments}"), format!("{make} {make_options} {targets}"))
        }
    };
    let written = |name: &str| Ok::<_, Error>(filled(options, name)?.unwrap_or_default());
    let all = [
        ("pre-configure", written("pre-configure")?),
        ("configure", configure),
        ("pre-build", written("pre-build")?),
        ("make", format!("{make} {make_options}")),
        ("pre-install", written("pre-install")?),
        ("make install", install),
        ("post-install", written("post-install")?),
    ];
    let mut phases = Vec::new();
    for (name, command) in all {
        let command = expand(&command, &format!("The command of {name}"), |name| options.get(name))?;
        if !command.trim().is_empty() {
            phases.push(Phase { name, command: command.trim().to_owned() });
        }
    }
    Ok(phases)
}

fn patches(options: &Options) -> Result<Patches, Error> {
    let program = filled(options, "patch-binary")?.unwrap_or_else(|| "patch".to_owned());
    let arguments = words(options, "patch-options", "-p0")?;
    let files = words(options, "patches", "")?.split_whitespace().map(str::to_owned).collect();
    Ok(Patches { files, command: format!("{program} {arguments}") })
}

/// The option's words, with one space between them; `default` if there is no such option.
fn words(options: &Options, name: &str, default: &str) -> Result<String, Error> {
    let text = options.get_or(name, default)?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn lines(options: &Options, name: &str) -> Result<Vec<String>, Error> {
    let text = options.get_or(name, "")?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
