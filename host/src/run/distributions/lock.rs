//! `pylock.toml`: which lock applies to a run, and the making of a new one.
//!
//! A new lock has what an installation from an empty directory chooses: the distributions are installed aside, in the
//! cache.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::files::FileError;
use config::options::Buildout;
use distributions::build::{self, BuildOptions, DevelopRequest, DevelopedProject};
use distributions::eggs::{Directories, Precedence, ProgramSources};
use distributions::index::IndexFile;
use distributions::install::{CustomBuild, InstallError, Installation, Installer};
use distributions::lock::{DistributionsLock, FILE, LockUse, Purpose};
use distributions::name;
use distributions::requirement::Requirement;
use distributions::resolve::Candidate;
use distributions::working_set::WorkingSet;
use fetch::{Algorithm, Checksum};
use recipe::Locations;
use registry::locking::LockMode;
use tempfile::TempDir;

use super::super::context::RunContext;
use super::convert;
use super::error::NoDistributions;
use super::needs::{Need, NeedKind};
use super::provider::{BuildoutDistributions, RequestPlace, locked, protected};
use super::settings::DistributionSettings;

/// The path of the lock of a buildout.
pub(super) fn path(locations: &Locations) -> PathBuf {
    locations.configuration_directory.join(FILE)
}

/// The lock in a buildout's directory.
pub(super) fn read(locations: &Locations) -> Result<Option<DistributionsLock>, NoDistributions> {
    let Some(bytes) = base::files::read(&path(locations))? else { return Ok(None) };
    Ok(Some(DistributionsLock::parse(&String::from_utf8_lossy(&bytes), &locations.configuration_directory)?))
}

/// The lock that applies to a run. With `--locked`, a missing lock allows nothing.
pub(super) fn of_run(locations: &Locations, context: &RunContext) -> Result<Option<LockUse>, NoDistributions> {
    let lock = read(locations)?;
    Ok(match context.settings.lock {
        LockMode::Locked => Some(lock.map_or(LockUse::Missing, |lock| LockUse::Only(Arc::new(lock)))),
        LockMode::Write | LockMode::Leave => lock.map(|lock| LockUse::First(Arc::new(lock))),
    })
}

/// A project that was developed aside.
struct ProjectAside {
    key: String,
    directory: PathBuf,
}

/// A new lock.
pub(super) struct Making<'a> {
    provider: &'a BuildoutDistributions,
    place: RequestPlace<'a>,
    aside: TempDir,
    /// The projects that the configuration develops.
    listed: &'a [PathBuf],
    projects: Vec<ProjectAside>,
    lock: DistributionsLock,
}

impl BuildoutDistributions {
    /// Adds to `lock` what parts and developed projects need.
    pub(in crate::run) fn lock(
        &self,
        buildout: &Buildout,
        needs: &[Need],
        projects: &[PathBuf],
        lock: DistributionsLock,
    ) -> Result<DistributionsLock, NoDistributions> {
        let place = self.place(buildout)?;
        if place.settings.choice.offline {
            return Err(NoDistributions::Settings("Cannot lock distributions in offline mode".to_owned()));
        }
        let trials = self.tools(&place)?.trials()?;
        let aside = TempDir::new_in(&trials).map_err(FileError::of("create a directory in", &trials))?;
        let mut making = Making { provider: self, place, aside, listed: projects, projects: Vec::new(), lock };
        for project in projects {
            making.add_project(project)?;
        }
        for need in needs {
            making.add_need(need)?;
        }
        for (settings, requirements) in self.requested() {
            making.install(settings, &requirements)?;
        }
        Ok(making.lock)
    }

    /// The lock of a buildout, and the locked versions that a new lock prefers from now on: all but those of the projects
    /// in `upgraded` (`None`: of all). An unknown name is an error.
    pub(in crate::run) fn prepare_lock(
        &self,
        buildout: &Buildout,
        upgraded: Option<&[String]>,
    ) -> Result<DistributionsLock, NoDistributions> {
        let locations = super::super::prepare::directories::locations(buildout, None, &[], &[])?;
        let old = read(&locations)?.unwrap_or_default();
        let mut preferred = if upgraded.is_some() { old.clone() } else { DistributionsLock::default() };
        for project in upgraded.into_iter().flatten() {
            if !preferred.release(&name::canonical(project)) {
                return Err(NoDistributions::NotLocked {
                    name: project.clone(),
                    locked: old.keys().map(str::to_owned).collect(),
                });
            }
        }
        *locked(&self.lock_use) = Some(Some(LockUse::Preferred(Arc::new(preferred))));
        Ok(old)
    }

