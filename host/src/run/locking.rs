//! Components of registries as `recipes.lock` has them: the lock wins, what is not in it is resolved once and written.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::collections::Map;
use crate::component::registry::{Cache, Layout, Places, RegistryError, Remote, RemoteSettings, Tags};
use crate::component::{
    Capabilities, ComponentError, DEFAULT_ENTRY_POINT, Locked, Obtained, Publication, RecipesLock, Resolved, Resolver,
    Source, Sources,
};
use crate::confine::Interrupt;
use crate::environment::Environment;
use crate::event::{Level, Report};
use crate::files::FileError;
use crate::recipe::Package;

use super::error::{Explained, RunError};

/// What a run may do with `recipes.lock`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockMode {
    /// What is missing is resolved and written.
    #[default]
    Write,
    /// What is missing is resolved; nothing is written. For looking at what a run would do.
    Leave,
    /// `--locked`: what is missing is an error.
    Locked,
}

/// The places where components of registries are looked for.
///
/// # Errors
/// When the directory that `vendor` of `recipes.toml` names is none in OCI layout.
pub(super) fn sources(
    environment: &Environment,
    settings: &RemoteSettings,
    report: &Arc<dyn Report>,
    interrupt: &Interrupt,
    resolver: &Resolver,
) -> Result<Sources, RegistryError> {
    let vendored: Vec<_> = resolver.vendor().map(Layout::open).transpose()?.into_iter().collect();
    let cache = Cache::open(environment);
    let places = |vendored, tags| -> Arc<Source> {
        let interrupt = interrupt.clone();
        let registry = Remote::new(environment, settings.clone(), Arc::clone(report));
        let registry = registry.cancelled_by(move || interrupt.signal().is_some());
        Arc::new(Places { vendored, cache: cache.clone(), registry, tags })
    };
    // Where a tag leads now, only the registry knows; without it, what the buildout carries with it will do.
    let (asked, tags) = match settings.network {
        crate::fetch::Network::Allowed => (Vec::new(), Tags::Asked),
        _ => (vendored.clone(), Tags::Kept),
    };
    Ok(Sources { kept: places(vendored, Tags::Kept), asked: places(asked, tags) })
}

/// The lock of one run.
pub(super) struct Locking {
    path: PathBuf,
    mode: LockMode,
    report: Arc<dyn Report>,
    known: Mutex<Known>,
    sources: OnceLock<Sources>,
}

/// What a run knows by now.
#[derive(Default)]
struct Known {
    lock: Option<RecipesLock>,
    /// By name in `recipes.toml`: several references may mean one package, which is had and verified once.
    obtained: Map<String, Obtained>,
}

/// Asks a component what it is.
pub(super) type Describe<'a> = &'a dyn Fn(&Resolved) -> Result<Package, RunError>;

impl Locking {
    pub(super) fn new(path: PathBuf, mode: LockMode, report: Arc<dyn Report>) -> Self {
        Self { path, mode, report, known: Mutex::default(), sources: OnceLock::new() }
    }

    /// Where components are had from; `make` is called once.
    pub(super) fn sources(
        &self,
        make: impl FnOnce() -> Result<Sources, RegistryError>,
    ) -> Result<Sources, ComponentError> {
        if let Some(sources) = self.sources.get() {
            return Ok(sources.clone());
        }
        let made = make().map_err(no_source)?;
        Ok(self.sources.get_or_init(|| made).clone())
    }

