//! Built-in recipe `python-build`: builds and installs a Python, and sees that it is the wanted one and whole.
//!
//! `settings` are the options that are its own, `version` and `modules` are what it checks. How software is built is in
//! the crate `native-builds`.

mod description;
mod modules;
mod settings;
mod version;

use buildout_recipe::{Command, Description, Error, Init, Paths, Recipe, Runner, Update, activity};
use native_builds::{Checks, Settings};

use version::Version;

/// A Python that is built.
pub struct PythonBuild {
    settings: Settings,
    python: Python,
}

/// What is to come of the build.
struct Python {
    part: String,
    /// Its program, absolute.
    executable: String,
    /// Its version, if that is known before.
    version: Option<Version>,
    /// Modules that it must have.
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

impl Checks for Python {
    /// A mistake is told before minutes are spent on it.
    fn sources(&self, directory: &str) -> Result<(), Error> {
        match Version::of_sources(directory) {
            Some(found) => self.expect(&found, "its sources are those of"),
            None => Ok(()),
        }
    }

    fn installed(&self, runner: &Runner) -> Result<(), Error> {
        activity("check");
        let outcome = Command::new(&self.executable).args(["-c", version::SCRIPT]).capture().run(runner)?;
        if !outcome.success() {
            return Err(Error::user(format!("{} does not work: it {}", self.executable, outcome.ending)));
        }
        self.expect(&Version::printed(&outcome.captured), "what was built is")?;
        modules::check(&self.modules, &self.executable, runner)
    }
}

impl Python {
    fn expect(&self, found: &Version, what: &str) -> Result<(), Error> {
        match &self.version {
            Some(wanted) if !wanted.includes(found) => {
                Err(Error::user(format!("Part {} is to be Python {wanted}, but {what} {found}", self.part)))
            }
            _ => Ok(()),
        }
    }
}

buildout_recipe::export! { package "python-build"; "default" => PythonBuild }

#[cfg(test)]
mod tests;
