//! Runs recipes: the only user of the WebAssembly engine.
//!
//! A recipe package is a component; a part is a resource in an instance of it. Parts whose component, environment and
//! memory are the same share an instance, one call at a time: what a call may reach is decided for each call. Knows
//! nothing of the plan, and decides nothing about parts.

mod asked;
mod bindings;
mod buildout;
mod check;
mod clocks;
mod command_log;
mod compile;
pub mod component;
mod deadline;
mod described;
mod download;
mod error;
mod files;
mod grants;
mod instance;
mod limits;
mod locations;
mod lock;
mod locked;
mod log;
mod mounts;
mod native;
mod options;
mod output;
mod process;
mod routing;
pub mod sdk;
mod state;
mod status;
mod writable;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

use wasmtime::Engine;
use wasmtime::component::{Linker, Resource, ResourceAny};

use crate::component::{CompileCache, Origin, Resolved};
use base::collections::Map;
use base::digest::Digest;
use base::environment::Environment;
use base::event::Report;
use base::source::nearest;
use config::options::{Buildout, Values};

use bindings::RecipePre;
use bindings::exports::buildout::recipe::description::{EntryPoint, PackageDescription};
use bindings::exports::buildout::recipe::parts::{Failure, RecordedOption};
use compile::Workshop;
use deadline::Watchdog;
use error::{Problem, Subject};
use grants::{Asking, Granted, Process};
use instance::{Answer, Instance, Request};
use native::Native;
use state::{Phase, State};

pub use described::{Described, DescribedGrant, DescribedOption, Package, Presence, ValueType};
pub use error::{PART_NAME, RecipeError};
pub use locations::{Locations, Written, is_part_name};
pub use locked::describe_published;
pub use native::NativeSettings;

/// What a runtime works with.
pub struct RuntimeSettings {
    /// Where events go.
    pub report: Arc<dyn Report>,
    /// Keeps compiled components.
    pub cache: CompileCache,
    /// The process's surroundings: environment variables are granted from it.
    pub environment: Environment,
    /// How native commands are run.
    pub native: NativeSettings,
}

/// The engine, the components that were compiled, and the parts that were initialised.
pub struct Runtime {
    settings: RuntimeSettings,
    engine: Engine,
    engine_key: String,
    linker: Linker<State>,
    watchdog: Watchdog,
    native: Arc<Native>,
    prepared: Mutex<Map<Digest, Arc<Prepared>>>,
    instances: Mutex<Map<(Digest, Process), Vec<Shared>>>,
    parts: Mutex<Map<String, Arc<Part>>>,
}

type Shared = Arc<Mutex<Instance>>;

/// A component that can be instantiated.
struct Prepared {
    pre: RecipePre<State>,
    description: OnceLock<PackageDescription>,
    /// How many parts one instance of it makes.
    parts_per_instance: usize,
    /// Whether it imports what starts native commands.
    starts_commands: bool,
}

/// A part that was initialised.
struct Part {
    instance: Shared,
    handle: ResourceAny,
    granted: Arc<Granted>,
    subject: Subject,
    has_update: bool,
    starts_commands: bool,
}

impl Runtime {
    /// Starts the engine.
    ///
    /// # Errors
    /// When this machine cannot run it.
    pub fn new(settings: RuntimeSettings) -> Result<Self, RecipeError> {
        let fail = |error: wasmtime::Error| {
            RecipeError::new(Problem::Engine(error.root_cause().to_string()), Subject::default())
        };
        let engine = engine::engine().map_err(fail)?;
        let linker = compile::linker(&engine).map_err(fail)?;
        Ok(Self {
            engine_key: engine::engine_key(&engine),
            watchdog: Watchdog::new(&engine, &settings.native.interrupt),
            native: Arc::new(Native::new(
                Arc::clone(&settings.report),
                settings.native.clone(),
                settings.environment.clone(),
            )),
            linker,
            engine,
            settings,
            prepared: Mutex::default(),
            instances: Mutex::default(),
            parts: Mutex::default(),
        })
    }

