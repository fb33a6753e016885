//! Builds a recipe project outside of any buildout, and describes recipe packages.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::environment::Environment;
use base::event::Report;
use base::source::Explain;
use recipe::component::{self, Builder, CompileCache, Developed, Resolved};
use recipe::{NativeSettings, Package, RecipeError, Runtime, RuntimeSettings, describe_published};
use registry::locking::{Access, Describe, Description, Obtained, Publication};

use crate::error::{Doing, Interrupted, RunError};

/// The environment of a recipe author.
pub struct Authoring {
    /// The environment of the process.
    pub environment: Environment,
    /// Where events go.
    pub report: Arc<dyn Report>,
    /// How native commands would be run; its signal ends builds.
    pub native: NativeSettings,
}

/// A project that was built.
#[derive(Clone, Debug)]
pub struct BuiltRecipe {
    /// The project's directory.
    pub project: PathBuf,
    /// The component's file.
    pub file: PathBuf,
    /// The component.
    pub recipe: Resolved,
    /// What it describes.
    pub package: Package,
}

impl Authoring {
    /// Builds the project in a directory, and checks that the component can be used: that it fits this host's world, and
    /// has the name that the project gives it.
    ///
    /// # Errors
    /// When it is not a recipe project, its build fails, or the result is not a recipe for this host.
    pub fn build(&self, directory: &Path, offline: bool) -> Result<BuiltRecipe, RunError> {
        let project = component::find_project(&self.environment.directory.join(directory))?;
        let interrupt = &self.native.interrupt;
        let watch = interrupt.watch();
        let builder = Builder { environment: &self.environment, offline, report: &*self.report, interrupt };
        let built = builder.build(&project);
        // An error that comes with a signal is mostly its consequence.
        if let Some(signal) = interrupt.signal() {
            return Err(Interrupted { signal }.into());
        }
        let built = built.doing(|| format!("Building recipe project {}.", project.display()))?;
        // Compiling can be cut short at any time.
        drop(watch);
        let (package, file) = (built.package, built.component);
        let developed = Developed { package, project: project.clone(), component: file.clone(), link: PathBuf::new() };
        let recipe = component::developed_recipe(&developed)?;
        let package = self.describe(&recipe).doing(|| format!("Looking at {}.", file.display()))?;
        Ok(BuiltRecipe { project, file, recipe, package })
    }

    /// What a recipe's package describes.
    ///
    /// # Errors
    /// When the component cannot be used.
    pub fn describe(&self, recipe: &Resolved) -> Result<Package, RunError> {
        Ok(self.load(recipe)?)
    }

    /// What connections to registries need.
    pub(super) fn access(&self) -> Access {
        let (environment, report) = (self.environment.clone(), Arc::clone(&self.report));
        Access { environment, report, interrupt: self.native.interrupt.clone() }
    }

    fn load(&self, recipe: &Resolved) -> Result<Package, RecipeError> {
        let settings = RuntimeSettings {
            report: Arc::clone(&self.report),
            cache: CompileCache::open(&self.environment),
            environment: self.environment.clone(),
            native: self.native.clone(),
        };
        Runtime::new(settings)?.describe(recipe)
    }
}

impl Describe for Authoring {
    fn describe(
        &self,
        publication: &Publication<'_>,
        obtained: &Obtained,
    ) -> Result<Description, Arc<dyn Explain + Send + Sync>> {
        describe_published(publication, obtained, |recipe| self.load(recipe))
    }
}
