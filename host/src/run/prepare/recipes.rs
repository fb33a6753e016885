//! Which recipe makes which part: resolves recipe references, and initializes recipes while options are resolved.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use base::collections::Map;
use base::event::Level;
use base::source::{Explain, did_you_mean};
use config::Configuration;
use config::options::{Buildout, Initialize, Values};
use recipe::component::{CompileCache, ComponentError, DevelopedRecipe, ProgramKind, Resolved, Resolver};
use recipe::{Locations, RecipeError, Runtime, RuntimeSettings, describe_published, is_part_name};
use registry::locking::{ComponentDescription, ConnectionContext, Describe, ListedComponent, Locking, Obtained};
use registry::oci::RemoteSettings;
use registry::{Grant, RecipeReference};

use super::super::context::RunContext;
use super::super::distributions::BuildoutDistributions;
use super::super::extend;
use super::super::fault::RunFault;
use super::super::python_recipes::{InstallPurpose, PythonRecipes};
use super::{directories, user_paths};
use crate::error::{Explained, RunError};

/// Resolves and initializes the recipes of a run.
pub(in crate::run) struct Recipes {
    shared: Arc<SharedRecipes>,
    /// The directories of the buildout, read once: no recipe can change `[buildout]`.
    locations: OnceLock<Arc<Locations>>,
    /// The directory of parts that are not made by these recipes.
    other_parts: Option<String>,
}

/// Data that exists once per run.
struct SharedRecipes {
    context: Arc<RunContext>,
    resolver: RwLock<Arc<Resolver>>,
    runtime: OnceLock<Runtime>,
    distributions: Arc<BuildoutDistributions>,
    /// Recipes in Python distributions.
    python: PythonRecipes,
    locking: Locking,
    /// Recipe references resolved so far.
    by_reference: Mutex<Map<String, Arc<Resolved>>>,
    by_part: Mutex<Map<String, Arc<Resolved>>>,
    /// The recipes of which this run has said that their commands have the network.
    lent: Mutex<BTreeSet<String>>,
}

