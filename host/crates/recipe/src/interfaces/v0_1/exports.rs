//! What a component of 0.1 exports, called as the current world's exports are.

use wasmtime::Store;
use wasmtime::component::{Resource, ResourceAny};

use super::bindings::Recipe;
use super::bindings::exports::buildout::recipe::parts::Failure as OldFailure;
use super::values::all;
use crate::instance::store::StoreState;
use crate::interfaces::bindings::Returned;
use crate::interfaces::bindings::exports::buildout::recipe::description::PackageDescription;
use crate::interfaces::bindings::exports::buildout::recipe::parts::{Failure, RecordedOption};
use crate::interfaces::resources::{PartOptions, ReadableSections};

fn returned<T>(outcome: Result<T, OldFailure>) -> Result<T, Failure> {
    outcome.map_err(Failure::from)
}

pub(crate) fn describe(recipe: &Recipe, store: &mut Store<StoreState>) -> wasmtime::Result<PackageDescription> {
    Ok(recipe.buildout_recipe_description().call_describe(store)?.into())
}

pub(crate) fn init(
    recipe: &Recipe,
    store: &mut Store<StoreState>,
    entry_point: &str,
    options: Resource<PartOptions>,
    buildout: Resource<ReadableSections>,
) -> Returned<ResourceAny> {
    Ok(returned(recipe.buildout_recipe_parts().call_init(store, entry_point, options, buildout)?))
}

pub(crate) fn install(recipe: &Recipe, store: &mut Store<StoreState>, part: ResourceAny) -> Returned<Vec<String>> {
    Ok(returned(recipe.buildout_recipe_parts().part().call_install(store, part)?))
}

pub(crate) fn update(
    recipe: &Recipe,
    store: &mut Store<StoreState>,
    part: ResourceAny,
) -> Returned<Option<Vec<String>>> {
    Ok(returned(recipe.buildout_recipe_parts().part().call_update(store, part)?))
}

pub(crate) fn uninstall(
    recipe: &Recipe,
    store: &mut Store<StoreState>,
    entry_point: &str,
    part: &str,
    recorded: Vec<RecordedOption>,
) -> Returned<()> {
    Ok(returned(recipe.buildout_recipe_parts().call_uninstall(store, entry_point, part, &all(recorded))?))
}
