//! A file that is fetched.

use buildout_recipe::{
    Command, Context, Description, Error, Init, OptionDescription, Paths, Recipe, Runner, Update, created,
};
use shared_parts::filled;

use crate::source::{Source, Target, describe};

/// A file.
pub struct File {
    source: Source,
    target: Target,
    /// Where the file goes, absolute.
    path: String,
    mode: Option<String>,
}

impl Recipe for File {
    fn describe() -> Description {
        describe(Description::new(
            "Fetches a file.\n\nThe option `target` tells other parts where it is. Without a digest it is fetched again \
             in each run.",
        ))
        .option(OptionDescription::text("filename", "The file's name in the part's directory; else the part's name."))
        .option(OptionDescription::path("destination", "Where the file goes, if not in the part's directory."))
        .option(OptionDescription::text("mode", "The file's permissions, in octal digits. Example: `755`."))
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        let source = Source::of(options)?;
        let mode = filled(options, "mode")?;
        if let Some(mode) = mode.as_ref().filter(|mode| !is_mode(mode)) {
            return Err(Error::user(format!("Option mode has three or four octal digits, not {mode:?}")));
        }
        let target = Target::of(init, &source)?;
        let path = match &target {
            Target::Destination(destination) => destination.clone(),
            Target::Place(place) => {
                // Profiles write names with directories, for other options that they make of it.
                let name = filled(options, "filename")?.unwrap_or_else(|| init.part());
                let name = name.rsplit('/').next().unwrap_or_default();
                options.set("location", place.location())?;
                format!("{}/{name}", place.location())
            }
        };
        options.set("target", &path)?;
        Ok(Self { source, target, path, mode })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        match &self.target {
            Target::Place(place) => place.install(|| self.fetch()),
            Target::Destination(path) => {
                if !std::path::Path::new(path).exists() {
                    created(path)?;
                }
                self.fetch()?;
                Ok(path.as_str().into())
            }
        }
    }
}

impl Update for File {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        match &self.target {
            Target::Place(place) if place.is_shared() => place.update(|| self.fetch()),
            _ if self.source.has_digest() && std::path::Path::new(&self.path).exists() => Ok(None),
            _ => self.fetch().map(|()| None),
        }
    }
}

impl File {
    fn fetch(&self) -> Result<(), Error> {
        let file = self.source.fetch()?;
        let (directory, _) = self.path.rsplit_once('/').unwrap_or_default();
        if !directory.is_empty() {
            std::fs::create_dir_all(directory).context(format!("creating {directory}"))?;
        }
        file.copy(&self.path)?;
        let Some(mode) = &self.mode else { return Ok(()) };
        let runner = Runner::open(&["chmod"])?;
        Command::new("chmod").args([mode.as_str(), "--", &self.path]).run(&runner)?.check()?;
        Ok(())
    }
}

fn is_mode(mode: &str) -> bool {
    matches!(mode.len(), 3 | 4) && mode.bytes().all(|digit| matches!(digit, b'0'..=b'7'))
}
