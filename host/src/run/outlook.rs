//! What a run would do, and the graph of parts: computed without changing the buildout.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::source::Explain as _;
use recipe::Locations;
use state::plan::Step;
use state::{self, InstalledState};
use tempfile::TempDir;

use super::authority::Authority;
use super::cache::{self, PartCache, PartForecast};
use super::distributions::{DistributionStep, of_part};
use super::execute::transaction;
use super::extend;
use super::fault::RunFault;
use super::prepare::develop;
use super::python::program::is_program;
use super::session::Session;
use super::stage::definition::Stage;
use super::stage::presence::ExistingPaths;
use super::stage::references;
use super::stage::unused::Unused;
use super::stages::Stages;
use crate::error::RunError;

/// Parts and their references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartGraph {
    /// The parts in the order of installation.
    pub(crate) parts: Vec<String>,
    /// For each of them, the numbers of the parts that it references.
    pub(crate) references: Vec<BTreeSet<usize>>,
}

/// What a run would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outlook {
    /// Paths that an interrupted run moved aside, which the run would restore first.
    pub(crate) put_back: Vec<PathBuf>,
    /// The steps, in order.
    pub(crate) steps: Vec<Step>,
    /// The changes of the distributions that parts use.
    pub(crate) distributions: Vec<DistributionStep>,
    /// The change to another Python, if any.
    pub(crate) switch: Option<Switch>,
    /// What the recipes of the parts to be installed or updated may do, in the order of the steps.
    pub(crate) authorities: Vec<Authority>,
    /// Whether the cache has the parts to be installed that can be cached, and how others that the user names are looked
    /// up; empty without a cache.
    pub(crate) cached: Vec<PartForecast>,
    /// Possible mistakes: options of parts to be installed that their recipes do not have.
    pub(crate) warnings: Vec<String>,
}

/// A change of the buildout's Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Switch {
    /// Number of steps before it.
    pub(crate) after: usize,
    /// The Python before the change.
    pub(crate) from: String,
    /// The Python after the change.
    pub(crate) to: String,
}

/// Stages that are computed but not executed.
pub(super) struct Preview {
    locations: Arc<Locations>,
    installed: InstalledState,
    /// Links of developed recipe projects are created here, rather than in the buildout.
    develop_eggs: TempDir,
    stages: Stages,
}

impl Session {
    /// Computes what `install` would do. Changes nothing in the buildout.
    ///
    /// # Errors
    /// If `install` would fail before it changes anything.
    pub(crate) fn plan(&self, named: &[String]) -> Result<Outlook, RunError> {
        cache::check_settings(&self.root)?;
        let mut preview = self.preview(named)?;
        let aside = transaction::pending(&preview.locations, &self.root.context, &preview.installed);
        let put_back = aside.iter().map(|(path, _)| path.clone()).collect();
        let mut outlook = Outlook { put_back, ..Outlook::default() };
        let locations = Arc::clone(&preview.locations);
        let presence = ExistingPaths::below(&locations.directory).put_back(aside);
        let mut last = None;
        while let Some(stage) = preview.next()? {
            if let Some(python) = stage.python() {
                python.prepare(&stage.view, &stage.locations)?;
            }
            let steps = stage.steps(&preview.installed, &presence);
            let made = steps.iter().filter(|step| !matches!(step, Step::Uninstall(..)));
            outlook.authorities.extend(made.filter_map(|step| Authority::of(&stage.view, step.part())));
            outlook.cached.extend(forecast(&stage, &steps, named)?);
            outlook.steps.extend(steps);
            match distributions(&stage, &preview.installed) {
                Ok(changes) => outlook.distributions.extend(changes),
                Err(error) => outlook.warnings.extend(unknown(error)),
            }
            let change = stage.python().and_then(|python| python.change(&self.loaded.kept));
            let after = outlook.steps.len();
            outlook.switch = outlook
                .switch
                .or_else(|| change.map(|(from, to)| Switch { after, from: from.to_owned(), to: to.to_owned() }));
            last = Some(stage);
        }
        let of_options = last.map(|stage| warnings(&stage, &outlook.steps)).unwrap_or_default();
        outlook.warnings.extend(of_options);
        Ok(outlook)
    }

    /// Whether `install` would make the buildout's Python.
    pub(super) fn must_make_python(&self) -> Result<bool, RunError> {
        let mut preview = self.preview(&[])?;
        let Some(stage) = preview.next()? else { return Ok(false) };
        let Some(python) = stage.python() else { return Ok(false) };
        let presence = ExistingPaths::below(&preview.locations.directory);
        let steps = stage.steps(&preview.installed, &presence);
        Ok(!is_program(&python.executable) || steps.iter().any(|step| matches!(step, Step::Install(..))))
    }

