//! What installs, builds and develops distributions in a run, for recipes and for `[buildout] develop`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use base::event::Level;
use base::files::FileError;
use config::facts::behind_shim;
use config::options::Buildout;
use distributions::build::{self, BuildOptions, DevelopRequest, DevelopedProject, Memory};
use distributions::eggs::{Directories, Distribution, ProgramSources};
use distributions::install::CustomBuild;
use distributions::lock::LockUse;
use distributions::python::Python;
use distributions::requirement::Requirement;
use distributions::resolve::Picked;
use distributions::scripts::{absolute, real_path};
use distributions::working_set::{WorkingSet, developed};
use recipe::Locations;
use recipe::distributions::ProjectAccess;

use super::super::context::RunContext;
use super::super::prepare::{develop, directories};
use super::super::python::choice::Own;
use super::super::python::starter;
use super::absent::AbsentProjects;
use super::aside::PlanDirectories;
use super::convert;
use super::error::NoDistributions;
use super::lock;
use super::picked;
use super::pinned;
use super::settings::DistributionSettings;
use super::tools::InstallTools;

/// Installs, builds and develops distributions.
pub(in crate::run) struct BuildoutDistributions {
    context: Arc<RunContext>,
    /// Where distributions are put by those who only look.
    aside: OnceLock<PlanDirectories>,
    /// By the path of the executable.
    pythons: Mutex<BTreeMap<String, Arc<Python>>>,
    /// By the Python and the sources.
    tools: Mutex<BTreeMap<String, Arc<InstallTools>>>,
    /// The distributions for requirements and settings that were requested before. As in `zc.recipe.egg`, parts with the
    /// same requirements get the same distributions.
    known: Mutex<BTreeMap<String, WorkingSet>>,
    /// The distributions that recipes have got, by the paths of their metadata.
    pub(super) handed: Mutex<BTreeMap<PathBuf, Arc<Distribution>>>,
    /// Versions without a pin.
    picked: Mutex<Vec<Picked>>,
    /// The lock, once it was read.
    pub(super) lock_use: Mutex<Option<Option<LockUse>>>,
    /// What parts have used in this run.
    pub(super) used: Mutex<BTreeMap<String, BTreeSet<String>>>,
    /// What `develop` lists in vain.
    absent: AbsentProjects,
    /// What was requested, for a new lock.
    requested: Mutex<Vec<(DistributionSettings, Vec<Requirement>)>>,
}

/// A distribution that was looked for, with all that it requires.
pub(in crate::run) struct Found {
    /// In the order of the path.
    pub(in crate::run) set: WorkingSet,
    pub(in crate::run) directories: Directories,
    /// What may run.
    pub(in crate::run) sources: ProgramSources,
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

    /// Whether a directory contains directories of the buildout.
    pub(in crate::run) fn holds_buildout(&self, directory: &Path) -> bool {
        self.outside.iter().any(|path| path != directory && path.starts_with(directory))
    }
}

/// The buildout of a request.
pub(super) struct RequestPlace<'a> {
    pub(super) buildout: &'a Buildout,
    pub(super) locations: Locations,
    pub(super) settings: DistributionSettings,
    /// The existing directories with parts, also those of other buildouts.
    pub(super) parts: Vec<PathBuf>,
    pub(super) lock: Option<LockUse>,
}

impl RequestPlace<'_> {
    /// What editable installs depend on in addition to their projects.
    pub(super) fn memory_context(&self) -> String {
        self.lock.as_ref().map(|lock| lock.lock().digest_for_builds().to_string()).unwrap_or_default()
    }

    /// The same with other settings.
    pub(super) fn with_settings(&self, settings: DistributionSettings) -> RequestPlace<'_> {
        RequestPlace {
            buildout: self.buildout,
            locations: self.locations.clone(),
            settings,
            parts: self.parts.clone(),
            lock: self.lock.clone(),
        }
    }
}

impl BuildoutDistributions {
    pub(in crate::run) fn new(context: &Arc<RunContext>) -> Self {
        let context = Arc::clone(context);
        Self {
            context,
            pythons: Mutex::default(),
            aside: OnceLock::new(),
            tools: Mutex::default(),
            known: Mutex::default(),
            handed: Mutex::default(),
            picked: Mutex::default(),
            lock_use: Mutex::default(),
            used: Mutex::default(),
            absent: AbsentProjects::default(),
            requested: Mutex::default(),
        }
    }

