//! `lock`: makes a new `pylock.toml` for what the configuration's parts and developed projects need. Installs nothing in
//! the buildout.

use distributions::lock::{Change, Lock};

use super::distributions::of_part;
use super::prepare::develop;
use super::session::Session;
use crate::error::{Doing as _, RunError};

/// Which distributions get other versions although they are in the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// None, unless the requirements exclude the locked version.
    No,
    /// These.
    Named(Vec<String>),
    /// All.
    All,
}

impl Session {
    /// Makes a new lock, and writes it if it differs. Returns the differences.
    ///
    /// # Errors
    /// When a distribution is not available. Then the old lock stays.
    pub fn lock(&self, upgrade: &Upgrade) -> Result<Vec<Change>, RunError> {
        let distributions = self.root.recipes.distributions();
        let upgraded: Option<&[String]> = match upgrade {
            Upgrade::No => Some(&[]),
            Upgrade::Named(names) => Some(names),
            Upgrade::All => None,
        };
        let old = distributions.prepare_lock(&self.root.buildout, upgraded)?;
        let mut lock = Lock::default();
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
