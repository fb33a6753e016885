//! `lock`: makes a new `pylock.toml` for what the configuration's parts and developed projects need. Installs nothing in
//! the buildout, except the Python that it makes: for another one, other distributions would be chosen.

use distributions::lock::{DistributionChange, DistributionsLock};

use super::distributions::of_part;
use super::prepare::develop;
use super::rebootstrap::views;
use super::session::Session;
use crate::error::{Doing as _, RunError};
use crate::upgrade::Upgrade;

impl Session {
    /// Makes a new lock, and writes it if it differs. Returns the differences.
    ///
    /// # Errors
    /// When a distribution is not available. Then the old lock stays.
    pub(crate) fn lock(&self, upgrade: &Upgrade) -> Result<Vec<DistributionChange>, RunError> {
        if views::python_section(&self.root)?.is_none() {
            return self.lock_with_python(upgrade);
        }
        // Each with nothing initialized: those who look install elsewhere.
        if self.again()?.must_make_python()? {
            self.again()?.make_python()?;
        }
        self.again()?.lock_with_python(upgrade)
    }

    /// The same, if the buildout's Python exists.
    fn lock_with_python(&self, upgrade: &Upgrade) -> Result<Vec<DistributionChange>, RunError> {
        let distributions = self.root.recipes.distributions();
        let upgraded: Option<&[String]> = match upgrade {
            Upgrade::No => Some(&[]),
            Upgrade::Named(names) => Some(names),
            Upgrade::All => None,
        };
        let old = distributions.prepare_lock(&self.root.buildout, upgraded)?;
        let mut lock = DistributionsLock::default();
        let mut preview = self.preview(&[])?;
        while let Some(stage) = preview.next()? {
            let view = &stage.view;
            let projects = develop::python_projects(view)?;
            let names: Vec<&str> = stage.parts.names().collect();
            let needs = names.iter().map(|part| of_part(view, part)).collect::<Result<Vec<_>, _>>()?;
            let needs: Vec<_> = needs.into_iter().flatten().collect();
            let added = view.recipes.distributions().lock(&view.buildout, &needs, &projects, lock);
            lock = added.doing(|| "Locking distributions.".to_owned())?;
        }
        let changes = old.changes(&lock);
        if !changes.is_empty() {
            distributions.write_lock(&self.root.buildout, &lock)?;
        }
        Ok(changes)
    }
}
