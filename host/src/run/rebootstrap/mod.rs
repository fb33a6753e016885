//! Rebootstrap: a buildout that makes its own Python, and then goes on with it (`docs/rebootstrap.md`).
//!
//! The section that `[buildout] python` names, and all that it refers to, is resolved with the Python that the buildout was
//! begun with, always, and made before anything else. Then the run starts over for all other parts, with the Python that
//! was made. So no part ever depends on which Python happens to be running, and there is nothing to repeat.

mod closure;
mod renewal;
mod trial;

use std::path::Path;
use std::sync::Arc;

use base::event::Level;
use config::Configuration;
use recipe::Locations;
use state::plan::Step;
use state::{Installed, StateFile};

use super::error::{Doing, RunError};
use super::execute::Execution;
use super::launcher::{self, Kept};
use super::{Before, Session, directories, extensions, pythons};

pub(super) use closure::Closure;
pub(super) use renewal::{Renewal, recover};
pub(super) use trial::questioner;

impl Session {
    /// The section that makes the buildout's own Python; `None` where the buildout makes none.
    pub(super) fn python_section(&self) -> Result<Option<String>, RunError> {
        if !extensions::rebootstraps(&self.buildout)? {
            return Ok(None);
        }
        let section = self.buildout.get("buildout", "python")?.unwrap_or_default();
        let section = section.trim();
        if section.is_empty() || section == "buildout" {
            if self.buildout.place_of("buildout", Some("python")).is_none() {
                let message = "Rebootstrap is asked for, but `[buildout] python` names no section that makes a Python.";
                self.report.log(Level::Warning, message);
            }
            return Ok(None);
        }
        Ok(Some(section.to_owned()))
    }

    /// Brings up the buildout's own Python, and makes everything else with it.
    pub(super) fn rebootstrap(
        &self,
        section: &str,
        named: &[String],
        state: &mut StateFile,
        installed: &mut Installed,
    ) -> Result<(), RunError> {
        let other = self.of_original()?;
        let first = other.as_ref().unwrap_or(self);
        let closure = Arc::new(first.closure(section)?);
        let locations = first.locations()?;
        let steps = first.bring_up(&closure, named, &locations, state, installed)?;
        let later = first.started_over(&closure)?;
        let later = self.later.get_or_init(|| Box::new(later));
        let locations = later.locations()?;
        if later.develops_otherwise(self)? {
            later.develop_phase(&locations, state, installed)?;
        }
        later.make_the_rest(named, &locations, state, installed)?;
        if named.is_empty() {
            // Only now it is known what other parts have read.
            let made = steps.iter().filter(|step| !matches!(step, Step::Uninstall(..)));
            made.for_each(|step| later.report_unused(step.part()));
        }
        Ok(())
    }

    /// The buildout as the Python's parts see it, where that is another one than this.
    pub(super) fn of_original(&self) -> Result<Option<Self>, RunError> {
        let locations = self.locations()?;
        let mut options = Vec::new();
        let running = self.buildout.get("buildout", "executable")?;
        // The buildout's own Python, named on the command line: that is not the one which made it.
        if let Some(running) = running {
            let original = self.original_of(&running);
            if original != running {
                options.push(("executable", original));
            }
        }
        let mut elsewhere = None;
        if let Some(directory) = &locations.other_parts {
            options.push(("parts-directory", directory.to_string_lossy().into_owned()));
            elsewhere = Some(locations.parts.to_string_lossy().into_owned());
        }
        if options.is_empty() {
            return Ok(None);
        }
        let options: Vec<(&str, &str)> = options.iter().map(|(option, value)| (*option, value.as_str())).collect();
        let recipes = Arc::new(self.recipes.elsewhere(elsewhere));
        let buildout = self.buildout.with_options(Arc::clone(&recipes) as Arc<_>, &options);
        Ok(Some(self.with(buildout, recipes, None)))
    }

    /// The Python that the buildout is begun with where it runs with this one: that may be its own, or just a name.
    fn original_of(&self, running: &str) -> String {
        let running = pythons::absolute(running, &self.environment);
        let (own, kept) = (&self.loaded.own, &self.loaded.kept);
        if !own.made(&running) && kept.own() != Some(running.as_str()) {
            return running;
        }
        let kept = kept.original.clone().filter(|kept| pythons::is_program(kept) && !own.made(kept));
        kept.unwrap_or_else(|| pythons::on_path(&self.environment, own))
    }

