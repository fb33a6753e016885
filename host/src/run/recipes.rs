//! Which recipe makes which part: resolves references and initialises recipes while options resolve.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use base::collections::Map;
use base::environment::Environment;
use base::event::{Level, Report};
use base::source::{Explain, did_you_mean};
use config::options::{Buildout, Initialise, Values};
use recipe::component::{
    CompileCache, ComponentError, Developed, Obtained, Publication, Publications, Resolved, Resolver,
};
use recipe::{Locations, NativeSettings, Runtime, RuntimeSettings, is_part_name};
use registry::RecipesLock;
use registry::oci::RemoteSettings;

use super::directories;
use super::error::{Explained, Fault, RunError};
use super::locking::{self, LockMode, Locking};
use super::settings::RunSettings;

/// Resolves and initialises the recipes of one run.
pub(super) struct Recipes {
    shared: Arc<Shared>,
    /// The buildout's directories, read once: no recipe can change `[buildout]`.
    locations: OnceLock<Arc<Locations>>,
    /// Where parts are that these recipes don't make.
    other_parts: Option<String>,
}

/// What there is once in a run.
struct Shared {
    report: Arc<dyn Report>,
    native: NativeSettings,
    environment: Environment,
    resolver: RwLock<Arc<Resolver>>,
    runtime: OnceLock<Runtime>,
    locking: Locking,
    plain_http: bool,
    /// How registries are talked with; as long as that is not known, they are not.
    registries: OnceLock<RemoteSettings>,
    /// What references were found to mean.
    by_reference: Mutex<Map<String, Arc<Resolved>>>,
    by_part: Mutex<Map<String, Arc<Resolved>>>,
}

