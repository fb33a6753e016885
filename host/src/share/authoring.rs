//! Builds a recipe project outside any buildout, and describes recipe packages.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::environment::Environment;
use base::event::Report;
use base::source::Explain;
use recipe::component::{self, CompileCache, DevelopedRecipe, RecipeBuilder, Resolved};
use recipe::{NativeSettings, RecipeError, RecipePackage, Runtime, RuntimeSettings, describe_published};
use registry::locking::{ComponentDescription, ConnectionContext, Describe, ListedComponent, Obtained};

use crate::error::{Doing, InterruptedBySignal, RunError};

/// The environment of a recipe author.
pub(crate) struct Authoring {
    /// The environment of the process.
    pub(crate) environment: Environment,
    /// The receiver of events.
    pub(crate) report: Arc<dyn Report>,
    /// Settings for native commands; the interrupt also ends builds.
    pub(crate) native: NativeSettings,
}

/// A built project.
#[derive(Clone, Debug)]
pub(crate) struct BuiltRecipe {
    /// The project's directory.
    pub(crate) project: PathBuf,
    /// The component file.
    pub(crate) file: PathBuf,
    /// The component.
    pub(crate) recipe: Resolved,
    /// Its description.
    pub(crate) package: RecipePackage,
}

impl Authoring {
    /// Builds the project in a directory, and checks that the component can be used: that it matches this host's WIT
    /// world, and is named like the project.
    ///
    /// # Errors
    /// When it is not a recipe project, its build fails, or the result is not a recipe for this host.
    pub(crate) fn build(&self, directory: &Path, offline: bool) -> Result<BuiltRecipe, RunError> {
        let project = component::find_project(&self.environment.directory.join(directory))?;
        let interrupt = &self.native.interrupt;
        let watch = interrupt.watch();
        let builder = RecipeBuilder { environment: &self.environment, offline, report: &*self.report, interrupt };
        let built = builder.build(&project);
        // An error at the time of a signal is usually its consequence.
        if let Some(signal) = interrupt.signal() {
            return Err(InterruptedBySignal { signal }.into());
        }
        let built = built.doing(|| format!("Building recipe project {}.", project.display()))?;
        // Compiling can be interrupted at any time.
        drop(watch);
        let (package, file) = (built.package, built.component);
        let developed =
            DevelopedRecipe { package, project: project.clone(), component: file.clone(), link: PathBuf::new() };
        let recipe = component::developed_recipe(&developed)?;
        let package = self.describe(&recipe).doing(|| format!("Looking at {}.", file.display()))?;
        Ok(BuiltRecipe { project, file, recipe, package })
    }

    /// Describes a recipe package.
    ///
    /// # Errors
    /// When the component cannot be used.
    pub(crate) fn describe(&self, recipe: &Resolved) -> Result<RecipePackage, RunError> {
        Ok(self.load(recipe)?)
    }

    /// Settings for connections to registries.
    pub(super) fn access(&self) -> ConnectionContext {
        let (environment, report) = (self.environment.clone(), Arc::clone(&self.report));
        ConnectionContext { environment, report, interrupt: self.native.interrupt.clone() }
    }

    fn load(&self, recipe: &Resolved) -> Result<RecipePackage, RecipeError> {
        let settings = RuntimeSettings {
            report: Arc::clone(&self.report),
            cache: CompileCache::open(&self.environment),
            environment: self.environment.clone(),
            native: self.native.clone(),
            distributions: None,
            granted_options: Vec::new(),
        };
        Runtime::new(settings)?.describe(recipe)
    }
}

impl Describe for Authoring {
    fn describe(
        &self,
        publication: &ListedComponent<'_>,
        obtained: &Obtained,
    ) -> Result<ComponentDescription, Arc<dyn Explain + Send + Sync>> {
        describe_published(publication, obtained, |recipe| self.load(recipe))
    }
}
