//! Makes the parts of the buildout's own Python so that the Python which is there works until another one has taken its
//! place: what is to be replaced is set aside first, and put back if the new one cannot be made.
//!
//! What a recipe has not recorded stays where it is when its part is uninstalled. So of a part's own directory a copy is
//! kept instead.
//!
//! Which paths are aside stands in the state, so that the next run puts them back after this process was killed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::event::{Level, Report};
use crate::files::Removal;
use crate::plan::Step;
use crate::recipe::{Locations, is_part_name};
use crate::state::{Change, Installed, StateFile};

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

/// Sets aside what was recorded for parts that are to be made anew.
fn set_aside(execution: &mut Execution<'_>, uninstalls: &[Step]) -> Result<(), RunError> {
    let (mut paths, mut unrecorded, mut old) = (Vec::new(), Vec::new(), Vec::new());
    for step in uninstalls {
        execution.session.heed_interrupt()?;
        execution.timed(step, |execution| {
            let part = step.part();
            execution.log(&format!("Uninstalling {part}"));
            let Some(recorded) = execution.installed.parts.get(part).cloned() else { return Ok(()) };
            execution.check(&recorded)?;
            execution.run_uninstaller(part, &recorded)?;
            paths.extend(recorded.installed.iter().filter(|path| !path.is_empty()).cloned());
            old.push(recorded);
            unrecorded.extend(is_part_name(part).then(|| execution.locations.parts.join(part)));
            if let Some(renewal) = &mut execution.python {
                renewal.replaced.insert(part.to_owned());
            }
            Ok(())
        })?;
    }
    // Elsewhere the next run could not put anything back.
    let here = execute::removal(execution.locations);
    let directory = &execution.locations.directory;
    // What an earlier build left to be looked at would be in the way of what this one leaves.
    let is_of_build = |path: &str| {
        let mut parts = uninstalls.iter().map(|step| execution.locations.build_directory(step.part()));
        parts.any(|build| directory.join(path).starts_with(build))
    };
    let (mut paths, elsewhere): (Vec<String>, Vec<String>) =
        paths.into_iter().partition(|path| here.check(Path::new(path)).is_ok() && !is_of_build(path));
    let covered = |place: &PathBuf| paths.iter().any(|path| place.starts_with(directory.join(path)));
    unrecorded.retain(|place| !covered(place) && place.is_dir());
    // A copy comes first in the list, and so is put back last: what was moved may lie in it.
    let copied: Vec<String> = unrecorded.iter().map(|place| place.to_string_lossy().into_owned()).collect();
    paths.splice(0..0, copied.iter().cloned());
    if !paths.is_empty() {
        note(execution.state, execution.installed, SET_ASIDE, &paths)?;
        if let Some(renewal) = &mut execution.python {
            renewal.paths.clone_from(&paths);
        }
    }
    let (copied, moved) = paths.split_at(copied.len());
    for path in copied {
        here.copy_aside(Path::new(path))?;
    }
    for path in moved {
        here.set_aside(Path::new(path))?;
    }
    for recorded in &old {
        let elsewhere: Vec<String> =
            recorded.installed.iter().filter(|path| elsewhere.contains(path)).cloned().collect();
        execution.remove(&recorded.options, &elsewhere)?;
    }
    Ok(())
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
