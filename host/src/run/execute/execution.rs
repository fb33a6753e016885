//! A stage during its execution: its steps, and recording their outcomes.

use std::sync::Arc;

use base::collections::Set;
use base::event::Level;
use config::options::Values;
use recipe::Unfinished;
use state::plan::Step;
use state::{InstalledPart, StateChange, StateFile};

use super::super::python_recipes::InstallPurpose;
use super::super::stage::definition::{ChangePolicy, Stage};
use super::super::stage::unused::Unused;
use super::outside::Outside;
use super::remover::Remover;
use super::step::{self, StepOutcome};
use super::transaction::Transaction;
use crate::error::{Doing, RunError};

/// A stage during its execution.
pub(super) struct Execution<'a> {
    pub(super) stage: &'a Stage,
    state: &'a mut StateFile,
    unfinished: &'a Arc<Unfinished>,
    unused: &'a mut Unused,
    remover: Remover<'a>,
    /// `None`: each change takes effect at once.
    transaction: Option<Transaction>,
    /// Parts recorded so far.
    recorded: Set<String>,
    /// The parts that were made but could not be recorded.
    unrecorded: Set<String>,
}

impl<'a> Execution<'a> {
    pub(super) fn new(
        stage: &'a Stage,
        state: &'a mut StateFile,
        unfinished: &'a Arc<Unfinished>,
        unused: &'a mut Unused,
    ) -> Self {
        let remover = Remover::new(&stage.view, &stage.locations, state.installed());
        let transaction = matches!(stage.policy, ChangePolicy::Transaction(_)).then(Transaction::default);
        let (recorded, unrecorded) = Default::default();
        Self { stage, state, unfinished, unused, remover, transaction, recorded, unrecorded }
    }

    /// Reports to the recipes which paths belong to which part.
    pub(super) fn report_recorded(&self) -> Result<(), RunError> {
        self.stage.view.recipes.runtime()?.announce_to(self.unfinished);
        let parts: Vec<&String> = self.state.installed().parts.keys().collect();
        parts.into_iter().try_for_each(|part| self.report_record(part))
    }

    fn report_record(&self, part: &str) -> Result<(), RunError> {
        let recorded = self.state.installed().parts.get(part).map(|recorded| recorded.installed.as_slice());
        self.stage.view.recipes.runtime()?.record(part, recorded, &self.stage.locations);
        Ok(())
    }

    /// Uninstalls the parts of these steps.
    pub(super) fn uninstall_all(&mut self, steps: &[Step]) -> Result<(), RunError> {
        for step in steps {
            self.check_interrupt()?;
            self.timed(step, |execution| execution.uninstall(step.part()))?;
        }
        if self.stage.is_last() {
            self.unused.report_buildout(&self.stage.view);
        }
        Ok(())
    }

    /// Installs and updates the parts of these steps, one after the other.
    pub(super) fn install_all(&mut self, steps: &[Step]) -> Result<(), RunError> {
        for step in steps {
            self.check_interrupt()?;
            self.timed(step, |execution| {
                let outcome = step::call(&execution.stage.view, step)?;
                execution.settle(step, outcome)
            })?;
        }
        // The signal may have come during the last step.
        self.check_interrupt()
    }

    pub(super) fn check_interrupt(&self) -> Result<(), RunError> {
        self.stage.view.context.check_interrupt()
    }

    /// Executes one step, and reports its start and end.
    fn timed(&mut self, step: &Step, work: impl FnOnce(&mut Self) -> Result<(), RunError>) -> Result<(), RunError> {
        let view = &self.stage.view;
        let start = step::start(view, step);
        let outcome = work(self).doing(|| step::operation(view, step));
        step::end(view, step, start, outcome.is_ok());
        outcome
    }

    fn uninstall(&mut self, part: &str) -> Result<(), RunError> {
        self.log(&format!("Uninstalling {part}"));
        let Some(recorded) = self.state.installed().parts.get(part).cloned() else { return Ok(()) };
        self.remover.check(part, &recorded)?;
        self.run_uninstaller(part, &recorded)?;
        let installed = self.remover.recorded_here(&recorded.installed);
        let recorded = InstalledPart { installed, ..recorded };
        match &mut self.transaction {
            Some(transaction) => {
                transaction.set_aside(part, &recorded, &self.remover, &self.stage.locations, self.state)
            }
            None => self.remove(part, &recorded),
        }
    }

    fn remove(&mut self, part: &str, recorded: &InstalledPart) -> Result<(), RunError> {
        let logs = self.remover.logs(part, recorded);
        self.remover.remove(part, &recorded.options, &recorded.installed)?;
        self.remover.remove_logs(part, &logs);
        self.record_removal(part)
    }

    fn record_removal(&mut self, part: &str) -> Result<(), RunError> {
        let installed = self.state.installed();
        let before = installed.parts.get(part).map(|recorded| recorded.installed.as_slice()).unwrap_or_default();
        let outside = Outside::change(installed, &self.stage.locations.directory, before, []);
        self.state.record(&together(StateChange::Removed { part: part.to_owned() }, outside))?;
        self.report_record(part)
    }

    /// Calls the recipe's `uninstall`, if it has one. As in zc.buildout, nothing is called if the recipe is no longer
    /// available.
    fn run_uninstaller(&self, part: &str, recorded: &InstalledPart) -> Result<(), RunError> {
        let recipes = &self.stage.view.recipes;
        let Some(reference) = recorded.options.get("recipe") else { return Ok(()) };
        let resolved = recipes.resolve(&self.stage.view.buildout, reference, InstallPurpose::Uninstall);
        let Ok(recipe) = resolved else { return Ok(()) };
        let runtime = recipes.runtime()?;
        if runtime.has_uninstall(&recipe)? {
            self.log("Running uninstall recipe.");
            let buildout = &self.stage.view.buildout;
            runtime.uninstall(buildout, part, &recipe, &recorded.options, &self.stage.locations)?;
        }
        Ok(())
    }

