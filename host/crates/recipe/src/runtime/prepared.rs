//! Components that were compiled and linked, and their descriptions.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use base::collections::Map;
use base::digest::Digest;
use base::event::Report;
use base::source::nearest;
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::compile::ComponentWorkshop;
use crate::compile::check_imports::{PROCESS, WAITING, imports};
use crate::component::{CompileCache, Component, ComponentOrigin, Resolved};
use crate::error::{RecipeError, RecipeProblem, Subject};
use crate::instance::guest::GuestPre;
use crate::instance::linker::linker;
use crate::instance::store::StoreState;
use crate::interfaces::bindings::exports::buildout::recipe::description::{EntryPoint, PackageDescription};
use crate::limits;

/// A component that can be instantiated.
pub(super) struct PreparedComponent {
    pub(super) pre: GuestPre,
    pub(super) description: OnceLock<PackageDescription>,
    /// How many parts share one instance of it.
    pub(super) parts_per_instance: usize,
    /// Whether it imports the interface that starts native commands.
    pub(super) starts_commands: bool,
}

/// All components of a run, and their engine.
pub(super) struct Components {
    pub(super) engine: Engine,
    engine_key: String,
    linker: Linker<StoreState>,
    cache: CompileCache,
    by_digest: Mutex<Map<Digest, Arc<PreparedComponent>>>,
}

impl Components {
    /// Starts the engine.
    pub(super) fn new(cache: CompileCache) -> wasmtime::Result<Self> {
        let engine = engine::engine()?;
        let (engine_key, linker) = (engine::engine_key(&engine), linker(&engine)?);
        Ok(Self { engine, engine_key, linker, cache, by_digest: Mutex::default() })
    }

    /// The component, ready to be instantiated. `at_once` is the number of parts that are installed at the same time.
    pub(super) fn prepare(
        &self,
        component: &Component,
        report: &dyn Report,
        at_once: usize,
        subject: &Subject,
    ) -> Result<Arc<PreparedComponent>, RecipeError> {
        if let Some(prepared) = self.locked().get(&component.digest) {
            return Ok(Arc::clone(prepared));
        }
        let Self { engine, engine_key, linker, cache, .. } = self;
        let pre = ComponentWorkshop { engine, engine_key, linker, cache, report }.prepare(component, subject)?;
        let prepared = Arc::new(PreparedComponent::new(pre, at_once));
        self.locked().insert(component.digest, Arc::clone(&prepared));
        Ok(prepared)
    }

    fn locked(&self) -> MutexGuard<'_, Map<Digest, Arc<PreparedComponent>>> {
        self.by_digest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PreparedComponent {
    fn new(pre: GuestPre, at_once: usize) -> Self {
        // Calls of one instance wait for each other: parts that wait for commands or downloads should not share one.
        let alone = at_once > 1 && imports(&pre, &WAITING);
        let parts_per_instance = if alone { 1 } else { limits::PARTS_PER_INSTANCE };
        let starts_commands = imports(&pre, &[PROCESS]);
        Self { pre, description: OnceLock::new(), parts_per_instance, starts_commands }
    }
}

/// The description of the entry point of a reference.
pub(super) fn entry_point<'a>(
    description: &'a PackageDescription,
    recipe: &Resolved,
    subject: &Subject,
) -> Result<&'a EntryPoint, RecipeError> {
    let expected = recipe.entry_point.as_str();
    description.entry_points.iter().find(|known| known.name == expected).ok_or_else(|| {
        let known: Vec<String> = description.entry_points.iter().map(|known| known.name.clone()).collect();
        let near = nearest(expected, known.iter().map(String::as_str)).map(str::to_owned);
        let (package, entry_point) = (recipe.reference.package.clone(), expected.to_owned());
        RecipeError::new(RecipeProblem::EntryPoint { package, entry_point, known, near }, subject.clone())
    })
}

/// Checks that a component has the name in the `recipe.toml` of its project, because buildouts refer to it by that
/// name.
pub(super) fn check_name(
    description: &PackageDescription,
    recipe: &Resolved,
    subject: &Subject,
) -> Result<(), RecipeError> {
    match &recipe.component.origin {
        ComponentOrigin::Develop { project, is_named: true, .. } if description.name != recipe.component.package => {
            let (named, described) = (recipe.component.package.clone(), description.name.clone());
            let problem = RecipeProblem::Name { project: project.clone(), named, described };
            Err(RecipeError::new(problem, subject.clone()))
        }
        _ => Ok(()),
    }
}
