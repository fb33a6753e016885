//! What recipes say of themselves: their components are asked to describe themselves, which is all that is called. Nothing
//! is downloaded for it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::share::Authoring;
use base::collections::Map;
use fetch::NetworkUse;
use language::{OptionDocumentation, RecipeCatalog, RecipeDocumentation, ValueForm};
use recipe::component::{built_ins, developed_in};
use recipe::{Described, DescribedOption, Presence, ValueType};
use registry::oci::RemoteSettings;

/// A description counts as long as the files that decide it are the same.
type FilesStamp = [Option<SystemTime>; 2];

/// A reference in a directory.
type DescribedReference = (PathBuf, String);

/// What was found, and when.
type StampedDescription = (FilesStamp, Option<Arc<RecipeDocumentation>>);

pub(super) struct Catalog {
    pub(super) authoring: Authoring,
    pub(super) known: Mutex<Map<DescribedReference, StampedDescription>>,
}

impl RecipeCatalog for Catalog {
    fn describe(&self, reference: &str, directory: &Path) -> Option<Arc<RecipeDocumentation>> {
        let modified = |name: &str| directory.join(name).metadata().and_then(|metadata| metadata.modified()).ok();
        let stamp = [modified("recipes.toml"), modified("develop-eggs")];
        let key = (directory.to_owned(), reference.to_owned());
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, described)) = known().get(&key).filter(|(known, _)| *known == stamp) {
            return described.clone();
        }
        let described = self.ask(reference, directory).map(Arc::new);
        known().insert(key, (stamp, described.clone()));
        described
    }

    fn references(&self) -> Vec<String> {
        built_ins().iter().map(|built_in| built_in.name.to_owned()).collect()
    }
}

impl Catalog {
    fn ask(&self, reference: &str, directory: &Path) -> Option<RecipeDocumentation> {
        let offline = RemoteSettings { network: NetworkUse::Offline, ..RemoteSettings::default() };
        let recipe = self.authoring.resolve(directory, reference, &offline).ok()?;
        let package = self.authoring.describe(&recipe).ok()?;
        let described = package.entry_points.iter().find(|described| described.name == recipe.entry_point)?;
        Some(documentation(described, project(&recipe.reference.package, directory)))
    }
}

/// The project of a developed recipe.
fn project(package: &str, directory: &Path) -> Option<PathBuf> {
    let developed = developed_in(&directory.join("develop-eggs")).ok()?;
    let recipe = developed.into_iter().find(|developed| developed.package == package)?;
    let files = ["src/lib.rs", "recipe.toml", "Cargo.toml"].map(|file| recipe.project.join(file));
    files.into_iter().find(|file| file.is_file())
}

fn documentation(described: &Described, project: Option<PathBuf>) -> RecipeDocumentation {
    let options = described.options.iter().map(option).collect();
    RecipeDocumentation { documentation: described.documentation.clone(), options, project }
}

fn option(option: &DescribedOption) -> OptionDocumentation {
    OptionDocumentation {
        name: option.name.clone(),
        form: match &option.value_type {
            ValueType::Boolean => ValueForm::Boolean,
            ValueType::Integer => ValueForm::Integer,
            ValueType::Choice(choices) => ValueForm::Choice(choices.clone()),
            ValueType::Text => ValueForm::Any("text"),
            ValueType::Path => ValueForm::Any("path"),
            ValueType::Words => ValueForm::Any("words"),
            ValueType::Lines => ValueForm::Any("lines"),
            ValueType::Other(_) => ValueForm::Any("another type"),
        },
        is_required: option.presence == Presence::Required,
        default: match &option.presence {
            Presence::Default(default) => Some(default.clone()),
            Presence::Required | Presence::Optional => None,
        },
        documentation: option.documentation.clone(),
    }
}
