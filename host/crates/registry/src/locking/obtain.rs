//! Obtains the component that `recipes.lock` pins for a recipe, and adds missing entries.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base::collections::Map;
use base::event::{Event, Level};
use base::remedy::Remedy;
use fetch::NetworkUse;

use super::check::{check_component, check_description, edited, same_signers, would_change, would_remove};
use super::describe::{Describe, entry};
use super::error::LockingError;
use super::guard::LockFileGuard;
use super::sources::{ArtifactSources, ConnectionContext};
use super::verified::{ListedComponent, Obtained};
use crate::oci::RemoteSettings;
use crate::recipes_lock::{Locked, RecipesLock};
use crate::recipes_toml::RecipesToml;

/// Whether a run may change `recipes.lock`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockMode {
    /// Missing entries are resolved and written.
    #[default]
    Write,
    /// Missing entries are resolved, but nothing is written. For plans.
    Leave,
    /// Missing entries are errors.
    Locked,
}

/// The lock file during a run.
pub struct Locking {
    path: PathBuf,
    mode: LockMode,
    access: ConnectionContext,
    /// Settings for registries; until they are set, no registry is used.
    remote: OnceLock<RemoteSettings>,
    sources: OnceLock<ArtifactSources>,
    known: Mutex<KnownComponents>,
}

/// The data that a run has read so far.
#[derive(Default)]
struct KnownComponents {
    lock: Option<RecipesLock>,
    /// By name in `recipes.toml`: several references may refer to one package, which is read and verified once.
    obtained: Map<String, Obtained>,
}

/// One recipe while its component is obtained.
struct Obtaining<'a> {
    locking: &'a Locking,
    publication: &'a ListedComponent<'a>,
    sources: &'a ArtifactSources,
    describe: &'a dyn Describe,
}

impl Locking {
    /// The lock file of the buildout with this `recipes.toml`.
    pub fn new(recipes_toml: &Path, mode: LockMode, access: ConnectionContext) -> Self {
        let (remote, sources, known) = Default::default();
        Self { path: RecipesLock::path(recipes_toml), mode, access, remote, sources, known }
    }

    /// Sets the settings for registries, once.
    pub fn connect(&self, remote: impl FnOnce() -> RemoteSettings) {
        self.remote.get_or_init(remote);
    }

    /// Where components are read from.
    ///
    /// # Errors
    /// When the directory in `vendor` is not in OCI layout.
    pub(crate) fn sources(&self, vendor: Option<&Path>) -> Result<&ArtifactSources, LockingError> {
        if let Some(sources) = self.sources.get() {
            return Ok(sources);
        }
        let offline = RemoteSettings { network: NetworkUse::Offline, ..RemoteSettings::default() };
        let opened = ArtifactSources::open(&self.access, self.remote.get().unwrap_or(&offline), vendor);
        let sources = opened.map_err(|error| LockingError::Registry { error: Arc::new(error), place: None })?;
        Ok(self.sources.get_or_init(|| sources))
    }

    /// The component that the lock file pins for a publication; a missing entry is resolved and added. The directory
    /// `vendor` is searched for copies, too.
    ///
    /// # Errors
    /// When it is not available, or must not be used.
    pub fn obtain(
        &self,
        publication: &ListedComponent<'_>,
        vendor: Option<&Path>,
        describe: &dyn Describe,
    ) -> Result<Obtained, LockingError> {
        let sources = self.sources(vendor)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(obtained) = known.obtained.get(publication.name) {
            return Ok(obtained.clone());
        }
        let lock = match &mut known.lock {
            Some(lock) => lock,
            empty => empty.insert(RecipesLock::read(&self.path)?),
        };
        let obtained = Obtaining { locking: self, publication, sources, describe }.obtain(lock)?;
        known.obtained.insert(publication.name.to_owned(), obtained.clone());
        Ok(obtained)
    }