    /// The directories and settings of a buildout.
    pub(super) fn place<'a>(&self, buildout: &'a Buildout) -> Result<RequestPlace<'a>, NoDistributions> {
        let locations = directories::locations(buildout, None, &[], &[])?;
        let threads = std::thread::available_parallelism().map_or(4, usize::from).max(4);
        let mut settings = DistributionSettings::of(buildout, &locations.directory, threads)?;
        let parts = directories_of_parts(buildout, &locations)?;
        let lock = self.lock_of_run(&locations)?;
        if lock.as_ref().is_some_and(LockUse::is_strict) {
            // The lock takes the place of the network: offline, its files are installed as far as the caches have them.
            settings.choice.offline = false;
        }
        Ok(RequestPlace { buildout, locations, settings, parts, lock })
    }

    fn lock_of_run(&self, locations: &Locations) -> Result<Option<LockUse>, NoDistributions> {
        let mut known = locked(&self.lock_use);
        if let Some(known) = &*known {
            return Ok(known.clone());
        }
        Ok(known.insert(lock::of_run(locations, &self.context)?).clone())
    }

    /// What was requested so far, if a new lock is made.
    pub(super) fn requested(&self) -> Vec<(DistributionSettings, Vec<Requirement>)> {
        locked(&self.requested).clone()
    }

    /// Installs the missing distributions that the requirements need.
    pub(super) fn install(
        &self,
        place: &RequestPlace<'_>,
        requirements: &[Requirement],
        reports_picked: bool,
    ) -> Result<WorkingSet, NoDistributions> {
        let tools = self.tools(place)?;
        let shown: Vec<String> = requirements.iter().map(ToString::to_string).collect();
        let key = format!("{:?}\n{shown:?}\n{:?}", tools.python.executable, place.settings);
        if let Some(known) = locked(&self.known).get(&key) {
            return Ok(known.clone());
        }
        if matches!(place.lock, Some(LockUse::Preferred(_))) {
            locked(&self.requested).push((place.settings.clone(), requirements.to_vec()));
        }
        let outcome = tools.with(place, BuildOptions::default(), |installer, _| installer.install(requirements));
        let outcome = outcome.map_err(|error| match &pinned::places(&error, place.buildout)[..] {
            [] => NoDistributions::from(error),
            pins => NoDistributions::Pinned { pins: pins.to_vec(), cause: Box::new(error) },
        })?;
        self.absent.warn_of(&outcome.distributions, tools.report());
        if reports_picked {
            locked(&self.picked).extend(outcome.picked);
        }
        let paths = outcome.distributions.iter().map(|one| (convert::metadata(one).to_owned(), Arc::clone(one)));
        locked(&self.handed).extend(paths);
        locked(&self.known).insert(key, outcome.distributions.clone());
        Ok(outcome.distributions)
    }

    /// From now on, nothing in the buildout changes: what is installed is put below `directory`.
    pub(in crate::run) fn only_look(&self, directory: &Path) {
        self.aside.get_or_init(|| PlanDirectories::new(directory));
    }

    /// Whether nothing in the buildout changes.
    pub(in crate::run) fn only_looks(&self) -> bool {
        self.aside.get().is_some()
    }

    /// The directories of those who only look.
    pub(super) fn put_aside(&self, place: &mut RequestPlace<'_>) -> Result<(), NoDistributions> {
        if let Some(aside) = self.aside.get() {
            place.settings.choice.directories = aside.of(&place.settings.choice.directories)?;
        }
        Ok(())
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
        let own = place.settings.choice.directories.clone();
        self.put_aside(&mut place)?;
        let projects = develop::listed_python_projects(buildout, &place.locations.directory)?;
        place.settings.leave_out_made_sources(&place.parts);
        let choice = &mut place.settings.choice;
        let sources = ProgramSources::of(&[&own, &choice.directories], &projects);
        choice.programs = Some(sources.clone());
        choice.provided.clone_from(provided);
        if only_existing {
            (choice.offline, choice.newest, choice.allow_picked_versions) = (true, false, true);
        }
        let reports = !only_existing && self.aside.get().is_none();
        let set = self.install(&place, &[Requirement::parse(requirement)?], reports)?;
        let directories = place.settings.choice.directories.clone();
        let set = set.sorted(&directories).that_may_run(&sources);
        let python = Arc::clone(&self.tools(&place)?.python);
        Ok(Found { set, python, outside: protected(&place)?, directories, sources })
    }

    /// Builds a distribution from source into the directory of develop eggs. Returns its path.
    pub(super) fn build(
        &self,
        place: &RequestPlace<'_>,
        requirement: &Requirement,
        options: BuildOptions,
    ) -> Result<PathBuf, NoDistributions> {
        let custom = CustomBuild { requirement: requirement.clone() };
        let built = self.tools(place)?.with(place, options, |installer, _| installer.build(&custom))?;
        self.forget();
        Ok(built)
    }

    /// Installs a project in editable mode, by default into the directory of develop eggs.
    pub(super) fn develop_in(
        &self,
        place: &RequestPlace<'_>,
        project: &ProjectAccess,
        develop_eggs: &Path,
        options: &BuildOptions,
    ) -> Result<DevelopedProject, NoDistributions> {
        let tools = self.tools(place)?;
        let protected = protected(place)?;
        let memory = tools.memory()?;
        let context = place.memory_context();
        // The locations of other parts can change at any time.
        let is_alone = options.build_ext.is_empty();
        let memory = is_alone.then_some(Memory { directory: &memory, context: &context });
        let ProjectAccess { directory, may_change } = project;
        let wanted = DevelopRequest {
            project: directory,
            develop_eggs,
            protected: &protected,
            options,
            memory,
            changes_project: *may_change,
        };
        let canceled = || tools.is_canceled();
        let developed = tools.with(place, options.clone(), |_, builder| build::develop(builder, &wanted, &canceled))?;
        if !developed.hidden.is_empty() {
            let DevelopedProject { name, hidden, .. } = &developed;
            let message = format!(
                "{name}: scripts cannot import {}, as the files in {} have other names",
                hidden.join(", "),
                directory.display(),
            );
            tools.report().log(Level::Warning, &message);
        }
        self.forget();
        Ok(developed)
    }

    /// Reports that `develop` lists a project, as `path`, that does not exist.
    pub(in crate::run) fn note_absent(&self, listed: &str, path: &Path) {
        self.absent.add(listed, path, &*self.context.report);
    }

    /// Forgets what is known of existing distributions, as some have changed.
    fn forget(&self) {
        locked(&self.known).clear();
        locked(&self.handed).clear();
    }

    /// Develops a project listed in `[buildout] develop`.
    pub(in crate::run) fn develop(
        &self,
        buildout: &Buildout,
        project: &Path,
    ) -> Result<DevelopedProject, NoDistributions> {
        let place = self.place(buildout)?;
        let develop_eggs = place.settings.choice.directories.develop.clone();
        let directory = if project.is_dir() { project } else { project.parent().unwrap_or(project) };
        let real = directory.canonicalize().map_err(FileError::of("open", directory))?;
        check_own_link(&place.locations, directory, &real)?;
        let project = ProjectAccess { directory: real, may_change: true };
        self.develop_in(&place, &project, &develop_eggs, &BuildOptions::default())
    }

    /// Develops a project listed in `[buildout] develop` for those who only look: neither the project nor the buildout
    /// changes.
    pub(in crate::run) fn develop_to_look(&self, buildout: &Buildout, project: &Path) -> Result<(), NoDistributions> {
        let Some(aside) = self.aside.get() else { return Ok(()) };
        let place = self.place(buildout)?;
        let real = project.canonicalize().unwrap_or_else(|_| project.to_owned());
        let developed = developed(&place.settings.choice.directories.develop);
        if developed.iter().any(|sources| sources.starts_with(&real)) {
            return Ok(());
        }
        let directories = aside.of(&place.settings.choice.directories)?;
        let options = BuildOptions::default();
        let project = ProjectAccess { directory: project.to_owned(), may_change: false };
        self.develop_in(&place, &project, &directories.develop, &options).map(drop)
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
        let RunContext { environment, settings, .. } = &*self.context;
        let start = starter::questioner(buildout, &settings.native, &executable, &Own::default())?;
        let directory = PathBuf::from(buildout.require("buildout", "directory")?);
        let shown = Path::new(&executable);
        let real = behind_shim(shown, &directory).unwrap_or_else(|| shown.to_owned());
        let kept = environment.cache_directory().unwrap_or_else(|| directory.join(".cache"));
        let python = Arc::new(Python::ask(&real, &*start, Some(&kept))?);
        Ok(Arc::clone(locked(&self.pythons).entry(executable).or_insert(python)))
    }

    pub(super) fn tools(&self, place: &RequestPlace<'_>) -> Result<Arc<InstallTools>, NoDistributions> {
        let RequestPlace { buildout, .. } = place;
        let executable = buildout.require("buildout", "executable")?;
        let key = format!("{executable}\n{}", place.settings.sources_key());
        if let Some(known) = locked(&self.tools).get(&key) {
            return Ok(Arc::clone(known));
        }
        let tools = Arc::new(InstallTools::new(&self.context, place, self.python(buildout)?)?);
        Ok(Arc::clone(locked(&self.tools).entry(key).or_insert(tools)))
    }
}

/// Checks that a project is not elsewhere by a link that a recipe or command may have made: one in a directory of parts.
fn check_own_link(locations: &Locations, directory: &Path, real: &Path) -> Result<(), NoDistributions> {
    let path = absolute(directory);
    let outer = [Some(&locations.parts), locations.other_parts.as_ref()];
    let outer = outer.into_iter().flatten().find(|outer| path.starts_with(outer) && **outer != locations.directory);
    match outer {
        Some(outer) if real_path(outer).join(path.strip_prefix(outer).unwrap_or(&path)) != real => {
            Err(NoDistributions::Link { project: path, real: real.to_owned() })
        }
        _ => Ok(()),
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
pub(super) fn protected(place: &RequestPlace<'_>) -> Result<Vec<PathBuf>, NoDistributions> {
    let RequestPlace { buildout, locations, settings, .. } = place;
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
