//! Environments in which builds run: the requirements in `build-system.requires`, resolved like all others, installed
//! once and kept. As in zc.buildout 6 (which leaves this to pip), the pins of `[versions]` do not apply to them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::digest::Digest;
use base::files::FileError;

use super::{Brought, Supply, SupplyError};
use crate::build::{BuildEnvironment, BuildError, Environments};
use crate::eggs::InstalledDistributions;
use crate::eggs::fill::EggWorkshop;
use crate::index::{IndexError, IndexFile, ProjectFiles, lock};
use crate::lock::{LockUse, Purpose};
use crate::metadata::Metadata;
use crate::pins::Pins;
use crate::requirement::Requirement;
use crate::resolve::{Available, Candidate, MetadataProblem, ResolveRequest, resolve};
use crate::wheel::add_to_environment;

/// Increased when the layout of environments changes.
const FORM: u32 = 1;

impl Environments for Supply<'_> {
    fn environment(&self, requirements: &[Requirement]) -> Result<BuildEnvironment, BuildError> {
        self.find_environment(requirements).map_err(|error| match error {
            SupplyError::Build(error) => error,
            SupplyError::Canceled(what) => BuildError::Canceled(what),
            other => BuildError::Requirements(Box::new(other)),
        })
    }
}

impl Supply<'_> {
    fn find_environment(&self, requirements: &[Requirement]) -> Result<BuildEnvironment, SupplyError> {
        let kept = self.tools.cache.kind("environments")?;
        let remembered = self.memory(requirements)?;
        if let Some(known) = remembered.as_ref().and_then(|memory| read_memory(memory, &kept)) {
            return Ok(known);
        }
        let environment = self.make_environment(requirements, &kept)?;
        if let Some(memory) = remembered {
            let directory = memory.parent().unwrap_or(&memory);
            base::files::write_private(directory, &[environment.identity.as_bytes()], |temporary| {
                std::fs::rename(temporary, &memory)
            })
            .map_err(FileError::of("write", &memory))?;
        }
        Ok(environment)
    }

    /// Where the environment for these requirements is remembered: for this Python, these sources and this lock. A new
    /// lock needs an answer of the sources.
    fn memory(&self, requirements: &[Requirement]) -> Result<Option<PathBuf>, SupplyError> {
        if matches!(self.lock(), Some(LockUse::Preferred(_))) {
            return Ok(None);
        }
        let mut wanted: Vec<String> = requirements.iter().map(ToString::to_string).collect();
        wanted.sort();
        let locked = self.lock().map(|lock| lock.lock().digest_for_builds().to_string());
        let python = serde_json::to_string(self.tools.python).unwrap_or_default();
        let text = format!("{FORM}\n{wanted:?}\n{python}\n{:?}\n{locked:?}\n", self.index.sources());
        Ok(Some(self.tools.cache.kind("required")?.join(Digest::of(text.as_bytes()).to_string())))
    }

    fn make_environment(&self, requirements: &[Requirement], kept: &Path) -> Result<BuildEnvironment, SupplyError> {
        let mut wheels = Vec::new();
        for candidate in self.resolved(requirements)? {
            if let Candidate::File(file) = candidate {
                wheels.push(self.wheel_of(&file)?);
            }
        }
        let mut identity = format!("{FORM}\n{}\n", serde_json::to_string(self.tools.python).unwrap_or_default());
        wheels.iter().for_each(|wheel| identity += &format!("{}\n", wheel.sha256));
        let identity = Digest::of(identity.as_bytes()).to_string();
        let place = kept.join(&identity);
        if place.is_dir() {
            return Ok(BuildEnvironment { directory: place, identity });
        }
        let workshop = EggWorkshop::new(kept)?;
        let made = workshop.path().join("environment");
        std::fs::create_dir_all(made.join("lib")).map_err(FileError::of("create the directory", &made))?;
        for (number, wheel) in wheels.iter().enumerate() {
            // Its scripts use the path where it will be.
            self.add(wheel, &made, &place, &workshop.path().join(number.to_string()))?;
        }
        workshop.publish(&made, &identity)?;
        Ok(BuildEnvironment { directory: place, identity })
    }

    fn add(&self, wheel: &Brought, made: &Path, place: &Path, aside: &Path) -> Result<(), SupplyError> {
        std::fs::create_dir(aside).map_err(FileError::of("create the directory", aside))?;
        let python = &self.tools.python.executable;
        let added = add_to_environment(&wheel.path, &wheel.name, python, (made, place), aside, self.tools.canceled);
        Ok(added.map_err(|error| error.naming(&wheel.origin))?)
    }

    fn resolved(&self, requirements: &[Requirement]) -> Result<Vec<Candidate>, SupplyError> {
        let (pins, installed, provided) = (Pins::default(), InstalledDistributions::default(), BTreeSet::new());
        let request = ResolveRequest {
            requirements,
            pins: &pins,
            python: self.tools.python,
            installed: &installed,
            newest: true,
            prefer_final: true,
            allow_unknown_extras: true,
            sources_only: false,
            offline: false,
            provided: &provided,
            preferred: self.lock().and_then(LockUse::preferred).map(|lock| (lock, Purpose::Build)),
        };
        let resolution = resolve(&request, &ForBuilds(self), self.tools.report)
            .map_err(|error| Box::new(error.with_lock(self.lock(), Purpose::Build)))?;
        let chosen: Vec<Candidate> = resolution.steps.into_iter().map(|step| step.candidate).collect();
        lock(&self.required).extend(chosen.iter().cloned());
        Ok(chosen)
    }
}

/// The same supply for what builds require: a lock has it apart from what parts use.
struct ForBuilds<'s, 'a>(&'s Supply<'a>);

impl Available for ForBuilds<'_, '_> {
    fn project(&self, key: &str, written: &str) -> Result<Arc<ProjectFiles>, IndexError> {
        self.0.index.project(key, written, Purpose::Build)
    }

    fn metadata(&self, file: &IndexFile) -> Result<Arc<Metadata>, MetadataProblem> {
        self.0.metadata(file)
    }
}

/// The remembered environment, if it still exists.
fn read_memory(memory: &Path, kept: &Path) -> Option<BuildEnvironment> {
    let identity = String::from_utf8(base::files::read_at_most(memory, 64).ok()?).ok()?;
    let is_digest = identity.len() == 64 && identity.bytes().all(|byte| byte.is_ascii_hexdigit());
    let directory = kept.join(&identity);
    (is_digest && directory.is_dir()).then_some(BuildEnvironment { directory, identity })
}
