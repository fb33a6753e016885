//! Copies the components that `recipes.lock` pins, with their signatures, into a directory of the buildout.

use std::path::Path;

use base::remedy::Remedy;

use super::authoring::Authoring;
use crate::error::{Doing as _, RunError};
use registry::locking::{ArtifactSources, ListedComponent, LockingError};
use registry::oci::{Artifact, ImageLayout, Reference, RemoteSettings};
use registry::recipes_toml::RecipesToml;
use registry::{Locked, RecipesLock};

/// The result of copying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vendored {
    /// Each recipe: its name in `recipes.toml`, and the artifact.
    pub(crate) recipes: Vec<(String, Reference)>,
    /// Whether `recipes.toml` already lists the directory.
    pub(crate) named: bool,
}

impl Authoring {
    /// Copies the components that the buildout in `directory` has locked into the OCI layout `target`, which is created
    /// if it does not exist. Each is verified first, as for a run.
    ///
    /// # Errors
    /// When a recipe is not locked, is not available, or must not be used.
    pub(crate) fn vendor(
        &self,
        directory: &Path,
        target: &Path,
        registries: &RemoteSettings,
    ) -> Result<Vendored, RunError> {
        let recipes_toml = directory.join("recipes.toml");
        let recipes = RecipesToml::read(&recipes_toml)?;
        let lock = RecipesLock::read(&RecipesLock::path(&recipes_toml))?;
        let pinned: Vec<(ListedComponent<'_>, &Locked)> = recipes
            .publications()
            .map(|publication| match lock.recipes.get(publication.name) {
                Some(locked) if locked.source == *publication.source => Ok((publication, locked)),
                _ => Err(not_locked(publication.name)),
            })
            .collect::<Result<_, _>>()?;
        // A layout that `vendor` specifies but that does not exist yet is about to be created.
        let layout = ImageLayout::create(target)?;
        let sources = ArtifactSources::open(&self.access(), registries, recipes.vendor.as_deref())?;
        let mut copies = Vec::new();
        for (publication, locked) in pinned {
            publication.pinned(locked.manifest, &locked.signers, &sources)?;
            let reference = publication.source.with_digest(locked.manifest);
            let copied = Artifact::of(&*sources.kept, &reference)
                .and_then(|artifact| artifact.copy(&*sources.kept, &layout, &reference));
            copied.doing(|| format!("Copying {reference}."))?;
            copies.push((publication.name.to_owned(), reference));
        }
        let same = |named: &Path| named.canonicalize().ok() == target.canonicalize().ok();
        Ok(Vendored { recipes: copies, named: recipes.vendor.as_deref().is_some_and(same) })
    }
}

fn not_locked(name: &str) -> LockingError {
    LockingError::Lock {
        message: format!("recipes.lock does not have recipe {name:?} as recipes.toml does"),
        place: None,
        hints: Vec::new(),
        remedy: Some(Remedy::UpdateLock),
    }
}
