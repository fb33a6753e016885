//! Programs that the Python runtime loads: recipes whose entry points no component describes.

use std::sync::{Arc, OnceLock};

use config::options::Buildout;
use registry::Grant;

use super::instances::lock;
use super::{Runtime, Subject};
use crate::call::Phase;
use crate::component::{Component, ProgramKind, PythonProgram, Resolved};
use crate::error::RecipeError;
use crate::grants::locations::Locations;
use crate::grants::rights::Rights;
use crate::instance::Instance;
use crate::instance::request::CallRequest;
use crate::interfaces::bindings::exports::buildout::recipe::description::EntryPoint;
use crate::interfaces::bindings::loaded::loading as wit;
use crate::native::reach::LateReach;

/// What is known of a program before it is loaded: it may read any options, and requests nothing.
pub(super) fn undescribed() -> &'static EntryPoint {
    static UNDESCRIBED: OnceLock<EntryPoint> = OnceLock::new();
    UNDESCRIBED.get_or_init(|| EntryPoint {
        name: String::new(),
        documentation: String::new(),
        options: Vec::new(),
        grants: Vec::new(),
        has_update: false,
        has_uninstall: false,
        other_options: true,
        cacheable: false,
    })
}

/// Equal for programs that may share an instance: they have the same modules and the same grants.
pub(super) fn sharing_key(recipe: &Resolved) -> Option<String> {
    let program = recipe.program.as_ref()?;
    let path: Vec<_> = program.path.iter().map(|path| path.to_string_lossy()).collect();
    Some(format!("{}\n{} {:?}", path.join("\n"), recipe.grant, recipe.grant.defaults))
}

impl Runtime {
    /// The names of the distributions in a component that loads its entry points.
    ///
    /// # Errors
    /// When the component cannot be used.
    pub fn provided(&self, component: &Arc<Component>) -> Result<Vec<String>, RecipeError> {
        let subject = Subject { recipe: component.package.clone(), ..Subject::default() };
        let prepared = self.prepare_component(component, &subject)?;
        let rights = Arc::new(Rights::to_describe(&Grant::default()));
        let (phase, reach) = (Phase::Describe, LateReach::none());
        let request = CallRequest { phase, subject: &subject, rights: &rights, buildout: None, reach };
        let shared =
            self.instances.free((component.digest, None), &prepared, &self.native, &self.watchdog, &request)?;
        let answer = lock(&shared).call(&self.watchdog, &request, |store, guest| guest.provides(store))?;
        Ok(answer.value.into_iter().map(|one| one.name).collect())
    }

    /// Runs an extension, with a buildout in which reading initializes nothing.
    ///
    /// # Errors
    /// When it cannot be loaded, or fails.
    pub fn extend(
        &self,
        buildout: &Buildout,
        extension: &Resolved,
        kind: ProgramKind,
        locations: &Arc<Locations>,
    ) -> Result<(), RecipeError> {
        self.native.serve(buildout);
        let name = extension.entry_point.as_str();
        let subject = Subject::of(name, extension, None);
        let prepared = self.prepare(extension, &subject)?;
        let applicant = self.applicant(name, extension, undescribed(), locations, Some(buildout), &subject);
        let rights = Arc::new(Rights::of(&applicant)?);
        let phase = if kind == ProgramKind::UnloadExtension { Phase::Unload } else { Phase::Extend };
        let reach = self.reach_in_init(&rights);
        let request = CallRequest { phase, subject: &subject, rights: &rights, buildout: Some(buildout), reach };
        let shared = self.instance(extension, &prepared, &request)?;
        let mut instance = lock(&shared);
        self.load(&mut instance, extension, buildout, &subject)?;
        let answer = instance.call(&self.watchdog, &request, |store, guest| guest.run(store, name))?;
        answer.value.map_err(|failure| instance.failed(failure, answer.created, &subject))
    }

    /// Loads the program of a recipe, unless the instance has loaded it before. Returns whether it can update a part; for
    /// a recipe that is a component, `None`.
    pub(super) fn load(
        &self,
        instance: &mut Instance,
        recipe: &Resolved,
        buildout: &Buildout,
        subject: &Subject,
    ) -> Result<Option<bool>, RecipeError> {
        let Some(program) = &recipe.program else { return Ok(None) };
        if let Some(has_update) = instance.loaded.get(&program.name) {
            return Ok(Some(*has_update));
        }
        let rights = Arc::new(Rights::to_load(program, &recipe.grant));
        let (phase, reach) = (Phase::Load, LateReach::none());
        let request = CallRequest { phase, subject, rights: &rights, buildout: Some(buildout), reach };
        let wanted = wanted(program);
        let answer = instance.call(&self.watchdog, &request, |store, guest| guest.load(store, &wanted))?;
        match answer.value {
            Ok(described) => {
                instance.loaded.insert(program.name.clone(), described.has_update);
                Ok(Some(described.has_update))
            }
            Err(failure) => Err(instance.failed(failure, answer.created, subject)),
        }
    }
}

fn wanted(program: &PythonProgram) -> wit::Program {
    let text = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
    wit::Program {
        name: program.name.clone(),
        kind: match program.kind {
            ProgramKind::Recipe => wit::ProgramKind::Recipe,
            ProgramKind::Extension => wit::ProgramKind::Extension,
            ProgramKind::UnloadExtension => wit::ProgramKind::UnloadExtension,
        },
        distribution: program.distribution.clone(),
        object: program.object.clone(),
        uninstall: program.uninstall.clone(),
        path: program.path.iter().map(text).collect(),
    }
}