    /// The component that the lock has for a publication; one that it lacks is resolved, and locked.
    pub(super) fn obtain(
        &self,
        publication: &Publication<'_>,
        sources: &Sources,
        describe: Describe<'_>,
    ) -> Result<Obtained, ComponentError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(obtained) = known.obtained.get(publication.name) {
            return Ok(obtained.clone());
        }
        let obtained = self.obtain_first(publication, sources, describe, &mut known.lock)?;
        known.obtained.insert(publication.name.to_owned(), obtained.clone());
        Ok(obtained)
    }

    fn obtain_first(
        &self,
        publication: &Publication<'_>,
        sources: &Sources,
        describe: Describe<'_>,
        lock: &mut Option<RecipesLock>,
    ) -> Result<Obtained, ComponentError> {
        let lock = match lock {
            Some(lock) => lock,
            empty => empty.insert(RecipesLock::read(&self.path)?),
        };
        match lock.recipes.get(publication.name) {
            Some(locked) if locked.source == *publication.source => self.locked(locked, publication, sources),
            before => {
                if self.mode == LockMode::Locked {
                    return Err(would_change(publication, before));
                }
                let obtained = publication.newest(sources)?;
                let locked = entry(publication, &obtained, describe)?;
                self.tell_new(publication, &locked);
                lock.recipes.insert(publication.name.to_owned(), locked);
                if self.mode == LockMode::Write {
                    lock.write(&self.path).map_err(not_written)?;
                }
                Ok(obtained)
            }
        }
    }

    fn locked(
        &self,
        locked: &Locked,
        publication: &Publication<'_>,
        sources: &Sources,
    ) -> Result<Obtained, ComponentError> {
        let obtained = publication.pinned(locked.manifest, sources)?;
        if obtained.component.digest != locked.component {
            return Err(not_the_component(publication, locked, &obtained));
        }
        if let Some(now) = publication.moved_to(locked.manifest, sources) {
            let message = format!(
                "{} leads to sha256:{now} now; recipe {} stays what recipes.lock has, sha256:{}. \
                 `buildout-host recipe lock --upgrade {}` takes the new one.",
                publication.source, publication.name, locked.manifest, publication.name
            );
            self.report.log(Level::Warning, &message);
        }
        Ok(obtained)
    }

    fn tell_new(&self, publication: &Publication<'_>, locked: &Locked) {
        let signed = match &locked.signers[..] {
            [] => "which nobody needs to sign".to_owned(),
            signers => format!("signed by {}", signers.join(", ")),
        };
        let message = format!(
            "Locked recipe {}: {} is {} (sha256:{}), {signed}.",
            publication.name, publication.source, locked.version, locked.manifest
        );
        self.report.log(Level::Info, &message);
    }
}

/// What is written of a component.
pub(super) fn entry(
    publication: &Publication<'_>,
    obtained: &Obtained,
    describe: Describe<'_>,
) -> Result<Locked, ComponentError> {
    let resolved = Resolved {
        reference: publication.recipe.clone(),
        component: Arc::clone(&obtained.component),
        entry_point: DEFAULT_ENTRY_POINT.to_owned(),
        grant: publication.grant.clone(),
        built_in: false,
        signers: obtained.signers.clone(),
    };
    let package = describe(&resolved).map_err(|error| ComponentError::Unusable(Arc::new(Explained::from(error))))?;
    Ok(Locked {
        source: publication.source.clone(),
        manifest: obtained.manifest,
        component: obtained.component.digest,
        version: format!("{} {}", package.name, package.version),
        signers: obtained.signers.iter().map(ToString::to_string).collect(),
        capabilities: capabilities(&package),
    })
}

/// The interface that every recipe is made for.
const WIT: &str = "buildout:recipe/";

fn capabilities(package: &Package) -> Capabilities {
    let mut imports = package.imports.clone();
    imports.sort();
    let version = |name: &String| Some(name.strip_prefix(WIT)?.split_once('@')?.1.to_owned());
    let wit = imports.iter().chain(&package.exports).find_map(version).unwrap_or_else(|| "unknown".to_owned());
    let mut asks = std::collections::BTreeMap::<String, Vec<String>>::new();
    for grant in package.entry_points.iter().flat_map(|entry_point| &entry_point.grants) {
        asks.entry(grant.key.clone()).or_default().push(grant.value.clone());
    }
    for values in asks.values_mut() {
        values.sort();
        values.dedup();
    }
    Capabilities { wit, imports, asks }
}

pub(super) fn no_source(error: RegistryError) -> ComponentError {
    ComponentError::Registry { error: Arc::new(error), place: None }
}

fn not_written(error: FileError) -> ComponentError {
    ComponentError::Write { path: error.path, error: Arc::new(error.cause) }
}

fn would_change(publication: &Publication<'_>, before: Option<&Locked>) -> ComponentError {
    let name = publication.name;
    let message = match before {
        None => format!("recipes.lock lacks recipe {name}, and --locked lets nothing be added."),
        Some(before) => {
            format!("recipes.lock has recipe {name} from {}, and --locked lets nothing be changed.", before.source)
        }
    };
    let hints = vec!["`buildout-host recipe lock` brings recipes.lock up to date.".to_owned()];
    ComponentError::Lock { message, place: publication.place.cloned(), hints }
}

/// Only a lock that somebody edited says so.
fn not_the_component(publication: &Publication<'_>, locked: &Locked, obtained: &Obtained) -> ComponentError {
    let message = format!(
        "recipes.lock says that {} has the component sha256:{}, but it is sha256:{}.",
        publication.source.with_digest(locked.manifest),
        locked.component,
        obtained.component.digest
    );
    let hints = vec![format!(
        "Take recipes.lock from version control, or lock the recipe anew: `buildout-host recipe lock --upgrade {}`.",
        publication.name
    )];
    ComponentError::Lock { message, place: publication.place.cloned(), hints }
}