    /// Calls the recipe's `init` for a part. The part is kept, for [`Self::install`] and [`Self::update`].
    ///
    /// # Errors
    /// When the component cannot be used, a grant is refused, or the recipe fails.
    pub fn init(
        &self,
        buildout: &Buildout,
        part: &str,
        recipe: &Resolved,
        locations: &Arc<Locations>,
    ) -> Result<(), RecipeError> {
        self.native.serve(buildout);
        let subject = subject(part, recipe, Some(buildout));
        let prepared = self.prepare(recipe, &subject)?;
        let entry_point = self.entry_point(&prepared, recipe, &subject)?;
        let environment = &self.settings.environment;
        let buildout_of_part = Some(buildout);
        let asking =
            Asking { part, recipe, entry_point, locations, environment, buildout: buildout_of_part, subject: &subject };
        check_asked(&asking)?;
        check::options(buildout, part, entry_point, &subject)?;
        let granted = Arc::new(Granted::of(&asking)?);
        self.native.note(&granted);
        self.refuse_overlap(&granted, &subject)?;
        let request = Request { phase: Phase::Init, subject: &subject, granted: &granted };
        let shared = self.instance(recipe.component.digest, &prepared, &request)?;
        let mut instance = lock(&shared);
        let name = entry_point.name.as_str();
        let answer = instance.call(&self.watchdog, &request, |store, guest| {
            let location = granted.location.to_string_lossy().into_owned();
            let table = &mut store.data_mut().table;
            let options = options::PartOptions { part: part.into(), location, buildout: buildout.clone() };
            let options = table.push(options)?;
            let sections = table.push(buildout::Sections { part: part.into(), buildout: buildout.clone() })?;
            let lent = Resource::new_borrow(sections.rep());
            let outcome = guest.buildout_recipe_parts().call_init(&mut *store, name, options, lent)?;
            store.data_mut().table.delete(sections)?;
            Ok(outcome)
        })?;
        match answer.value {
            Ok(handle) => {
                instance.parts += 1;
                drop(instance);
                let has_update = entry_point.has_update;
                let starts_commands = prepared.starts_commands;
                let initialised = Part { instance: shared, handle, granted, subject, has_update, starts_commands };
                locked(&self.parts).insert(part.to_owned(), Arc::new(initialised));
                Ok(())
            }
            Err(failure) => Err(instance.failed(failure, answer.created, &subject)),
        }
    }

    /// Refuses a part that would lie where another one builds or keeps its log, or the other way round.
    fn refuse_overlap(&self, granted: &Granted, subject: &Subject) -> Result<(), RecipeError> {
        let parts = locked(&self.parts);
        let overlap = |part: &str, other: String| {
            let problem = Problem::Overlap { part: part.to_owned(), other };
            Err(RecipeError::new(problem, subject.clone()))
        };
        for suffix in locations::SUFFIXES {
            let beside = (!granted.run.is_empty()).then(|| format!("{}{suffix}", granted.part));
            if let Some(beside) = beside.filter(|beside| parts.contains_key(beside)) {
                return overlap(&granted.part, beside);
            }
            let base = granted.part.strip_suffix(suffix).and_then(|name| parts.get_key_value(name));
            if let Some((part, _)) = base.filter(|(_, part)| !part.granted.run.is_empty()) {
                return overlap(part, granted.part.clone());
            }
        }
        Ok(())
    }

    /// Paths outside the buildout that options of a recorded part named, and that its recipe may write for that.
    ///
    /// # Errors
    /// When the component cannot be used.
    pub fn named_paths(
        &self,
        recipe: &Resolved,
        recorded: &Values,
        locations: &Locations,
    ) -> Result<Vec<PathBuf>, RecipeError> {
        let subject = subject("", recipe, None);
        let prepared = self.prepare(recipe, &subject)?;
        let entry_point = self.entry_point(&prepared, recipe, &subject)?;
        Ok(grants::named(recipe, entry_point, recorded, &locations.directory))
    }

