//! Changes of a stage that take effect together: replaced paths are moved aside, and restored if the new parts cannot
//! be installed. So the Python of a buildout works until another one has replaced it.
//!
//! Uninstalling a part removes recorded paths only. The part's location may contain more, so it is copied rather than
//! renamed.
//!
//! The state lists the paths that are moved aside. If this process is killed, the next run restores them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base::event::{Level, Report};
use base::files::Removal;
use recipe::{Locations, is_part_name};
use state::{InstalledPart, InstalledState, StateChange, StateError, StateFile};

use super::super::context::RunContext;
use super::remover::{Remover, in_buildout};
use crate::error::RunError;

/// The option of the state's `[buildout]` that lists the paths that are moved aside, to be restored.
const SET_ASIDE: &str = "rebootstrap-set-aside";

/// The option that lists paths whose replacement is complete: their backups are to be removed.
const LEFT_OVER: &str = "rebootstrap-left-over";

/// Changes that have not taken effect yet.
#[derive(Default)]
pub(super) struct Transaction {
    /// Parts with paths that are moved aside.
    replaced: BTreeSet<String>,
    /// The changes to record at the end.
    held: Vec<StateChange>,
    /// The paths that are moved aside, in this order.
    paths: Vec<String>,
    /// Logs of the old parts that the new parts do not replace.
    logs: Vec<(String, PathBuf)>,
}

/// What to do with the paths of a part.
#[derive(Default)]
struct Sorted {
    /// Directories to be copied: not everything in them was recorded, or some of it belongs to other parts.
    copied: Vec<String>,
    /// Recorded paths to be renamed.
    moved: Vec<String>,
    /// Recorded paths to be removed: the next run could not restore them, or they are copied.
    removed: Vec<String>,
}

impl Transaction {
    /// Whether the part replaces one that is moved aside.
    pub(super) fn replaces(&self, part: &str) -> bool {
        self.replaced.contains(part)
    }

    /// Holds back the record of such a part.
    pub(super) fn hold(&mut self, change: StateChange) {
        self.held.push(change);
    }

    /// Moves the recorded paths of a part aside.
    pub(super) fn set_aside(
        &mut self,
        part: &str,
        recorded: &InstalledPart,
        remover: &Remover<'_>,
        locations: &Locations,
        state: &mut StateFile,
    ) -> Result<(), RunError> {
        self.replaced.insert(part.to_owned());
        let logs = remover.logs(part, recorded).into_iter();
        let gone = logs.filter(|log| *log != locations.command_log(part));
        self.logs.extend(gone.map(|log| (part.to_owned(), log)));
        let removal = remover.in_buildout();
        let is_shared = |path: &str| !remover.of_others(part, path).is_empty();
        let Sorted { copied, moved, removed } = sort(part, recorded, locations, &removal, &is_shared);
        // Copies first: they are restored last, as they may contain renamed paths.
        let paths = || copied.iter().chain(&moved);
        // A forgotten backup of an earlier run must not be mistaken for a current one.
        paths().try_for_each(|path| removal.discard(Path::new(path)).map(drop))?;
        if paths().next().is_some() {
            self.paths.extend(paths().cloned());
            // Before anything is renamed: if this process is killed, the next run knows what to restore.
            state.record(&list(SET_ASIDE, &self.paths))?;
        }
        copied.iter().try_for_each(|path| removal.copy_aside(Path::new(path)).map(drop))?;
        moved.iter().try_for_each(|path| removal.set_aside(Path::new(path)).map(drop))?;
        remover.remove(part, &recorded.options, &removed)
    }

    /// Records the new parts, and removes the old ones.
    pub(super) fn commit(
        self,
        remover: &Remover<'_>,
        state: &mut StateFile,
        report: &dyn Report,
    ) -> Result<(), RunError> {
        let Self { mut held, paths, logs, .. } = self;
        if !paths.is_empty() {
            held.push(StateChange::NoOption { name: SET_ASIDE.to_owned() });
            held.push(list(LEFT_OVER, &paths));
        }
        if held.is_empty() {
            return Ok(());
        }
        // In one entry: if this process is killed, either all new parts are recorded, or the old ones are restored.
        state.record(&StateChange::Together(held))?;
        discard(&remover.in_buildout(), &paths, report);
        logs.into_iter().for_each(|(part, log)| remover.remove_logs(&part, &[log]));
        Ok(forget(state, LEFT_OVER)?)
    }