    /// Develops a project without changing it. `look` sees what its build has required.
    pub(super) fn develop_aside(
        &self,
        place: &RequestPlace<'_>,
        project: &Path,
        develop_eggs: &Path,
        look: impl FnOnce(&Installer<'_>) -> Result<(), NoDistributions>,
    ) -> Result<DevelopedProject, NoDistributions> {
        let (tools, protected, options) = (self.tools(place)?, protected(place)?, BuildOptions::default());
        let canceled = || tools.is_canceled();
        tools.with(place, options.clone(), |installer, builder| {
            let wanted = DevelopRequest {
                project,
                develop_eggs,
                protected: &protected,
                options: &options,
                memory: None,
                changes_project: false,
            };
            let developed = build::develop(builder, &wanted, &canceled)?;
            look(installer)?;
            Ok(developed)
        })
    }

    /// Writes a lock, if it differs from the existing one.
    pub(in crate::run) fn write_lock(
        &self,
        buildout: &Buildout,
        lock: &DistributionsLock,
    ) -> Result<(), NoDistributions> {
        let locations = super::super::prepare::directories::locations(buildout, None, &[], &[])?;
        let text = lock.text(&locations.configuration_directory);
        base::files::replace(&path(&locations), text.as_bytes())?;
        Ok(())
    }
}

impl Making<'_> {
    /// The settings for what is installed aside.
    fn settings(&self, need: Option<&Need>) -> DistributionSettings {
        let mut settings = self.place.settings.clone();
        if let Some(need) = need {
            settings.index = need.index.clone().or(settings.index);
            settings.find_links = need.find_links.clone().unwrap_or(settings.find_links);
        }
        settings.choice.directories = directories(self.aside.path());
        settings
    }

    fn add_need(&mut self, need: &Need) -> Result<(), NoDistributions> {
        let requirements = convert::requirements(&need.requirements)?;
        match need.kind {
            NeedKind::Install => self.install(self.settings(Some(need)), &requirements),
            NeedKind::Build => requirements.into_iter().try_for_each(|requirement| self.add_custom(need, requirement)),
            NeedKind::Develop => {
                let projects: Vec<PathBuf> = need.requirements.iter().map(PathBuf::from).collect();
                projects.iter().try_for_each(|project| self.add_project(project))
            }
        }
    }

