//! What installs, builds and develops distributions in a run, for recipes and for `[buildout] develop`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config::options::Buildout;
use distributions::build::{self, BuildOptions, Develop, Developed};
use distributions::eggs::{Directories, Distribution};
use distributions::install::Custom;
use distributions::python::Python;
use distributions::requirement::Requirement;
use distributions::resolve::Picked;
use distributions::working_set::WorkingSet;
use recipe::Locations;

use super::super::context::Context;
use super::super::prepare::directories;
use super::super::python::choice::Own;
use super::super::python::starter;
use super::error::NoDistributions;
use super::picked;
use super::settings::DistributionSettings;
use super::tools::Tools;

/// Installs, builds and develops distributions.
pub(in crate::run) struct PythonDistributions {
    context: Arc<Context>,
    /// By the path of the executable.
    pythons: Mutex<BTreeMap<String, Arc<Python>>>,
    /// By the Python and the sources.
    tools: Mutex<BTreeMap<String, Arc<Tools>>>,
    /// The distributions for requirements and settings that were requested before. As in `zc.recipe.egg`, parts with the
    /// same requirements get the same distributions.
    known: Mutex<BTreeMap<String, WorkingSet>>,
    /// Versions without a pin.
    picked: Mutex<Vec<Picked>>,
}

/// A distribution that was looked for, with all that it requires.
pub(in crate::run) struct Found {
    /// In the order of the path.
    pub(in crate::run) set: WorkingSet,
    pub(in crate::run) directories: Directories,
    pub(in crate::run) python: Arc<Python>,
    /// Files and directories of the buildout that a developed project may contain.
    pub(in crate::run) outside: Vec<PathBuf>,
}

impl Found {
    /// The distribution of a requirement itself.
    pub(in crate::run) fn distribution(&self, requirement: &str) -> Option<&Distribution> {
        let key = Requirement::parse(requirement).ok()?.key();
        self.set.project(&key).map(|found| &**found)
    }
}

/// The buildout of a request.
pub(super) struct Place<'a> {
    pub(super) buildout: &'a Buildout,
    pub(super) locations: Locations,
    pub(super) settings: DistributionSettings,
    /// The existing directories with parts, also those of other buildouts.
    pub(super) parts: Vec<PathBuf>,
}

impl PythonDistributions {
    pub(in crate::run) fn new(context: &Arc<Context>) -> Self {
        let context = Arc::clone(context);
        let (pythons, tools, known, picked) = Default::default();
        Self { context, pythons, tools, known, picked }
    }