    /// In mode [`LockMode::Locked`], refuses entries for recipes that are not from a registry according to
    /// `recipes.toml`.
    ///
    /// # Errors
    /// When such an entry exists, or the lock file cannot be read.
    pub fn check_no_others(&self, recipes: &RecipesToml) -> Result<(), LockingError> {
        if self.mode != LockMode::Locked {
            return Ok(());
        }
        let known: Vec<_> = recipes.publications().map(|publication| publication.name).collect();
        let lock = RecipesLock::read(&self.path)?;
        match lock.recipes.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(would_remove(name)),
            None => Ok(()),
        }
    }

    /// Adds an entry to the file, which other processes may have written in the meantime. If they added an entry for
    /// the same recipe, that entry is returned: the first one to be written wins.
    fn add(&self, name: &str, locked: &Locked, known: &mut RecipesLock) -> Result<Option<Locked>, LockingError> {
        let before = known.recipes.get(name).cloned();
        if self.mode != LockMode::Write {
            known.recipes.insert(name.to_owned(), locked.clone());
            return Ok(None);
        }
        let _guard = LockFileGuard::take(&self.path, &self.access)?;
        // Read again under the lock: another process may have changed the file since this run read it.
        *known = RecipesLock::read(&self.path)?;
        match known.recipes.get(name) {
            Some(other) if Some(other) != before.as_ref() && other.source == locked.source => {
                return Ok(Some(other.clone()));
            }
            _ => {}
        }
        known.recipes.insert(name.to_owned(), locked.clone());
        known.write(&self.path)?;
        Ok(None)
    }
}

impl Obtaining<'_> {
    fn obtain(&self, lock: &mut RecipesLock) -> Result<Obtained, LockingError> {
        let before = match lock.recipes.get(self.publication.name) {
            Some(locked) if locked.source == *self.publication.source => {
                let locked = locked.clone();
                return self.locked(&locked, lock);
            }
            before => before,
        };
        if self.locking.mode == LockMode::Locked {
            return Err(would_change(self.publication, before));
        }
        let obtained = self.publication.newest(self.sources)?;
        let locked = entry(self.publication, &obtained, self.describe)?;
        match self.locking.add(self.publication.name, &locked, lock)? {
            None => {
                self.report_new(&locked);
                Ok(obtained)
            }
            Some(other) => self.locked(&other, lock),
        }
    }

    /// Obtains the component of an entry.
    fn locked(&self, locked: &Locked, lock: &mut RecipesLock) -> Result<Obtained, LockingError> {
        let obtained = self.publication.pinned(locked.manifest, &locked.signers, self.sources)?;
        check_component(self.publication, locked, &obtained)?;
        let found = entry(self.publication, &obtained, self.describe)?;
        check_description(self.publication, locked, &found)?;
        if !same_signers(locked, &found) {
            if self.locking.mode == LockMode::Locked {
                return Err(edited(self.publication, "who signed it"));
            }
            if self.locking.add(self.publication.name, &found, lock)?.is_none() {
                self.report_new(&found);
            }
        }
        self.report_moved(locked);
        Ok(obtained)
    }

    fn report_moved(&self, locked: &Locked) {
        let ListedComponent { name, source, .. } = self.publication;
        let Some(now) = self.publication.moved_to(locked.manifest, self.sources) else { return };
        let message = format!(
            "{source} points to sha256:{now} now; recipe {name} stays at sha256:{}, as in recipes.lock",
            locked.manifest
        );
        let report = &self.locking.access.report;
        report.log(Level::Warning, &message);
        report.report(Event::Remedy { remedy: &Remedy::UpgradeRecipe { name: (*name).to_owned() } });
    }

    fn report_new(&self, locked: &Locked) {
        let signed = match &locked.signers[..] {
            [] => "without required signatures".to_owned(),
            signers => format!("signed by {}", signers.join(", ")),
        };
        let message = format!(
            "Locked recipe {}: {} is {} (sha256:{}), {signed}",
            self.publication.name, self.publication.source, locked.version, locked.manifest
        );
        self.locking.access.report.log(Level::Info, &message);
    }
}