    /// Whether the recipe of an initialised part can start native commands.
    pub fn starts_commands(&self, part: &str) -> bool {
        locked(&self.parts).get(part).is_some_and(|part| part.starts_commands)
    }

    /// Whether the recipe of an initialised part can update it.
    pub fn has_update(&self, part: &str) -> bool {
        locked(&self.parts).get(part).is_some_and(|part| part.has_update)
    }

    /// Makes an initialised part; gives the paths that make it up, as the recipe named them.
    ///
    /// # Errors
    /// When the recipe fails: [`RecipeError::created`] tells what it had made.
    pub fn install(&self, part: &str) -> Result<Vec<String>, RecipeError> {
        let paths = self.make(part, Phase::Install, |store, guest, handle| {
            let outcome = guest.buildout_recipe_parts().part().call_install(&mut *store, handle)?;
            Ok(outcome.map(Some))
        })?;
        Ok(paths.unwrap_or_default())
    }

    /// Updates an initialised part; `None` if its paths are as they were.
    ///
    /// # Errors
    /// As [`Self::install`].
    pub fn update(&self, part: &str) -> Result<Option<Vec<String>>, RecipeError> {
        self.make(part, Phase::Update, |store, guest, handle| {
            guest.buildout_recipe_parts().part().call_update(&mut *store, handle)
        })
    }

    /// Whether the recipe wants to be called before what it made is removed.
    ///
    /// # Errors
    /// When the component cannot be used.
    pub fn has_uninstall(&self, recipe: &Resolved) -> Result<bool, RecipeError> {
        let subject = subject("", recipe, None);
        let prepared = self.prepare(recipe, &subject)?;
        Ok(self.entry_point(&prepared, recipe, &subject)?.has_uninstall)
    }

    /// What the recipe's package says of itself. That the component can be used is seen on the way.
    ///
    /// # Errors
    /// When the component cannot be used.
    pub fn describe(&self, recipe: &Resolved) -> Result<Package, RecipeError> {
        let subject = subject("", recipe, None);
        let prepared = self.prepare(recipe, &subject)?;
        let (imports, exports) = (compile::import_names(&prepared.pre), compile::export_names(&prepared.pre));
        Ok(Package::of(self.description(&prepared, recipe, &subject)?, imports, exports))
    }

    /// The options that the recipe says it has. None where the component cannot be used: that is told elsewhere.
    pub fn option_names(&self, recipe: &Resolved) -> Vec<String> {
        let subject = subject("", recipe, None);
        let Ok(prepared) = self.prepare(recipe, &subject) else { return Vec::new() };
        let described = self.entry_point(&prepared, recipe, &subject).map(|entry_point| &entry_point.options);
        described.into_iter().flatten().map(|option| option.name.clone()).collect()
    }

    /// Calls the recipe's `uninstall` with the options that were recorded.
    ///
    /// # Errors
    /// When the component cannot be used, or the recipe fails.
    pub fn uninstall(
        &self,
        part: &str,
        recipe: &Resolved,
        recorded: &Values,
        locations: &Arc<Locations>,
    ) -> Result<(), RecipeError> {
        let subject = subject(part, recipe, None);
        let prepared = self.prepare(recipe, &subject)?;
        let entry_point = self.entry_point(&prepared, recipe, &subject)?;
        let environment = &self.settings.environment;
        let asking = Asking { part, recipe, entry_point, locations, environment, buildout: None, subject: &subject };
        let granted = Arc::new(Granted::of(&asking)?);
        self.native.note(&granted);
        let request = Request { phase: Phase::Uninstall, subject: &subject, granted: &granted };
        let shared = self.instance(recipe.component.digest, &prepared, &request)?;
        let mut instance = lock(&shared);
        let options: Vec<RecordedOption> = recorded
            .iter()
            .map(|(name, value)| RecordedOption { name: name.to_string(), value: value.to_string() })
            .collect();
        let name = entry_point.name.as_str();
        let answer = instance.call(&self.watchdog, &request, |store, guest| {
            guest.buildout_recipe_parts().call_uninstall(&mut *store, name, part, &options)
        })?;
        answer.value.map_err(|failure| instance.failed(failure, answer.created, &subject))
    }