    /// The directories and settings of a buildout.
    pub(super) fn place<'a>(&self, buildout: &'a Buildout) -> Result<Place<'a>, NoDistributions> {
        let locations = directories::locations(buildout, None, &[], &[])?;
        let threads = std::thread::available_parallelism().map_or(4, usize::from).max(4);
        let settings = DistributionSettings::of(buildout, &locations.directory, threads)?;
        let parts = directories_of_parts(buildout, &locations)?;
        Ok(Place { buildout, locations, settings, parts })
    }

    /// Installs the missing distributions that the requirements need.
    pub(super) fn install(
        &self,
        place: &Place<'_>,
        requirements: &[Requirement],
        reports_picked: bool,
    ) -> Result<WorkingSet, NoDistributions> {
        let tools = self.tools(place)?;
        let shown: Vec<String> = requirements.iter().map(ToString::to_string).collect();
        let key = format!("{:?}\n{shown:?}\n{:?}", tools.python.executable, place.settings);
        if let Some(known) = locked(&self.known).get(&key) {
            return Ok(known.clone());
        }
        let install = |installer: &distributions::install::Installer<'_>| installer.install(requirements);
        let outcome = tools.with(&place.settings, BuildOptions::default(), |installer, _| install(installer))?;
        if reports_picked {
            locked(&self.picked).extend(outcome.picked);
        }
        locked(&self.known).insert(key, outcome.distributions.clone());
        Ok(outcome.distributions)
    }

    /// A distribution for a requirement, with all that it requires but what `provided` has. With `only_existing`, nothing
    /// is installed.
    pub(in crate::run) fn for_recipe(
        &self,
        buildout: &Buildout,
        requirement: &str,
        provided: &BTreeSet<String>,
        only_existing: bool,
    ) -> Result<Found, NoDistributions> {
        let mut place = self.place(buildout)?;
        let choice = &mut place.settings.choice;
        choice.provided.clone_from(provided);
        if only_existing {
            (choice.offline, choice.newest, choice.allow_picked_versions) = (true, false, true);
        }
        let set = self.install(&place, &[Requirement::parse(requirement)?], !only_existing)?;
        let directories = place.settings.choice.directories.clone();
        let set = set.sorted(&directories);
        Ok(Found { set, python: Arc::clone(&self.tools(&place)?.python), outside: protected(&place)?, directories })
    }

    /// Builds a distribution from source into the directory of develop eggs. Returns its path.
    pub(super) fn build(
        &self,
        place: &Place<'_>,
        requirement: &Requirement,
        options: BuildOptions,
    ) -> Result<PathBuf, NoDistributions> {
        let custom = Custom { requirement: requirement.clone() };
        let built = self.tools(place)?.with(&place.settings, options, |installer, _| installer.build(&custom))?;
        locked(&self.known).clear();
        Ok(built)
    }

    /// Installs a project in editable mode, by default into the directory of develop eggs.
    pub(super) fn develop_in(
        &self,
        place: &Place<'_>,
        project: &Path,
        develop_eggs: &Path,
        options: &BuildOptions,
    ) -> Result<Developed, NoDistributions> {
        let tools = self.tools(place)?;
        let protected = protected(place)?;
        let wanted = Develop { project, develop_eggs, protected: &protected, options };
        let cancelled = || tools.is_cancelled();
        let developed =
            tools.with(&place.settings, options.clone(), |_, builder| build::develop(builder, &wanted, &cancelled))?;
        locked(&self.known).clear();
        Ok(developed)
    }

    /// Develops a project listed in `[buildout] develop`.
    pub(in crate::run) fn develop(&self, buildout: &Buildout, project: &Path) -> Result<Developed, NoDistributions> {
        let place = self.place(buildout)?;
        let develop_eggs = place.settings.choice.directories.develop.clone();
        self.develop_in(&place, project, &develop_eggs, &BuildOptions::default())
    }

    /// Reports the versions without a pin that were picked in this run.
    pub(in crate::run) fn report_picked(&self, buildout: &Buildout) -> Result<(), NoDistributions> {
        let locations = directories::locations(buildout, None, &[], &[])?;
        picked::report(&locked(&self.picked), buildout, &locations.directory, &*self.context.report)
    }

    /// The buildout's Python.
    pub(super) fn python(&self, buildout: &Buildout) -> Result<Arc<Python>, NoDistributions> {
        let executable = buildout.require("buildout", "executable")?;
        if let Some(known) = locked(&self.pythons).get(&executable) {
            return Ok(Arc::clone(known));
        }
        let Context { environment, settings, .. } = &*self.context;
        let start = starter::questioner(buildout, &settings.native, &executable, &Own::default())?;
        let kept = environment.cache_directory();
        let python = Arc::new(Python::ask(Path::new(&executable), &*start, kept.as_deref())?);
        Ok(Arc::clone(locked(&self.pythons).entry(executable).or_insert(python)))
    }

    pub(super) fn tools(&self, place: &Place<'_>) -> Result<Arc<Tools>, NoDistributions> {
        let Place { buildout, .. } = place;
        let executable = buildout.require("buildout", "executable")?;
        let key = format!("{executable}\n{}", place.settings.sources_key());
        if let Some(known) = locked(&self.tools).get(&key) {
            return Ok(Arc::clone(known));
        }
        let tools = Arc::new(Tools::new(&self.context, place, self.python(buildout)?)?);
        Ok(Arc::clone(locked(&self.tools).entry(key).or_insert(tools)))
    }
}

/// The existing directories with parts.
fn directories_of_parts(buildout: &Buildout, locations: &Locations) -> Result<Vec<PathBuf>, NoDistributions> {
    let shared = buildout.get("buildout", "shared-part-list")?.unwrap_or_default();
    let shared = shared.lines().map(str::trim).filter(|line| !line.is_empty());
    let own = [Some(locations.parts.clone()), locations.other_parts.clone()].into_iter().flatten();
    let all = own.chain(shared.map(|line| locations.directory.join(line)));
    Ok(all.filter(|path| path.exists()).collect())
}

/// What a build of a project in the buildout directory neither sees nor changes.
fn protected(place: &Place<'_>) -> Result<Vec<PathBuf>, NoDistributions> {
    let Place { buildout, locations, settings, .. } = place;
    let Locations { directory, parts, other_parts, bin, develop_eggs, eggs, protected, .. } = locations;
    let mut all = vec![parts.clone(), bin.clone(), develop_eggs.clone(), eggs.clone()];
    all.push(settings.choice.directories.eggs.clone());
    all.extend(other_parts.iter().chain(protected).cloned());
    for option in ["download-cache", "extends-cache"] {
        let cache = buildout.get("buildout", option)?.filter(|cache| !cache.is_empty());
        all.extend(cache.map(|cache| directory.join(cache)));
    }
    Ok(all)
}

/// The value is complete even if a thread panicked: it is only ever replaced as a whole.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
