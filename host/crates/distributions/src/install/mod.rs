//! Installation: from requirements to a working set. Missing distributions are put into the eggs directory.

mod build;
mod error;
mod prepare;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use base::event::Level;

pub use build::CustomBuild;
pub use error::InstallError;

use crate::eggs::fill::{EggWorkshop, remove_abandoned};
use crate::eggs::{Directories, Distribution, InstalledDistributions, ProgramSources};
use crate::index::{IndexFile, lock};
use crate::lock::{LockUse, Purpose};
use crate::pins::Pins;
use crate::requirement::Requirement;
use crate::resolve::{Candidate, Picked, ResolveError, ResolveRequest, ResolvedDistribution, resolve};
use crate::supply::Supply;
use crate::working_set::WorkingSet;
use prepare::PreparedEgg;

/// The settings of a buildout for the choice of distributions.
#[derive(Clone, Debug)]
pub struct InstallSettings {
    /// The directories of eggs.
    pub directories: Directories,
    /// Other directories with existing distributions.
    pub path: Vec<PathBuf>,
    /// The section `[versions]`.
    pub pins: Pins,
    /// `newest`.
    pub newest: bool,
    /// `offline`.
    pub offline: bool,
    /// `prefer-final`.
    pub prefer_final: bool,
    /// `allow-picked-versions`.
    pub allow_picked_versions: bool,
    /// `allow-unknown-extras`.
    pub allow_unknown_extras: bool,
    /// How many distributions are downloaded and unpacked at once.
    pub threads: usize,
    /// Projects, by their keys, for which no distribution is used: see [`ResolveRequest::provided`].
    pub provided: BTreeSet<String>,
    /// If what is installed runs as recipes or extensions: which existing distributions count. `None`: all.
    pub programs: Option<ProgramSources>,
}

/// The result of an installation.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The distributions, in the order in which zc.buildout gets them.
    pub distributions: WorkingSet,
    /// Versions without a pin.
    pub picked: Vec<Picked>,
    /// The files that were installed.
    pub new: Vec<Arc<IndexFile>>,
    directories: Directories,
}

impl Installation {
    /// The distributions in the order of the path of scripts.
    pub fn working_set(&self) -> WorkingSet {
        self.distributions.sorted(&self.directories)
    }
}

/// Installs distributions.
pub struct Installer<'a> {
    settings: InstallSettings,
    supply: &'a Supply<'a>,
    installed: Mutex<Option<Arc<InstalledDistributions>>>,
}

impl<'a> Installer<'a> {
    /// Installs from `supply` with these settings.
    pub fn new(settings: InstallSettings, supply: &'a Supply<'a>) -> Self {
        Self { settings, supply, installed: Mutex::new(None) }
    }

    /// The existing distributions. They are read once, and again after an installation.
    pub(crate) fn installed(&self) -> Arc<InstalledDistributions> {
        let mut known = lock(&self.installed);
        let InstallSettings { directories, path, programs, .. } = &self.settings;
        let scan = || {
            let all = InstalledDistributions::scan(directories, path, self.supply.tools().python);
            let all = match programs {
                Some(sources) => all.that_may_run(sources),
                None => all,
            };
            Arc::new(match self.supply.lock() {
                Some(lock) => all.allowed_by(lock),
                None => all,
            })
        };
        Arc::clone(known.get_or_insert_with(scan))
    }

    /// The supply of distributions.
    pub fn supply(&self) -> &'a Supply<'a> {
        self.supply
    }

    /// Forgets the existing distributions, because something has changed them.
    pub(crate) fn changed(&self) {
        *lock(&self.installed) = None;
    }

    /// Chooses the distributions that meet the requirements; installs nothing.
    ///
    /// # Errors
    /// When none do.
    pub fn resolve(&self, requirements: &[Requirement]) -> Result<crate::resolve::Resolution, ResolveError> {
        let installed = self.installed();
        let InstallSettings { pins, newest, offline, prefer_final, allow_unknown_extras, provided, .. } =
            &self.settings;
        let tools = self.supply.tools();
        let request = ResolveRequest {
            requirements,
            pins,
            python: tools.python,
            installed: &installed,
            newest: *newest,
            prefer_final: *prefer_final,
            allow_unknown_extras: *allow_unknown_extras,
            sources_only: false,
            offline: *offline,
            provided,
            preferred: self.supply.lock().and_then(LockUse::preferred).map(|lock| (lock, Purpose::Use)),
        };
        let mut resolution = resolve(&request, self.supply, tools.report)
            .map_err(|error| error.with_lock(self.supply.lock(), Purpose::Use))?;
        if let Some(lock) = self.supply.lock().and_then(LockUse::deciding) {
            // A lock pins what it has.
            resolution.picked.retain(|picked| !lock.has(&crate::name::canonical(&picked.name), Purpose::Use));
        }
        match resolution.picked.iter().find(|picked| !picked.is_allowed) {
            Some(picked) if !self.settings.allow_picked_versions => {
                Err(ResolveError::Picked { name: picked.name.clone(), version: picked.version.clone() })
            }
            _ => Ok(resolution),
        }
    }