    /// Calls an initialised part, and checks the paths that it names.
    fn make(
        &self,
        name: &str,
        phase: Phase,
        call: impl FnOnce(
            &mut wasmtime::Store<State>,
            &bindings::Recipe,
            ResourceAny,
        ) -> wasmtime::Result<Result<Option<Vec<String>>, Failure>>,
    ) -> Result<Option<Vec<String>>, RecipeError> {
        let Some(part) = locked(&self.parts).get(name).cloned() else { return Ok(None) };
        let request = Request { phase, subject: &part.subject, granted: &part.granted };
        let mut instance = lock(&part.instance);
        let Answer { value, created } =
            instance.call(&self.watchdog, &request, |store, guest| call(store, guest, part.handle))?;
        let paths = match value {
            Ok(paths) => paths,
            Err(failure) => return Err(instance.failed(failure, created, &part.subject)),
        };
        for path in paths.iter().flatten() {
            if let Err(why) = part.granted.check_path(path) {
                let Subject { recipe, part: name, .. } = part.subject.clone();
                let problem = Problem::Path { recipe, part: name, path: path.clone(), why };
                return Err(RecipeError { created, ..RecipeError::new(problem, part.subject.clone()) });
            }
        }
        Ok(paths)
    }

    /// An instance that nobody is calling: one that is there, or a new one.
    fn instance(&self, digest: Digest, prepared: &Prepared, request: &Request<'_>) -> Result<Shared, RecipeError> {
        let key = (digest, request.granted.process.clone());
        let most = prepared.parts_per_instance;
        let instances = locked(&self.instances);
        if let Some(free) = instances.get(&key).and_then(|known| known.iter().find(|one| is_free(one, most))) {
            return Ok(Arc::clone(free));
        }
        drop(instances);
        let instance = Instance::start(&prepared.pre, &key.1, &self.native, &self.watchdog, request)?;
        let shared = Arc::new(Mutex::new(instance));
        let mut instances = locked(&self.instances);
        let known = instances.entry(key).or_default();
        known.retain(|one| !is_spent(one));
        known.push(Arc::clone(&shared));
        Ok(shared)
    }

    fn prepare(&self, recipe: &Resolved, subject: &Subject) -> Result<Arc<Prepared>, RecipeError> {
        let component = &recipe.component;
        if let Some(prepared) = locked(&self.prepared).get(&component.digest) {
            return Ok(Arc::clone(prepared));
        }
        let workshop = Workshop {
            engine: &self.engine,
            engine_key: &self.engine_key,
            linker: &self.linker,
            cache: &self.settings.cache,
            report: &*self.settings.report,
        };
        let pre = workshop.prepare(component, subject)?;
        // Calls of one instance wait for one another: parts that wait for commands or downloads had better not share one.
        let alone = self.settings.native.jobs.limit() > 1 && compile::imports(&pre, &compile::WAITING);
        let parts_per_instance = if alone { 1 } else { limits::PARTS_PER_INSTANCE };
        let starts_commands = compile::imports(&pre, &[compile::PROCESS]);
        let description = OnceLock::new();
        let prepared = Arc::new(Prepared { pre, description, parts_per_instance, starts_commands });
        locked(&self.prepared).insert(component.digest, Arc::clone(&prepared));
        Ok(prepared)
    }