impl Recipes {
    /// The recipes of `recipes.toml` (in `configuration_directory`) and the built-in ones; developed ones are added
    /// later.
    pub(in crate::run) fn new(
        configuration_directory: &Path,
        configuration: &Arc<Configuration>,
        context: &Arc<RunContext>,
    ) -> Result<Self, RunError> {
        let RunContext { environment, report, settings, .. } = &**context;
        let recipes_toml = configuration_directory.join("recipes.toml");
        let resolver = Resolver::new(Some(&recipes_toml), Vec::new())?.knowing(CompileCache::open(environment));
        let interrupt = settings.native.interrupt.clone();
        let environment = user_paths::unconfined(environment, configuration);
        let access = ConnectionContext { environment, report: Arc::clone(report), interrupt };
        let locking = Locking::new(&recipes_toml, settings.lock, access);
        locking.check_no_others(resolver.recipes_toml())?;
        let distributions = Arc::new(BuildoutDistributions::new(context));
        let shared = SharedRecipes {
            context: Arc::clone(context),
            resolver: RwLock::new(Arc::new(resolver)),
            runtime: OnceLock::new(),
            python: PythonRecipes::new(context, &distributions),
            distributions,
            locking,
            by_reference: Mutex::default(),
            by_part: Mutex::default(),
            lent: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared), locations: OnceLock::new(), other_parts: None })
    }

    /// The same recipes for parts in other directories; other parts are in `other_parts`.
    pub(in crate::run) fn elsewhere(&self, other_parts: Option<String>) -> Self {
        Self { shared: Arc::clone(&self.shared), locations: OnceLock::new(), other_parts }
    }

    /// Adds developed recipes.
    pub(in crate::run) fn develop(
        &self,
        configuration_directory: &Path,
        developed: Vec<DevelopedRecipe>,
    ) -> Result<(), RunError> {
        let resolver = Resolver::new(Some(&configuration_directory.join("recipes.toml")), developed)?;
        let resolver = resolver.knowing(CompileCache::open(&self.shared.context.environment));
        *self.shared.resolver.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(resolver);
        self.shared.by_reference.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// The engine, created when the first recipe needs it.
    pub(in crate::run) fn runtime(&self) -> Result<&Runtime, RecipeError> {
        if let Some(runtime) = self.shared.runtime.get() {
            return Ok(runtime);
        }
        let context = &self.shared.context;
        let runtime = Runtime::new(RuntimeSettings {
            report: Arc::clone(&context.report),
            cache: CompileCache::open(&self.shared.context.environment),
            environment: context.environment.clone(),
            native: context.settings.native.clone(),
            distributions: Some(Arc::clone(&self.shared.distributions) as Arc<_>),
            granted_options: self.resolver().granted_options().collect(),
        })?;
        Ok(self.shared.runtime.get_or_init(|| runtime))
    }

    /// What installs Python distributions.
    pub(in crate::run) fn distributions(&self) -> &Arc<BuildoutDistributions> {
        &self.shared.distributions
    }

    fn resolver(&self) -> Arc<Resolver> {
        Arc::clone(&self.shared.resolver.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Resolves a recipe reference, the value of `recipe =`.
    pub(in crate::run) fn resolve(
        &self,
        buildout: &Buildout,
        reference: &str,
        purpose: InstallPurpose,
    ) -> Result<Arc<Resolved>, RunError> {
        let key = self.key_of(buildout, reference, purpose);
        let known = || self.shared.by_reference.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(resolved) = known().get(&key) {
            return Ok(Arc::clone(resolved));
        }
        let resolver = self.resolver();
        let resolved = match resolver.resolve(reference, &self.shared.locking, self) {
            Err(unknown @ ComponentError::Unknown { .. }) => {
                self.resolve_in_python(buildout, &resolver, reference, purpose, unknown)?
            }
            resolved => resolved?,
        };
        let resolved = Arc::new(resolved);
        known().insert(key, Arc::clone(&resolved));
        Ok(resolved)
    }

    /// What decides which recipe a reference names.
    fn key_of(&self, buildout: &Buildout, reference: &str, purpose: InstallPurpose) -> String {
        let executable = buildout.get("buildout", "executable").ok().flatten().unwrap_or_default();
        format!("{reference}\n{executable}\n{purpose:?}")
    }

    /// Resolves a reference that nothing else has: it names a Python distribution.
    fn resolve_in_python(
        &self,
        buildout: &Buildout,
        resolver: &Resolver,
        reference: &str,
        purpose: InstallPurpose,
        unknown: ComponentError,
    ) -> Result<Resolved, RunError> {
        let Ok(reference) = reference.parse::<RecipeReference>() else { return Err(unknown.into()) };
        let python = &self.shared.python;
        let runtime = match python.runtime() {
            Ok(runtime) => runtime,
            Err(missing) => return Err(unknown.also(&missing).into()),
        };
        let grant = resolver.grant_of_program(&reference);
        match python.recipe(buildout, &reference, purpose, self.runtime()?) {
            Ok(program) => Ok(Resolved::of_program(reference, program, runtime, grant)),
            Err(error) if error.is_unknown(&reference.package) => Err(unknown.also(&error).into()),
            Err(error) => Err(error.into()),
        }
    }

    /// The extensions of one kind that a distribution has.
    pub(in crate::run) fn extensions(
        &self,
        buildout: &Buildout,
        requirement: &str,
        kind: ProgramKind,
    ) -> Result<Vec<Resolved>, RunError> {
        let reference = extend::reference_of(requirement);
        let (python, grant) = (&self.shared.python, self.resolver().grant_of_program(&reference));
        let runtime = python.runtime()?;
        let programs = python.extensions(buildout, requirement, kind, self.runtime()?)?;
        self.report_network(&reference, &grant);
        let resolved = |program| Resolved::of_program(reference.clone(), program, Arc::clone(&runtime), grant.clone());
        Ok(programs.into_iter().map(resolved).collect())
    }

    /// Each run says once which commands of a recipe have the network.
    fn report_network(&self, reference: &RecipeReference, grant: &Grant) {
        if grant.network.is_empty() || self.shared.distributions.only_looks() {
            return;
        }
        let message = format!("{} uses the network in these commands: {}", reference.package, grant.network.join(", "));
        if self.shared.lent.lock().unwrap_or_else(PoisonError::into_inner).insert(message.clone()) {
            self.shared.context.log(Level::Warning, &message);
        }
    }

    /// The recipe of an initialized part.
    pub(in crate::run) fn of_part(&self, part: &str) -> Option<Arc<Resolved>> {
        self.shared.by_part.lock().unwrap_or_else(PoisonError::into_inner).get(part).cloned()
    }

    /// Directories that recipes may write according to the grants in `recipes.toml`: files created there may be
    /// removed. A grant with a reference to a missing option allows nothing.
    pub(in crate::run) fn granted_directories(&self, buildout: &Buildout) -> Vec<String> {
        let resolver = self.resolver();
        let general = resolver.write_grants().filter(|grant| !grant.contains("${:"));
        let mut directories: Vec<String> =
            general.filter_map(|grant| buildout.expand("buildout", grant).ok()).collect();
        for (part, recipe) in self.shared.by_part.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            directories.extend(recipe.grant.write.iter().filter_map(|grant| buildout.expand(part, grant).ok()));
        }
        directories
    }

    /// Reports entries of `recipes.toml` that no part uses and whose name is similar to a used one: probably typing
    /// errors. Other unused entries may belong to another configuration.
    pub(in crate::run) fn report_unused_entries(&self) {
        let resolver = self.resolver();
        let by_part = self.shared.by_part.lock().unwrap_or_else(PoisonError::into_inner);
        let used: Vec<_> = by_part.values().map(|recipe| &recipe.reference).collect();
        for (reference, meant) in resolver.mistaken(&used) {
            let message = format!("recipes.toml has recipe {reference}, which no part uses. {}", did_you_mean(meant));
            self.shared.context.log(Level::Warning, &message);
        }
    }

    /// Paths in the options of a recorded part, possibly outside the buildout, that its recipe may therefore write. A
    /// recipe that is no longer available may write nothing.
    pub(in crate::run) fn named_paths(
        &self,
        buildout: &Buildout,
        recorded: &Values,
        locations: &Locations,
    ) -> Vec<PathBuf> {
        let resolve = |reference| self.resolve(buildout, reference, InstallPurpose::Uninstall);
        let Some(Ok(recipe)) = recorded.get("recipe").map(|reference| resolve(reference)) else {
            return Vec::new();
        };
        let Ok(runtime) = self.runtime() else { return Vec::new() };
        runtime.named_paths(&recipe, recorded, locations).unwrap_or_default()
    }

    /// The directories of the buildout.
    pub(in crate::run) fn locations(&self, buildout: &Buildout) -> Result<&Arc<Locations>, RunError> {
        if let Some(locations) = self.locations.get() {
            return Ok(locations);
        }
        let resolver = self.resolver();
        let mut keys: Vec<PathBuf> = resolver.key_files().map(Path::to_owned).collect();
        // A component that a part makes goes with its part.
        let directory = buildout.configuration().working_directory.join(buildout.require("buildout", "directory")?);
        let parts = buildout.get("buildout", "parts-directory")?.map(|parts| directory.join(parts));
        let is_made = |path: &&Path| parts.as_ref().is_some_and(|parts| path.starts_with(parts));
        keys.extend(resolver.component_files().filter(|path| !is_made(path)).map(Path::to_owned));
        let context = &self.shared.context;
        let homes = context.environment.homes();
        let mut locations = directories::locations(buildout, self.other_parts.as_deref(), &keys, &homes)?;
        locations.named = user_paths::named(context, buildout, &locations, resolver.recipes_toml().vendor.as_deref());
        let locations = Arc::new(locations);
        let plain_http = self.shared.context.settings.plain_http;
        self.shared.locking.connect(|| RemoteSettings { plain_http, ..directories::registries(buildout) });
        Ok(self.locations.get_or_init(|| locations))
    }

    fn initialize_part(&self, buildout: &Buildout, part: &str) -> Result<(), RunError> {
        if !is_part_name(part) {
            return Err(RunFault::PartName { name: part.to_owned(), place: buildout.place_of(part, None) }.into());
        }
        let reference = buildout.require(part, "recipe")?;
        self.locations(buildout)?;
        let resolved = self
            .resolve(buildout, &reference, InstallPurpose::Use)
            .map_err(|error| error.at(buildout.place_of(part, Some("recipe"))))?;
        self.report_network(&resolved.reference, &resolved.grant);
        self.runtime()?.init(buildout, part, &resolved, self.locations(buildout)?)?;
        self.shared.by_part.lock().unwrap_or_else(PoisonError::into_inner).insert(part.to_owned(), resolved);
        Ok(())
    }
}

impl Initialize for Recipes {
    fn initialize(&self, buildout: &Buildout, part: &str) -> Result<(), Box<dyn Explain + Send + Sync>> {
        self.initialize_part(buildout, part).map_err(|error| Box::new(Explained::from(error)) as Box<_>)
    }
}

impl Describe for Recipes {
    fn describe(
        &self,
        publication: &ListedComponent<'_>,
        obtained: &Obtained,
    ) -> Result<ComponentDescription, Arc<dyn Explain + Send + Sync>> {
        describe_published(publication, obtained, |recipe| self.runtime()?.describe(recipe))
    }
}
