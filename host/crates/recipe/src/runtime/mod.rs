//! Calls recipes: initializes, installs, updates and uninstalls parts.
//!
//! Parts whose component, environment and memory are the same share an instance, one call at a time: the rights are
//! determined for each call. Knows nothing of the plan, and decides nothing about parts.

mod cached;
mod elsewhere;
mod instances;
mod owned;
mod parts;
mod prepared;
mod programs;
mod reaches;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use base::environment::Environment;
use base::event::Report;
use config::options::{Buildout, Values};
use wasmtime::Store;
use wasmtime::component::{Resource, ResourceAny};

use crate::call::Phase;
use crate::call::deadline::Watchdog;
use crate::check;
use crate::compile::check_imports::{export_names, import_names};
use crate::component::{CompileCache, Component, ComponentOrigin, Resolved};
use crate::described::RecipePackage;
use crate::distributions::Distributions;
use crate::error::{RecipeError, RecipeProblem, Subject};
use crate::grants::applicant::Applicant;
use crate::grants::described::grant_of;
use crate::grants::locations::Locations;
use crate::grants::request::{Missing, missing};
use crate::grants::rights::Rights;
use crate::grants::templates;
use crate::instance::CallResult;
use crate::instance::guest::Guest;
use crate::instance::request::CallRequest;
use crate::instance::store::StoreState;
use crate::interfaces::bindings::Returned;
use crate::interfaces::bindings::exports::buildout::recipe::description::{EntryPoint, PackageDescription};
use crate::interfaces::bindings::exports::buildout::recipe::parts::{Failure, RecordedOption};
use crate::interfaces::resources::{PartOptions, ReadableSections};
use crate::native::reach::LateReach;
use crate::native::shared::{Native, NativeSettings};
use crate::native::staging;
use crate::ownership::Unfinished;
pub use cached::PlaceOutcome;
pub use elsewhere::{PartLog, PartSource};
use instances::{Instances, SharedInstance, lock};
use parts::{Part, PartInstances};
use prepared::{Components, PreparedComponent, check_name, entry_point};

/// The settings of a runtime.
pub struct RuntimeSettings {
    /// Receives events.
    pub report: Arc<dyn Report>,
    /// Stores compiled components.
    pub cache: CompileCache,
    /// The process's environment: variables in it can be granted.
    pub environment: Environment,
    /// How native commands are run.
    pub native: NativeSettings,
    /// Installs Python distributions; without it, no recipe can.
    pub distributions: Option<Arc<dyn Distributions>>,
    /// Options, as section and name, to which grants refer: recipes cannot change them.
    pub granted_options: Vec<(String, String)>,
}

/// The components that were compiled, and the parts that were initialized.
pub struct Runtime {
    environment: Environment,
    components: Components,
    watchdog: Watchdog,
    native: Arc<Native>,
    instances: Instances,
    parts: Arc<PartInstances>,
    /// What a run that was killed left is removed once, before the first part is made.
    cleared: OnceLock<()>,
}

