//! The data that `recipes.lock` records of a component, from its description.

use std::sync::Arc;

use base::source::Explain;
use registry::locking::{ComponentDescription, ListedComponent, Obtained};
use registry::{Capabilities, Grant};

use crate::component::Resolved;
use crate::described::RecipePackage;
use crate::error::RecipeError;

/// The interface that every recipe is made for.
const WIT: &str = "buildout:recipe/";

/// The description of the component of a publication; `describe` loads it.
///
/// # Errors
/// When it is not a component, or cannot be used.
pub fn describe_published(
    publication: &ListedComponent<'_>,
    obtained: &Obtained,
    describe: impl FnOnce(&Resolved) -> Result<RecipePackage, RecipeError>,
) -> Result<ComponentDescription, Arc<dyn Explain + Send + Sync>> {
    let resolved = Resolved::published(publication, obtained).map_err(|error| Arc::new(error) as Arc<_>)?;
    let package = describe(&resolved).map_err(|error| Arc::new(error) as Arc<_>)?;
    let version = format!("{} {}", package.name, package.version);
    Ok(ComponentDescription { version, capabilities: capabilities(&package) })
}

fn capabilities(package: &RecipePackage) -> Capabilities {
    let mut imports = package.imports.clone();
    imports.sort();
    let version = |name: &String| Some(name.strip_prefix(WIT)?.split_once('@')?.1.to_owned());
    let wit = imports.iter().chain(&package.exports).find_map(version).unwrap_or_else(|| "unknown".to_owned());
    let mut requested = Grant::default();
    for entry_point in &package.entry_points {
        requested.extend(&entry_point.grant);
    }
    Capabilities { wit, imports, asks: requested.sorted() }
}
