//! One step of a stage: calling the recipe, and the events around it.

use std::time::Instant;

use base::event::{Event, Level, PartOutcome};
use recipe::RecipeError;
use state::plan::Step;

use super::super::cache;
use super::super::view::ResolvedBuildout;
use crate::error::RunError;

/// The paths of the part, as returned by the recipe; `None` if they are unchanged.
pub(in crate::run) type StepOutcome = Result<Option<Vec<String>>, RecipeError>;

/// Calls the recipe of a part. Does not access the state, so that several recipes can be called at once.
pub(super) fn call(view: &ResolvedBuildout, step: &Step) -> Result<StepOutcome, RunError> {
    let part = step.part();
    view.context.log(Level::Info, &format!("{} {part}", verb(step)));
    if let Step::Install(..) = step {
        return cache::install(view, part);
    }
    view.context.tally.unchanged();
    let runtime = view.recipes.runtime()?;
    Ok(match step {
        Step::Update(_) => runtime.update(part),
        _ => runtime.install(part).map(Some),
    })
}

/// Reports that a step starts.
pub(super) fn start(view: &ResolvedBuildout, step: &Step) -> Instant {
    view.context.report.report(Event::PartBegan { part: step.part(), step: verb(step) });
    Instant::now()
}

/// Reports how a step ended.
pub(super) fn end(view: &ResolvedBuildout, step: &Step, start: Instant, succeeded: bool) {
    let outcome = match step {
        _ if !succeeded => PartOutcome::Failed,
        Step::Uninstall(..) => PartOutcome::Uninstalled,
        Step::Install(part, _) if view.context.tally.has_fetched(part) => PartOutcome::Fetched,
        Step::Install(part, _) if view.context.tally.has_built_there(part) => PartOutcome::BuiltThere,
        Step::Install(..) => PartOutcome::Installed,
        Step::InstallAgain(_) | Step::Update(_) => PartOutcome::Updated,
    };
    view.context.report.report(Event::PartEnded { part: step.part(), outcome, elapsed: start.elapsed() });
}

/// The operation of a step, for errors.
pub(super) fn operation(view: &ResolvedBuildout, step: &Step) -> String {
    match step {
        Step::Uninstall(part, _) => format!("Uninstalling {part}."),
        _ => view.operation(verb(step), step.part()),
    }
}

/// The operation of a step, as in the log. (A recipe without `update` is installed again.)
fn verb(step: &Step) -> &'static str {
    match step {
        Step::Uninstall(..) => "Uninstalling",
        Step::Install(..) | Step::InstallAgain(_) => "Installing",
        Step::Update(_) => "Updating",
    }
}
