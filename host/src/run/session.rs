//! A configuration, ready to run: the order of a run's phases.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use base::environment::Environment;
use base::event::{Event, Level, Report};
use config::options::{Buildout, Values};
use recipe::Locations;
use state::{StateChange, StateFile};

use super::cache::{self, CacheTally, OpenCache};
use super::context::RunContext;
use super::execute::executor::Executor;
use super::execute::transaction;
use super::extend;
use super::launcher;
use super::prepare::{develop, directories};
use super::reading::load::Loaded;
use super::settings::RunSettings;
use super::stage::definition::Stage;
use super::stage::references;
use super::stages::Stages;
use super::view::ResolvedBuildout;
use crate::error::RunError;

/// The option of the state's `[buildout]` that records the weakest confinement under which a part may have been made.
const SANDBOX: &str = "sandbox";

/// A configuration, ready to run.
pub(crate) struct Session {
    /// The options; recipes are initialized when their options are read.
    pub(crate) buildout: Buildout,
    pub(super) root: ResolvedBuildout,
    pub(super) loaded: Loaded,
    /// The options as resolved by the latest stage of a run.
    latest: Mutex<Buildout>,
}

impl Session {
    /// Prepares a run of a configuration.
    ///
    /// # Errors
    /// When `recipes.toml`, in the directory of the configuration, is invalid.
    pub(crate) fn new(
        loaded: Loaded,
        environment: &Environment,
        report: Arc<dyn Report>,
        settings: RunSettings,
    ) -> Result<Self, RunError> {
        let context = Arc::new(RunContext {
            environment: environment.clone(),
            report,
            settings,
            cache: OpenCache::default(),
            tally: CacheTally::default(),
        });
        let root = ResolvedBuildout::new(&loaded.configuration, context)?;
        Ok(Self { buildout: root.buildout.clone(), latest: Mutex::new(root.buildout.clone()), root, loaded })
    }

    /// Creates the directories and `bin/buildout`, which runs this program.
    ///
    /// # Errors
    /// When one of them cannot be written.
    pub(crate) fn bootstrap(&self) -> Result<PathBuf, RunError> {
        let locations = self.root.locations()?;
        directories::create(&locations, &self.buildout, &*self.root.context.report)?;
        let path = locations.bin.join("buildout");
        launcher::write(&path, &self.root.context.settings.program).map_err(RunError::of)?;
        self.root.context.log(Level::Info, &format!("Generated script '{}'.", path.display()));
        Ok(path)
    }

    /// Installs the parts: all, or the named ones (they must be listed in `parts`).
    ///
    /// # Errors
    /// The first failure. Completed steps are recorded.
    pub(crate) fn install(&self, named: &[String]) -> Result<(), RunError> {
        let context = &self.root.context;
        cache::check_settings(&self.root)?;
        self.with_state(|locations, state| self.install_with_state(named, locations, state))?;
        if context.cache.get().is_some_and(Option::is_some) {
            if context.settings.cache.require {
                context.tally.uncached().iter().for_each(|parts| context.log(Level::Info, parts));
            }
            context.log(Level::Info, &context.tally.line());
        }
        Ok(())
    }

    /// Changes the buildout, with its state.
    pub(super) fn with_state(
        &self,
        change: impl FnOnce(&Locations, &mut StateFile) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let context = &self.root.context;
        let locations = self.root.locations()?;
        directories::create_one(&locations.directory, &*context.report)?;
        let mut state = match &locations.installed {
            Some(path) => StateFile::open(path, &*context.report)?,
            None => StateFile::unsaved(),
        };
        // From here on, a signal ends the run between parts, and the state is saved.
        let _watch = context.settings.native.interrupt.watch();
        let outcome = report_sandbox(context, &mut state).and_then(|()| change(&locations, &mut state));
        // Also after a failure: completed steps are saved, and no journal is left.
        let saved = state.commit(&*context.report);
        context.settings.native.temporaries.remove();
        outcome?;
        Ok(saved?)
    }

    fn install_with_state(
        &self,
        named: &[String],
        locations: &Locations,
        state: &mut StateFile,
    ) -> Result<(), RunError> {
        let context = &self.root.context;
        let stages = self.stages(named, locations, state)?;
        let mut executor = Executor::new(state, locations);
        let outcome = self.execute(stages, &mut executor);
        if outcome.is_ok() && named.is_empty() {
            executor.report_postponed();
        }
        executor.unused.finish().iter().for_each(|message| context.log(Level::Warning, message));
        self.report_refusals();
        self.root.recipes.distributions().record_used(executor.state)?;
        let last = outcome?;
        last.iter().try_for_each(extend::after)?;
        let buildout = self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(self.root.recipes.distributions().report_picked(&buildout)?)
    }

    /// What precedes the stages of a run, and the stages.
    fn stages(&self, named: &[String], locations: &Locations, state: &mut StateFile) -> Result<Stages, RunError> {
        let context = &self.root.context;
        // Only with the state lock held: from here on, no other run can change the launcher.
        let (root, loaded) = self.current()?;
        transaction::recover(locations, context, state)?;
        directories::create(&*root.locations()?, &root.buildout, &*context.report)?;
        let (root, loaded) = extend::before(root, loaded, extend::Mode::Run)?;
        Ok(Stages::new(root, loaded, named))
    }

