//! An archive that is fetched and unpacked.

use buildout_recipe::{
    Description, Error, Init, OptionDescription, Paths, Recipe, TopLevel, Update, activity, created,
};
use shared_parts::{clear, filled, join};

use crate::source::{Source, Target, describe, make_parent};

/// What an archive holds.
pub struct Unpacked {
    source: Source,
    target: Target,
    /// Where it goes, absolute.
    path: String,
    top_level: TopLevel,
    /// Beneath it, what lies in the way is a left-over.
    parts_directory: String,
}

impl Recipe for Unpacked {
    fn describe() -> Description {
        describe(Description::new(
            "Fetches an archive (tar, also compressed with gzip, bzip2, xz or zstd; zip) and unpacks it.\n\nThe options \
             `location` and `target` tell other parts where it is.",
        ))
        .option(OptionDescription::path("destination", "Where it goes, if not in the part's directory."))
        .option(OptionDescription::boolean(
            "strip-top-level-dir",
            "Whether the one directory that holds everything else is left out. Where nothing is said: if there is one.",
        ))
        .option(OptionDescription::text("environment", "Read for the sake of older profiles: no program is started."))
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        options.get("environment")?;
        let source = Source::of(options)?;
        let top_level = match filled(options, "strip-top-level-dir")? {
            None => TopLevel::StripIfSingle,
            Some(_) if shared_parts::is_true(options, "strip-top-level-dir")? => TopLevel::Strip,
            Some(_) => TopLevel::Keep,
        };
        let target = Target::of(init, &source)?;
        let path = match &target {
            Target::Destination { path, .. } => path.clone(),
            Target::Place(place) => place.location().to_owned(),
        };
        options.set("location", &path)?;
        options.set("target", &path)?;
        let parts = init.buildout().require("buildout", "parts-directory")?;
        let parts_directory = join(&init.buildout().directory()?, &parts);
        Ok(Self { source, target, path, top_level, parts_directory })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        match &self.target {
            Target::Place(place) => place.install(|| self.unpack()),
            Target::Destination { path, buildout } => {
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

impl Update for Unpacked {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        match &self.target {
            Target::Place(place) => place.update(|| self.unpack()),
            Target::Destination { .. } => Ok(None),
        }
    }
}

impl Unpacked {
    fn unpack(&self) -> Result<(), Error> {
        let archive = self.source.fetch()?;
        activity("unpack");
        archive.unpack(&self.path, self.top_level)?;
        Ok(())
    }

    /// A directory of the person's own, with something in it, is not replaced, nor is a file. Tells whether an empty one is
    /// there.
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
            false => Err(Error::user(format!("{} is there already, and no empty directory", self.path))),
        }
    }
}
