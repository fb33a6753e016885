//! What a recipe's author asks for outside of any buildout: building a project, and looking at what it became.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::environment::Environment;
use base::event::Report;
use recipe::component::{self, Builder, CompileCache, Developed, Resolved};
use recipe::{NativeSettings, Package, Runtime, RuntimeSettings};

use super::error::{Doing, Fault, RunError};

/// A recipe author's surroundings.
pub struct Authoring {
    /// The process's surroundings.
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
    /// What it says of itself.
    pub package: Package,
}

impl Authoring {
    /// Builds the project in a directory, and sees that the component can be used: that it fits this host's world, and is
    /// called as the project says.
    ///
    /// # Errors
    /// When it is no recipe project, its build fails, or what came out is no recipe for this host.
    pub fn build(&self, directory: &Path, offline: bool) -> Result<BuiltRecipe, RunError> {
        let project = component::find_project(&self.environment.directory.join(directory))?;
        let interrupt = &self.native.interrupt;
        let watch = interrupt.watch();
        let builder = Builder { environment: &self.environment, offline, report: &*self.report, interrupt };
        let built = builder.build(&project);
        // What fails then mostly does so because it was ended.
        if let Some(signal) = interrupt.signal() {
            return Err(Fault::Interrupted { signal }.into());
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

    /// What a recipe's package says of itself.
    ///
    /// # Errors
    /// When the component cannot be used.
    pub fn describe(&self, recipe: &Resolved) -> Result<Package, RunError> {
        let settings = RuntimeSettings {
            report: Arc::clone(&self.report),
            cache: CompileCache::open(&self.environment),
            environment: self.environment.clone(),
            native: self.native.clone(),
        };
        Ok(Runtime::new(settings)?.describe(recipe)?)
    }
}
