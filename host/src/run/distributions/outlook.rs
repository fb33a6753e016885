//! What a run would change about the distributions that parts use, and what parts used last, which the state records.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base::files::FileError;
use config::options::Buildout;
use distributions::build::{self, BuildOptions, DevelopRequest, Memory};
use distributions::install::CustomBuild;
use distributions::name;
use distributions::resolve::{Candidate, Resolution, ResolvedDistribution};
use distributions::working_set::WorkingSet;
use state::{InstalledState, StateChange, StateError, StateFile};
use tempfile::TempDir;

use super::convert;
use super::error::NoDistributions;
use super::needs::{Need, NeedKind};
use super::provider::{BuildoutDistributions, RequestPlace, locked, protected};

/// The option of the state's `[buildout]` that has, in each line, a part and the distributions that it used last.
const USED: &str = "distributions";

/// A change of the distributions that parts use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DistributionStep {
    /// The distribution.
    pub(crate) name: String,
    /// The versions that parts used last; none if it is new.
    pub(crate) before: Vec<String>,
    /// The versions that parts will use; none if it is no longer used.
    pub(crate) after: Vec<String>,
    /// Whether it is not in the eggs directory yet.
    pub(crate) installs: bool,
    /// Why.
    pub(crate) reason: String,
}

/// The distributions that parts use, by part: each as `requests==2.34.2`.
type Used = BTreeMap<String, BTreeSet<String>>;

/// What parts will use of one project.
#[derive(Default)]
struct PlannedUse {
    versions: BTreeSet<String>,
    installs: bool,
    reason: String,
}

impl BuildoutDistributions {
    /// Notes what a part uses. Developed projects are not noted: they change with every edit.
    pub(super) fn note_used(&self, part: &str, set: &WorkingSet) {
        let eggs = set.iter().filter(|one| one.precedence == distributions::eggs::Precedence::Egg);
        let shown = eggs.map(|one| format!("{}=={}", one.project, one.version));
        locked(&self.used).entry(part.to_owned()).or_default().extend(shown);
    }

    /// Records in the state what parts have used in this run.
    pub(in crate::run) fn record_used(&self, state: &mut StateFile) -> Result<(), StateError> {
        let before = state.installed().buildout.get(USED).map(|value| value.to_string());
        let mut used = used(state.installed());
        used.extend(locked(&self.used).clone());
        used.retain(|part, all| !all.is_empty() && state.installed().parts.contains_key(part.as_str()));
        let line = |(part, all): (&String, &BTreeSet<String>)| {
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            format!("{part}: {}", all.join(" "))
        };
        let value = used.iter().map(line).collect::<Vec<_>>().join("\n");
        match before {
            None if value.is_empty() => Ok(()),
            Some(before) if before == value => Ok(()),
            Some(_) if value.is_empty() => state.record(&StateChange::NoOption { name: USED.to_owned() }),
            _ => state.record(&StateChange::Option { name: USED.to_owned(), value }),
        }
    }

    /// What the distributions of parts will be. Changes nothing in the buildout.
    pub(in crate::run) fn outlook(
        &self,
        buildout: &Buildout,
        needs: &[Need],
        projects: &[PathBuf],
        installed: &InstalledState,
    ) -> Result<Vec<DistributionStep>, NoDistributions> {
        if needs.is_empty() {
            return Ok(Vec::new());
        }
        let mut place = self.place(buildout)?;
        let aside = self.with_projects(&mut place, projects)?;
        let mut coming: BTreeMap<String, (String, PlannedUse)> = BTreeMap::new();
        for need in needs {
            self.add_coming(&place, need, &mut coming)?;
        }
        drop(aside);
        let recorded = used(installed);
        Ok(changes(&recorded, needs, coming))
    }

