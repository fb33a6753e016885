//! The Python that a build must result in.

use buildout_recipe::{Command, Error, Runner, activity};
use native_builds::Checks;

use crate::modules;
use crate::version::{self, Version};

/// The expected result of the build.
pub(crate) struct ExpectedPython {
    pub(crate) part: String,
    /// The absolute path of its program.
    pub(crate) executable: String,
    /// Its version, if known before the build.
    pub(crate) version: Option<Version>,
    /// The modules that it must have.
    pub(crate) modules: Vec<String>,
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
