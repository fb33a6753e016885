//! A distribution built from its sources with options for its extensions, for this buildout alone:
//! `zc.recipe.egg:custom`.

use std::path::PathBuf;
use std::sync::Arc;

use super::{InstallError, InstallSettings, Installer};
use crate::eggs::InstalledDistributions;
use crate::eggs::fill::EggWorkshop;
use crate::index::IndexFile;
use crate::lock::{LockUse, Purpose};
use crate::requirement::Requirement;
use crate::resolve::{Candidate, ResolveError, ResolveRequest, choose};

/// What is built.
#[derive(Clone, Debug)]
pub struct CustomBuild {
    /// The distribution.
    pub requirement: Requirement,
}

impl Installer<'_> {
    /// Builds a distribution into the directory of develop eggs, unless one that matches exists. The options of the
    /// build are an option of the supply. Returns its path.
    ///
    /// # Errors
    /// [`InstallError`].
    pub fn build(&self, custom: &CustomBuild) -> Result<PathBuf, InstallError> {
        match self.source_of(custom)? {
            Candidate::Installed(distribution) => Ok(distribution.location.clone()),
            Candidate::File(file) => self.build_into(&file),
        }
    }

    /// The source distribution that would be built, or the built one that already exists.
    ///
    /// # Errors
    /// When none matches.
    pub fn source_of(&self, custom: &CustomBuild) -> Result<Candidate, InstallError> {
        let InstallSettings { directories, pins, newest, prefer_final, offline, provided, .. } = &self.settings;
        let requirement = pins.constrain(&custom.requirement).map_err(ResolveError::from)?;
        let tools = self.supply.tools();
        let installed = InstalledDistributions::scan_eggs(&directories.develop, tools.python);
        let request = ResolveRequest {
            requirements: std::slice::from_ref(&requirement),
            pins,
            python: tools.python,
            installed: &installed,
            newest: *newest,
            prefer_final: *prefer_final,
            allow_unknown_extras: true,
            sources_only: true,
            offline: *offline,
            provided,
            preferred: self.supply.lock().and_then(LockUse::preferred).map(|lock| (lock, Purpose::Use)),
        };
        Ok(choose(&request, &requirement, self.supply)
            .map_err(|error| error.with_lock(self.supply.lock(), Purpose::Use))?)
    }

    fn build_into(&self, file: &Arc<IndexFile>) -> Result<PathBuf, InstallError> {
        let workshop = EggWorkshop::new(&self.settings.directories.develop)?;
        let (name, egg) = self.egg_of_wheel(file, workshop.path(), workshop.mask()?)?;
        workshop.sync();
        let place = workshop.publish(&egg, &name)?;
        self.changed();
        Ok(place)
    }
}
