//! What a run would do, and what parts there are: found out without a trace in the buildout.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use base::event::Level;
use recipe::Locations;
use state::Installed;
use state::plan::{self, Step};

use super::error::{Fault, RunError};
use super::rebootstrap::Closure;
use super::{Present, Session, beside, extensions, graph, launcher, pythons, scope};

/// Parts, and what they refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartGraph {
    /// The parts in the order in which a run makes them.
    pub parts: Vec<String>,
    /// For each of them the parts that it refers to, by number.
    pub references: Vec<BTreeSet<usize>>,
}

/// What a run would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// Where the run would change to another Python.
    pub switch: Option<Switch>,
    /// What looks like a mistake: options that no recipe knows, of parts that would be installed.
    pub warnings: Vec<String>,
}

/// A change of the buildout's Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// How many steps come before it.
    pub after: usize,
    /// The Python until then.
    pub from: String,
    /// The Python from then on.
    pub to: String,
}

impl Session {
    /// What `install` would do. Changes nothing of the buildout.
    ///
    /// # Errors
    /// Where `install` would fail before it does anything.
    pub fn plan(&self, named: &[String]) -> Result<Outlook, RunError> {
        let (locations, installed) = self.look_around()?;
        let present = Present::beneath(&locations.directory);
        let is_there = |path: &str| present.is_there(path);
        let Some(section) = self.python_section()? else {
            let steps = plan::plan(&self.wanted(named, &installed)?, &installed, scope(named), &is_there);
            let back = |from: &str| Switch { after: 0, from: from.to_owned(), to: self.loaded.original.clone() };
            let warnings = self.warnings(&steps);
            return Ok(Outlook { steps, switch: self.loaded.kept.own().map(back), warnings });
        };
        let (closure, later) = self.peek_later(&section)?;
        if closure.is_another() && closure.kept() != self.loaded.kept {
            launcher::check(&locations.bin.join("buildout")).map_err(RunError::of)?;
            self.check_original(&closure, &self.loaded.kept)?;
        }
        let mut steps = closure.steps(named, &installed, &locations.directory);
        let change = |(from, to): (&str, &str)| Switch { after: steps.len(), from: from.into(), to: to.into() };
        let switch = closure.changes(&self.loaded.kept).map(change);
        let rest = plan::plan(&later.wanted(named, &installed)?, &installed, scope(named), &is_there);
        steps.extend(rest.into_iter().filter(|step| !later.was_made_before(step.part())));
        let warnings = later.warnings(&steps);
        Ok(Outlook { steps, switch, warnings })
    }

    fn warnings(&self, steps: &[Step]) -> Vec<String> {
        let installs = steps.iter().filter(|step| matches!(step, Step::Install(..)));
        installs.filter_map(|step| self.undescribed(step.part())).collect()
    }

    /// The parts that `install` would make, and what they refer to. Changes nothing of the buildout.
    ///
    /// # Errors
    /// Where `install` would fail before it does anything.
    pub fn graph(&self, named: &[String]) -> Result<PartGraph, RunError> {
        let (_, installed) = self.look_around()?;
        let later;
        let last = match self.python_section()? {
            Some(section) => {
                later = self.peek_later(&section)?.1;
                &later
            }
            None => self,
        };
        last.wanted(named, &installed)?;
        let parts = last.buildout.parts();
        let references = graph::references(&last.buildout, &parts.iter().map(String::as_str).collect::<Vec<_>>());
        Ok(PartGraph { parts, references })
    }

    /// Where the buildout is and what is installed; recipes are developed elsewhere than in the buildout.
    fn look_around(&self) -> Result<(Arc<Locations>, Installed), RunError> {
        extensions::rebootstraps(&self.buildout)?;
        let locations = self.locations()?;
        let installed = self.peek(&locations)?;
        let links =
            tempfile::tempdir().map_err(|error| Fault::io(Path::new("temporary directory"), "cannot make", error))?;
        let developed = self.develop(&locations, links.path())?;
        self.recipes.develop(&beside(self.buildout.configuration()), developed)?;
        Ok((locations, installed))
    }

    /// The buildout as it would be with its own Python, whether that is there or not.
    fn peek_later(&self, section: &str) -> Result<(Arc<Closure>, Self), RunError> {
        let other = self.of_original()?;
        let first = other.as_ref().unwrap_or(self);
        let closure = Arc::new(first.closure(section)?);
        let later = if !self.loaded.depends_on_python() || pythons::is_program(&closure.executable) {
            first.started_over(&closure)?
        } else {
            let message = format!(
                "Conditions ask for the Python, and {} is not there yet: they are taken as for {}.",
                closure.executable, closure.original
            );
            self.report.log(Level::Warning, &message);
            first.started_over_with(&closure, Arc::clone(&self.loaded.configuration))
        };
        Ok((closure, later))
    }
}