    /// Restores the paths that are moved aside. Added parts are kept.
    pub(super) fn roll_back(
        self,
        remover: &Remover<'_>,
        state: &mut StateFile,
        report: &dyn Report,
    ) -> Result<(), RunError> {
        for change in &self.held {
            if let StateChange::Installed { part, record } = change {
                remover.clean_up(part, &record.options, &record.installed);
            }
        }
        put_back(&remover.in_buildout(), &self.paths, report);
        if !self.paths.is_empty() {
            report.log(Level::Info, "The previous Python was put back");
        }
        Ok(forget(state, SET_ASIDE)?)
    }
}

/// Completes the transaction of a killed run: restores paths, or removes backups.
///
/// # Errors
/// When the state cannot be written.
pub(in crate::run) fn recover(
    locations: &Locations,
    context: &RunContext,
    state: &mut StateFile,
) -> Result<(), StateError> {
    let (aside, left) = (paths_of(state.installed(), SET_ASIDE), paths_of(state.installed(), LEFT_OVER));
    // What may be removed is worked out from many paths: not in each run, for nothing.
    if !aside.is_empty() || !left.is_empty() {
        let (removal, report) = (in_buildout(locations, &context.environment), &*context.report);
        put_back(&removal, &aside, report);
        forget(state, SET_ASIDE)?;
        discard(&removal, &left, report);
    }
    forget(state, SET_ASIDE)?;
    forget(state, LEFT_OVER)
}

/// The paths that a run would restore first, and their backups.
pub(in crate::run) fn pending(
    locations: &Locations,
    context: &RunContext,
    installed: &InstalledState,
) -> Vec<(PathBuf, PathBuf)> {
    let paths = paths_of(installed, SET_ASIDE);
    if paths.is_empty() {
        return Vec::new();
    }
    let removal = in_buildout(locations, &context.environment);
    paths.iter().filter_map(|path| removal.where_aside(Path::new(path))).collect()
}

/// Decides what to do with the paths of a part.
fn sort(
    part: &str,
    recorded: &InstalledPart,
    locations: &Locations,
    removal: &Removal,
    is_shared: &dyn Fn(&str) -> bool,
) -> Sorted {
    let build = locations.build_directory(part);
    let paths = recorded.installed.iter().filter(|path| !path.is_empty()).cloned();
    let (moved, mut removed): (Vec<String>, Vec<String>) = paths.partition(|path| {
        // A build directory is kept for inspection only: the next build replaces it.
        removal.check(Path::new(path)).is_ok() && !locations.directory.join(path).starts_with(&build)
    });
    let place = locations.parts.join(part);
    let is_moved = moved.iter().any(|path| place.starts_with(locations.directory.join(path)));
    let is_copied = is_part_name(part) && place.is_dir() && !is_moved;
    let mut copied = if is_copied { vec![place.to_string_lossy().into_owned()] } else { Vec::new() };
    // What other parts have in a directory stays in place.
    let (shared, moved): (Vec<String>, Vec<String>) = moved.into_iter().partition(|path| is_shared(path));
    copied.extend_from_slice(&shared);
    removed.extend(shared);
    Sorted { copied, moved, removed }
}

fn put_back(removal: &Removal, paths: &[String], report: &dyn Report) {
    for path in paths.iter().rev() {
        if let Err(error) = removal.put_back(Path::new(path)) {
            report.log(Level::Warning, &format!("Cannot put back {path}: {error}"));
        }
    }
}

fn discard(removal: &Removal, paths: &[String], report: &dyn Report) {
    for path in paths {
        if let Err(error) = removal.discard(Path::new(path)) {
            report.log(Level::Warning, &format!("Cannot remove the old {path}: {error}"));
        }
    }
}

fn forget(state: &mut StateFile, option: &str) -> Result<(), StateError> {
    if !state.installed().buildout.contains_key(option) {
        return Ok(());
    }
    state.record(&StateChange::NoOption { name: option.to_owned() })
}

fn list(option: &str, paths: &[String]) -> StateChange {
    // Strings can always be serialized as JSON.
    let value = serde_json::to_string(paths).unwrap_or_default();
    StateChange::Option { name: option.to_owned(), value }
}

/// The paths in an option of the state. The state may have been edited: a value that is not a list counts as empty.
fn paths_of(installed: &InstalledState, option: &str) -> Vec<String> {
    installed.buildout.get(option).and_then(|value| serde_json::from_str(value).ok()).unwrap_or_default()
}
