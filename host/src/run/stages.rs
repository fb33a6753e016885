//! The list of stages of a run. Each is computed only when the previous one has been executed or planned: the Python
//! that a stage makes decides what the next stage is.

use std::sync::Arc;

use state::InstalledState;
use state::plan::Scope;

use super::reading::load::Loaded;
use super::rebootstrap::{closure, views};
use super::stage::definition::{ChangePolicy, Selection, Stage};
use super::stage::parts::{self, StageParts};
use super::view::ResolvedBuildout;
use crate::error::RunError;

/// The stages of a run, as far as they are known.
pub(super) struct Stages {
    root: ResolvedBuildout,
    loaded: Loaded,
    named: Vec<String>,
    /// Whether the stages are only computed.
    is_preview: bool,
    list: Vec<Arc<Stage>>,
    /// The value of `develop` for the last stage.
    developed: Option<Option<String>>,
}

/// A stage whose Python is known, but not its parts yet.
pub(super) struct ComingStage {
    /// The buildout as resolved with the stage's Python.
    pub(super) view: ResolvedBuildout,
    kind: StageKind,
}

enum StageKind {
    /// The parts of the Python that this section provides.
    Python { section: String },
    /// Returning to the original Python.
    Original,
    /// All other parts.
    Remaining,
}

impl Stages {
    /// The stages of a run for all parts, or the `named` ones.
    pub(super) fn new(root: ResolvedBuildout, loaded: Loaded, named: &[String]) -> Self {
        Self { root, loaded, named: named.to_vec(), is_preview: false, list: Vec::new(), developed: None }
    }

    /// The same stages, for what is computed without executing them.
    pub(super) fn preview(root: ResolvedBuildout, loaded: Loaded, named: &[String]) -> Self {
        Self { is_preview: true, ..Self::new(root, loaded, named) }
    }

    /// The next stage; `None` after the last one.
    pub(super) fn coming(&self) -> Result<Option<ComingStage>, RunError> {
        let Some(last) = self.list.last() else { return self.first().map(Some) };
        let Some(python) = last.python() else { return Ok(None) };
        let view = views::with_wanted_python(&last.view, &self.loaded, python)?;
        Ok(Some(ComingStage { view, kind: StageKind::Remaining }))
    }

    fn first(&self) -> Result<ComingStage, RunError> {
        if let Some(section) = views::python_section(&self.root)? {
            let view = views::with_original_python(&self.root, &self.loaded)?;
            return Ok(ComingStage { view, kind: StageKind::Python { section } });
        }
        let kind = if self.loaded.kept.own().is_some() { StageKind::Original } else { StageKind::Remaining };
        Ok(ComingStage { view: self.root.clone(), kind })
    }

    /// Whether the stage develops projects that differ from those of the previous one.
    pub(super) fn develops(&mut self, coming: &ComingStage) -> Result<bool, RunError> {
        let projects = coming.view.buildout.get("buildout", "develop")?;
        Ok(self.developed.replace(projects.clone()) != Some(projects))
    }

    /// Initializes the parts of the stage, and adds it to the list.
    pub(super) fn begin(&mut self, coming: ComingStage, installed: &InstalledState) -> Result<Arc<Stage>, RunError> {
        let ComingStage { view, kind } = coming;
        // What a recipe may change depends on what its part made before.
        if !installed.parts.is_empty() {
            let (runtime, locations) = (view.recipes.runtime()?, view.locations()?);
            for (part, recorded) in &installed.parts {
                runtime.record(part, Some(&recorded.installed), &locations);
            }
        }
        let stage = Arc::new(match kind {
            StageKind::Python { section } => closure::stage(view, &self.loaded, &section, &self.named)?,
            StageKind::Original => closure::stage_of_original(view, &self.loaded)?,
            StageKind::Remaining => self.remaining(view, installed)?,
        });
        self.list.push(Arc::clone(&stage));
        Ok(stage)
    }

    /// The stage of all parts that belong to no earlier stage.
    fn remaining(&self, view: ResolvedBuildout, installed: &InstalledState) -> Result<Stage, RunError> {
        let earlier: Vec<&StageParts> = self.list.iter().map(|stage| &stage.parts).collect();
        let parts = parts::requested(&view, &self.named, &earlier, installed, self.is_preview)?;
        view.recipes.report_unused_entries();
        let earlier = || earlier.iter().flat_map(|parts| parts.names()).map(str::to_owned);
        let order = if self.named.is_empty() {
            parts.names().map(str::to_owned).collect()
        } else {
            earlier().chain(parts::listed(&view)?).collect()
        };
        let scope = if self.named.is_empty() { Scope::Whole } else { Scope::Named };
        let selection = Selection::Remaining { scope, earlier: earlier().collect(), order };
        let locations = view.locations()?;
        Ok(Stage { view, locations, parts, selection, policy: ChangePolicy::Direct })
    }
}
