//! Carries out a plan: calls recipes, removes what is gone, and saves the outcome of each part.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use base::collections::{Map, Set};
use base::event::{Event, Level, PartOutcome};
use base::files::{Removal, RemovalError};
use config::options::Values;
use recipe::{Locations, RecipeError, is_part_name};
use state::plan::{Step, Wanted};
use state::{Change, Installed, InstalledPart, StateFile};

use super::Session;
use super::error::{Doing, RunError};
use super::rebootstrap::Renewal;
use super::schedule::AfterFailure;

/// A plan being carried out.
pub(super) struct Execution<'a> {
    pub(super) session: &'a Session,
    pub(super) locations: &'a Arc<Locations>,
    pub(super) wanted: Map<&'a str, &'a Wanted>,
    pub(super) state: &'a mut StateFile,
    pub(super) installed: &'a mut Installed,
    /// Parts that this run has recorded.
    pub(super) recorded: Set<String>,
    /// What may be removed, worked out when the first path is.
    removal: OnceCell<Removal>,
    /// What is made for the buildout's own Python; `None` for all other parts.
    pub(super) python: Option<Renewal>,
}

impl<'a> Execution<'a> {
    pub(super) fn new(
        session: &'a Session,
        locations: &'a Arc<Locations>,
        wanted: &'a [Wanted],
        state: &'a mut StateFile,
        installed: &'a mut Installed,
    ) -> Self {
        let wanted = wanted.iter().map(|part| (part.name.as_str(), part)).collect();
        let (recorded, removal) = (Set::default(), OnceCell::new());
        Self { session, locations, wanted, state, installed, recorded, removal, python: None }
    }
}

