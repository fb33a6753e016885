//! Built-in recipe `cmmi`: builds and installs software with `configure` and `make`, as `slapos.recipe.cmmi` does.
//!
//! `settings` reads the recipe's own options. The crate `native-builds` has the code for all recipes that build software,
//! and `shared-parts` the code for parts that several buildouts can share.

mod description;
mod settings;

use buildout_recipe::{Cacheable, Description, Error, Init, Inputs, Paths, Recipe, Update};
use native_builds::BuildSettings;

/// A part that is built with `configure` and `make`.
pub struct Cmmi {
    settings: BuildSettings,
}

impl Recipe for Cmmi {
    fn describe() -> Description {
        description::description()
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        Ok(Self { settings: settings::read(init)? })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        self.settings.install(&())
    }
}

impl Update for Cmmi {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        self.settings.update(&())
    }
}

impl Cacheable for Cmmi {
    fn inputs(&mut self) -> Result<Inputs, Error> {
        Ok(self.settings.inputs())
    }
}

buildout_recipe::export! { package "cmmi"; "default" => Cmmi, "cmmi" => Cmmi }

#[cfg(test)]
mod tests;