    /// Records what a recipe made, or removes what a failed recipe left.
    pub(super) fn settle(&mut self, step: &Step, outcome: StepOutcome) -> Result<(), RunError> {
        let part = step.part();
        self.remover.refresh();
        match (step, outcome) {
            (Step::Install(..), Ok(paths)) => {
                self.record(part, paths.unwrap_or_default())?;
                self.report_unused(part);
                Ok(())
            }
            (Step::Install(..), Err(error)) => {
                self.remover.clean_up(part, &self.options_of(part), error.created());
                Err(error.into())
            }
            (_, outcome) => self.settle_update(part, outcome),
        }
    }

    /// Records what an update made in addition to the old paths. After a failure the part is removed, as in
    /// zc.buildout.
    fn settle_update(&mut self, part: &str, outcome: StepOutcome) -> Result<(), RunError> {
        let recorded = self.state.installed().parts.get(part);
        let before = recorded.map(|recorded| recorded.installed.clone()).unwrap_or_default();
        match outcome {
            Ok(paths) => {
                let mut all = before;
                for path in paths.unwrap_or_default() {
                    if !all.contains(&path) {
                        all.push(path);
                    }
                }
                self.record(part, all)?;
                // A Python recipe usually reads some of its options only to install.
                let recipe = self.stage.view.recipes.of_part(part);
                if recipe.is_none_or(|recipe| recipe.program.is_none()) {
                    self.report_unused(part);
                }
                Ok(())
            }
            // The existing Python may still work.
            Err(error) if self.transaction.is_some() => Err(error.into()),
            Err(error) => {
                let options = self.options_of(part);
                self.remover.clean_up(part, &options, error.created());
                self.remover.clean_up(part, &options, &self.remover.recorded_here(&before));
                self.record_removal(part)?;
                Err(error.into())
            }
        }
    }

    fn record(&mut self, part: &str, installed: Vec<String>) -> Result<(), RunError> {
        let Some(wanted) = self.stage.parts.get(part) else { return Ok(()) };
        let (options, signature) = (wanted.options.clone(), Some(wanted.signature.clone()));
        let record = InstalledPart { options, installed, signature };
        let before = self.state.installed().parts.get(part);
        let paths = before.map(|recorded| recorded.installed.as_slice()).unwrap_or_default();
        let directory = &self.stage.locations.directory;
        let outside = Outside::change(self.state.installed(), directory, paths, &record.installed);
        if before != Some(&record) || outside.is_some() {
            let change = together(StateChange::Installed { part: part.to_owned(), record }, outside);
            match self.transaction.as_mut().filter(|transaction| transaction.replaces(part)) {
                Some(transaction) => transaction.hold(change),
                None => self.state.record(&change).inspect_err(|_| {
                    self.unrecorded.insert(part.to_owned());
                })?,
            }
            self.recorded.insert(part.to_owned());
        }
        self.report_record(part)
    }

    /// Reports the options of a part that nothing has read.
    fn report_unused(&mut self, part: &str) {
        match self.stage.is_last() {
            true => self.unused.report(&self.stage.view, part),
            false => self.unused.postpone(part),
        }
    }

    /// Ends the stage: commits the transaction, or rolls it back.
    pub(super) fn end(&mut self, outcome: Result<(), RunError>, steps: &[Step]) -> Result<(), RunError> {
        let ended = self.end_parts(outcome, steps);
        let sections = &self.stage.view.buildout;
        // What a failed part had made was removed.
        let is_ended = |part: &str| {
            let is_of_stage = steps.iter().any(|step| step.part() == part);
            is_of_stage && !self.unrecorded.contains(part) || sections.written(part).is_err()
        };
        self.unfinished.end(is_ended);
        ended
    }

    fn end_parts(&mut self, outcome: Result<(), RunError>, steps: &[Step]) -> Result<(), RunError> {
        if let Some(transaction) = self.transaction.take() {
            let report = &*self.stage.view.context.report;
            match &outcome {
                Ok(()) => transaction.commit(&self.remover, self.state, report)?,
                Err(_) => transaction.roll_back(&self.remover, self.state, report)?,
            }
        }
        self.order_as_in(steps);
        outcome
    }

    /// Orders the recorded parts like the steps, after the parts that were not recorded: several may have been
    /// installed at once, and held changes are recorded last.
    fn order_as_in(&mut self, steps: &[Step]) {
        if self.recorded.is_empty() {
            return;
        }
        let untouched = self.state.installed().parts.keys().filter(|part| !self.recorded.contains(*part));
        let mut seen = Set::default();
        let touched = steps.iter().map(Step::part).filter(|part| self.recorded.contains(*part) && seen.insert(*part));
        let order = untouched.cloned().chain(touched.map(str::to_owned)).collect();
        self.state.order(order);
    }

    fn options_of(&self, part: &str) -> Values {
        self.stage.parts.get(part).map(|wanted| wanted.options.clone()).unwrap_or_default()
    }

    fn log(&self, message: &str) {
        self.stage.view.context.log(Level::Info, message);
    }
}

/// A change, and another one that applies with it.
fn together(change: StateChange, with: Option<StateChange>) -> StateChange {
    match with {
        Some(with) => StateChange::Together(vec![change, with]),
        None => change,
    }
}
