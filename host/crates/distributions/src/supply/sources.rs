//! Source distributions: their metadata, and the wheels built from them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::digest::Digest;
use base::event::{Event, Level};
use base::files::FileError;
use fetch::unpack::{UnpackOptions, unpack};

use super::turn::Taken;
use super::{Brought, Supply, SupplyError, SupplyTools, file_name, once};
use crate::build::{BuildError, BuildSystem, Built, Environments as _, PATIENCE, ProjectBuilder, archive_directory};
use crate::eggs::fill::EggWorkshop;
use crate::filename::FileName;
use crate::index::IndexFile;
use crate::lock::LockUse;
use crate::metadata::Metadata;
use crate::requirement::Requirement;

/// Increased when wheels are built in a different way.
const FORM: u32 = 2;

/// The file next to a wheel with what its build required in addition to the project's settings.
const FURTHER: &str = "further.txt";

impl Supply<'_> {
    /// The metadata of a source distribution: from its `PKG-INFO` if that is reliable, otherwise from its wheel.
    pub(super) fn metadata_of_source(&self, file: &IndexFile) -> Result<Metadata, SupplyError> {
        let brought = self.bring(file)?;
        if let Some(metadata) = self.static_metadata(file, &brought)? {
            return Ok(metadata);
        }
        let wheel = self.wheel_in_turn(file)?;
        Ok(wheel.read_metadata()?)
    }

    fn static_metadata(&self, file: &IndexFile, brought: &Brought) -> Result<Option<Metadata>, SupplyError> {
        let workshop = EggWorkshop::new(&self.tools.cache.kind("sources")?)?;
        let source = self.unpack(brought, workshop.path())?;
        let text = std::fs::read_to_string(source.join("PKG-INFO")).unwrap_or_default();
        let metadata = Metadata::parse(&text).ok().filter(|metadata| metadata.is_static);
        Ok(metadata.filter(|metadata| self.check_identity(file, metadata).is_ok()))
    }

    /// The wheel of a file: a wheel itself, or the one built from a source distribution.
    ///
    /// # Errors
    /// When it is not available, or cannot be built.
    pub(crate) fn wheel_of(&self, file: &IndexFile) -> Result<Arc<Brought>, SupplyError> {
        if !file.name.is_source() {
            return self.bring(file);
        }
        let _turn = self.turn_of(file)?;
        self.wheel_in_turn(file)
    }

    /// Finds what the build of a source distribution requires, without building it.
    ///
    /// # Errors
    /// When its archive or what it requires is not available.
    pub fn find_requirements(&self, file: &IndexFile) -> Result<(), SupplyError> {
        let _turn = self.turn_of(file)?;
        let brought = self.bring(file)?;
        let workshop = EggWorkshop::new(&self.tools.cache.kind("sources")?)?;
        let source = self.unpack(&brought, workshop.path())?;
        let workspace = workshop.path().join("workspace");
        std::fs::create_dir(&workspace).map_err(FileError::of("create the directory", &workspace))?;
        let on_wait = |message: &str| self.tools.report.log(Level::Info, message);
        Ok(self.builder(&|_| {}, &on_wait).find_requirements(&shown(file), &source, &workspace, &self.options)?)
    }

    fn builder<'s>(
        &'s self,
        on_line: &'s (dyn Fn(&str) + Sync),
        on_wait: &'s (dyn Fn(&str) + Sync),
    ) -> ProjectBuilder<'s> {
        let SupplyTools { python, commands, logs, .. } = &self.tools;
        let patience = PATIENCE;
        ProjectBuilder { python, commands: *commands, environments: self, logs, on_line, on_wait, patience }
    }

    /// Waits for this file's turn to be built. All other waiting happens after that: otherwise, two builds could wait
    /// for each other forever.
    pub(super) fn turn_of(&self, file: &IndexFile) -> Result<Taken<'_>, SupplyError> {
        self.turn.take(&file.name.key()).ok_or_else(|| SupplyError::Circle(shown(file)))
    }

    fn wheel_in_turn(&self, file: &IndexFile) -> Result<Arc<Brought>, SupplyError> {
        once(&self.wheels, &file.location, || self.build_once(file, &shown(file)))
    }

    fn build_once(&self, file: &IndexFile, what: &str) -> Result<Brought, SupplyError> {
        let brought = self.bring(file)?;
        let workshop = EggWorkshop::new(&self.tools.cache.kind("sources")?)?;
        let source = self.unpack(&brought, workshop.path())?;
        let system = BuildSystem::of(&source, &archive_directory(what))?;
        let environment = self.environment(&system.requires)?;
        let key = self.key(&brought, &environment.identity);
        let place = self.tools.cache.kind("wheels")?.join(key);
        if let Some(known) = built_before(&place, file) {
            self.require_again(&system.requires, &place)?;
            return Ok(known);
        }
        self.build(what, file, &source, &workshop, &place)
    }

    fn build(
        &self,
        what: &str,
        file: &IndexFile,
        source: &Path,
        workshop: &EggWorkshop,
        place: &Path,
    ) -> Result<Brought, SupplyError> {
        self.tools.report.report(Event::Progress { activity: &format!("Building {what}") });
        let on_line = |line: &str| self.tools.report.report(Event::CommandLine { part: "", line });
        let on_wait = |message: &str| self.tools.report.log(Level::Info, message);
        let builder = self.builder(&on_line, &on_wait);
        let workspace = workshop.path().join("workspace");
        std::fs::create_dir(&workspace).map_err(FileError::of("create the directory", &workspace))?;
        let built = builder.wheel(what, source, &workspace, &self.options);
        self.tools.report.report(Event::ProgressEnd);
        let Built { path, name, further } = built?;
        if name.key() != file.name.key() || name.version != file.name.version {
            return Err(BuildError::NoWheel { what: what.to_owned(), name: file_name(&path) }.into());
        }
        let finished = workshop.path().join("finished");
        std::fs::create_dir(&finished).map_err(FileError::of("create the directory", &finished))?;
        let target = finished.join(file_name(&path));
        std::fs::rename(&path, &target).map_err(FileError::of("rename", &path))?;
        if !further.is_empty() {
            let further: String = further.iter().map(|requirement| format!("{requirement}\n")).collect();
            let path = finished.join(FURTHER);
            std::fs::write(&path, further).map_err(FileError::of("write", &path))?;
        }
        match std::fs::rename(&finished, place) {
            Ok(()) => {}
            Err(_) if place.is_dir() => {}
            Err(error) => return Err(FileError::of("rename", &finished)(error).into()),
        }
        built_before(place, file)
            .ok_or_else(|| BuildError::NoWheel { what: what.to_owned(), name: file_name(&target) }.into())
    }

    /// A new lock needs to know all that the build of an existing wheel has required.
    fn require_again(&self, requirements: &[Requirement], place: &Path) -> Result<(), SupplyError> {
        let is_locking = matches!(self.lock(), Some(LockUse::Preferred(_)));
        let further = std::fs::read_to_string(place.join(FURTHER)).unwrap_or_default();
        if !is_locking || further.is_empty() {
            return Ok(());
        }
        let further = further.lines().map(Requirement::parse).collect::<Result<Vec<_>, _>>();
        let further = further.map_err(BuildError::from)?;
        self.environment(&[requirements, &further].concat())?;
        Ok(())
    }

    /// A wheel is the same if the sources, the Python, the build requirements and the options are the same.
    fn key(&self, brought: &Brought, environment: &str) -> String {
        let python = self.tools.python;
        let text = format!(
            "{FORM}\n{}\n{}\n{environment}\n{:?}\n{:?}\n{:?}\n",
            brought.sha256,
            serde_json::to_string(python).unwrap_or_default(),
            self.options.build_ext,
            self.options.environment,
            self.options.read,
        );
        Digest::of(text.as_bytes()).to_string()
    }

    /// Unpacks an archive of sources into `aside/source`, and returns the directory to build.
    fn unpack(&self, archive: &Brought, aside: &Path) -> Result<PathBuf, SupplyError> {
        let destination = aside.join("source");
        let unpacked = unpack(&archive.path, &destination, &UnpackOptions::default(), self.tools.canceled)
            .map_err(|error| BuildError::from(error.naming(&archive.origin)))?;
        let is_project =
            |directory: &Path| ["pyproject.toml", "setup.py"].iter().any(|name| directory.join(name).is_file());
        if is_project(&destination) {
            return Ok(destination);
        }
        let inner = unpacked.top_level.iter().map(|name| destination.join(name)).filter(|path| is_project(path));
        Ok(inner.collect::<Vec<_>>().pop().unwrap_or(destination))
    }
}

/// `docopt 0.6.2`.
fn shown(file: &IndexFile) -> String {
    format!("{} {}", file.name.name, file.name.version)
}

/// The wheel in a directory of the cache.
fn built_before(place: &Path, file: &IndexFile) -> Option<Brought> {
    let mut named = std::fs::read_dir(place)
        .ok()?
        .flatten()
        .filter_map(|entry| Some((FileName::parse(&file_name(&entry.path()))?, entry.path())));
    let (name, path) = named.find(|(name, _)| name.key() == file.name.key() && name.version == file.name.version)?;
    let sha256 = Digest::of(&base::files::read_whole(&path).ok()?);
    Some(Brought { path, name, sha256, origin: format!("built from {}", file.location) })
}