    /// Executes only the first stage, which makes the buildout's Python.
    pub(super) fn make_python(&self) -> Result<(), RunError> {
        self.with_state(|locations, state| {
            let mut stages = self.stages(&[], locations, state)?;
            let mut executor = Executor::new(state, locations);
            if let Some(stage) = begin_next(&mut stages, &mut executor)? {
                executor.execute(&stage)?;
            }
            self.report_refusals();
            Ok(())
        })
    }

    /// Reports again what was refused to parts that were made all the same.
    fn report_refusals(&self) {
        let context = &self.root.context;
        context.settings.native.refusals.take().iter().for_each(|message| context.log(Level::Warning, message));
    }

    /// Executes all stages. Returns the view of the last one.
    fn execute(&self, mut stages: Stages, executor: &mut Executor<'_>) -> Result<Option<ResolvedBuildout>, RunError> {
        let mut last = None;
        while let Some(stage) = begin_next(&mut stages, executor)? {
            *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = stage.view.buildout.clone();
            if stage.is_last() {
                show_configuration(&stage.view);
            }
            executor.execute(&stage)?;
            last = Some(stage.view.clone());
        }
        Ok(last)
    }

    /// A session of the same buildout as it is now, with nothing initialized.
    pub(super) fn again(&self) -> Result<Self, RunError> {
        let loaded = self.loaded.renewed()?.unwrap_or_else(|| self.loaded.clone());
        let root = ResolvedBuildout::new(&loaded.configuration, Arc::clone(&self.root.context))?;
        Ok(Self { buildout: root.buildout.clone(), latest: Mutex::new(root.buildout.clone()), root, loaded })
    }

    /// The buildout, read again if the run that this one waited for changed its Python.
    fn current(&self) -> Result<(ResolvedBuildout, Loaded), RunError> {
        Ok(match self.loaded.renewed()? {
            None => (self.root.clone(), self.loaded.clone()),
            Some(loaded) => (ResolvedBuildout::new(&loaded.configuration, Arc::clone(&self.root.context))?, loaded),
        })
    }

    /// For each of `parts`, the numbers of those that it references, as far as they are initialized.
    pub(crate) fn references(&self, parts: &[&str]) -> Vec<BTreeSet<usize>> {
        references::direct(&self.latest.lock().unwrap_or_else(PoisonError::into_inner), parts)
    }
}

/// Begins the next stage.
fn begin_next(stages: &mut Stages, executor: &mut Executor<'_>) -> Result<Option<Arc<Stage>>, RunError> {
    let Some(coming) = stages.coming()? else { return Ok(None) };
    if stages.develops(&coming)? {
        develop::develop(&coming.view, executor.state)?;
    }
    stages.begin(coming, executor.state.installed()).map(Some)
}

/// Every run with less than full confinement of native commands reports that, and records it in the state.
fn report_sandbox(context: &RunContext, state: &mut StateFile) -> Result<(), RunError> {
    let level = context.settings.native.level;
    let message = match level {
        confine::ConfinementLevel::Full => return Ok(()),
        confine::ConfinementLevel::Partial => {
            "Native commands are confined only partially (--sandbox=partial): they can see other processes, and change what \
             Landlock does not protect"
        }
        confine::ConfinementLevel::None => {
            "Native commands are not confined (--sandbox=none): they can do everything that you can"
        }
    };
    context.log(Level::Warning, message);
    let recorded = state.installed().buildout.get(SANDBOX).and_then(|name| confine::ConfinementLevel::of_name(name));
    if recorded.is_none_or(|recorded| level < recorded) {
        state.record(&StateChange::Option { name: SANDBOX.to_owned(), value: level.name().to_owned() })?;
    }
    Ok(())
}

/// Prints the configuration at debug level (`buildouts-1.0.txt`, "Predefined buildout options").
fn show_configuration(view: &ResolvedBuildout) {
    if !view.context.report.wants(Level::Debug) {
        return;
    }
    let mut sections = view.buildout.sections();
    sections.sort();
    let initialized = sections.iter().filter(|section| view.buildout.is_initialized(section));
    let texts: String = initialized.map(|section| section_text(section, &view.buildout.snapshot(section))).collect();
    let text = format!("Configuration data:\n{texts}\n");
    view.context.report.report(Event::Text { level: Level::Debug, text: &text });
}

/// A section in 1.0's format for the debug level: options sorted, `%` doubled, further lines indented.
fn section_text(name: &str, options: &Values) -> String {
    let line = |(option, value): (&Arc<str>, &Arc<str>)| {
        // As in zc.buildout, an empty format stands for this one.
        let is_default = (name, &**option, &**value) == ("buildout", "log-format", "");
        let value: &str = if is_default { "%(name)s: %(message)s" } else { value };
        format!("{option} = {}\n", value.replace("%%", "%").replace('%', "%%").replace('\n', "\n\t"))
    };
    format!("[{name}]\n{}", options.iter().map(line).collect::<String>())
}
