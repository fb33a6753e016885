//! Built-in recipe `python-build`: builds and installs a Python, and checks its version and modules.
//!
//! `settings` reads the recipe's own options, `expected` checks the result with `version` and `modules`. The crate `native-builds` has the code
//! for all recipes that build software.

mod description;
mod expected;
mod modules;
mod settings;
mod version;

use buildout_recipe::{Cacheable, Description, Error, Init, Inputs, Paths, Recipe, Update};
use native_builds::BuildSettings;

use expected::ExpectedPython;

/// A part that is a Python.
pub struct PythonBuild {
    settings: BuildSettings,
    python: ExpectedPython,
}

impl Recipe for PythonBuild {
    fn describe() -> Description {
        description::description()
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let (settings, python) = settings::read(init)?;
        Ok(Self { settings, python })
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

impl Cacheable for PythonBuild {
    fn inputs(&mut self) -> Result<Inputs, Error> {
        Ok(self.settings.inputs())
    }
}

buildout_recipe::export! { package "python-build"; "default" => PythonBuild }

#[cfg(test)]
mod tests;