impl Execution<'_> {
    /// Carries out the steps; stops at the first failure, unless told to go on. What was done is recorded either way.
    pub(super) fn run(&mut self, steps: &[Step]) -> Result<(), RunError> {
        let uninstalls = steps.iter().take_while(|step| matches!(step, Step::Uninstall(..))).count();
        let (uninstalls, makes) = steps.split_at(uninstalls);
        for step in uninstalls {
            self.session.heed_interrupt()?;
            self.timed(step, |execution| execution.uninstall(step.part()))?;
        }
        self.session.report_unused("buildout");
        self.make(makes)
    }

    /// Makes parts, one after the other or several at once.
    pub(super) fn make(&mut self, makes: &[Step]) -> Result<(), RunError> {
        let settings = &self.session.settings;
        if settings.jobs().limit() > 1 || settings.after_failure == AfterFailure::KeepGoing {
            return super::parallel::make(self, makes);
        }
        self.session.report.report(Event::PartsPlanned { count: makes.len() });
        for step in makes {
            self.session.heed_interrupt()?;
            self.timed(step, |execution| {
                let outcome = call(execution.session, step)?;
                execution.settle(step, outcome)
            })?;
        }
        // Also if it came while the last part was made.
        self.session.heed_interrupt()
    }

    /// Takes one step, and tells of its begin and end.
    pub(super) fn timed(
        &mut self,
        step: &Step,
        work: impl FnOnce(&mut Self) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let session = self.session;
        let begin = begin(session, step);
        let outcome = work(self).doing(|| doing(session, step));
        end(session, step, begin, outcome.is_ok());
        outcome
    }

    fn uninstall(&mut self, part: &str) -> Result<(), RunError> {
        self.log(&format!("Uninstalling {part}"));
        let Some(recorded) = self.installed.parts.get(part).cloned() else { return Ok(()) };
        let removal = self.removal_of(&recorded.options, &recorded.installed);
        check(&removal, &recorded.installed)?;
        self.run_uninstaller(part, &recorded)?;
        remove(&removal, &recorded.installed)?;
        drop(removal);
        self.remove_log(part, Some(self.locations.command_log(part)));
        self.remove_log(part, self.locations.other_command_log(part));
        self.installed.parts.shift_remove(part);
        Ok(self.state.record(&Change::Removed { part: part.to_owned() })?)
    }

    pub(super) fn remove_log(&self, part: &str, log: Option<PathBuf>) {
        // Somebody may have written another name into the state, and it would lead elsewhere.
        if let Some(log) = log.filter(|log| is_part_name(part) && log.is_file()) {
            self.clean_up(&Values::default(), &[log.to_string_lossy().into_owned()]);
        }
    }

    /// Calls the recipe's own `uninstall`, if it has one. A recipe that cannot be found any more has none, as in zc.buildout.
    pub(super) fn run_uninstaller(&self, part: &str, recorded: &InstalledPart) -> Result<(), RunError> {
        let Some(reference) = recorded.options.get("recipe") else { return Ok(()) };
        let Ok(recipe) = self.session.recipes.resolve(reference) else { return Ok(()) };
        let runtime = self.session.recipes.runtime()?;
        if runtime.has_uninstall(&recipe)? {
            self.log("Running uninstall recipe.");
            runtime.uninstall(part, &recipe, &recorded.options, self.locations)?;
        }
        Ok(())
    }

    /// Records what a recipe made, and removes what a failed one left.
    pub(super) fn settle(&mut self, step: &Step, outcome: Outcome) -> Result<(), RunError> {
        let part = step.part();
        // The recipe may have made a directory that is granted.
        self.removal.take();
        match (step, outcome) {
            (Step::Install(..), Ok(paths)) => self.record(part, paths.unwrap_or_default()),
            (Step::Install(..), Err(error)) => {
                self.clean_up(&self.options_of(part), error.created());
                Err(error.into())
            }
            (_, outcome) => self.settle_update(part, outcome),
        }
    }

    /// Records what an update made beyond what was there; after a failure the part is gone, as in zc.buildout.
    fn settle_update(&mut self, part: &str, outcome: Outcome) -> Result<(), RunError> {
        let before = self.installed.parts.get(part).map(|recorded| recorded.installed.clone()).unwrap_or_default();
        match outcome {
            Ok(paths) => {
                let mut all = before;
                for path in paths.unwrap_or_default() {
                    if !all.contains(&path) {
                        all.push(path);
                    }
                }
                self.record(part, all)
            }
            // The Python that is there may still do.
            Err(error) if self.python.is_some() => Err(error.into()),
            Err(error) => {
                let options = self.options_of(part);
                self.clean_up(&options, error.created());
                self.clean_up(&options, &before);
                self.installed.parts.shift_remove(part);
                self.state.record(&Change::Removed { part: part.to_owned() })?;
                Err(error.into())
            }
        }
    }

    fn record(&mut self, part: &str, installed: Vec<String>) -> Result<(), RunError> {
        let Some(wanted) = self.wanted.get(part) else { return Ok(()) };
        let unchanged = self.installed.parts.get(part).is_some_and(|recorded| {
            recorded.installed == installed
                && recorded.signature.as_ref() == Some(&wanted.signature)
                && recorded.options == wanted.options
        });
        if !unchanged {
            let record =
                InstalledPart { options: wanted.options.clone(), installed, signature: Some(wanted.signature.clone()) };
            let change = Change::Installed { part: part.to_owned(), record };
            match self.python.as_mut().filter(|python| python.replaces(part)) {
                Some(python) => python.hold(change.clone()),
                None => self.state.record(&change)?,
            }
            self.installed.apply(&change);
            self.recorded.insert(part.to_owned());
        }
        // What uses the Python is not initialised yet.
        if self.python.is_none() {
            self.session.report_unused(part);
        }
        Ok(())
    }

    /// Refuses what was recorded for a part if no recipe can have made it.
    pub(super) fn check(&self, recorded: &InstalledPart) -> Result<(), RunError> {
        check(&self.removal_of(&recorded.options, &recorded.installed), &recorded.installed)
    }

    /// Removes paths of a part that was recorded with these options.
    pub(super) fn remove(&self, options: &Values, paths: &[String]) -> Result<(), RunError> {
        remove(&self.removal_of(options, paths), paths)
    }

    /// The options of a part that is being made.
    fn options_of(&self, part: &str) -> Values {
        self.wanted.get(part).map(|wanted| wanted.options.clone()).unwrap_or_default()
    }

    /// Removes what a failed recipe left; what cannot be removed is told, the failure itself matters more.
    pub(super) fn clean_up(&self, options: &Values, paths: &[String]) {
        let removal = self.removal_of(options, paths);
        for path in paths {
            if let Err(error) = removal.remove(Path::new(path)) {
                self.session.report.log(Level::Warning, &format!("Couldn't clean up {path}: {error}"));
            }
        }
    }

    /// What may be removed of a part with these options: also what they named outside the buildout, if its recipe may
    /// write what they name.
    fn removal_of(&self, options: &Values, paths: &[String]) -> Cow<'_, Removal> {
        let removal = self.removal();
        if check(removal, paths).is_ok() {
            return Cow::Borrowed(removal);
        }
        let mut wider = removal.clone();
        let named = self.session.recipes.named_paths(options, self.locations);
        for named in named.iter().filter(|named| !self.is_of_another_buildout(named)) {
            wider.allow_itself(named);
        }
        if let Some(home) = &self.session.environment.home {
            wider.protect(home);
        }
        Cow::Owned(wider)
    }

    /// Whether the path lies in another buildout. The state of a copied buildout names those of the one that was copied.
    fn is_of_another_buildout(&self, path: &Path) -> bool {
        let Some(state) = self.locations.installed.as_ref().and_then(|path| path.file_name()) else { return false };
        let around = path.ancestors().skip(1).filter(|around| !self.locations.directory.starts_with(around));
        around.into_iter().any(|around| around.join(state).exists())
    }

    fn removal(&self) -> &Removal {
        self.removal.get_or_init(|| self.work_out_removal())
    }

    /// What may be removed: also what was made in a granted directory.
    fn work_out_removal(&self) -> Removal {
        let mut removal = removal(self.locations);
        for directory in self.session.recipes.granted_directories(&self.session.buildout) {
            removal.allow(&self.locations.directory.join(directory));
        }
        removal
    }

    pub(super) fn log(&self, message: &str) {
        self.session.report.log(Level::Info, message);
    }
}

