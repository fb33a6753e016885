//! `recipe vendor`: copies what `recipes.lock` pins, with its signatures, into a directory that the buildout can carry with
//! it.

use std::path::Path;

use super::authoring::Authoring;
use super::error::{Doing as _, RunError};
use super::locking;
use recipe::component::{ComponentError, Publication, Resolver};
use registry::oci::{Artefact, Layout, Reference, RemoteSettings};
use registry::{Locked, RecipesLock};

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vendored {
    /// Each recipe: its name in `recipes.toml`, and the artefact.
    pub recipes: Vec<(String, Reference)>,
    /// Whether `recipes.toml` names the directory already.
    pub named: bool,
}

impl Authoring {
    /// Copies the components that the buildout in `directory` has locked into the OCI layout `target`, which is made if it
    /// is not there. Each is verified first, as for a run.
    ///
    /// # Errors
    /// When a recipe is not locked, cannot be had, or must not be used.
    pub fn vendor(&self, directory: &Path, target: &Path, registries: &RemoteSettings) -> Result<Vendored, RunError> {
        let recipes_toml = directory.join("recipes.toml");
        let resolver = Resolver::new(Some(&recipes_toml), Vec::new())?;
        let lock = RecipesLock::read(&RecipesLock::path(&recipes_toml))?;
        let pinned: Vec<(Publication<'_>, &Locked)> = resolver
            .publications()
            .map(|publication| match lock.recipes.get(publication.name) {
                Some(locked) if locked.source == *publication.source => Ok((publication, locked)),
                _ => Err(not_locked(publication.name)),
            })
            .collect::<Result<_, _>>()?;
        // A layout that `vendor` names but that is not there yet is about to be made.
        let layout = Layout::create(target)?;
        let interrupt = &self.native.interrupt;
        let sources = locking::sources(&self.environment, registries, &self.report, interrupt, &resolver)
            .map_err(locking::no_source)?;
        let mut recipes = Vec::new();
        for (publication, locked) in pinned {
            publication.pinned(locked.manifest, &locked.signers, &sources)?;
            let reference = publication.source.with_digest(locked.manifest);
            let copied = Artefact::of(&*sources.kept, &reference)
                .and_then(|artefact| artefact.copy(&*sources.kept, &layout, &reference));
            copied.doing(|| format!("Copying {reference}."))?;
            recipes.push((publication.name.to_owned(), reference));
        }
        let same = |named: &Path| named.canonicalize().ok() == target.canonicalize().ok();
        Ok(Vendored { recipes, named: resolver.vendor().is_some_and(same) })
    }
}

fn not_locked(name: &str) -> ComponentError {
    ComponentError::Lock {
        message: format!("recipes.lock does not have recipe {name:?} as recipes.toml does."),
        place: None,
        hints: vec!["Bring it up to date with `buildout-host recipe lock`.".to_owned()],
    }
}