    /// The buildout as it is with its own Python.
    pub(super) fn started_over(&self, closure: &Arc<Closure>) -> Result<Self, RunError> {
        let configuration = self.loaded.seen_by(&closure.executable, &self.starter(closure)?)?;
        Ok(self.started_over_with(closure, configuration))
    }

    /// The same, with a configuration as it was read for that Python.
    pub(super) fn started_over_with(&self, closure: &Arc<Closure>, configuration: Arc<Configuration>) -> Self {
        let recipes = Arc::new(self.recipes.elsewhere(None));
        let initialise = Arc::clone(&recipes) as Arc<_>;
        let buildout = self.buildout.with_python(configuration, initialise, &closure.section, &closure.executable);
        let before = Before { buildout: self.buildout.clone(), closure: Arc::clone(closure) };
        self.with(buildout, recipes, Some(before))
    }

    /// Whether conditions make this buildout develop other projects than `first`.
    fn develops_otherwise(&self, first: &Self) -> Result<bool, RunError> {
        Ok(self.buildout.get("buildout", "develop")? != first.buildout.get("buildout", "develop")?)
    }

    /// Makes the Python and what it needs, as far as that has changed, and lets `bin/buildout` keep it. Gives what was done.
    fn bring_up(
        &self,
        closure: &Closure,
        named: &[String],
        locations: &Arc<Locations>,
        state: &mut StateFile,
        installed: &mut Installed,
    ) -> Result<Vec<Step>, RunError> {
        let path = locations.bin.join("buildout");
        let doing = || self.bringing_up(&closure.section);
        // Another run may have changed it since this one began.
        let kept = Kept::of(&path);
        let switches = closure.is_another() && closure.kept() != kept;
        if switches {
            // Before anything is built that could not be kept.
            launcher::check(&path).map_err(RunError::of).doing(doing)?;
            self.check_original(closure, &kept).doing(doing)?;
        }
        directories::create_one(&locations.parts, self.report())?;
        let steps = closure.steps(named, installed, &locations.directory);
        let is_new = switches || steps.iter().any(|step| matches!(step, Step::Install(..)));
        let mut execution = Execution::new(self, locations, &closure.wanted, state, installed);
        renewal::carry_out(&mut execution, &steps, || self.check_python(closure, is_new))?;
        if switches {
            self.switch(closure, &kept, &path)?;
        } else if !closure.is_another() {
            self.go_back(locations)?;
        }
        Ok(steps)
    }

    /// Tells of the new Python, and lets `bin/buildout` keep it.
    fn switch(&self, closure: &Closure, kept: &Kept, path: &Path) -> Result<(), RunError> {
        if let Some((from, to)) = closure.changes(kept) {
            let message = format!(
                "This buildout goes on with its own Python:\n  {to}\nIt takes the place of:\n  {from}\n{} keeps that for \
                 the next runs.",
                path.display()
            );
            self.report.log(Level::Info, &message);
        }
        launcher::keep(path, &self.settings.program, &closure.kept()).map_err(RunError::of)
    }

    /// Where the buildout makes no Python any more, it goes back to the one that it was begun with.
    pub(super) fn go_back(&self, locations: &Locations) -> Result<(), RunError> {
        if self.loaded.kept.own().is_none() {
            return Ok(());
        }
        let path = locations.bin.join("buildout");
        let kept = Kept::of(&path);
        let Some(gone) = kept.own() else { return Ok(()) };
        let original = self.loaded.original.clone();
        let message = format!(
            "This buildout has no Python of its own any more:\n  {gone}\nIt goes back to the Python that it was begun \
             with:\n  {original}"
        );
        self.report.log(Level::Info, &message);
        let original =
            Some(original).filter(|original| *original != pythons::on_path(&self.environment, &self.loaded.own));
        let kept = Kept { python: None, original };
        launcher::keep(&path, &self.settings.program, &kept).map_err(RunError::of)
    }
}
