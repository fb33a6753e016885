//! Built-in recipe `cmmi`: builds and installs software with `configure` and `make`, as `slapos.recipe.cmmi` does.
//!
//! `settings` are the options that are its own. What is the same for all recipes that build software is in the crate
//! `native-builds`, what is the same for all parts that may be shared in `shared-parts`.

mod description;
mod settings;

use buildout_recipe::{Description, Error, Init, Paths, Recipe, Update};
use native_builds::Settings;

/// Software that is built.
pub struct Cmmi {
    settings: Settings,
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

buildout_recipe::export! { package "cmmi"; "default" => Cmmi, "cmmi" => Cmmi }

#[cfg(test)]
mod tests;
