//! A component of any world that this host runs: linked, and instantiated. All worlds are called in the same way.

use wasmtime::component::{InstancePre, Resource, ResourceAny};
use wasmtime::{Engine, Store};

use super::store::StoreState;
use crate::interfaces::bindings::exports::buildout::recipe::description::{EntryPoint, PackageDescription};
use crate::interfaces::bindings::exports::buildout::recipe::parts::{Inputs, RecordedOption};
use crate::interfaces::bindings::loaded::loading::{Program, ProvidedDistribution};
use crate::interfaces::bindings::loaded::{extensions, loading};
use crate::interfaces::bindings::{Recipe, RecipePre, Returned};
use crate::interfaces::resources::{PartOptions, ReadableSections};
use crate::interfaces::v0_1::bindings::{Recipe as Recipe0_1, RecipePre as RecipePre0_1};
use crate::interfaces::v0_1::exports as v0_1;

/// A component that can be instantiated.
#[derive(Clone)]
pub(crate) enum GuestPre {
    Current(RecipePre<StoreState>),
    /// Its entry points are loaded at run time.
    Loading {
        recipe: RecipePre<StoreState>,
        loading: loading::GuestIndices,
        extensions: extensions::GuestIndices,
    },
    V0_1(RecipePre0_1<StoreState>),
}

impl GuestPre {
    /// The component, as one of the world that it exports.
    pub(crate) fn new(linked: InstancePre<StoreState>) -> wasmtime::Result<Self> {
        if exports(&linked, "", "@0.1.") {
            return RecipePre0_1::new(linked).map(Self::V0_1);
        }
        if !exports(&linked, "loading", "@") {
            return RecipePre::new(linked).map(Self::Current);
        }
        let loading = loading::GuestIndices::new(&linked)?;
        let extensions = extensions::GuestIndices::new(&linked)?;
        Ok(Self::Loading { recipe: RecipePre::new(linked)?, loading, extensions })
    }

    pub(crate) fn linked(&self) -> &InstancePre<StoreState> {
        match self {
            Self::Current(pre) | Self::Loading { recipe: pre, .. } => pre.instance_pre(),
            Self::V0_1(pre) => pre.instance_pre(),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.linked().engine()
    }

    pub(super) fn instantiate(&self, store: &mut Store<StoreState>) -> wasmtime::Result<Guest> {
        match self {
            Self::Current(pre) => pre.instantiate(store).map(Guest::Current),
            Self::Loading { recipe, loading, extensions } => {
                let instance = recipe.instance_pre().instantiate(&mut *store)?;
                let loading = loading.load(&mut *store, &instance)?;
                let extensions = extensions.load(&mut *store, &instance)?;
                Ok(Guest::Loading { recipe: Recipe::new(&mut *store, &instance)?, loading, extensions })
            }
            Self::V0_1(pre) => pre.instantiate(store).map(Guest::V0_1),
        }
    }
}

/// Whether the component exports an interface of `buildout:recipe` whose name starts and continues in this way.
fn exports(linked: &InstancePre<StoreState>, start: &str, version: &str) -> bool {
    let component = linked.component().component_type();
    let mut names = component.exports(linked.engine()).filter_map(|(name, _)| name.strip_prefix("buildout:recipe/"));
    names.any(|name| name.starts_with(start) && name.contains(version))
}

/// An instance of a component.
pub(crate) enum Guest {
    Current(Recipe),
    Loading { recipe: Recipe, loading: loading::Guest, extensions: extensions::Guest },
    V0_1(Recipe0_1),
}

impl Guest {
    pub(crate) fn describe(&self, store: &mut Store<StoreState>) -> wasmtime::Result<PackageDescription> {
        match self {
            Self::Current(recipe) | Self::Loading { recipe, .. } => {
                recipe.buildout_recipe_description().call_describe(store)
            }
            Self::V0_1(recipe) => v0_1::describe(recipe, store),
        }
    }

    pub(crate) fn init(
        &self,
        store: &mut Store<StoreState>,
        entry_point: &str,
        options: Resource<PartOptions>,
        buildout: Resource<ReadableSections>,
    ) -> Returned<ResourceAny> {
        match self {
            Self::Current(recipe) | Self::Loading { recipe, .. } => {
                recipe.buildout_recipe_parts().call_init(store, entry_point, options, buildout)
            }
            Self::V0_1(recipe) => v0_1::init(recipe, store, entry_point, options, buildout),
        }
    }

    pub(crate) fn install(&self, store: &mut Store<StoreState>, part: ResourceAny) -> Returned<Vec<String>> {
        match self {
            Self::Current(recipe) | Self::Loading { recipe, .. } => {
                recipe.buildout_recipe_parts().part().call_install(store, part)
            }
            Self::V0_1(recipe) => v0_1::install(recipe, store, part),
        }
    }

    pub(crate) fn update(&self, store: &mut Store<StoreState>, part: ResourceAny) -> Returned<Option<Vec<String>>> {
        match self {
            Self::Current(recipe) | Self::Loading { recipe, .. } => {
                recipe.buildout_recipe_parts().part().call_update(store, part)
            }
            Self::V0_1(recipe) => v0_1::update(recipe, store, part),
        }
    }

    /// The inputs of a part. Components of the older world describe none.
    pub(crate) fn inputs(&self, store: &mut Store<StoreState>, part: ResourceAny) -> Returned<Inputs> {
        match self {
            Self::Current(recipe) | Self::Loading { recipe, .. } => {
                recipe.buildout_recipe_parts().part().call_inputs(store, part)
            }
            Self::V0_1(_) => Ok(Ok(Inputs::Unknown("its recipe does not describe its inputs".to_owned()))),
        }
    }

    pub(crate) fn uninstall(
        &self,
        store: &mut Store<StoreState>,
        entry_point: &str,
        part: &str,
        recorded: Vec<RecordedOption>,
    ) -> Returned<()> {
        match self {
            Self::Current(recipe) | Self::Loading { recipe, .. } => {
                recipe.buildout_recipe_parts().call_uninstall(store, entry_point, part, &recorded)
            }
            Self::V0_1(recipe) => v0_1::uninstall(recipe, store, entry_point, part, recorded),
        }
    }

    /// The distributions in a component that loads its entry points.
    pub(crate) fn provides(&self, store: &mut Store<StoreState>) -> wasmtime::Result<Vec<ProvidedDistribution>> {
        match self {
            Self::Loading { loading, .. } => loading.call_provides(store),
            Self::Current(_) | Self::V0_1(_) => Ok(Vec::new()),
        }
    }

    /// Loads an entry point.
    pub(crate) fn load(&self, store: &mut Store<StoreState>, program: &Program) -> Returned<EntryPoint> {
        match self {
            Self::Loading { loading, .. } => loading.call_load(store, program),
            Self::Current(_) | Self::V0_1(_) => Err(loads_nothing()),
        }
    }

    /// Runs an extension that was loaded.
    pub(crate) fn run(&self, store: &mut Store<StoreState>, name: &str) -> Returned<()> {
        match self {
            Self::Loading { extensions, .. } => extensions.call_run(store, name),
            Self::Current(_) | Self::V0_1(_) => Err(loads_nothing()),
        }
    }
}

fn loads_nothing() -> wasmtime::Error {
    wasmtime::Error::msg("the component does not export `loading`")
}
