//! The procedure for every stage: uninstall, install, check, record.

use std::sync::Arc;

use base::event::Event;
use recipe::{Locations, Unfinished};
use state::StateFile;
use state::plan::Step;

use super::super::prepare::directories;
use super::super::settings::AfterFailure;
use super::super::stage::definition::{Selection, Stage};
use super::super::stage::presence::ExistingPaths;
use super::super::stage::unused::Unused;
use super::super::view::ResolvedBuildout;
use super::execution::Execution;
use super::parallel;
use crate::error::RunError;

pub(in crate::run) struct Executor<'a> {
    pub(in crate::run) state: &'a mut StateFile,
    unfinished: Arc<Unfinished>,
    pub(in crate::run) unused: Unused,
    /// Number of parts that the stages so far have installed or updated.
    installed: usize,
    /// The buildout as resolved by the latest stage.
    view: Option<ResolvedBuildout>,
}

impl<'a> Executor<'a> {
    pub(in crate::run) fn new(state: &'a mut StateFile, locations: &Locations) -> Self {
        let unfinished = Arc::new(Unfinished::open(locations.installed.as_deref()));
        Self { state, unfinished, unused: Unused::default(), installed: 0, view: None }
    }

    /// Executes a stage. On failure, the completed steps are recorded.
    pub(in crate::run) fn execute(&mut self, stage: &Stage) -> Result<(), RunError> {
        self.unused.enter(&stage.view);
        self.view = Some(stage.view.clone());
        let handover = stage.python().map(|python| python.prepare(&stage.view, &stage.locations)).transpose()?;
        directories::create_one(&stage.locations.parts, &*stage.view.context.report)?;
        let steps = stage.steps(self.state.installed(), &ExistingPaths::below(&stage.locations.directory));
        let uninstalls = steps.iter().take_while(|step| matches!(step, Step::Uninstall(..))).count();
        let (uninstalls, installs) = steps.split_at(uninstalls);
        self.installed += installs.len();
        let is_new = handover.as_ref().is_some_and(|handover| handover.is_new())
            || installs.iter().any(|step| matches!(step, Step::Install(..)));
        let planned = stage.is_last().then_some(self.installed);
        let mut execution = Execution::new(stage, self.state, &self.unfinished, &mut self.unused);
        if !steps.is_empty() {
            execution.report_recorded()?;
        }
        let outcome = execution
            .uninstall_all(uninstalls)
            .and_then(|()| install(&mut execution, installs, planned))
            .and_then(|()| stage.check_python(is_new));
        execution.end(outcome, installs)?;
        // Only now: the launcher must not store a Python whose parts could still be rolled back.
        if let (Some(python), Some(handover)) = (stage.python(), handover) {
            python.hand_over(&handover, &stage.view, &stage.locations)?;
        }
        if let Selection::Remaining { order, .. } = &stage.selection {
            self.state.order(order.clone());
        }
        Ok(())
    }

    /// Reports unused options of parts that later stages could have read.
    pub(in crate::run) fn report_postponed(&mut self) {
        if let Some(view) = &self.view {
            self.unused.report_postponed(view);
        }
    }
}

/// Installs parts, one after the other or several at once.
fn install(execution: &mut Execution<'_>, steps: &[Step], planned: Option<usize>) -> Result<(), RunError> {
    let context = &execution.stage.view.context;
    // Reported once in a run: what the last stage installs is known only after the other stages.
    if let Some(count) = planned {
        context.report.report(Event::PartsPlanned { count });
    }
    let settings = &context.settings;
    if settings.jobs().limit() > 1 || settings.after_failure == AfterFailure::KeepGoing {
        return parallel::install(execution, steps);
    }
    execution.install_all(steps)
}