    /// The available files of a project; none if the sources cannot be read.
    pub fn files(&self, key: &str, purpose: Purpose) -> Vec<IndexFile> {
        self.supply.index().project(key, key, purpose).map(|project| project.files.clone()).unwrap_or_default()
    }

    /// Installs the missing distributions that the requirements need.
    ///
    /// # Errors
    /// [`InstallError`]; then nothing new is in the eggs directory.
    pub fn install(&self, requirements: &[Requirement]) -> Result<Installation, InstallError> {
        let mut new = Vec::new();
        let (resolution, distributions) = loop {
            let resolution = self.resolve(requirements)?;
            let missing: Vec<&ResolvedDistribution> =
                resolution.steps.iter().filter(|step| matches!(step.candidate, Candidate::File(_))).collect();
            if missing.is_empty() {
                remove_abandoned(&self.settings.directories.eggs);
            } else {
                self.fill(&missing)?;
                self.changed();
                new.extend(missing.iter().filter_map(|step| file_of(step).cloned()));
            }
            let found = self.found(&resolution.steps)?;
            // Only now is it known that a new distribution needs setuptools in addition.
            let is_new = |found: &&Arc<Distribution>| missing.iter().any(|step| step.requirement.key() == found.key());
            if !found.iter().filter(is_new).any(|found| found.needs_pkg_resources()) {
                break (resolution, WorkingSet::new(found));
            }
        };
        let report = self.supply.tools().report;
        for picked in &resolution.picked {
            report.log(Level::Debug, &format!("Picked: {} = {}", picked.name, picked.version));
        }
        let directories = self.settings.directories.clone();
        Ok(Installation { distributions, picked: resolution.picked, new, directories })
    }

    /// Puts distributions into the eggs directory: all missing ones, or none.
    fn fill(&self, missing: &[&ResolvedDistribution]) -> Result<(), InstallError> {
        let workshop = EggWorkshop::new(&self.settings.directories.eggs)?;
        let mask = workshop.mask()?;
        let prepared = self.prepare_all(missing, &workshop, mask)?;
        workshop.sync();
        for prepared in &prepared {
            workshop.publish(&prepared.egg, &prepared.name)?;
        }
        Ok(())
    }

    /// Prepares distributions, several at once, and reports each in their order.
    fn prepare_all(
        &self,
        missing: &[&ResolvedDistribution],
        workshop: &EggWorkshop,
        mask: u32,
    ) -> Result<Vec<PreparedEgg>, InstallError> {
        let next = AtomicUsize::new(0);
        let stop = AtomicUsize::new(0);
        let (sender, receiver) = channel();
        let report = self.supply.tools().report;
        std::thread::scope(|scope| {
            for _ in 0..self.settings.threads.clamp(1, missing.len()) {
                let (sender, next, stop) = (sender.clone(), &next, &stop);
                scope.spawn(move || {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(step) = missing.get(index).filter(|_| stop.load(Ordering::Relaxed) == 0) else {
                            return;
                        };
                        let aside = workshop.path().join(index.to_string());
                        if sender.send((index, self.prepare(step, &aside, mask))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            let mut done = BTreeMap::new();
            let mut failed = None;
            let mut reported = 0;
            for (index, outcome) in receiver {
                match outcome {
                    Ok(prepared) => drop(done.insert(index, prepared)),
                    Err(error) => {
                        stop.store(1, Ordering::Relaxed);
                        failed = failed.or(Some((index, error)));
                    }
                }
                while let (None, Some(prepared)) = (&failed, done.get(&reported)) {
                    report.log(Level::Info, &getting(missing[reported]));
                    report.log(Level::Info, &format!("Got {}.", prepared.shown));
                    reported += 1;
                }
            }
            match failed {
                Some((index, error)) => {
                    report.log(Level::Info, &getting(missing[index]));
                    Err(error)
                }
                None => Ok(done.into_values().collect()),
            }
        })
    }

    /// The distributions that result from the steps.
    fn found(&self, steps: &[ResolvedDistribution]) -> Result<Vec<Arc<Distribution>>, InstallError> {
        let installed = self.installed();
        let find = |step: &ResolvedDistribution| match &step.candidate {
            Candidate::Installed(distribution) => Ok(Arc::clone(distribution)),
            Candidate::File(file) => {
                let eggs = installed.project(&file.name.key()).iter();
                let same =
                    |distribution: &&Arc<Distribution>| distribution.parsed_version() == Some(&file.name.version);
                let found =
                    eggs.filter(same).find(|distribution| distribution.precedence == crate::eggs::Precedence::Egg);
                found.cloned().ok_or_else(|| InstallError::Lost {
                    file: file.file.clone(),
                    eggs: self.settings.directories.eggs.clone(),
                })
            }
        };
        steps.iter().map(find).collect()
    }
}

fn getting(step: &ResolvedDistribution) -> String {
    format!("Getting distribution for {}.", crate::scripts::repr(&step.requirement.to_string()))
}

/// The file of a step whose egg does not exist yet.
fn file_of(step: &ResolvedDistribution) -> Option<&Arc<IndexFile>> {
    match &step.candidate {
        Candidate::File(file) => Some(file),
        Candidate::Installed(_) => None,
    }
}