impl Runtime {
    /// Starts the engine.
    ///
    /// # Errors
    /// When this machine cannot run it.
    pub fn new(settings: RuntimeSettings) -> Result<Self, RecipeError> {
        let RuntimeSettings { report, cache, environment, native, distributions, granted_options } = settings;
        let components = Components::new(cache).map_err(|error| {
            RecipeError::new(RecipeProblem::Engine(error.root_cause().to_string()), Subject::default())
        })?;
        Ok(Self {
            watchdog: Watchdog::new(&components.engine, &native.interrupt),
            native: Arc::new(Native::new(report, native, environment.clone(), distributions, granted_options)),
            environment,
            components,
            instances: Instances::default(),
            parts: Arc::default(),
            cleared: OnceLock::new(),
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
        let subject = Subject::of(part, recipe, Some(buildout));
        let prepared = self.prepare(recipe, &subject)?;
        let entry_point = self.entry_point(&prepared, recipe, &subject)?;
        let applicant = self.applicant(part, recipe, entry_point, locations, Some(buildout), &subject);
        check_requested(&applicant)?;
        check::options(buildout, part, entry_point, &subject)?;
        let rights = Arc::new(Rights::of(&applicant)?);
        self.parts.refuse_overlap(&rights, &subject)?;
        let (instance, handle, has_update) = self.call_init(buildout, recipe, &prepared, &rights, &subject)?;
        let has_update = has_update.unwrap_or(entry_point.has_update);
        // The signature of a Python recipe is that of zc.buildout, which does not contain other parts.
        let starts_commands = prepared.starts_commands && recipe.program.is_none();
        let (is_lenient, buildout) = (recipe.built_in || recipe.program.is_some(), buildout.clone());
        let (is_cacheable, isolated) = (entry_point.cacheable, Arc::default());
        let initialized = Part {
            instance,
            handle,
            rights,
            subject,
            buildout,
            has_update,
            starts_commands,
            is_cacheable,
            isolated,
            is_lenient,
        };
        self.parts.add(part, initialized);
        Ok(())
    }

    fn call_init(
        &self,
        buildout: &Buildout,
        recipe: &Resolved,
        prepared: &PreparedComponent,
        rights: &Arc<Rights>,
        subject: &Subject,
    ) -> Result<(SharedInstance, ResourceAny, Option<bool>), RecipeError> {
        let reach = self.reach_in_init(rights);
        let request = CallRequest { phase: Phase::Init, subject, rights, buildout: Some(buildout), reach };
        let shared = self.instance(recipe, prepared, &request)?;
        let mut instance = lock(&shared);
        let has_update = self.load(&mut instance, recipe, buildout, subject)?;
        let name = &recipe.entry_point;
        let answer =
            instance.call(&self.watchdog, &request, |store, guest| init(store, guest, name, buildout, rights))?;
        match answer.value {
            Ok(handle) => {
                instance.parts += 1;
                drop(instance);
                Ok((shared, handle, has_update))
            }
            Err(failure) => Err(instance.failed(failure, answer.created, subject)),
        }
    }

    /// Paths outside the buildout that options of a recorded part contained, and that its recipe may write for this
    /// reason.
    ///
    /// # Errors
    /// When the component cannot be used.
    pub fn named_paths(
        &self,
        recipe: &Resolved,
        recorded: &Values,
        locations: &Locations,
    ) -> Result<Vec<PathBuf>, RecipeError> {
        let subject = Subject::of("", recipe, None);
        let prepared = self.prepare(recipe, &subject)?;
        let entry_point = self.entry_point(&prepared, recipe, &subject)?;
        Ok(templates::named(recipe, entry_point, recorded, &locations.directory))
    }

    /// Whether the recipe of an initialized part can start native commands.
    pub fn starts_commands(&self, part: &str) -> bool {
        self.parts.get(part).is_some_and(|part| part.starts_commands)
    }

    /// Whether the recipe of an initialized part can update it.
    pub fn has_update(&self, part: &str) -> bool {
        self.parts.get(part).is_some_and(|part| part.has_update)
    }

    /// Installs an initialized part; returns its paths, as the recipe reported them.
    ///
    /// # Errors
    /// When the recipe fails: [`RecipeError::created`] returns the paths that it had created.
    pub fn install(&self, part: &str) -> Result<Vec<String>, RecipeError> {
        let paths = self.make(part, Phase::Install, |store, guest, handle| {
            let outcome = guest.install(store, handle)?;
            Ok(outcome.map(Some))
        })?;
        Ok(paths.unwrap_or_default())
    }

    /// Updates an initialized part; `None` if its paths are unchanged.
    ///
    /// # Errors
    /// As [`Self::install`].
    pub fn update(&self, part: &str) -> Result<Option<Vec<String>>, RecipeError> {
        self.make(part, Phase::Update, |store, guest, handle| guest.update(store, handle))
    }

    /// Whether the recipe is called before the files that it made are removed.
    ///
    /// # Errors
    /// When the component cannot be used.
    pub fn has_uninstall(&self, recipe: &Resolved) -> Result<bool, RecipeError> {
        if let Some(program) = &recipe.program {
            return Ok(program.uninstall.is_some());
        }
        let subject = Subject::of("", recipe, None);
        let prepared = self.prepare(recipe, &subject)?;
        Ok(self.entry_point(&prepared, recipe, &subject)?.has_uninstall)
    }

    /// The description of the recipe's package. Fails if the component cannot be used.
    ///
    /// # Errors
    /// When the component cannot be used.
    pub fn describe(&self, recipe: &Resolved) -> Result<RecipePackage, RecipeError> {
        let subject = Subject::of("", recipe, None);
        let prepared = self.prepare(recipe, &subject)?;
        let (imports, exports) = (import_names(&prepared.pre), export_names(&prepared.pre));
        Ok(RecipePackage::of(self.description(&prepared, recipe, &subject)?, imports, exports))
    }

    /// The options in the recipe's description. None if it may read others, too, or if the component cannot be used: that is
    /// reported elsewhere.
    pub fn option_names(&self, recipe: &Resolved) -> Vec<String> {
        let subject = Subject::of("", recipe, None);
        let Ok(prepared) = self.prepare(recipe, &subject) else { return Vec::new() };
        let entry_point = self.entry_point(&prepared, recipe, &subject).ok().filter(|known| !known.other_options);
        let described = entry_point.map(|entry_point| &entry_point.options);
        described.into_iter().flatten().map(|option| option.name.clone()).collect()
    }

    /// Calls the recipe's `uninstall` with the options that were recorded. `buildout` need not have the part's section.
    ///
    /// # Errors
    /// When the component cannot be used, or the recipe fails.
    pub fn uninstall(
        &self,
        buildout: &Buildout,
        part: &str,
        recipe: &Resolved,
        recorded: &Values,
        locations: &Arc<Locations>,
    ) -> Result<(), RecipeError> {
        self.native.serve(buildout);
        let subject = Subject::of(part, recipe, None);
        let prepared = self.prepare(recipe, &subject)?;
        let entry_point = self.entry_point(&prepared, recipe, &subject)?;
        let rights = Arc::new(Rights::of(&self.applicant(part, recipe, entry_point, locations, None, &subject))?);
        self.parts.add_uninstalled(&rights);
        let reach = self.reach(&rights);
        let (phase, own) = (Phase::Uninstall, Some(buildout));
        let request = CallRequest { phase, subject: &subject, rights: &rights, buildout: own, reach };
        let shared = self.instance(recipe, &prepared, &request)?;
        let mut instance = lock(&shared);
        self.load(&mut instance, recipe, buildout, &subject)?;
        let (name, options) = (recipe.entry_point.as_str(), recorded_options(recorded));
        let answer =
            instance.call(&self.watchdog, &request, |store, guest| guest.uninstall(store, name, part, options))?;
        answer.value.map_err(|failure| instance.failed(failure, answer.created, &subject))
    }

    /// Calls an initialized part, and checks the paths that it returns.
    fn make(
        &self,
        name: &str,
        phase: Phase,
        call: impl FnOnce(&mut Store<StoreState>, &Guest, ResourceAny) -> Returned<Option<Vec<String>>>,
    ) -> Result<Option<Vec<String>>, RecipeError> {
        let Some(part) = self.parts.get(name) else { return Ok(None) };
        let subject = &part.subject;
        let rights = &self.without_kept(&part.rights, phase);
        self.cleared.get_or_init(|| staging::clear_left(rights));
        let reach = self.reach_of(&part, rights);
        let request = CallRequest { phase, subject, rights, buildout: Some(&part.buildout), reach };
        let mut instance = lock(&part.instance);
        let CallResult { value, created, made, refused } =
            instance.call(&self.watchdog, &request, |store, guest| call(store, guest, part.handle))?;
        match value {
            Ok(paths) => {
                self.native.settings.refusals.add(subject, &refused);
                self.owned(&part, rights, paths, &made).map_err(|error| RecipeError { created, ..error })
            }
            Err(failure) => Err(instance.failed(failure, created, subject)),
        }
    }

    /// Sets where paths are announced that parts are about to make. The run holds the state lock.
    pub fn announce_to(&self, unfinished: &Arc<Unfinished>) {
        self.native.announce_to(unfinished);
    }

    fn applicant<'a>(
        &'a self,
        part: &'a str,
        recipe: &'a Resolved,
        entry_point: &'a EntryPoint,
        locations: &'a Arc<Locations>,
        buildout: Option<&'a Buildout>,
        subject: &'a Subject,
    ) -> Applicant<'a> {
        let (environment, temporary) = (&self.environment, self.native.settings.temporaries.path_of(part));
        let records = &self.native.records;
        Applicant { part, recipe, entry_point, locations, environment, buildout, subject, temporary, records }
    }

