//! Entry point `scripts`: installs distributions, and generates their scripts.

use buildout_recipe::distributions::{Distribution, ScriptEntryPoint, ScriptRequest, write_scripts};
use buildout_recipe::{Description, Error, Init, OptionDescription, Paths, Recipe, Update};

use crate::eggs::{Eggs, described};
use crate::text::paths;

/// Scripts of distributions.
pub struct EggScripts {
    eggs: Eggs,
    directory: String,
    /// The scripts to generate, and their new names; all if `None`.
    selected: Option<Vec<(String, String)>>,
    entry_points: String,
    extra_paths: Vec<String>,
    interpreter: Option<String>,
    initialization: String,
    arguments: String,
    relative_to: Option<String>,
    dependent: bool,
}

impl Recipe for EggScripts {
    fn describe() -> Description {
        own_options(described(
            "Installs Python distributions in the eggs directory, and generates their scripts.\n\nA script has the paths of \
             the distributions in it, so it uses exactly these, whatever else is installed. The entry points `scripts` and \
             `script` are the same.",
        ))
        .grant_write("${buildout:bin-directory}")
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let (options, buildout) = (init.options(), init.buildout());
        let eggs = Eggs::init(init)?;
        let directory = buildout.require("buildout", "bin-directory")?;
        options.set("bin-directory", &directory)?;
        options.set("_b", &directory)?;
        let base = buildout.directory()?;
        let extra_paths = paths(&options.get_or("extra-paths", "")?, &base);
        if !extra_paths.is_empty() {
            options.set("extra-paths", extra_paths.join("\n"))?;
        }
        let relative = match options.get("relative-paths")? {
            Some(own) => own,
            None => buildout.get("buildout", "relative-paths")?.unwrap_or_else(|| "false".to_owned()),
        };
        let relative_to = switch("relative-paths", &relative)?.then_some(base);
        if let Some(base) = &relative_to {
            options.set("buildout-directory", base)?;
        }
        Ok(Self {
            eggs,
            directory,
            selected: options.get("scripts")?.map(|names| selected(&names)),
            entry_points: options.get_or("entry-points", "")?,
            extra_paths,
            interpreter: options.get("interpreter")?.filter(|name| !name.is_empty()),
            initialization: options.get_or("initialization", "")?,
            arguments: options.get_or("arguments", "")?,
            relative_to,
            dependent: switch("dependent-scripts", &options.get_or("dependent-scripts", "")?)?,
        })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        let distributions = self.eggs.working_set()?;
        // An empty `scripts` means none, not even an interpreter.
        if self.selected.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Paths::none());
        }
        let request = ScriptRequest {
            requirements: self.requirements(&distributions),
            entry_points: entry_points(&self.entry_points)?,
            distributions,
            extra_paths: self.extra_paths.clone(),
            directory: self.directory.clone(),
            selected: self.selected.clone(),
            interpreter: self.interpreter.clone(),
            initialization: self.initialization.clone(),
            arguments: self.arguments.clone(),
            relative_to: self.relative_to.clone(),
        };
        Ok(write_scripts(&request)?.iter().collect())
    }
}

impl Update for EggScripts {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        self.install().map(Some)
    }
}

impl EggScripts {
    /// Requirements of the distributions whose scripts are generated.
    fn requirements(&self, distributions: &[Distribution]) -> Vec<String> {
        let mut requirements = self.eggs.requirements().to_vec();
        if self.dependent {
            for name in distributions.iter().map(|distribution| &distribution.name) {
                if name != "setuptools" && !requirements.contains(name) {
                    requirements.push(name.clone());
                }
            }
        }
        requirements
    }
}

fn own_options(description: Description) -> Description {
    description
        .option(OptionDescription::words(
            "scripts",
            "The scripts to generate. `NAME=OTHER` generates the script `NAME` under the name `OTHER`. The default is all \
             scripts of the distributions in `eggs`. If the option is empty, nothing is generated.",
        ))
        .option(OptionDescription::boolean(
            "dependent-scripts",
            "Whether to generate the scripts of all installed distributions, including those that others require.",
        ))
        .option(OptionDescription::words(
            "entry-points",
            "Further scripts, each written `NAME=MODULE:ATTRIBUTES`: for distributions that declare none.",
        ))
        .option(OptionDescription::text("interpreter", "The name of a script that is a Python interpreter with the same path."))
        .option(OptionDescription::lines(
            "extra-paths",
            "Further directories for the path of the scripts, relative to the buildout directory.",
        ))
        .option(OptionDescription::text(
            "initialization",
            "Python statements that a script runs before it imports its module.",
        ))
        .option(OptionDescription::text(
            "arguments",
            "The arguments that a script passes to its function, in Python. Example: `1, name='x'`.",
        ))
        .option(OptionDescription::boolean(
            "relative-paths",
            "Whether paths below the buildout directory are relative to the script, so that the buildout can be moved. The \
             default is that of `[buildout]`, or `false`.",
        ))
}

/// The names of scripts and their new names.
pub(crate) fn selected(names: &str) -> Vec<(String, String)> {
    let pair = |name: &str| {
        let (name, target) = name.split_once('=').unwrap_or((name, name));
        (name.to_owned(), target.to_owned())
    };
    names.split_whitespace().map(pair).collect()
}

/// Reads `NAME=MODULE:ATTRIBUTES` words.
pub(crate) fn entry_points(words: &str) -> Result<Vec<ScriptEntryPoint>, Error> {
    let read = |word: &str| {
        entry_point(word).ok_or_else(|| {
            buildout_recipe::error!("Cannot parse the entry point {word}.");
            Error::user("Invalid entry point")
        })
    };
    words.split_whitespace().map(read).collect()
}

fn entry_point(word: &str) -> Option<ScriptEntryPoint> {
    let (name, object) = word.split_once('=')?;
    let (module, attributes) = object.split_once(':')?;
    let dotted = |text: &str| {
        text.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'))
    };
    let valid = !name.is_empty() && dotted(module) && dotted(attributes);
    valid.then(|| ScriptEntryPoint {
        name: name.to_owned(),
        module: module.to_owned(),
        attributes: attributes.to_owned(),
    })
}

/// An option that is on or off; an empty one is off.
fn switch(name: &str, value: &str) -> Result<bool, Error> {
    match value {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        _ => Err(Error::user(format!("Invalid value for {name} option: {value}"))),
    }
}