impl Recipes {
    /// Recipes as `recipes.toml` (in `configuration_directory`) and the host itself offer them; developed ones are added later.
    pub(super) fn new(
        configuration_directory: &Path,
        environment: &Environment,
        report: Arc<dyn Report>,
        settings: &RunSettings,
    ) -> Result<Self, RunError> {
        let recipes_toml = configuration_directory.join("recipes.toml");
        let resolver = Resolver::new(Some(&recipes_toml), Vec::new())?.knowing(CompileCache::open(environment));
        if settings.lock == LockMode::Locked {
            locking::check_no_others(&RecipesLock::path(&recipes_toml), &resolver)?;
        }
        let locking = Locking::new(RecipesLock::path(&recipes_toml), settings.lock, Arc::clone(&report));
        let shared = Shared {
            report,
            native: settings.native.clone(),
            environment: environment.clone(),
            resolver: RwLock::new(Arc::new(resolver)),
            runtime: OnceLock::new(),
            locking,
            plain_http: settings.plain_http,
            registries: OnceLock::new(),
            by_reference: Mutex::default(),
            by_part: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared), locations: OnceLock::new(), other_parts: None })
    }

    /// The same recipes for parts in other directories, while there are parts in `other_parts`.
    pub(super) fn elsewhere(&self, other_parts: Option<String>) -> Self {
        Self { shared: Arc::clone(&self.shared), locations: OnceLock::new(), other_parts }
    }

    /// Takes developed recipes into account.
    pub(super) fn develop(&self, configuration_directory: &Path, developed: Vec<Developed>) -> Result<(), RunError> {
        let resolver = Resolver::new(Some(&configuration_directory.join("recipes.toml")), developed)?;
        let resolver = resolver.knowing(CompileCache::open(&self.shared.environment));
        *self.shared.resolver.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(resolver);
        self.shared.by_reference.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// The engine, made when the first recipe needs it.
    pub(super) fn runtime(&self) -> Result<&Runtime, RunError> {
        if let Some(runtime) = self.shared.runtime.get() {
            return Ok(runtime);
        }
        let runtime = Runtime::new(RuntimeSettings {
            report: Arc::clone(&self.shared.report),
            cache: CompileCache::open(&self.shared.environment),
            environment: self.shared.environment.clone(),
            native: self.shared.native.clone(),
        })?;
        Ok(self.shared.runtime.get_or_init(|| runtime))
    }

    fn resolver(&self) -> Arc<Resolver> {
        Arc::clone(&self.shared.resolver.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What a reference, as `recipe =` writes it, stands for.
    pub(super) fn resolve(&self, reference: &str) -> Result<Arc<Resolved>, RunError> {
        let mut known = self.shared.by_reference.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(resolved) = known.get(reference) {
            return Ok(Arc::clone(resolved));
        }
        let resolver = self.resolver();
        let resolved = Arc::new(resolver.resolve(reference, self)?);
        known.insert(reference.to_owned(), Arc::clone(&resolved));
        Ok(resolved)
    }

    /// The recipe that initialised the part.
    pub(super) fn of_part(&self, part: &str) -> Option<Arc<Resolved>> {
        self.shared.by_part.lock().unwrap_or_else(PoisonError::into_inner).get(part).cloned()
    }

    /// Directories that grants of `recipes.toml` let recipes write: what was made there may be removed again. A grant
    /// that refers to what does not exist allows nothing.
    pub(super) fn granted_directories(&self, buildout: &Buildout) -> Vec<String> {
        let resolver = self.resolver();
        let general = resolver.write_grants().filter(|grant| !grant.contains("${:"));
        let mut directories: Vec<String> =
            general.filter_map(|grant| buildout.expand("buildout", grant).ok()).collect();
        for (part, recipe) in self.shared.by_part.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            directories.extend(recipe.grant.write.iter().filter_map(|grant| buildout.expand(part, grant).ok()));
        }
        directories
    }

    /// Tells of entries in `recipes.toml` that no part uses and whose name is like one that is used: typing errors. Others
    /// may be for another configuration.
    pub(super) fn tell_unused_entries(&self) {
        let resolver = self.resolver();
        let by_part = self.shared.by_part.lock().unwrap_or_else(PoisonError::into_inner);
        let used: Vec<_> = by_part.values().map(|recipe| &recipe.reference).collect();
        for (reference, meant) in resolver.mistaken(&used) {
            let message =
                format!("recipes.toml speaks of recipe {reference}, which no part uses. {}", did_you_mean(meant));
            self.shared.report.log(Level::Warning, &message);
        }
    }

    /// Paths that the options of a recorded part named, outside the buildout perhaps, and that its recipe may write for
    /// that. A recipe that cannot be found any more may write nothing.
    pub(super) fn named_paths(&self, recorded: &Values, locations: &Locations) -> Vec<PathBuf> {
        let Some(Ok(recipe)) = recorded.get("recipe").map(|reference| self.resolve(reference)) else {
            return Vec::new();
        };
        let Ok(runtime) = self.runtime() else { return Vec::new() };
        runtime.named_paths(&recipe, recorded, locations).unwrap_or_default()
    }

    /// The buildout's directories.
    pub(super) fn locations(&self, buildout: &Buildout) -> Result<&Arc<Locations>, RunError> {
        if let Some(locations) = self.locations.get() {
            return Ok(locations);
        }
        let resolver = self.resolver();
        let keys: Vec<PathBuf> = resolver.key_files().map(Path::to_owned).collect();
        let locations = Arc::new(directories::locations(buildout, self.other_parts.as_deref(), &keys)?);
        let plain_http = self.shared.plain_http;
        self.shared.registries.get_or_init(|| RemoteSettings { plain_http, ..directories::registries(buildout) });
        Ok(self.locations.get_or_init(|| locations))
    }

    fn initialise_part(&self, buildout: &Buildout, part: &str) -> Result<(), RunError> {
        if !is_part_name(part) {
            return Err(Fault::PartName { name: part.to_owned(), place: buildout.place_of(part, None) }.into());
        }
        let reference = buildout.require(part, "recipe")?;
        self.locations(buildout)?;
        let resolved = self.resolve(&reference).map_err(|error| error.at(buildout.place_of(part, Some("recipe"))))?;
        self.runtime()?.init(buildout, part, &resolved, self.locations(buildout)?)?;
        self.shared.by_part.lock().unwrap_or_else(PoisonError::into_inner).insert(part.to_owned(), resolved);
        Ok(())
    }
}

impl Initialise for Recipes {
    fn initialise(&self, buildout: &Buildout, part: &str) -> Result<(), Box<dyn Explain + Send + Sync>> {
        self.initialise_part(buildout, part).map_err(|error| Box::new(Explained::from(error)) as Box<_>)
    }
}

impl Publications for Recipes {
    fn obtain(&self, publication: &Publication<'_>) -> Result<Obtained, ComponentError> {
        let Shared { environment, report, native, registries, locking, .. } = &*self.shared;
        let sources = locking.sources(|| {
            let settings = registries.get().cloned().unwrap_or_else(directories::no_registries);
            locking::sources(environment, &settings, report, &native.interrupt, &self.resolver())
        })?;
        locking.obtain(publication, &sources, &|resolved| Ok(self.runtime()?.describe(resolved)?))
    }
}