    /// Finds developed projects where they are, if they are as they were when they were installed; otherwise aside.
    fn with_projects(
        &self,
        place: &mut RequestPlace<'_>,
        projects: &[PathBuf],
    ) -> Result<Option<TempDir>, NoDistributions> {
        let develop_eggs = place.settings.choice.directories.develop.clone();
        let stale = projects.iter().map(|project| Ok(!self.is_current(place, project, &develop_eggs)?));
        if !stale.collect::<Result<Vec<bool>, NoDistributions>>()?.contains(&true) {
            return Ok(None);
        }
        let trials = self.tools(place)?.trials()?;
        let aside = TempDir::new_in(&trials).map_err(FileError::of("create a directory in", &trials))?;
        // What parts have built there stays.
        for entry in std::fs::read_dir(&develop_eggs).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "egg") {
                let link = aside.path().join(entry.file_name());
                std::os::unix::fs::symlink(&path, &link).map_err(FileError::of("create the link", &link))?;
            }
        }
        for project in projects {
            self.develop_aside(place, project, aside.path(), |_| Ok(()))?;
        }
        place.settings.choice.directories.develop = aside.path().to_owned();
        Ok(Some(aside))
    }

    fn is_current(
        &self,
        place: &RequestPlace<'_>,
        project: &Path,
        develop_eggs: &Path,
    ) -> Result<bool, NoDistributions> {
        let tools = self.tools(place)?;
        let (memory, protected, options) = (tools.memory()?, protected(place)?, BuildOptions::default());
        let context = place.memory_context();
        let memory = Some(Memory { directory: &memory, context: &context });
        let wanted = DevelopRequest {
            project,
            develop_eggs,
            protected: &protected,
            options: &options,
            memory,
            changes_project: false,
        };
        Ok(build::recall(&tools.python, &wanted)?.is_some())
    }

    fn add_coming(
        &self,
        place: &RequestPlace<'_>,
        need: &Need,
        coming: &mut BTreeMap<String, (String, PlannedUse)>,
    ) -> Result<(), NoDistributions> {
        if need.kind == NeedKind::Develop {
            return Ok(());
        }
        let mut settings = place.settings.clone();
        settings.index = need.index.clone().or(settings.index);
        settings.find_links = need.find_links.clone().unwrap_or(settings.find_links);
        let place = place.with_settings(settings);
        let requirements = convert::requirements(&need.requirements)?;
        let mut add = |name: &str, version: String, installs: bool, reason: String| {
            let (_, known) =
                coming.entry(name::canonical(name)).or_insert_with(|| (name.to_owned(), PlannedUse::default()));
            known.versions.insert(version);
            if installs && !known.installs || known.reason.is_empty() {
                known.reason = reason;
            }
            known.installs |= installs;
        };
        self.tools(&place)?.with(&place, BuildOptions::default(), |installer, _| {
            if need.kind == NeedKind::Build {
                for requirement in requirements {
                    let reason = format!("{} builds {requirement}", need.part);
                    if let Candidate::File(file) = installer.source_of(&CustomBuild { requirement })? {
                        add(&name::safe(&file.name.name), file.name.version.to_string(), true, reason);
                    }
                }
                return Ok(());
            }
            let resolution = installer.resolve(&requirements).map_err(distributions::install::InstallError::from)?;
            for step in resolution.steps.iter().filter(|step| !step.candidate.is_developed()) {
                let (shown, version) = shown(step);
                let installs = matches!(step.candidate, Candidate::File(_));
                add(&shown, version, installs, reason(need, &resolution, step, &place));
            }
            Ok(())
        })
    }
}

/// The name and the version of a step's distribution.
fn shown(step: &ResolvedDistribution) -> (String, String) {
    match &step.candidate {
        Candidate::Installed(found) => (found.project.clone(), found.version.clone()),
        Candidate::File(file) => (name::safe(&step.metadata.name), file.name.version.to_string()),
    }
}

/// Why a part uses a distribution, and this version of it.
fn reason(need: &Need, resolution: &Resolution, step: &ResolvedDistribution, place: &RequestPlace<'_>) -> String {
    let key = step.requirement.key();
    let mut reason = match resolution.required_by(step) {
        Some((other, requirement)) => {
            let (name, version) = shown(other);
            let bare = distributions::requirement::Requirement { marker: None, ..requirement.clone() };
            format!("{name} {version} requires {bare}")
        }
        None => {
            let written = need.requirements.iter().find(|text| {
                distributions::requirement::Requirement::parse(text).is_ok_and(|requirement| requirement.key() == key)
            });
            format!("{} requires {}", need.part, written.map_or(key.as_str(), String::as_str))
        }
    };
    if let Some(pin) = place.settings.choice.pins.of(&key) {
        reason += &format!(", and [versions] has {pin}");
    } else if place.lock.as_ref().is_some_and(|lock| lock.lock().has(&key, distributions::lock::Purpose::Use)) {
        reason += ", and pylock.toml has this version";
    }
    reason
}

/// What parts used last, as the state has it.
fn used(installed: &InstalledState) -> Used {
    let text = installed.buildout.get(USED).map(|value| value.to_string()).unwrap_or_default();
    let line = |line: &str| {
        let (part, all) = line.trim().split_once(": ")?;
        Some((part.to_owned(), all.split_whitespace().map(str::to_owned).collect()))
    };
    text.lines().filter_map(line).collect()
}

/// The differences between what parts used and what they will use. Parts without `needs` in this plan are left alone.
fn changes(recorded: &Used, needs: &[Need], coming: BTreeMap<String, (String, PlannedUse)>) -> Vec<DistributionStep> {
    let mut before: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for (part, all) in recorded {
        if !needs.iter().any(|need| need.part == *part) {
            continue;
        }
        for (name, version) in all.iter().filter_map(|one| one.split_once("==")) {
            let known = before.entry(name::canonical(name)).or_insert_with(|| (name.to_owned(), BTreeSet::new()));
            known.1.insert(version.to_owned());
        }
    }
    let mut steps = Vec::new();
    for (key, (name, one)) in coming {
        let old = before.remove(&key).map(|(_, versions)| versions).unwrap_or_default();
        if old != one.versions || one.installs {
            let PlannedUse { versions, installs, reason } = one;
            let (before, after) = (old.into_iter().collect(), versions.into_iter().collect());
            steps.push(DistributionStep { name, before, after, installs, reason });
        }
    }
    let remains = |name: &str| {
        let incomplete = needs.iter().filter(|need| !need.is_complete).filter_map(|need| recorded.get(&need.part));
        incomplete.flatten().any(|one| one.split_once("==").is_some_and(|(used, _)| used == name))
    };
    for (name, versions) in before.into_values().filter(|(name, _)| !remains(name)) {
        let (before, reason) = (versions.into_iter().collect(), "it is no longer required".to_owned());
        steps.push(DistributionStep { name, before, after: Vec::new(), installs: false, reason });
    }
    steps.sort_by_key(|step| name::canonical(&step.name));
    steps
}
