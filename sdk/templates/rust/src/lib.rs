//! Recipes of the package {{name}}.

use std::path::Path;

use buildout_recipe::{Context, Description, Error, Init, OptionDescription, Paths, Recipe, Update, error, info};

/// A directory in the part's own location.
struct Directory {
    location: String,
    path: String,
}

impl Recipe for Directory {
    fn describe() -> Description {
        Description::new("Makes a directory in the part's own location.")
            .option(OptionDescription::path("path", "The directory, relative to the part's location.").required())
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        let (location, path) = (options.location(), options.require("path")?);
        if path.starts_with('/') || path.split('/').any(|name| name == "..") {
            error!("{path} is not below {location}.");
            return Err(Error::user("Invalid Path"));
        }
        let path = format!("{location}/{path}");
        options.set("path", &path)?;
        Ok(Self { location, path })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        if !Path::new(&self.path).is_dir() {
            info!("Creating directory {}", self.path.rsplit('/').next().unwrap_or_default());
            std::fs::create_dir_all(&self.path).context(format!("creating {}", self.path))?;
        }
        Ok(self.location.as_str().into())
    }
}

impl Update for Directory {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        self.install().map(Some)
    }
}

buildout_recipe::export! { "default" => Directory }
