//! Built-in recipe `python-build`: builds and installs a Python, and checks its version and modules.
//!
//! `settings` reads the recipe's own options, `version` and `modules` are the checks. The crate `native-builds` has the code
//! for all recipes that build software.

mod description;
mod modules;
mod settings;
mod version;

use buildout_recipe::{Command, Description, Error, Init, Paths, Recipe, Runner, Update, activity};
use native_builds::{BuildSettings, Checks};

use version::Version;

/// A part that is a Python.
pub struct PythonBuild {
    settings: BuildSettings,
    python: ExpectedPython,
}

/// The expected result of the build.
struct ExpectedPython {
    part: String,
    /// The absolute path of its program.
    executable: String,
    /// Its version, if known before the build.
    version: Option<Version>,
    /// The modules that it must have.
    modules: Vec<String>,
}

impl Recipe for PythonBuild {
    fn describe() -> Description {
        description::description()
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        settings::read(init)
    }

    fn install(&mut self) -> Result<Paths, Error> {
        self.settings.install(&self.python)
    }
}

impl Update for PythonBuild {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        self.settings.update(&self.python)
    }
}

impl Checks for ExpectedPython {
    /// Reports a wrong version before spending minutes on the build.
    fn sources(&self, directory: &str) -> Result<(), Error> {
        match Version::of_sources(directory) {
            Some(found) => self.expect(&found, "its sources are Python"),
            None => Ok(()),
        }
    }

    fn installed(&self, runner: &Runner) -> Result<(), Error> {
        activity("check");
        let outcome = Command::new(&self.executable).args(["-c", version::SCRIPT]).capture().run(runner)?;
        if !outcome.success() {
            return Err(Error::user(format!("{} does not work: it {}", self.executable, outcome.ending)));
        }
        self.expect(&Version::printed(&outcome.captured), "the build is Python")?;
        modules::check(&self.modules, &self.executable, runner)
    }
}

impl ExpectedPython {
    fn expect(&self, found: &Version, what: &str) -> Result<(), Error> {
        match &self.version {
            Some(wanted) if !wanted.includes(found) => {
                Err(Error::user(format!("Part {} requires Python {wanted}, but {what} {found}", self.part)))
            }
            _ => Ok(()),
        }
    }
}

buildout_recipe::export! { package "python-build"; "default" => PythonBuild }

#[cfg(test)]
mod tests;
