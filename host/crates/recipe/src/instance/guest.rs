//! A component of any world that this host runs: linked, and instantiated. All worlds are called in the same way.

use wasmtime::component::{InstancePre, Resource, ResourceAny};
use wasmtime::{Engine, Store};

use super::store::StoreState;
use crate::interfaces::bindings::exports::buildout::recipe::description::PackageDescription;
use crate::interfaces::bindings::exports::buildout::recipe::parts::RecordedOption;
use crate::interfaces::bindings::{Recipe, RecipePre, Returned};
use crate::interfaces::resources::{PartOptions, ReadableSections};
use crate::interfaces::v0_1::bindings::{Recipe as Recipe0_1, RecipePre as RecipePre0_1};
use crate::interfaces::v0_1::exports as v0_1;

/// A component that can be instantiated.
#[derive(Clone)]
pub(crate) enum GuestPre {
    Current(RecipePre<StoreState>),
    V0_1(RecipePre0_1<StoreState>),
}

impl GuestPre {
    /// The component, as one of the world that it exports.
    pub(crate) fn new(linked: InstancePre<StoreState>) -> wasmtime::Result<Self> {
        match exports_v0_1(&linked) {
            true => RecipePre0_1::new(linked).map(Self::V0_1),
            false => RecipePre::new(linked).map(Self::Current),
        }
    }

    pub(crate) fn linked(&self) -> &InstancePre<StoreState> {
        match self {
            Self::Current(pre) => pre.instance_pre(),
            Self::V0_1(pre) => pre.instance_pre(),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.linked().engine()
    }

    pub(super) fn instantiate(&self, store: &mut Store<StoreState>) -> wasmtime::Result<Guest> {
        match self {
            Self::Current(pre) => pre.instantiate(store).map(Guest::Current),
            Self::V0_1(pre) => pre.instantiate(store).map(Guest::V0_1),
        }
    }
}

/// Whether the component exports interfaces of 0.1.
fn exports_v0_1(linked: &InstancePre<StoreState>) -> bool {
    let component = linked.component().component_type();
    let mut exports = component.exports(linked.engine());
    exports.any(|(name, _)| name.starts_with("buildout:recipe/") && name.contains("@0.1."))
}

/// An instance of a component.
pub(crate) enum Guest {
    Current(Recipe),
    V0_1(Recipe0_1),
}

impl Guest {
    pub(crate) fn describe(&self, store: &mut Store<StoreState>) -> wasmtime::Result<PackageDescription> {
        match self {
            Self::Current(recipe) => recipe.buildout_recipe_description().call_describe(store),
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
            Self::Current(recipe) => recipe.buildout_recipe_parts().call_init(store, entry_point, options, buildout),
            Self::V0_1(recipe) => v0_1::init(recipe, store, entry_point, options, buildout),
        }
    }

    pub(crate) fn install(&self, store: &mut Store<StoreState>, part: ResourceAny) -> Returned<Vec<String>> {
        match self {
            Self::Current(recipe) => recipe.buildout_recipe_parts().part().call_install(store, part),
            Self::V0_1(recipe) => v0_1::install(recipe, store, part),
        }
    }

    pub(crate) fn update(&self, store: &mut Store<StoreState>, part: ResourceAny) -> Returned<Option<Vec<String>>> {
        match self {
            Self::Current(recipe) => recipe.buildout_recipe_parts().part().call_update(store, part),
            Self::V0_1(recipe) => v0_1::update(recipe, store, part),
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
            Self::Current(recipe) => recipe.buildout_recipe_parts().call_uninstall(store, entry_point, part, &recorded),
            Self::V0_1(recipe) => v0_1::uninstall(recipe, store, entry_point, part, recorded),
        }
    }
}
