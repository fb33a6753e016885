//! The entry point that downloads a file.

use buildout_recipe::{
    Cacheable, Description, Error, Init, Inputs, OptionDescription, Paths, Recipe, Update, created, set_mode,
};
use shared_parts::filled;

use crate::source::{DownloadSource, DownloadTarget, describe, make_parent};

/// A downloaded file.
pub struct DownloadedFile {
    source: DownloadSource,
    target: DownloadTarget,
    /// The absolute path of the file.
    path: String,
    mode: Option<u32>,
}

impl Recipe for DownloadedFile {
    fn describe() -> Description {
        describe(Description::new(
            "Downloads a file.\n\nOther parts can read its path from the option `target`. Without a digest, the file is \
             downloaded again in each run.",
        ))
        .option(OptionDescription::text("filename", "The name of the file in the part's location. The default is the part's name."))
        .option(OptionDescription::path("destination", "The path of the file, if it is not in the part's location."))
        .option(OptionDescription::text("mode", "The permissions of the file, in octal digits. Example: `755`."))
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        let source = DownloadSource::of(options)?;
        let mode = filled(options, "mode")?.as_deref().map(mode).transpose()?;
        let target = DownloadTarget::of(init, &source)?;
        let path = match &target {
            DownloadTarget::Destination { path, .. } => path.clone(),
            DownloadTarget::Place(place) => {
                let name = filled(options, "filename")?.unwrap_or_else(|| init.part());
                options.set("location", place.location())?;
                format!("{}/{}", place.location(), file_name(&name)?)
            }
        };
        options.set("target", &path)?;
        Ok(Self { source, target, path, mode })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        match &self.target {
            DownloadTarget::Place(place) => place.install(|| self.fetch()),
            DownloadTarget::Destination { path, buildout } => {
                // An existing file is kept if the download fails.
                if !std::path::Path::new(path).exists() {
                    created(path)?;
                }
                make_parent(path, buildout)?;
                self.fetch()?;
                Ok(path.as_str().into())
            }
        }
    }
}

impl Update for DownloadedFile {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        match &self.target {
            DownloadTarget::Place(place) if place.is_shared() => place.update(|| self.fetch()),
            _ if self.source.has_digest() && std::path::Path::new(&self.path).exists() => Ok(None),
            _ => self.fetch().map(|()| None),
        }
    }
}

impl Cacheable for DownloadedFile {
    fn inputs(&mut self) -> Result<Inputs, Error> {
        Ok(self.source.inputs(&self.target))
    }
}

impl DownloadedFile {
    fn fetch(&self) -> Result<(), Error> {
        self.source.fetch()?.copy(&self.path)?;
        match self.mode {
            Some(mode) => set_mode(&self.path, mode),
            None => Ok(()),
        }
    }
}

/// The last component. Profiles write paths here, because they derive other options from it.
fn file_name(path: &str) -> Result<&str, Error> {
    match path.rsplit('/').next().unwrap_or_default() {
        "" | "." | ".." => {
            Err(Error::user(format!("Invalid value for option filename: {path:?} (expected a file name)")))
        }
        name => Ok(name),
    }
}

fn mode(text: &str) -> Result<u32, Error> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err(Error::user(format!("Invalid value for option mode: {text:?} (expected up to three octal digits)"))),
    }
}