    fn install(
        &mut self,
        mut settings: DistributionSettings,
        requirements: &[Requirement],
    ) -> Result<(), NoDistributions> {
        let is_program = settings.choice.programs.is_some();
        let used = self.install_aside(settings.clone(), requirements)?;
        if !is_program {
            return Ok(());
        }
        // Many recipes give their parts what they require themselves. A part needs all of it, also what recipes get from the
        // Python runtime.
        let provided = std::mem::take(&mut settings.choice.provided);
        settings.choice.programs = None;
        let recipes = requirements.iter().filter_map(|requirement| used.project(&requirement.key()));
        let required =
            recipes.filter_map(|recipe| recipe.metadata().ok()).flat_map(|metadata| metadata.requires.clone());
        let required: Vec<Requirement> = required.filter(|one| !provided.contains(&one.key())).collect();
        match self.install_aside(settings, &required) {
            // That the recipe itself can run is known.
            Err(NoDistributions::Install(error)) if matches!(*error, InstallError::Resolve(_)) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Installs distributions aside, and adds them.
    fn install_aside(
        &mut self,
        mut settings: DistributionSettings,
        requirements: &[Requirement],
    ) -> Result<WorkingSet, NoDistributions> {
        let aside = directories(self.aside.path());
        if let Some(programs) = &mut settings.choice.programs {
            // Recipes and extensions, too, are only installed aside.
            *programs = ProgramSources::of(&[&aside], self.listed);
        }
        settings.choice.directories = aside;
        let place = self.place.with_settings(settings);
        let tools = self.provider.tools(&place)?;
        let (lock, projects) = (&mut self.lock, &self.projects);
        let directory = &place.locations.configuration_directory;
        tools.with(&place, BuildOptions::default(), |installer, _| {
            let outcome = installer.install(requirements)?;
            add_used(lock, installer, &outcome, projects, directory)?;
            add_required(lock, installer)?;
            Ok(outcome.distributions)
        })
    }

    /// Adds a distribution that a part builds from source.
    fn add_custom(&mut self, need: &Need, requirement: Requirement) -> Result<(), NoDistributions> {
        let place = self.place.with_settings(self.settings(Some(need)));
        let tools = self.provider.tools(&place)?;
        let lock = &mut self.lock;
        tools.with(&place, BuildOptions::default(), |installer, _| {
            let Candidate::File(file) = installer.source_of(&CustomBuild { requirement })? else { return Ok(()) };
            installer.supply().find_requirements(&file).map_err(distributions::install::InstallError::from)?;
            let version = file.name.version.clone();
            add(lock, installer, &file.name.key(), &version, Purpose::Use, Some(&file))?;
            add_required(lock, installer)
        })
    }

    /// Develops a project aside, and adds what its build requires.
    fn add_project(&mut self, project: &Path) -> Result<(), NoDistributions> {
        let place = self.place.with_settings(self.settings(None));
        let develop_eggs = place.settings.choice.directories.develop.clone();
        let lock = &mut self.lock;
        let developed =
            self.provider.develop_aside(&place, project, &develop_eggs, |installer| add_required(lock, installer))?;
        let directory = if project.is_dir() { project } else { project.parent().unwrap_or(project) };
        let directory = directory.canonicalize().map_err(FileError::of("open", directory))?;
        self.projects.push(ProjectAside { key: name::canonical(&developed.name), directory });
        Ok(())
    }
}

/// Where distributions are installed aside.
fn directories(aside: &Path) -> Directories {
    Directories { eggs: aside.join("eggs"), develop: aside.join("develop-eggs") }
}

/// Adds the distributions that were installed aside.
fn add_used(
    lock: &mut DistributionsLock,
    installer: &Installer<'_>,
    outcome: &Installation,
    projects: &[ProjectAside],
    directory: &Path,
) -> Result<(), NoDistributions> {
    let new: BTreeMap<String, &Arc<IndexFile>> = outcome.new.iter().map(|file| (file.name.key(), file)).collect();
    for distribution in outcome.distributions.iter() {
        let key = distribution.key();
        if distribution.precedence == Precedence::Develop {
            if let Some(project) = projects.iter().find(|project| project.key == key) {
                lock.add_developed(&key, &distributions::lock::relative(project.directory.clone(), directory));
            }
            continue;
        }
        let Some(version) = distribution.parsed_version() else { continue };
        if !lock.has_version(&key, Some(version), Purpose::Use) {
            let file = new.get(&key).filter(|file| file.name.version == *version);
            add(lock, installer, &key, version, Purpose::Use, file.copied())?;
        }
    }
    Ok(())
}

/// Adds what builds have required.
fn add_required(lock: &mut DistributionsLock, installer: &Installer<'_>) -> Result<(), NoDistributions> {
    for candidate in installer.supply().required_by_builds() {
        if let Candidate::File(file) = candidate {
            add(lock, installer, &file.name.key(), &file.name.version, Purpose::Build, Some(&file))?;
        }
    }
    Ok(())
}

fn add(
    lock: &mut DistributionsLock,
    installer: &Installer<'_>,
    key: &str,
    version: &distributions::version::Version,
    purpose: Purpose,
    chosen: Option<&Arc<IndexFile>>,
) -> Result<(), NoDistributions> {
    let mut files = installer.files(key, purpose);
    if let Some(chosen) = chosen.filter(|chosen| !files.iter().any(|file| file.file == chosen.file)) {
        files.push((**chosen).clone());
    }
    lock.add(key, version, purpose, files, |file| {
        let brought = installer.supply().bring(file).map_err(distributions::install::InstallError::from)?;
        let text = brought.sha256.to_string();
        Checksum::parse(Algorithm::Sha256, &text)
            .map_err(|_| NoDistributions::Settings(format!("{text} is not a digest")))
    })
}
