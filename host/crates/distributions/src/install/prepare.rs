//! Prepares one distribution: an egg, made aside, that only has to be moved to its place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base::digest::Digest;
use base::files::FileError;
use fetch::unpack::{UnpackOptions, unpack};
use fetch::{Algorithm, Checksum};

use super::{InstallError, Installer, file_of};
use crate::eggs::fill::{EggWorkshop, clone_tree};
use crate::filename::FileKind;
use crate::index::IndexFile;
use crate::metadata::Metadata;
use crate::name;
use crate::resolve::ResolvedDistribution;
use crate::supply::Brought;
use crate::wheel::make_egg;

/// Increased when eggs are made in a different way.
const FORM: u32 = 1;

/// An egg that only has to be moved to its place.
#[derive(Debug)]
pub(super) struct PreparedEgg {
    /// Its name, with `.egg`.
    pub(super) name: String,
    /// Its path.
    pub(super) egg: PathBuf,
    /// `requests 2.34.2`.
    pub(super) shown: String,
}

impl Installer<'_> {
    /// Makes the egg of a distribution in `aside`, a directory that does not exist.
    pub(super) fn prepare(
        &self,
        step: &ResolvedDistribution,
        aside: &Path,
        mask: u32,
    ) -> Result<PreparedEgg, InstallError> {
        std::fs::create_dir(aside).map_err(FileError::of("create the directory", aside))?;
        let Some(file) = file_of(step) else {
            return Err(InstallError::Lost {
                file: step.candidate.to_string(),
                eggs: self.settings.directories.eggs.clone(),
            });
        };
        let (name, egg) = match file.name.kind {
            FileKind::Egg { .. } => self.unpack_egg(file, aside)?,
            _ => self.egg_of_wheel(file, aside, mask)?,
        };
        let metadata = metadata_of(&egg, &name)?;
        check(&file.file, &step.metadata, &metadata)?;
        let shown = format!("{} {}", name::safe(&metadata.name), crate::version::safe(&metadata.version));
        Ok(PreparedEgg { name, egg, shown })
    }

    /// The egg of a file that already is an egg.
    fn unpack_egg(&self, file: &IndexFile, aside: &Path) -> Result<(String, PathBuf), InstallError> {
        let brought = self.supply.bring(file)?;
        let name = file.file.strip_suffix(".zip").unwrap_or(&file.file).to_owned();
        let egg = aside.join(&name);
        unpack(&brought.path, &egg, &UnpackOptions::default(), self.supply.tools().canceled)
            .map_err(|error| error.naming(&brought.origin))?;
        Ok((name, egg))
    }

    /// The egg of a wheel: a copy of the cached one, which is made if necessary.
    pub(super) fn egg_of_wheel(
        &self,
        file: &IndexFile,
        aside: &Path,
        mask: u32,
    ) -> Result<(String, PathBuf), InstallError> {
        let tools = self.supply.tools();
        let kept = tools.cache.kind("eggs")?;
        let known = file.checksums.iter().find(|checksum| checksum.algorithm() == Algorithm::Sha256);
        if let Some(known) = known.filter(|_| !file.name.is_source())
            && let Some(found) = only_egg(&kept.join(self.key(known, mask)))
        {
            return copied(&found, aside);
        }
        let wheel = self.supply.wheel_of(file)?;
        let own = Checksum::parse(Algorithm::Sha256, &wheel.sha256.to_string()).ok();
        let place = kept.join(own.map_or_else(|| wheel.sha256.to_string(), |own| self.key(&own, mask)));
        if only_egg(&place).is_none() {
            self.keep_egg(&wheel, &kept, &place, mask)?;
        }
        match only_egg(&place) {
            Some(found) => copied(&found, aside),
            None => Err(InstallError::Lost { file: file.file.clone(), eggs: kept }),
        }
    }

    fn keep_egg(&self, wheel: &Brought, kept: &Path, place: &Path, mask: u32) -> Result<(), InstallError> {
        let tools = self.supply.tools();
        let workshop = EggWorkshop::new(kept)?;
        let made = workshop.path().join("made");
        std::fs::create_dir(&made).map_err(FileError::of("create the directory", &made))?;
        make_egg(&wheel.path, &wheel.name, tools.python, &made, mask, tools.canceled)
            .map_err(|error| error.naming(&wheel.origin))?;
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        workshop.publish(&made, &name)?;
        Ok(())
    }

    /// Eggs differ in the Python in their name, and in the permissions of their files.
    fn key(&self, wheel: &Checksum, mask: u32) -> String {
        let python = self.supply.tools().python;
        let text = format!("{FORM} {wheel} {} {} {mask:o}", python.short_version(), python.platform);
        Digest::of(text.as_bytes()).to_string()
    }
}

/// The egg in a directory of the cache.
fn only_egg(place: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(place).ok()?.flatten();
    entries.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|extension| extension == "egg"))
}

fn copied(egg: &Path, aside: &Path) -> Result<(String, PathBuf), InstallError> {
    let name = egg.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let copy = aside.join(&name);
    clone_tree(egg, &copy)?;
    Ok((name, copy))
}

/// The metadata of an egg.
fn metadata_of(egg: &Path, name: &str) -> Result<Metadata, InstallError> {
    let found = crate::eggs::find(egg, true);
    let metadata = found.first().and_then(|distribution| distribution.metadata().ok().cloned());
    metadata.ok_or_else(|| InstallError::Lost { file: name.to_owned(), eggs: egg.to_owned() })
}

/// Checks that a distribution is the one that was chosen.
fn check(file: &str, promised: &Metadata, found: &Metadata) -> Result<(), InstallError> {
    let requires = |metadata: &Metadata| metadata.requires.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let (promised, found) = (requires(promised), requires(found));
    if promised == found {
        return Ok(());
    }
    let shown = |only: Vec<&String>| match only.is_empty() {
        true => "requires nothing more".to_owned(),
        false => format!("requires {}", only.into_iter().cloned().collect::<Vec<_>>().join(", ")),
    };
    Err(InstallError::Differs {
        file: file.to_owned(),
        promised: shown(promised.difference(&found).collect()),
        found: shown(found.difference(&promised).collect()),
    })
}