    fn instance(
        &self,
        recipe: &Resolved,
        prepared: &PreparedComponent,
        request: &CallRequest<'_>,
    ) -> Result<SharedInstance, RecipeError> {
        let of = (recipe.component.digest, programs::sharing_key(recipe));
        self.instances.free(of, prepared, &self.native, &self.watchdog, request)
    }

    fn prepare(&self, recipe: &Resolved, subject: &Subject) -> Result<Arc<PreparedComponent>, RecipeError> {
        self.prepare_component(&recipe.component, subject)
    }

    fn prepare_component(
        &self,
        component: &Component,
        subject: &Subject,
    ) -> Result<Arc<PreparedComponent>, RecipeError> {
        let at_once = self.native.settings.jobs.limit();
        self.components.prepare(component, &*self.native.report, at_once, subject)
    }

    fn entry_point<'a>(
        &self,
        prepared: &'a PreparedComponent,
        recipe: &Resolved,
        subject: &Subject,
    ) -> Result<&'a EntryPoint, RecipeError> {
        if recipe.program.is_some() {
            return Ok(programs::undescribed());
        }
        entry_point(self.description(prepared, recipe, subject)?, recipe, subject)
    }

    fn description<'a>(
        &self,
        prepared: &'a PreparedComponent,
        recipe: &Resolved,
        subject: &Subject,
    ) -> Result<&'a PackageDescription, RecipeError> {
        if let Some(description) = prepared.description.get() {
            return Ok(description);
        }
        let rights = Arc::new(Rights::to_describe(&recipe.grant));
        let request =
            CallRequest { phase: Phase::Describe, subject, rights: &rights, buildout: None, reach: LateReach::none() };
        let shared = self.instance(recipe, prepared, &request)?;
        let answer = lock(&shared).call(&self.watchdog, &request, |store, guest| guest.describe(store))?;
        check_name(&answer.value, recipe, subject)?;
        Ok(prepared.description.get_or_init(|| answer.value))
    }
}

