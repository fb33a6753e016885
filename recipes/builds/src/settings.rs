//! The options of a part that is built.

use buildout_recipe::{Error, Init, Options};
use shared_parts::{PartLocation, filled, is_true, join};

use crate::environment::{self, BuildVariables};
use crate::phases::{BuildPhase, ShellCommands, phases};
use crate::sources::BuildSources;
use crate::values::{decide, lines, words};

/// The placeholder for the part's location in options.
const LOCATION: &str = "@@LOCATION@@";

/// What to build, and how.
pub struct BuildSettings {
    pub(crate) place: PartLocation,
    pub(crate) sources: BuildSources,
    /// The directory of the build: `own_directory`, or the directory of the sources.
    pub(crate) build_directory: String,
    /// The part's private directory next to its location. It never contains the user's sources.
    pub(crate) own_directory: String,
    pub(crate) keep_build_directory: bool,
    /// The commands to run, in order, each in a separate shell.
    pub(crate) phases: Vec<BuildPhase>,
    pub(crate) patches: Patches,
    pub(crate) environment: BuildVariables,
    /// The directory of the installation, if it is not in the location.
    pub(crate) prefix: Option<String>,
    /// Files that must exist after the installation.
    pub(crate) promises: Vec<String>,
}

/// Patches for the sources.
pub(crate) struct Patches {
    /// URLs, each optionally followed by `#DIGEST`.
    pub(crate) files: Vec<String>,
    /// The patch program and its options.
    pub(crate) command: String,
}

impl BuildSettings {
    /// Reads the options of the part that is being initialized, and sets `location` and `compile-directory`. Options that
    /// determine the content of a shared part must be set before. `commands` is called when the location is set.
    ///
    /// # Errors
    /// If an option cannot be read or is invalid, or if `commands` fails.
    pub fn of(
        init: &Init<'_>,
        commands: impl FnOnce(&PartLocation) -> Result<ShellCommands, Error>,
    ) -> Result<Self, Error> {
        let options = init.options();
        let environment = environment::read(init)?;
        // Options set before this line determine the location of a shared part; later ones must not.
        let place = PartLocation::of(init)?;
        check_path(place.location())?;
        set_location(init, &place)?;
        let sources = BuildSources::of(init)?;
        let parts = init.buildout().require("buildout", "parts-directory")?;
        let own_directory = format!("{}/{}__compile__", join(&init.buildout().directory()?, &parts), init.part());
        let build_directory = sources.in_place().unwrap_or(&own_directory).to_owned();
        options.set("compile-directory", &build_directory)?;
        let keep_all = init.buildout().get("buildout", "keep-compile-dir")?;
        let keep_build_directory =
            is_true(options, "keep-compile-dir")? || keep_all.is_some_and(|keep| keep.trim() == "true");
        // Reading it is enough: the parts it references are made before this one.
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
}

/// The location is inserted into commands and options, where these characters have a special meaning.
fn check_path(location: &str) -> Result<(), Error> {
    let Some(found) = location.chars().find(|c| "%$`\"'\\\n".contains(*c)) else { return Ok(()) };
    Err(Error::user(format!(
        "Cannot build at {location}: build commands do not support {found:?} in a path. Move the buildout, or set \
         parts-directory."
    )))
}

/// Sets `location`, and replaces `@@LOCATION@@` in all options.
fn set_location(init: &Init<'_>, place: &PartLocation) -> Result<(), Error> {
    let (options, part) = (init.options(), init.part());
    let location = place.location();
    if let Some(written) = options.get("location")? {
        options.set("location", written.replace(LOCATION, location))?;
    }
    decide(options, "location", location)?;
    for name in options.keys()? {
        // This read does not mark the option as used, so unused options are still reported.
        let value = init.buildout().require(&part, &name)?;
        if value.contains(LOCATION) {
            options.set(&name, value.replace(LOCATION, location))?;
        }
    }
    Ok(())
}

/// The variables of `environment-section` may contain the placeholder too.
fn environment_with_location(mut environment: BuildVariables, place: &PartLocation) -> BuildVariables {
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