/// What may be removed: paths beneath the buildout's directories, but never one of those themselves, nor what the host
/// keeps.
pub(super) fn removal(locations: &Locations) -> Removal {
    let mut removal = Removal::new(&locations.directory);
    for directory in &locations.standard()[1..] {
        removal.allow(directory);
        removal.protect(directory);
    }
    for path in &locations.protected {
        removal.protect(path);
    }
    removal
}

/// A path elsewhere that is not there any more, as after the buildout was moved, is nothing to refuse.
fn gone(error: RemovalError) -> Result<(), RemovalError> {
    match &error {
        RemovalError::Outside { path } if path.is_absolute() && path.symlink_metadata().is_err() => Ok(()),
        _ => Err(error),
    }
}

/// Refuses paths that no recipe can have made, before anything of the part is touched.
fn check(removal: &Removal, paths: &[String]) -> Result<(), RunError> {
    for path in paths.iter().filter(|path| !path.is_empty()) {
        removal.check(Path::new(path)).or_else(gone)?;
    }
    Ok(())
}

/// Removes recorded paths; the first that cannot be removed is an error.
fn remove(removal: &Removal, paths: &[String]) -> Result<(), RunError> {
    for path in paths.iter().filter(|path| !path.is_empty()) {
        removal.remove(Path::new(path)).map(drop).or_else(gone)?;
    }
    Ok(())
}

/// What a recipe named when it made a part: the paths; `None` if they are as they were.
pub(super) type Outcome = Result<Option<Vec<String>>, RecipeError>;

/// Calls the recipe of a part that is to be made. Touches nothing of the state, so that several can be called at once.
pub(super) fn call(session: &Session, step: &Step) -> Result<Outcome, RunError> {
    let part = step.part();
    session.report.log(Level::Info, &format!("{} {part}", doing_word(step)));
    let runtime = session.recipes.runtime()?;
    Ok(match step {
        Step::Update(_) => runtime.update(part),
        _ => runtime.install(part).map(Some),
    })
}

/// Tells that a step begins.
pub(super) fn begin(session: &Session, step: &Step) -> Instant {
    session.report.report(Event::PartBegan { part: step.part(), step: doing_word(step) });
    Instant::now()
}

/// Tells how a step ended.
pub(super) fn end(session: &Session, step: &Step, begin: Instant, succeeded: bool) {
    let outcome = match step {
        _ if !succeeded => PartOutcome::Failed,
        Step::Uninstall(..) => PartOutcome::Uninstalled,
        Step::Install(..) => PartOutcome::Installed,
        Step::InstallAgain(_) | Step::Update(_) => PartOutcome::Updated,
    };
    session.report.report(Event::PartEnded { part: step.part(), outcome, elapsed: begin.elapsed() });
}

/// What is being done in a step, as errors tell it.
pub(super) fn doing(session: &Session, step: &Step) -> String {
    match step {
        Step::Uninstall(part, _) => format!("Uninstalling {part}."),
        _ => session.doing(doing_word(step), step.part()),
    }
}

/// What is being done in a step, as the log says it. (A recipe without `update` is installed again.)
fn doing_word(step: &Step) -> &'static str {
    match step {
        Step::Uninstall(..) => "Uninstalling",
        Step::Install(..) | Step::InstallAgain(_) => "Installing",
        Step::Update(_) => "Updating",
    }
}
