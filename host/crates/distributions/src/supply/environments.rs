//! Environments in which builds run: the requirements in `build-system.requires`, resolved like all others, installed
//! once and kept. As in zc.buildout 6 (which leaves this to pip), the pins of `[versions]` do not apply to them.

use std::collections::BTreeSet;
use std::path::Path;

use base::digest::Digest;
use base::files::FileError;

use super::{Brought, Supply, SupplyError};
use crate::build::{BuildError, Environment, Environments};
use crate::eggs::Installed;
use crate::eggs::fill::Workshop;
use crate::pins::Pins;
use crate::requirement::Requirement;
use crate::resolve::{Candidate, Request, resolve};
use crate::wheel::add_to_environment;

/// Increased when the layout of environments changes.
const FORM: u32 = 1;

impl Environments for Supply<'_> {
    fn environment(&self, requirements: &[Requirement]) -> Result<Environment, BuildError> {
        self.find_environment(requirements).map_err(|error| match error {
            SupplyError::Build(error) => error,
            SupplyError::Canceled(what) => BuildError::Canceled(what),
            other => BuildError::Requirements { what: "it".to_owned(), cause: Box::new(other) },
        })
    }
}

impl Supply<'_> {
    fn find_environment(&self, requirements: &[Requirement]) -> Result<Environment, SupplyError> {
        let mut wheels = Vec::new();
        for candidate in self.resolved(requirements)? {
            if let Candidate::File(file) = candidate {
                wheels.push(self.wheel_of(&file)?);
            }
        }
        let mut identity = format!("{FORM}\n{}\n", serde_json::to_string(self.tools.python).unwrap_or_default());
        wheels.iter().for_each(|wheel| identity += &format!("{}\n", wheel.sha256));
        let identity = Digest::of(identity.as_bytes()).to_string();
        let kept = self.tools.cache.kind("environments")?;
        let place = kept.join(&identity);
        if place.is_dir() {
            return Ok(Environment { directory: place, identity });
        }
        let workshop = Workshop::new(&kept)?;
        let made = workshop.path().join("environment");
        std::fs::create_dir_all(made.join("lib")).map_err(FileError::of("make the directory", &made))?;
        for (number, wheel) in wheels.iter().enumerate() {
            // Its scripts use the path where it will be.
            self.add(wheel, &made, &place, &workshop.path().join(number.to_string()))?;
        }
        workshop.publish(&made, &identity)?;
        Ok(Environment { directory: place, identity })
    }

    fn add(&self, wheel: &Brought, made: &Path, place: &Path, aside: &Path) -> Result<(), SupplyError> {
        std::fs::create_dir(aside).map_err(FileError::of("make the directory", aside))?;
        let python = &self.tools.python.executable;
        Ok(add_to_environment(&wheel.path, &wheel.name, python, (made, place), aside, self.tools.cancelled)?)
    }

    fn resolved(&self, requirements: &[Requirement]) -> Result<Vec<Candidate>, SupplyError> {
        let (pins, installed, provided) = (Pins::default(), Installed::default(), BTreeSet::new());
        let request = Request {
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
        };
        let resolution = resolve(&request, self, self.tools.report).map_err(Box::new)?;
        Ok(resolution.steps.into_iter().map(|step| step.candidate).collect())
    }
}
