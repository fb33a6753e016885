//! Which recorded paths may be removed, and removing them.
//!
//! The state may have been edited, or copied from another buildout, so all recorded paths of a part are checked before
//! any of them is removed.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use base::environment::Environment;
use base::event::Level;
use base::files::{Removal, RemovalError};
use config::options::Values;
use recipe::{Locations, is_command_log, is_part_name};
use state::{InstalledPart, InstalledState};

use super::super::view::ResolvedBuildout;
use super::outside::Outside;
use crate::error::RunError;

/// Removes recorded paths of parts.
pub(super) struct Remover<'a> {
    view: &'a ResolvedBuildout,
    locations: &'a Locations,
    outside: Outside,
    /// The paths that may be removed for any part, computed for the first path.
    removal: OnceCell<Removal>,
}

impl<'a> Remover<'a> {
    pub(super) fn new(view: &'a ResolvedBuildout, locations: &'a Locations, installed: &InstalledState) -> Self {
        Self { view, locations, outside: Outside::of(installed), removal: OnceCell::new() }
    }

    /// Recomputes the removable paths: recipes may have created directories in the meantime that are granted.
    pub(super) fn refresh(&mut self) {
        self.removal.take();
    }

    /// Refuses recorded paths that no recipe can have created, before anything of the part is removed.
    pub(super) fn check(&self, part: &str, recorded: &InstalledPart) -> Result<(), RunError> {
        check(&self.removal_of(part, &recorded.options, &recorded.installed), &recorded.installed)
    }

    /// Of recorded paths, those in the buildout directory, and those outside that are the files that this host recorded. The
    /// others are kept, and reported.
    pub(super) fn recorded_here(&self, paths: &[String]) -> Vec<String> {
        let is_known = |path: &&String| {
            let absolute = self.locations.directory.join(path);
            let is_known = absolute.starts_with(&self.locations.directory)
                || absolute.symlink_metadata().is_err()
                || self.outside.has(&absolute);
            if !is_known {
                let message = format!(
                    "{path} is kept: it is outside the buildout directory, and it is not what buildout-host recorded there"
                );
                self.view.context.log(Level::Warning, &message);
            }
            is_known
        };
        paths.iter().filter(is_known).cloned().collect()
    }

    /// Removes paths of a part that was recorded with these options; fails at the first path that cannot be removed. What
    /// other parts have there stays.
    pub(super) fn remove(&self, part: &str, options: &Values, paths: &[String]) -> Result<(), RunError> {
        let removal = self.removal_of(part, options, paths);
        for path in paths.iter().filter(|path| !path.is_empty()) {
            self.remove_one(&removal, part, path).or_else(accept_missing)?;
        }
        Ok(())
    }

    fn remove_one(&self, removal: &Removal, part: &str, path: &str) -> Result<(), RemovalError> {
        let others = self.of_others(part, path);
        for (kept, owner) in &others {
            let message = format!("{} is kept: it belongs to part {owner}", kept.display());
            self.view.context.log(Level::Info, &message);
        }
        let kept: Vec<PathBuf> = others.into_iter().map(|(kept, _)| kept).collect();
        removal.remove_around(Path::new(path), &kept).map(drop)
    }

    /// What other parts have at a path or below it, each with its owner.
    pub(super) fn of_others(&self, part: &str, path: &str) -> Vec<(PathBuf, String)> {
        // Without a runtime, no recipe was called, and nothing was recorded: an error here was reported before.
        let Ok(runtime) = self.view.recipes.runtime() else { return Vec::new() };
        let mut others = runtime.recorded_of_others(part, &self.locations.directory.join(path));
        others.retain(|(path, _)| path.symlink_metadata().is_ok());
        others
    }

    /// Removes what a failed recipe left. A path that cannot be removed is only a warning: the failure itself matters
    /// more.
    pub(super) fn clean_up(&self, part: &str, options: &Values, paths: &[String]) {
        let removal = self.removal_of(part, options, paths);
        let exists = |path: &&String| self.locations.directory.join(path).symlink_metadata().is_ok();
        for path in paths.iter().filter(exists) {
            if let Err(error) = self.remove_one(&removal, part, path) {
                self.view.context.log(Level::Warning, &format!("Cannot clean up {path}: {error}"));
            }
        }
    }

