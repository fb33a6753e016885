//! Makes the parts of the buildout's own Python so that the Python which is there works until another one has taken its
//! place: what is to be replaced is set aside first, and put back if the new one cannot be made.
//!
//! What a recipe has not recorded stays where it is when its part is uninstalled. So of a part's own directory a copy is
//! kept instead.
//!
//! Which paths are aside stands in the state, so that the next run puts them back after this process was killed.

use std::collections::BTreeSet;
use std::path::Path;

use base::event::{Level, Report};
use base::files::Removal;
use config::options::Values;
use recipe::{Locations, is_part_name};
use state::plan::Step;
use state::{Change, Installed, StateFile};

use super::super::error::RunError;
use super::super::execute::{self, Execution};

/// The option of the state's `[buildout]` that lists paths which are set aside, to be put back.
const SET_ASIDE: &str = "rebootstrap-set-aside";

/// The option that lists paths which were set aside and are replaced: what is left of the old ones goes.
const LEFT_OVER: &str = "rebootstrap-left-over";

/// The parts of the Python that are being replaced.
#[derive(Default)]
pub(in super::super) struct Renewal {
    replaced: BTreeSet<String>,
    /// What is to be recorded of them once all is well.
    held: Vec<Change>,
    paths: Vec<String>,
    before: Installed,
}

impl Renewal {
    /// Whether what replaces the part counts only with all others.
    pub(in super::super) fn replaces(&self, part: &str) -> bool {
        self.replaced.contains(part)
    }

    /// Takes what is to be recorded of such a part.
    pub(in super::super) fn hold(&mut self, change: Change) {
        self.held.push(change);
    }
}

/// Carries out the steps, of which uninstallations come first. Where `check` or a step fails, what was installed before is
/// there again.
pub(super) fn carry_out(
    execution: &mut Execution<'_>,
    steps: &[Step],
    check: impl FnOnce() -> Result<(), RunError>,
) -> Result<(), RunError> {
    let count = steps.iter().take_while(|step| matches!(step, Step::Uninstall(..))).count();
    let (uninstalls, makes) = steps.split_at(count);
    execution.python = Some(Renewal { before: execution.installed.clone(), ..Renewal::default() });
    let outcome = set_aside(execution, uninstalls).and_then(|()| execution.make(makes)).and_then(|()| check());
    let renewal = execution.python.take().unwrap_or_default();
    match outcome {
        Ok(()) => commit(execution, renewal),
        Err(error) => {
            roll_back(execution, renewal)?;
            Err(error)
        }
    }
}

/// What is done with what parts were that are made anew.
#[derive(Default)]
struct Replaced {
    /// Directories of which a copy is kept: not all in them was recorded.
    copied: Vec<String>,
    /// Recorded paths that are renamed.
    moved: Vec<String>,
    /// Recorded paths that go, with the part's options: the next run could not put them back.
    removed: Vec<(Values, Vec<String>)>,
}

/// Sets aside what was recorded for parts that are to be made anew.
fn set_aside(execution: &mut Execution<'_>, uninstalls: &[Step]) -> Result<(), RunError> {
    for step in uninstalls {
        execution.session.heed_interrupt()?;
        execution.timed(step, |execution| uninstall(execution, step.part()))?;
    }
    let Replaced { copied, moved, removed } = replaced(execution, uninstalls);
    let here = execute::removal(execution.locations);
    // A copy is put back last, as what was renamed may lie in it.
    let paths: Vec<String> = copied.iter().chain(&moved).cloned().collect();
    // Whatever an earlier run has lost sight of must not be taken for what is there now.
    paths.iter().try_for_each(|path| here.discard(Path::new(path)).map(drop))?;
    if !paths.is_empty() {
        note(execution.state, execution.installed, SET_ASIDE, &paths)?;
        if let Some(renewal) = &mut execution.python {
            renewal.paths = paths;
        }
    }
    copied.iter().try_for_each(|path| here.copy_aside(Path::new(path)).map(drop))?;
    moved.iter().try_for_each(|path| here.set_aside(Path::new(path)).map(drop))?;
    removed.iter().try_for_each(|(options, paths)| execution.remove(options, paths))
}

/// As any part is uninstalled, but for the removal of its paths.
fn uninstall(execution: &mut Execution<'_>, part: &str) -> Result<(), RunError> {
    execution.log(&format!("Uninstalling {part}"));
    let Some(recorded) = execution.installed.parts.get(part).cloned() else { return Ok(()) };
    execution.check(&recorded)?;
    execution.run_uninstaller(part, &recorded)?;
    if let Some(renewal) = &mut execution.python {
        renewal.replaced.insert(part.to_owned());
    }
    Ok(())
}

