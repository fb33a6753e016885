//! Built-in recipe `cmmi`: builds and installs software with `configure` and `make`, as `slapos.recipe.cmmi` does.
//!
//! `settings` are the options, `build` does the work, the others are parts of these. What is the same for all parts that
//! may be shared is in the crate `shared-parts`.

mod build;
mod description;
mod environment;
mod reproduce;
mod settings;
mod shebang;
mod sources;
mod template;

use buildout_recipe::{Description, Error, Init, Paths, Recipe, Update};

use settings::Settings;

/// Software that is built.
pub struct Cmmi {
    settings: Settings,
}

impl Recipe for Cmmi {
    fn describe() -> Description {
        description::description()
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        Ok(Self { settings: Settings::of(init)? })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        let mut paths = self.settings.place.install(|| build::build(&self.settings))?;
        if let Some(kept) = self.settings.kept_directory() {
            paths.push(kept);
        }
        Ok(paths)
    }
}

impl Update for Cmmi {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        self.settings.place.update(|| build::build(&self.settings))
    }
}

buildout_recipe::export! { package "cmmi"; "default" => Cmmi, "cmmi" => Cmmi }

#[cfg(test)]
mod tests;
