//! Carries out a plan: calls recipes, removes what is gone, and saves the outcome of each part.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::event::Level;
use crate::files::Removal;
use crate::plan::{Step, Wanted};
use crate::recipe::Locations;
use crate::state::{Change, Installed, InstalledPart, StateFile};

use super::Session;
use super::error::{Doing, RunError};

/// A plan being carried out.
pub(super) struct Execution<'a> {
    pub(super) session: &'a Session,
    pub(super) locations: &'a Arc<Locations>,
    pub(super) wanted: HashMap<&'a str, &'a Wanted>,
    pub(super) state: &'a mut StateFile,
    pub(super) installed: &'a mut Installed,
}

impl Execution<'_> {
    /// Carries out the steps in order; stops at the first failure. What was done is recorded either way.
    pub(super) fn run(&mut self, steps: &[Step]) -> Result<(), RunError> {
        let mut unused_of_buildout_told = false;
        for step in steps {
            self.session.heed_interrupt()?;
            if !matches!(step, Step::Uninstall(..)) && !std::mem::replace(&mut unused_of_buildout_told, true) {
                self.session.report_unused("buildout");
            }
            match step {
                Step::Uninstall(part, _) => {
                    self.uninstall(part).doing(|| format!("Uninstalling {part}."))?;
                }
                Step::Install(part, _) => self.install(part).doing(|| self.session.doing("Installing", part))?,
                Step::InstallAgain(part) => {
                    self.install_again(part).doing(|| self.session.doing("Installing", part))?;
                }
                Step::Update(part) => self.update(part).doing(|| self.session.doing("Updating", part))?,
            }
        }
        if !unused_of_buildout_told {
            self.session.report_unused("buildout");
        }
        Ok(())
    }

    fn uninstall(&mut self, part: &str) -> Result<(), RunError> {
        self.log(&format!("Uninstalling {part}"));
        let Some(recorded) = self.installed.parts.get(part).cloned() else { return Ok(()) };
        self.check(&recorded.installed)?;
        self.run_uninstaller(part, &recorded)?;
        self.remove(&recorded.installed)?;
        self.installed.parts.shift_remove(part);
        Ok(self.state.record(&Change::Removed { part: part.to_owned() })?)
    }

    /// Calls the recipe's own `uninstall`, if it has one. A recipe that cannot be found any more has none, as in zc.buildout.
    fn run_uninstaller(&self, part: &str, recorded: &InstalledPart) -> Result<(), RunError> {
        let Some(reference) = recorded.options.get("recipe") else { return Ok(()) };
        let Ok(recipe) = self.session.recipes.resolve(reference) else { return Ok(()) };
        let runtime = self.session.recipes.runtime()?;
        if runtime.has_uninstall(&recipe)? {
            self.log("Running uninstall recipe.");
            runtime.uninstall(part, &recipe, &recorded.options, self.locations)?;
        }
        Ok(())
    }

    fn install(&mut self, part: &str) -> Result<(), RunError> {
        self.log(&format!("Installing {part}"));
        let paths = match self.session.recipes.runtime()?.install(part) {
            Ok(paths) => paths,
            Err(error) => {
                self.clean_up(error.created());
                return Err(error.into());
            }
        };
        self.record(part, paths)
    }

    /// The recipe has no `update`: its `install` runs over what is there.
    fn install_again(&mut self, part: &str) -> Result<(), RunError> {
        self.log(&format!("Installing {part}"));
        let outcome = self.session.recipes.runtime()?.install(part).map(Some);
        self.finish_update(part, outcome)
    }

    fn update(&mut self, part: &str) -> Result<(), RunError> {
        self.log(&format!("Updating {part}"));
        let outcome = self.session.recipes.runtime()?.update(part);
        self.finish_update(part, outcome)
    }

    /// Records what an update made beyond what was there; after a failure the part is gone, as in zc.buildout.
    fn finish_update(
        &mut self,
        part: &str,
        outcome: Result<Option<Vec<String>>, crate::recipe::RecipeError>,
    ) -> Result<(), RunError> {
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
            Err(error) => {
                self.clean_up(error.created());
                self.clean_up(&before);
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
            self.state.record(&change)?;
            self.installed.apply(&change);
        }
        self.session.report_unused(part);
        Ok(())
    }

    /// Refuses paths that no recipe can have made, before anything of the part is touched.
    fn check(&self, paths: &[String]) -> Result<(), RunError> {
        let removal = self.removal();
        for path in paths.iter().filter(|path| !path.is_empty()) {
            removal.check(Path::new(path))?;
        }
        Ok(())
    }

    /// Removes recorded paths; the first that cannot be removed is an error.
    fn remove(&self, paths: &[String]) -> Result<(), RunError> {
        let removal = self.removal();
        for path in paths.iter().filter(|path| !path.is_empty()) {
            removal.remove(Path::new(path))?;
        }
        Ok(())
    }

    /// Removes what a failed recipe left; what cannot be removed is told, the failure itself matters more.
    fn clean_up(&self, paths: &[String]) {
        for path in paths {
            if let Err(error) = self.removal().remove(Path::new(path)) {
                self.session.report.log(Level::Warning, &format!("Couldn't clean up {path}: {error}"));
            }
        }
    }

    /// What may be removed: paths beneath the buildout's directories or a granted one, but never one of those themselves,
    /// nor what the host keeps.
    fn removal(&self) -> Removal {
        let locations = self.locations;
        let mut removal = Removal::new(&locations.directory);
        for directory in [&locations.parts, &locations.bin, &locations.eggs, &locations.develop_eggs] {
            removal.allow(directory);
            removal.protect(directory);
        }
        for directory in self.session.recipes.granted_directories(&self.session.buildout) {
            removal.allow(&locations.directory.join(directory));
        }
        if let Some(state) = &locations.installed {
            removal.protect(state);
        }
        if let Some(file) = self.session.buildout.configuration().file_path() {
            removal.protect(file);
        }
        for name in ["recipes.toml", "recipes.lock"] {
            removal.protect(&locations.configuration_directory.join(name));
        }
        removal
    }

    fn log(&self, message: &str) {
        self.session.report.log(Level::Info, message);
    }
}