/// Sorts what is there of parts that are made anew.
fn replaced(execution: &Execution<'_>, uninstalls: &[Step]) -> Replaced {
    let (locations, here) = (execution.locations, execute::removal(execution.locations));
    let mut replaced = Replaced::default();
    for (part, record) in uninstalls.iter().filter_map(|step| execution.installed.parts.get_key_value(step.part())) {
        let build = locations.build_directory(part);
        let paths = record.installed.iter().filter(|path| !path.is_empty()).cloned();
        let (moved, removed): (Vec<String>, Vec<String>) = paths.partition(|path| {
            // What an earlier build left to be looked at would take the place of what this one leaves.
            here.check(Path::new(path)).is_ok() && !locations.directory.join(path).starts_with(&build)
        });
        replaced.moved.extend(moved);
        replaced.removed.push((record.options.clone(), removed));
    }
    let is_covered = |place: &Path| replaced.moved.iter().any(|path| place.starts_with(locations.directory.join(path)));
    let places = uninstalls.iter().map(Step::part).filter(|part| is_part_name(part));
    let places = places.map(|part| locations.parts.join(part)).filter(|place| place.is_dir() && !is_covered(place));
    replaced.copied = places.map(|place| place.to_string_lossy().into_owned()).collect();
    replaced
}

/// The new parts count from now on; what they replace goes.
fn commit(execution: &mut Execution<'_>, renewal: Renewal) -> Result<(), RunError> {
    let Renewal { mut held, paths, replaced, .. } = renewal;
    if !paths.is_empty() {
        held.push(Change::NoOption { name: SET_ASIDE.to_owned() });
        held.push(Change::Option { name: LEFT_OVER.to_owned(), value: listed(&paths) });
    }
    if held.is_empty() {
        return Ok(());
    }
    let change = Change::Together(held);
    execution.state.record(&change)?;
    execution.installed.apply(&change);
    discard(&execute::removal(execution.locations), &paths, &*execution.session.report);
    for part in &replaced {
        execution.remove_log(part, execution.locations.other_command_log(part));
    }
    forget(execution.state, execution.installed, LEFT_OVER)
}

/// What was there before is there again. Parts that were not there before stay.
fn roll_back(execution: &mut Execution<'_>, renewal: Renewal) -> Result<(), RunError> {
    if renewal.replaced.is_empty() {
        return Ok(());
    }
    for change in &renewal.held {
        if let Change::Installed { record, .. } = change {
            execution.clean_up(&record.options, &record.installed);
        }
    }
    let report = &*execution.session.report;
    put_back(&execute::removal(execution.locations), &renewal.paths, report);
    let mut now = std::mem::replace(&mut execution.installed.parts, renewal.before.parts);
    now.retain(|part, _| !execution.installed.parts.contains_key(part));
    execution.installed.parts.extend(now);
    if !renewal.paths.is_empty() {
        report.log(Level::Info, "The Python that was there before is there again.");
    }
    forget(execution.state, execution.installed, SET_ASIDE)
}

/// Puts back, or removes, what a run left that was killed.
///
/// # Errors
/// When the state cannot be written.
pub(in super::super) fn recover(
    locations: &Locations,
    state: &mut StateFile,
    installed: &mut Installed,
    report: &dyn Report,
) -> Result<(), RunError> {
    let removal = || execute::removal(locations);
    if let Some(paths) = installed.buildout.get(SET_ASIDE) {
        put_back(&removal(), &paths_of(paths), report);
        forget(state, installed, SET_ASIDE)?;
    }
    if let Some(paths) = installed.buildout.get(LEFT_OVER) {
        discard(&removal(), &paths_of(paths), report);
        forget(state, installed, LEFT_OVER)?;
    }
    Ok(())
}

fn put_back(removal: &Removal, paths: &[String], report: &dyn Report) {
    for path in paths.iter().rev() {
        if let Err(error) = removal.put_back(Path::new(path)) {
            report.log(Level::Warning, &format!("Couldn't put back {path}: {error}"));
        }
    }
}

fn discard(removal: &Removal, paths: &[String], report: &dyn Report) {
    for path in paths {
        if let Err(error) = removal.discard(Path::new(path)) {
            report.log(Level::Warning, &format!("Couldn't remove what was {path}: {error}"));
        }
    }
}

fn note(state: &mut StateFile, installed: &mut Installed, option: &str, paths: &[String]) -> Result<(), RunError> {
    let change = Change::Option { name: option.to_owned(), value: listed(paths) };
    state.record(&change)?;
    installed.apply(&change);
    Ok(())
}

fn forget(state: &mut StateFile, installed: &mut Installed, option: &str) -> Result<(), RunError> {
    if !installed.buildout.contains_key(option) {
        return Ok(());
    }
    let change = Change::NoOption { name: option.to_owned() };
    state.record(&change)?;
    installed.apply(&change);
    Ok(())
}

fn listed(paths: &[String]) -> String {
    // Texts can be written as JSON.
    serde_json::to_string(paths).unwrap_or_default()
}

/// Somebody may have edited the state: what is no list names nothing.
fn paths_of(value: &str) -> Vec<String> {
    serde_json::from_str(value).unwrap_or_default()
}
