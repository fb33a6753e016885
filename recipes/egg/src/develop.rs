//! Entry point `develop`: installs a project in editable mode, with options for its extension modules.

use buildout_recipe::distributions::{BuildOptions, develop};
use buildout_recipe::{Description, Error, Init, OptionDescription, Paths, Recipe, Update};

use crate::build_ext;
use buildout_recipe::text::join;

/// A project in editable mode.
pub struct Develop {
    setup: String,
    extensions: Vec<(String, String)>,
}

impl Recipe for Develop {
    fn describe() -> Description {
        build_ext::described(
            Description::new(
                "Installs a Python project in editable mode, as `[buildout] develop` does, with options for its extension \
                 modules.",
            )
            .option(
                OptionDescription::path("setup", "The project: its directory, or its `setup.py` or `pyproject.toml`.")
                    .required(),
            ),
        )
        .grant_distributions()
        .grant_read("/")
        .grant_write("${buildout:develop-eggs-directory}")
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let (options, buildout) = (init.options(), init.buildout());
        options.set("_d", buildout.require("buildout", "develop-eggs-directory")?)?;
        let extensions = build_ext::read(init)?;
        let setup = join(&buildout.directory()?, options.require("setup")?.trim());
        options.set("setup", &setup)?;
        Ok(Self { setup, extensions })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        let options = BuildOptions { extensions: self.extensions.clone(), environment: Vec::new() };
        Ok(develop(&self.setup, None, &options)?.as_str().into())
    }
}

impl Update for Develop {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        self.install().map(Some)
    }
}
