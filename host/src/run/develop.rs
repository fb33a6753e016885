//! `[buildout] develop`: builds the recipe projects that the user works on, before any part.

use std::path::{Path, PathBuf};

use base::event::Level;
use recipe::Locations;
use recipe::component::{self, Builder, Developed};

use super::Session;
use super::error::{Doing, Fault, RunError};

impl Session {
    /// Builds every project that `develop` names, into `develop_eggs`.
    pub(super) fn develop(&self, locations: &Locations, develop_eggs: &Path) -> Result<Vec<Developed>, RunError> {
        let named = self.buildout.get("buildout", "develop")?.unwrap_or_default();
        let offline = self.buildout.get("buildout", "offline")?.as_deref() == Some("true");
        let interrupt = &self.settings.native.interrupt;
        let builder = Builder { environment: &self.environment, offline, report: &*self.report, interrupt };
        let mut developed = Vec::new();
        for pattern in named.split_whitespace() {
            let projects = expand(&locations.directory, pattern)?;
            if projects.is_empty() {
                self.report.log(Level::Warning, &format!("Couldn't develop {pattern} (not found)"));
            }
            for project in projects {
                self.report.log(Level::Info, &format!("Develop: {}", project.display()));
                let one = component::develop(&project, develop_eggs, &builder);
                // What fails then mostly does so because it was ended.
                self.heed_interrupt()?;
                developed.push(one.doing(|| format!("Processing develop directory {}.", project.display()))?);
            }
        }
        Ok(developed)
    }
}

/// The paths that a `develop` pattern names (`*`, `?`, `[…]` as in a shell), sorted.
fn expand(directory: &Path, pattern: &str) -> Result<Vec<PathBuf>, RunError> {
    let path = directory.join(pattern);
    if !pattern.contains(['*', '?', '[']) {
        return Ok(if path.exists() { vec![path] } else { Vec::new() });
    }
    let matches = glob::glob(&path.to_string_lossy()).map_err(|error| Fault::Value {
        option: "buildout:develop".into(),
        value: pattern.into(),
        expected: error.msg,
        place: None,
    })?;
    let mut found = Vec::new();
    for entry in matches {
        found.push(entry.map_err(|error| {
            let path = error.path().to_owned();
            Fault::io(&path, "cannot read", error.into())
        })?);
    }
    found.sort();
    Ok(found)
}