    /// What the recipe says of the entry point that is meant.
    fn entry_point<'a>(
        &self,
        prepared: &'a Prepared,
        recipe: &Resolved,
        subject: &Subject,
    ) -> Result<&'a EntryPoint, RecipeError> {
        let description = self.description(prepared, recipe, subject)?;
        let wanted = recipe.entry_point.as_str();
        description.entry_points.iter().find(|known| known.name == wanted).ok_or_else(|| {
            let known: Vec<String> = description.entry_points.iter().map(|known| known.name.clone()).collect();
            let near = nearest(wanted, known.iter().map(String::as_str)).map(str::to_owned);
            let (package, entry_point) = (recipe.reference.package.clone(), wanted.to_owned());
            RecipeError::new(Problem::EntryPoint { package, entry_point, known, near }, subject.clone())
        })
    }

    fn description<'a>(
        &self,
        prepared: &'a Prepared,
        recipe: &Resolved,
        subject: &Subject,
    ) -> Result<&'a PackageDescription, RecipeError> {
        if let Some(description) = prepared.description.get() {
            return Ok(description);
        }
        let mut nothing = Granted::nothing();
        nothing.timeout = recipe.grant.timeout.unwrap_or(nothing.timeout);
        nothing.process.memory = recipe.grant.memory.unwrap_or(nothing.process.memory);
        let granted = Arc::new(nothing);
        let request = Request { phase: Phase::Describe, subject, granted: &granted };
        let shared = self.instance(recipe.component.digest, prepared, &request)?;
        let answer = lock(&shared).call(&self.watchdog, &request, |store, guest| {
            guest.buildout_recipe_description().call_describe(&mut *store)
        })?;
        check_name(&answer.value, recipe, subject)?;
        Ok(prepared.description.get_or_init(|| answer.value))
    }
}

/// Whether a component is what the `recipe.toml` of its project says: buildouts name it by that.
fn check_name(description: &PackageDescription, recipe: &Resolved, subject: &Subject) -> Result<(), RecipeError> {
    match &recipe.component.origin {
        Origin::Develop { project, is_named: true, .. } if description.name != recipe.component.package => {
            let (named, described) = (recipe.component.package.clone(), description.name.clone());
            let problem = Problem::Name { project: project.clone(), named, described };
            Err(RecipeError::new(problem, subject.clone()))
        }
        _ => Ok(()),
    }
}

/// Refuses a recipe from a registry that asks for more than it is granted.
fn check_asked(asking: &Asking<'_>) -> Result<(), RecipeError> {
    let Asking { recipe: resolved, entry_point, subject, .. } = asking;
    if !matches!(resolved.component.origin, Origin::Registry { .. }) {
        return Ok(());
    }
    let is_refused = |template: &str| Granted::refuses(asking, template);
    let Some(missing) = asked::missing(&entry_point.grants, &resolved.grant, is_refused) else { return Ok(()) };
    let asked::Missing { items, line, refused } = missing;
    let (recipe, place) = (subject.recipe.clone(), resolved.grant.place.clone());
    let problem = match refused.is_empty() {
        true => Problem::Asked { recipe, items, line, place },
        false => Problem::AskedTooMuch { recipe, refused, place },
    };
    Err(RecipeError::new(problem, (*subject).clone()))
}

fn subject(part: &str, recipe: &Resolved, buildout: Option<&Buildout>) -> Subject {
    let place = buildout.and_then(|buildout| buildout.place_of(part, None));
    Subject { part: part.to_owned(), recipe: recipe.reference.to_string(), place }
}

/// Whether another part may use an instance, which makes `most` of them, now. One that is being called is not free: a recipe's `init` may lead to
/// that of another part of the same recipe.
fn is_free(shared: &Shared, most: usize) -> bool {
    match shared.try_lock() {
        Ok(instance) => instance.sharable && instance.parts < most,
        Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => false,
    }
}

/// Whether no other part will ever use an instance.
fn is_spent(shared: &Shared) -> bool {
    shared.try_lock().is_ok_and(|instance| !instance.sharable)
}

fn lock(shared: &Shared) -> MutexGuard<'_, Instance> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
