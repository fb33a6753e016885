//! Recipe `{{name}}`: writes a text into a file of its own.

use buildout_recipe::{Context, Description, Error, Init, OptionDescription, Paths, Recipe, Update, info};

/// A part: what its section in a buildout says.
struct {{type_name}} {
    location: String,
    text: String,
}

impl Recipe for {{type_name}} {
    fn describe() -> Description {
        Description::new("Writes a text into the file `note.txt` of the part.")
            .option(OptionDescription::text("text", "What to write.").required())
    }

    /// Called in each run, before any part is made. The part is made again when its options have changed.
    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        options.set("location", options.location())?;
        Ok(Self { location: options.location(), text: options.require("text")? })
    }

    /// Makes the part, and gives what is to be removed when it goes.
    fn install(&mut self) -> Result<Paths, Error> {
        let file = format!("{}/note.txt", self.location);
        info!("Writing {file}");
        std::fs::create_dir_all(&self.location).context(format!("making {}", self.location))?;
        std::fs::write(&file, format!("{}\n", self.text)).context(format!("writing {file}"))?;
        Ok(self.location.as_str().into())
    }
}

/// Called instead of `install` where the part is there and its options are as they were.
impl Update for {{type_name}} {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        Ok(None)
    }
}

buildout_recipe::export! { "default" => {{type_name}} }