/// Calls `init` with handles of the part's section and of the other sections; only the first handle outlives the call.
fn init(
    store: &mut Store<StoreState>,
    guest: &Guest,
    entry_point: &str,
    buildout: &Buildout,
    rights: &Rights,
) -> wasmtime::Result<Result<ResourceAny, Failure>> {
    let location = rights.location.to_string_lossy().into_owned();
    let part = rights.part.as_str();
    let table = &mut store.data_mut().table;
    let options = table.push(PartOptions { part: part.into(), location, buildout: buildout.clone() })?;
    let sections = table.push(ReadableSections)?;
    let lent = Resource::new_borrow(sections.rep());
    let outcome = guest.init(store, entry_point, options, lent)?;
    store.data_mut().table.delete(sections)?;
    Ok(outcome)
}

fn recorded_options(recorded: &Values) -> Vec<RecordedOption> {
    let option =
        |(name, value): (_, _)| RecordedOption { name: ToString::to_string(name), value: ToString::to_string(value) };
    recorded.iter().map(option).collect()
}

/// Refuses a recipe from a registry that requests more than is granted.
fn check_requested(applicant: &Applicant<'_>) -> Result<(), RecipeError> {
    let Applicant { recipe: resolved, entry_point, subject, .. } = applicant;
    if !matches!(resolved.component.origin, ComponentOrigin::Registry { .. }) {
        return Ok(());
    }
    let is_refused = |template: &str| Rights::refuses(applicant, template);
    let requested = grant_of(&entry_point.grants);
    let Some(Missing { items, grant, refused }) = missing(&requested, &resolved.grant, is_refused) else {
        return Ok(());
    };
    let (recipe, place) = (subject.recipe.clone(), resolved.grant.place.clone());
    let problem = match refused.is_empty() {
        true => RecipeProblem::Requested { recipe, items, grant: grant.to_string(), place },
        false => RecipeProblem::RequestedTooMuch { recipe, refused, place },
    };
    Err(RecipeError::new(problem, (*subject).clone()))
}