    /// The command logs of a part, in the directories where its parts are and may have been.
    pub(super) fn logs(&self, part: &str, recorded: &InstalledPart) -> Vec<PathBuf> {
        // The state may have been edited: another name could point elsewhere.
        if !is_part_name(part) {
            return Vec::new();
        }
        let log = self.locations.command_log(part);
        let name = log.file_name().unwrap_or_default().to_owned();
        let paths = recorded.installed.iter().map(|path| self.locations.directory.join(path));
        let locations = paths.filter(|path| path.file_name().is_some_and(|name| name == part));
        let mut logs: Vec<PathBuf> = locations.map(|path| path.with_file_name(&name)).collect();
        logs.extend([log.clone()].into_iter().chain(self.locations.other_command_log(part)));
        // A file of this name next to a recorded path may be anybody's.
        logs.retain(|path| *path == log && path.is_file() && !self.locations.is_parts_chosen() || is_command_log(path));
        logs.sort();
        logs.dedup();
        logs
    }

    /// Removes logs.
    pub(super) fn remove_logs(&self, part: &str, logs: &[PathBuf]) {
        let logs: Vec<String> = logs.iter().map(|log| log.to_string_lossy().into_owned()).collect();
        self.clean_up(part, &Values::default(), &logs);
    }

    /// The paths that may be removed without a grant.
    pub(super) fn in_buildout(&self) -> Removal {
        in_buildout(self.locations, &self.view.context.environment)
    }

    /// The paths that may be removed for a part with these options: includes paths outside the buildout that the
    /// options specify, if the part's recipe may write them, and checkouts that the part made.
    fn removal_of(&self, part: &str, options: &Values, paths: &[String]) -> Cow<'_, Removal> {
        let removal = self.removal.get_or_init(|| self.work_out());
        if check(removal, paths).is_ok() {
            return Cow::Borrowed(removal);
        }
        let mut wider = removal.clone();
        let named = self.view.recipes.named_paths(&self.view.buildout, options, self.locations);
        for named in named.iter().filter(|named| !self.is_in_another_buildout(named)) {
            wider.allow_itself(named);
        }
        // In the part's own places everything is its own. Elsewhere it made the whole checkout, if it has a directory around it.
        self.locations.places_of(part).iter().for_each(|place| wider.own(place));
        let paths = paths.iter().map(Path::new);
        let whole: Vec<&Path> = paths.filter(|path| wider.check(path).is_ok()).collect();
        whole.into_iter().for_each(|path| wider.own(path));
        Cow::Owned(wider)
    }

    /// Whether the path is in another buildout. The state of a copied buildout contains the paths of the original.
    fn is_in_another_buildout(&self, path: &Path) -> bool {
        let Some(state) = self.locations.installed.as_ref().and_then(|path| path.file_name()) else { return false };
        let mut around = path.ancestors().skip(1).filter(|around| !self.locations.directory.starts_with(around));
        around.any(|around| around.join(state).exists())
    }

    /// The paths that may be removed for any part: includes granted directories.
    fn work_out(&self) -> Removal {
        let mut removal = self.in_buildout();
        for directory in self.view.recipes.granted_directories(&self.view.buildout) {
            removal.allow(&self.locations.directory.join(directory));
        }
        removal
    }
}

/// The paths that may be removed without a grant: those below the directories of the buildout, except these directories
/// themselves, the files that the host keeps, the files of the configuration, and the home directory.
pub(super) fn in_buildout(locations: &Locations, environment: &Environment) -> Removal {
    let mut removal = Removal::new(&locations.directory);
    // First, since an error shows the first reason: files of the configuration may be in the home directory.
    for home in environment.homes() {
        removal.protect_home(&home);
    }
    for directory in &locations.standard()[1..] {
        removal.allow(directory);
        removal.protect(directory);
    }
    for path in locations.protected.iter().chain(&locations.kept) {
        removal.protect(path);
    }
    removal
}

fn check(removal: &Removal, paths: &[String]) -> Result<(), RunError> {
    for path in paths.iter().filter(|path| !path.is_empty()) {
        removal.check(Path::new(path)).or_else(accept_missing)?;
    }
    Ok(())
}

/// A path outside that does not exist, as after moving the buildout, need not be removed.
fn accept_missing(error: RemovalError) -> Result<(), RemovalError> {
    match &error {
        RemovalError::Outside { path } if path.is_absolute() && path.symlink_metadata().is_err() => Ok(()),
        _ => Err(error),
    }
}