    /// Computes the parts that `install` would install, and what they reference. Changes nothing in the buildout.
    ///
    /// # Errors
    /// If `install` would fail before it changes anything.
    pub(crate) fn graph(&self, named: &[String]) -> Result<PartGraph, RunError> {
        let mut preview = self.preview(named)?;
        let mut buildout = self.buildout.clone();
        while let Some(stage) = preview.next()? {
            buildout = stage.view.buildout.clone();
        }
        let parts = buildout.parts();
        let references = references::direct(&buildout, &parts.iter().map(String::as_str).collect::<Vec<_>>());
        Ok(PartGraph { parts, references })
    }

    /// The stages of a run, for what is computed without changing the buildout.
    pub(super) fn preview(&self, named: &[String]) -> Result<Preview, RunError> {
        let locations = self.root.locations()?;
        let installed = match &locations.installed {
            Some(path) => state::peek(path, &*self.root.context.report)?,
            None => InstalledState::default(),
        };
        let develop_eggs = tempfile::tempdir()
            .map_err(|error| RunFault::io(Path::new("temporary directory"), "cannot create", error))?;
        self.root.recipes.distributions().only_look(develop_eggs.path());
        let (root, loaded) = extend::before(self.root.clone(), self.loaded.clone(), extend::Mode::Look)?;
        let stages = Stages::preview(root, loaded, named);
        Ok(Preview { locations, installed, develop_eggs, stages })
    }
}

impl Preview {
    /// The next stage.
    pub(super) fn next(&mut self) -> Result<Option<Arc<Stage>>, RunError> {
        let Some(coming) = self.stages.coming()? else { return Ok(None) };
        if self.stages.develops(&coming)? {
            develop::develop_elsewhere(&coming.view, self.develop_eggs.path())?;
        }
        self.stages.begin(coming, &self.installed).map(Some)
    }
}

/// Whether the cache has the parts that would be installed; and the keys of those that the user names, even if they are
/// installed, which takes time for each.
fn forecast(stage: &Stage, steps: &[Step], named: &[String]) -> Result<Vec<PartForecast>, RunError> {
    let installs = steps.iter().filter(|step| matches!(step, Step::Install(..)));
    let parts: Vec<&str> = installs.map(Step::part).collect();
    let unchanged = steps.iter().filter(|step| matches!(step, Step::Update(_) | Step::InstallAgain(_)));
    let unchanged: Vec<&str> = unchanged.map(Step::part).filter(|part| named.iter().any(|name| name == part)).collect();
    if parts.is_empty() && unchanged.is_empty() {
        return Ok(Vec::new());
    }
    let Some(cache) = PartCache::of(&stage.view)? else { return Ok(Vec::new()) };
    let mut forecasts = cache.forecast(&stage.view, &parts)?;
    forecasts.extend(cache.identify(&stage.view, &unchanged)?);
    Ok(forecasts)
}

/// The changes of the distributions that the parts of a stage use.
fn distributions(stage: &Stage, installed: &InstalledState) -> Result<Vec<DistributionStep>, RunError> {
    let view = &stage.view;
    let needs = stage.parts.names().map(|part| of_part(view, part)).collect::<Result<Vec<_>, _>>()?;
    let needs: Vec<_> = needs.into_iter().flatten().collect();
    if needs.is_empty() {
        return Ok(Vec::new());
    }
    let projects = develop::python_projects(view)?;
    Ok(view.recipes.distributions().outlook(&view.buildout, &needs, &projects, installed)?)
}

/// The run itself would fail too, but only when it comes to the distributions.
fn unknown(error: RunError) -> Vec<String> {
    let mut lines = Vec::new();
    for error in error.failures() {
        lines.push(format!("The distributions of the parts cannot be determined: {error}"));
        lines.extend(error.details().iter().map(|line| format!("  {line}")));
    }
    lines
}

fn warnings(stage: &Stage, steps: &[Step]) -> Vec<String> {
    let mut unused = Unused::default();
    let installs = steps.iter().filter(|step| matches!(step, Step::Install(..)));
    let mut warnings: Vec<String> = installs.filter_map(|step| unused.undescribed(&stage.view, step.part())).collect();
    warnings.extend(unused.finish());
    warnings
}
