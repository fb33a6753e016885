//! The entry point that downloads and unpacks an archive.

use buildout_recipe::{
    Cacheable, Description, Error, Init, Inputs, OptionDescription, Paths, Recipe, TopLevel, Update, activity, created,
};
use shared_parts::{clear, filled, join};

use crate::source::{DownloadSource, DownloadTarget, describe, make_parent};

/// An unpacked archive.
pub struct UnpackedDownload {
    source: DownloadSource,
    target: DownloadTarget,
    /// The absolute path to unpack to.
    path: String,
    top_level: TopLevel,
    /// Below it, existing files are left over from an earlier run.
    parts_directory: String,
}

impl Recipe for UnpackedDownload {
    fn describe() -> Description {
        describe(Description::new(
            "Downloads and unpacks an archive: tar (plain, or compressed with gzip, bzip2, xz or zstd) or zip.\n\nOther \
             parts can read its path from the options `location` and `target`.",
        ))
        .option(OptionDescription::path("destination", "The directory to unpack to, if it is not the part's location."))
        .option(OptionDescription::boolean(
            "strip-top-level-dir",
            "Whether to leave out the archive's top-level directory. By default, it is left out if it is the only entry.",
        ))
        .option(OptionDescription::text("environment", "Accepted for older profiles, and ignored: the recipe starts no program."))
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        options.get("environment")?;
        let source = DownloadSource::of(options)?;
        let top_level = match filled(options, "strip-top-level-dir")? {
            None => TopLevel::StripIfSingle,
            Some(_) if shared_parts::is_true(options, "strip-top-level-dir")? => TopLevel::Strip,
            Some(_) => TopLevel::Keep,
        };
        let target = DownloadTarget::of(init, &source)?;
        let path = match &target {
            DownloadTarget::Destination { path, .. } => path.clone(),
            DownloadTarget::Place(place) => place.location().to_owned(),
        };
        options.set("location", &path)?;
        options.set("target", &path)?;
        let parts = init.buildout().require("buildout", "parts-directory")?;
        let parts_directory = join(&init.buildout().directory()?, &parts);
        Ok(Self { source, target, path, top_level, parts_directory })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        match &self.target {
            DownloadTarget::Place(place) => place.install(|| self.unpack()),
            DownloadTarget::Destination { path, buildout } => {
                let is_there = self.make_room()?;
                if !is_there {
                    created(path)?;
                }
                make_parent(path, buildout)?;
                self.unpack()?;
                Ok(path.as_str().into())
            }
        }
    }
}

impl Update for UnpackedDownload {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        match &self.target {
            DownloadTarget::Place(place) => place.update(|| self.unpack()),
            DownloadTarget::Destination { .. } => Ok(None),
        }
    }
}

impl Cacheable for UnpackedDownload {
    fn inputs(&mut self) -> Result<Inputs, Error> {
        Ok(self.source.inputs(&self.target))
    }
}

impl UnpackedDownload {
    fn unpack(&self) -> Result<(), Error> {
        let archive = self.source.fetch()?;
        activity("unpack");
        archive.unpack(&self.path, self.top_level)?;
        Ok(())
    }

    /// Removes left-over files. A file of the user, or a directory that is not empty, is never replaced. Returns whether an
    /// empty directory exists.
    fn make_room(&self) -> Result<bool, Error> {
        if self.path.strip_prefix(&self.parts_directory).is_some_and(|rest| rest.starts_with('/')) {
            clear(&self.path)?;
            return Ok(false);
        }
        if std::fs::symlink_metadata(&self.path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            return Ok(false);
        }
        match std::fs::read_dir(&self.path).is_ok_and(|mut entries| entries.next().is_none()) {
            true => Ok(true),
            false => Err(Error::user(format!("{} already exists and is not an empty directory", self.path))),
        }
    }
}
