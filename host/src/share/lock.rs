//! Updates `recipes.lock` to match `recipes.toml`, or what the tags point to now.

use std::path::Path;

use base::source::{did_you_mean, nearest};
use recipe::component::{self, Resolved, Resolver};
use registry::locking::{
    ArtifactSources, ListedComponent, LockFileGuard, LockMode, Locking, LockingError, check_component, entry,
};
use registry::oci::RemoteSettings;
use registry::recipes_toml::RecipesToml;
use registry::{Locked, RecipesLock};

use super::authoring::Authoring;
use crate::error::RunError;
use crate::upgrade::Upgrade;

/// The change of one lock file entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LockChange {
    /// The recipe's name in `recipes.toml`.
    pub(crate) name: String,
    /// The old entry; `None` if the recipe is new.
    pub(crate) before: Option<Locked>,
    /// The new entry; `None` if the recipe was removed.
    pub(crate) after: Option<Locked>,
}

impl Authoring {
    /// Locks the registry recipes of the `recipes.toml` in that directory, and verifies those that are already locked.
    /// Nothing is written unless everything succeeds.
    ///
    /// # Errors
    /// When a recipe is not available, or must not be used.
    pub(crate) fn lock(
        &self,
        directory: &Path,
        upgrade: &Upgrade,
        registries: &RemoteSettings,
    ) -> Result<Vec<LockChange>, RunError> {
        let recipes_toml = directory.join("recipes.toml");
        let recipes = RecipesToml::read(&recipes_toml)?;
        let path = RecipesLock::path(&recipes_toml);
        check_names(upgrade, &recipes)?;
        let sources = ArtifactSources::open(&self.access(), registries, recipes.vendor.as_deref())?;
        loop {
            let before = RecipesLock::read(&path)?;
            let after = self.relocked(&before, &recipes, upgrade, &sources)?;
            let _guard = LockFileGuard::take(&path, &self.access())?;
            // Entries that a run has added in the meantime are kept, so they are checked as well.
            if RecipesLock::read(&path)? == before {
                if after != before {
                    after.write(&path)?;
                }
                return Ok(changes(before, after));
            }
        }
    }

    /// The new lock file: entries that are already locked keep their artifact, which is verified and described again.
    fn relocked(
        &self,
        before: &RecipesLock,
        recipes: &RecipesToml,
        upgrade: &Upgrade,
        sources: &ArtifactSources,
    ) -> Result<RecipesLock, RunError> {
        let mut after = RecipesLock::default();
        for publication in recipes.publications() {
            let locked = before.recipes.get(publication.name);
            let current = locked.filter(|locked| locked.source == *publication.source);
            let obtained = match current.filter(|_| !is_upgraded(upgrade, &publication)) {
                Some(locked) => {
                    let obtained = publication.repinned(locked.manifest, sources)?;
                    check_component(&publication, locked, &obtained)?;
                    obtained
                }
                None => publication.newest(sources)?,
            };
            let locked = entry(&publication, &obtained, self)?;
            after.recipes.insert(publication.name.to_owned(), locked);
        }
        Ok(after)
    }

    /// Resolves a recipe reference as the buildout in a directory would. Nothing is locked.
    ///
    /// # Errors
    /// When the recipe is unknown, or its component is not available.
    pub(crate) fn resolve(
        &self,
        directory: &Path,
        reference: &str,
        registries: &RemoteSettings,
    ) -> Result<Resolved, RunError> {
        let developed = component::developed_in(&directory.join("develop-eggs"))?;
        let recipes_toml = directory.join("recipes.toml");
        let resolver = Resolver::new(Some(&recipes_toml), developed)?;
        let locking = Locking::new(&recipes_toml, LockMode::Leave, self.access());
        locking.connect(|| registries.clone());
        Ok(resolver.resolve(reference, &locking, self)?)
    }
}

fn is_upgraded(upgrade: &Upgrade, publication: &ListedComponent<'_>) -> bool {
    match upgrade {
        Upgrade::No => false,
        Upgrade::Named(names) => names.iter().any(|name| name == publication.name),
        Upgrade::All => true,
    }
}

fn check_names(upgrade: &Upgrade, recipes: &RecipesToml) -> Result<(), LockingError> {
    let Upgrade::Named(names) = upgrade else { return Ok(()) };
    let known: Vec<_> = recipes.publications().map(|publication| publication.name).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let mut hints = vec![match known.is_empty() {
                true => "No recipe there comes from a registry.".to_owned(),
                false => format!("These recipes come from registries: {}.", known.join(", ")),
            }];
            hints.extend(nearest(unknown, known.iter().copied()).map(did_you_mean));
            let message = format!("recipes.toml has no recipe {unknown:?} from a registry");
            Err(LockingError::Lock { message, place: None, hints, remedy: None })
        }
    }
}

fn changes(mut before: RecipesLock, after: RecipesLock) -> Vec<LockChange> {
    let mut changes: Vec<LockChange> = after
        .recipes
        .into_iter()
        .map(|(name, after)| LockChange { before: before.recipes.remove(&name), after: Some(after), name })
        .collect();
    let gone = before.recipes.into_iter();
    changes.extend(gone.map(|(name, before)| LockChange { name, before: Some(before), after: None }));
    changes.retain(|change| change.before != change.after);
    changes
}
