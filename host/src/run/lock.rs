//! `recipe lock`: brings `recipes.lock` up to date with `recipes.toml`, or with what the tags lead to now.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::source::{did_you_mean, nearest};
use recipe::component::{self, ComponentError, Obtained, Publication, Publications, Resolved, Resolver, Sources};
use registry::oci::RemoteSettings;
use registry::{Locked, RecipesLock};

use super::authoring::Authoring;
use super::error::RunError;
use super::locking::{self, Held, LockMode, Locking, entry};

/// Which recipes are locked anew although the lock has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// None.
    No,
    /// These, by their names in `recipes.toml`.
    Named(Vec<String>),
    /// All.
    All,
}

/// How one entry of the lock changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockChange {
    /// The recipe's name in `recipes.toml`.
    pub name: String,
    /// What the lock said; `None` if the recipe is new.
    pub before: Option<Locked>,
    /// What it says now; `None` if the recipe is gone.
    pub after: Option<Locked>,
}

impl Authoring {
    /// Locks what the `recipes.toml` in that directory has from registries, and verifies what is locked already. Nothing is
    /// written unless all succeeds.
    ///
    /// # Errors
    /// When a recipe cannot be had, or must not be used.
    pub fn lock(
        &self,
        directory: &Path,
        upgrade: &Upgrade,
        registries: &RemoteSettings,
    ) -> Result<Vec<LockChange>, RunError> {
        let recipes_toml: PathBuf = directory.join("recipes.toml");
        let resolver = Resolver::new(Some(&recipes_toml), Vec::new())?;
        let path = RecipesLock::path(&recipes_toml);
        check_names(upgrade, &resolver)?;
        let interrupt = &self.native.interrupt;
        let sources = locking::sources(&self.environment, registries, &self.report, interrupt, &resolver)
            .map_err(locking::no_source)?;
        loop {
            let before = RecipesLock::read(&path)?;
            let after = self.locked_anew(&before, &resolver, upgrade, &sources)?;
            let _held = Held::take(&path)?;
            // What a run has locked meanwhile stays: it is looked at as well.
            if RecipesLock::read(&path)? == before {
                if after != before {
                    after.write(&path)?;
                }
                return Ok(changes(before, after));
            }
        }
    }

    /// What the lock has to say: of what is locked already the same artefact, verified, and described as it is.
    fn locked_anew(
        &self,
        before: &RecipesLock,
        resolver: &Resolver,
        upgrade: &Upgrade,
        sources: &Sources,
    ) -> Result<RecipesLock, RunError> {
        let mut after = RecipesLock::default();
        for publication in resolver.publications() {
            let locked = before.recipes.get(publication.name);
            let current = locked.filter(|locked| locked.source == *publication.source);
            let obtained = match current.filter(|_| !is_upgraded(upgrade, &publication)) {
                Some(locked) => {
                    let obtained = publication.pinned_anew(locked.manifest, sources)?;
                    locking::check_component(&publication, locked, &obtained)?;
                    obtained
                }
                None => publication.newest(sources)?,
            };
            let locked = entry(&publication, &obtained, &|recipe| self.describe(recipe))?;
            after.recipes.insert(publication.name.to_owned(), locked);
        }
        Ok(after)
    }

    /// What the buildout in a directory means by a recipe reference. Nothing is locked.
    ///
    /// # Errors
    /// When no one knows the recipe, or its component cannot be had.
    pub fn resolve(
        &self,
        directory: &Path,
        reference: &str,
        registries: &RemoteSettings,
    ) -> Result<Resolved, RunError> {
        let developed = component::developed_in(&directory.join("develop-eggs"))?;
        let recipes_toml = directory.join("recipes.toml");
        let resolver = Resolver::new(Some(&recipes_toml), developed)?;
        let locking = Locking::new(RecipesLock::path(&recipes_toml), LockMode::Leave, Arc::clone(&self.report));
        let looking = Looking { authoring: self, resolver: &resolver, locking, registries };
        Ok(resolver.resolve(reference, &looking)?)
    }
}

/// Recipes as somebody looks at them.
struct Looking<'a> {
    authoring: &'a Authoring,
    resolver: &'a Resolver,
    locking: Locking,
    registries: &'a RemoteSettings,
}

impl Publications for Looking<'_> {
    fn obtain(&self, publication: &Publication<'_>) -> Result<Obtained, ComponentError> {
        let Authoring { environment, report, native } = self.authoring;
        let sources = self
            .locking
            .sources(|| locking::sources(environment, self.registries, report, &native.interrupt, self.resolver))?;
        self.locking.obtain(publication, &sources, &|recipe| self.authoring.describe(recipe))
    }
}

fn is_upgraded(upgrade: &Upgrade, publication: &Publication<'_>) -> bool {
    match upgrade {
        Upgrade::No => false,
        Upgrade::Named(names) => names.iter().any(|name| name == publication.name),
        Upgrade::All => true,
    }
}

fn check_names(upgrade: &Upgrade, resolver: &Resolver) -> Result<(), ComponentError> {
    let Upgrade::Named(names) = upgrade else { return Ok(()) };
    let known: Vec<_> = resolver.publications().map(|publication| publication.name).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let mut hints = vec![match known.is_empty() {
                true => "No recipe there comes from a registry.".to_owned(),
                false => format!("From registries come: {}.", known.join(", ")),
            }];
            hints.extend(nearest(unknown, known.iter().copied()).map(did_you_mean));
            let message = format!("recipes.toml has no recipe {unknown:?} from a registry.");
            Err(ComponentError::Lock { message, place: None, hints })
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
