//! What the options of a part say that is built.

use buildout_recipe::{Error, Init, Options, Paths};
use shared_parts::{Place, filled, is_true, join};

use crate::build::{Checks, build};
use crate::environment::{self, Variables};
use crate::phases::{Commands, Phase, phases};
use crate::sources::Sources;

/// What is to be replaced by the part's location, wherever it stands in an option.
const LOCATION: &str = "@@LOCATION@@";

/// What a part is made of, and how.
pub struct Settings {
    pub(crate) place: Place,
    pub(crate) sources: Sources,
    /// Where it is built: in `own_directory`, or where the sources are.
    pub(crate) build_directory: String,
    /// The part's own directory beside its location, which no sources of the person's are in.
    pub(crate) own_directory: String,
    pub(crate) keep_build_directory: bool,
    /// What is run, in this order, each in a shell of its own.
    pub(crate) phases: Vec<Phase>,
    pub(crate) patches: Patches,
    pub(crate) environment: Variables,
    /// Where it is installed, if not in the location.
    pub(crate) prefix: Option<String>,
    /// Files that must be there afterwards.
    pub(crate) promises: Vec<String>,
}

/// Changes of the sources.
pub(crate) struct Patches {
    /// Addresses, each with `#DIGEST` if it has one.
    pub(crate) files: Vec<String>,
    /// Program and options.
    pub(crate) command: String,
}

impl Settings {
    /// Reads the options of the part that is being initialised, and sets `location` and `compile-directory`. What decides
    /// what a shared part is like must be set before; `commands` is called when the location is known and set.
    ///
    /// # Errors
    /// When an option cannot be read or makes no sense, and those of `commands`.
    pub fn of(init: &Init<'_>, commands: impl FnOnce(&Place) -> Result<Commands, Error>) -> Result<Self, Error> {
        let options = init.options();
        let environment = environment::read(init)?;
        // All that is set before is part of what decides where a shared part lies; nothing that is set afterwards is.
        let place = Place::of(init)?;
        check_path(place.location())?;
        set_location(init, &place)?;
        let sources = Sources::of(init)?;
        let parts = init.buildout().require("buildout", "parts-directory")?;
        let own_directory = format!("{}/{}__compile__", join(&init.buildout().directory()?, &parts), init.part());
        let build_directory = sources.in_place().unwrap_or(&own_directory).to_owned();
        options.set("compile-directory", &build_directory)?;
        let keep_all = init.buildout().get("buildout", "keep-compile-dir")?;
        let keep_build_directory =
            is_true(options, "keep-compile-dir")? || keep_all.is_some_and(|keep| keep.trim() == "true");
        // Read only so that what it refers to is made before this part.
        options.get("depends")?;
        let commands = commands(&place)?;
        Ok(Self {
            phases: phases(options, &commands)?,
            prefix: commands.prefix,
            patches: patches(options)?,
            environment: environment_with_location(environment, &place),
            promises: lines(options, "promises")?,
            place,
            sources,
            build_directory,
            own_directory,
            keep_build_directory,
        })
    }

    /// Builds and installs the part. Returns the paths that the buildout owns.
    ///
    /// # Errors
    /// When a step or a check fails: nothing is then left at the location.
    pub fn install(&self, checks: &dyn Checks) -> Result<Paths, Error> {
        let mut paths = self.place.install(|| build(self, checks))?;
        if let Some(kept) = self.kept_directory() {
            paths.push(kept);
        }
        Ok(paths)
    }

    /// Looks after an installed part: a shared one that somebody removed is made again.
    ///
    /// # Errors
    /// As [`Self::install`].
    pub fn update(&self, checks: &dyn Checks) -> Result<Option<Paths>, Error> {
        self.place.update(|| build(self, checks))
    }

    /// The directory that stays, and so belongs to the part.
    fn kept_directory(&self) -> Option<&str> {
        // A shared part may have been built by another buildout.
        let kept = self.keep_build_directory && std::path::Path::new(&self.own_directory).is_dir();
        kept.then_some(self.own_directory.as_str())
    }
}

/// The location stands in commands and in options, where these mean something else.
fn check_path(location: &str) -> Result<(), Error> {
    let Some(found) = location.chars().find(|c| "%$`\"'\\\n".contains(*c)) else { return Ok(()) };
    Err(Error::user(format!(
        "Nothing can be built at {location}: in the commands of a build, {found:?} is no part of a path. Move the buildout, \
         or set parts-directory"
    )))
}

/// Sets `location`, and puts it wherever `@@LOCATION@@` stands.
fn set_location(init: &Init<'_>, place: &Place) -> Result<(), Error> {
    let (options, part) = (init.options(), init.part());
    let location = place.location();
    if let Some(written) = options.get("location")? {
        options.set("location", written.replace(LOCATION, location))?;
    }
    decide(options, "location", location)?;
    for name in options.keys()? {
        // Not read, only looked at: an option that nothing uses is still told.
        let value = init.buildout().require(&part, &name)?;
        if value.contains(LOCATION) {
            options.set(&name, value.replace(LOCATION, location))?;
        }
    }
    Ok(())
}

/// Sets an option that is a path which the recipe alone decides.
///
/// # Errors
/// When the section says something else.
pub fn decide(options: &Options, name: &str, value: &str) -> Result<(), Error> {
    match filled(options, name)? {
        Some(written) if written.trim_end_matches('/') != value => Err(Error::user(format!(
            "The {name} of part {} is not for its section to choose: it is {value}, not {written}",
            options.part()
        ))),
        _ => options.set(name, value),
    }
}

/// `environment-section` may name the location too.
fn environment_with_location(mut environment: Variables, place: &Place) -> Variables {
    for value in environment.values_mut() {
        *value = value.replace(LOCATION, place.location());
    }
    environment
}

fn patches(options: &Options) -> Result<Patches, Error> {
    let program = filled(options, "patch-binary")?.unwrap_or_else(|| "patch".to_owned());
    let arguments = words(options, "patch-options", "-p0")?;
    let files = words(options, "patches", "")?.split_whitespace().map(str::to_owned).collect();
    Ok(Patches { files, command: format!("{program} {arguments}") })
}

/// The option's words, with one space between them; `default` if there is no such option.
///
/// # Errors
/// When it cannot be read.
pub fn words(options: &Options, name: &str, default: &str) -> Result<String, Error> {
    let text = options.get_or(name, default)?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn lines(options: &Options, name: &str) -> Result<Vec<String>, Error> {
    let text = options.get_or(name, "")?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
