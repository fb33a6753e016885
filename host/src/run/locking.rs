//! Components of registries as `recipes.lock` has them: the lock wins, what is not in it is resolved once and written.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base::collections::Map;
use base::environment::Environment;
use base::event::{Level, Report};
use base::files::FileError;
use base::interrupt::Interrupt;
use recipe::Package;
use recipe::component::{ComponentError, Obtained, Publication, Resolved, Resolver, Source, Sources};
use registry::oci::{Cache, Layout, Places, RegistryError, Remote, RemoteSettings, Tags};
use registry::{Capabilities, DEFAULT_ENTRY_POINT, Grant, Locked, RecipesLock};

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
    let cache = Cache::open(environment, Arc::clone(report));
    let places = |vendored, tags| -> Arc<Source> {
        let interrupt = interrupt.clone();
        let registry = Remote::new(environment, settings.clone(), Arc::clone(report));
        let registry = registry.cancelled_by(move || interrupt.signal().is_some());
        Arc::new(Places { vendored, cache: cache.clone(), registry, tags })
    };
    // Where a tag leads now, only the registry knows; without it, what the buildout carries with it will do.
    let (asked, tags) = match settings.network {
        fetch::Network::Allowed => (Vec::new(), Tags::Asked),
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
            Some(locked) if locked.source == *publication.source => {
                let locked = locked.clone();
                self.locked(&locked, publication, sources, describe, lock)
            }
            before => {
                if self.mode == LockMode::Locked {
                    return Err(would_change(publication, before));
                }
                let obtained = publication.newest(sources)?;
                let locked = entry(publication, &obtained, describe)?;
                match self.write(publication, &locked, lock)? {
                    None => {
                        self.tell_new(publication, &locked);
                        Ok(obtained)
                    }
                    Some(other) => self.locked(&other, publication, sources, describe, lock),
                }
            }
        }
    }

    fn locked(
        &self,
        locked: &Locked,
        publication: &Publication<'_>,
        sources: &Sources,
        describe: Describe<'_>,
        lock: &mut RecipesLock,
    ) -> Result<Obtained, ComponentError> {
        let obtained = publication.pinned(locked.manifest, &locked.signers, sources)?;
        check_component(publication, locked, &obtained)?;
        let found = entry(publication, &obtained, describe)?;
        if (&found.version, &found.capabilities) != (&locked.version, &locked.capabilities) {
            return Err(not_as_it_is(publication, &differing(locked, &found)));
        }
        if !same_signers(locked, &found) {
            if self.mode == LockMode::Locked {
                return Err(not_as_it_is(publication, "who signed it"));
            }
            if self.write(publication, &found, lock)?.is_none() {
                self.tell_new(publication, &found);
            }
        }
        self.tell_moved(locked, publication, sources);
        Ok(obtained)
    }

    /// Adds an entry to the file, which others may have written meanwhile. Where they wrote of the same recipe, that is
    /// given: what is locked wins.
    fn write(
        &self,
        publication: &Publication<'_>,
        locked: &Locked,
        known: &mut RecipesLock,
    ) -> Result<Option<Locked>, ComponentError> {
        let name = publication.name;
        let before = known.recipes.get(name).cloned();
        if self.mode == LockMode::Write {
            let _held = Held::take(&self.path)?;
            *known = RecipesLock::read(&self.path)?;
            match known.recipes.get(name) {
                Some(other) if Some(other) != before.as_ref() && other.source == locked.source => {
                    return Ok(Some(other.clone()));
                }
                _ => {}
            }
            known.recipes.insert(name.to_owned(), locked.clone());
            known.write(&self.path).map_err(not_written)?;
        } else {
            known.recipes.insert(name.to_owned(), locked.clone());
        }
        Ok(None)
    }

    fn tell_moved(&self, locked: &Locked, publication: &Publication<'_>, sources: &Sources) {
        let Some(now) = publication.moved_to(locked.manifest, sources) else { return };
        let message = format!(
            "{} leads to sha256:{now} now; recipe {} stays what recipes.lock has, sha256:{}. \
             `buildout-host recipe lock --upgrade {}` takes the new one.",
            publication.source, publication.name, locked.manifest, publication.name
        );
        self.report.log(Level::Warning, &message);
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

/// Keeps others from writing `recipes.lock`, as long as it is there: a lock of the directory, so that no file is left.
pub(super) struct Held {
    _directory: File,
}

impl Held {
    pub(super) fn take(path: &Path) -> Result<Self, ComponentError> {
        let directory = path.parent().unwrap_or(path);
        let failed = |cause| not_written(FileError::of("lock", directory)(cause));
        let file = File::open(directory).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(Self { _directory: file })
    }
}

/// With `--locked`: refuses a lock that speaks of recipes which `recipes.toml` has from no registry.
pub(super) fn check_no_others(path: &Path, resolver: &Resolver) -> Result<(), ComponentError> {
    let known: Vec<_> = resolver.publications().map(|publication| publication.name).collect();
    let lock = RecipesLock::read(path)?;
    let Some(name) = lock.recipes.keys().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let message = format!(
        "recipes.lock has recipe {name}, which recipes.toml has from no registry, and --locked lets nothing be removed."
    );
    Err(ComponentError::Lock { message, place: None, hints: vec![UPDATE.to_owned()] })
}

/// Whether the lock names those who signed. Others may have signed it since: that takes nothing away.
fn same_signers(locked: &Locked, found: &Locked) -> bool {
    let known = locked.signers.iter().all(|signer| found.signers.contains(signer));
    known && locked.signers.is_empty() == found.signers.is_empty()
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
    let mut requested = Grant::default();
    for entry_point in &package.entry_points {
        requested.extend(&entry_point.grant);
    }
    Capabilities { wit, imports, asks: requested.sorted() }
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
    ComponentError::Lock { message, place: publication.place.cloned(), hints: vec![UPDATE.to_owned()] }
}

const UPDATE: &str = "`buildout-host recipe lock` brings recipes.lock up to date.";

/// What an edited lock says of a component that is something else.
fn differing(locked: &Locked, found: &Locked) -> String {
    let (before, now) = (&locked.capabilities, &found.capabilities);
    let facts = [
        (locked.version != found.version, "its version"),
        (before.wit != now.wit, "what it is made for (wit)"),
        (before.imports != now.imports, "what it imports"),
        (before.asks != now.asks, "what it asks for"),
    ];
    let differing: Vec<_> = facts.into_iter().filter_map(|(differs, what)| differs.then_some(what)).collect();
    differing.join(", ")
}

fn not_as_it_is(publication: &Publication<'_>, what: &str) -> ComponentError {
    let message = format!("recipes.lock does not say of recipe {} as it is: {what}.", publication.name);
    let hint = "Take recipes.lock from version control, or see what changes: `buildout-host recipe lock` shows it, and writes it.";
    ComponentError::Lock { message, place: publication.place.cloned(), hints: vec![hint.to_owned()] }
}

/// Refuses a lock that names another component than the artefact has.
pub(super) fn check_component(
    publication: &Publication<'_>,
    locked: &Locked,
    obtained: &Obtained,
) -> Result<(), ComponentError> {
    if obtained.component.digest == locked.component {
        return Ok(());
    }
    Err(not_the_component(publication, locked, obtained))
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
