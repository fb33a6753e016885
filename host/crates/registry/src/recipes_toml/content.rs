//! The content of `recipes.toml`.

use std::path::PathBuf;

use super::signers::{KeyEntry, WantedSigners};
use crate::grant::Grant;
use crate::oci::Reference;
use crate::reference::RecipeReference;
use base::source::Place;

/// The content of the file.
#[derive(Debug, Default)]
pub struct RecipesToml {
    /// The recipes, in the order of the file.
    pub entries: Vec<RecipeEntry>,
    /// The keys of signers.
    pub keys: Vec<KeyEntry>,
    /// `[python-recipes]`: what Python recipes and extensions are granted.
    pub python_recipes: Grant,
    /// `vendor`: a directory in OCI image layout, absolute, that is searched first.
    pub vendor: Option<PathBuf>,
}

/// One `[recipe.NAME]`.
#[derive(Debug)]
pub struct RecipeEntry {
    /// The recipe reference that it is for.
    pub reference: RecipeReference,
    /// Whether the reference has an entry point; otherwise the entry is for the whole package.
    pub names_entry_point: bool,
    /// The key of its table, as written.
    pub(crate) name: String,
    /// Where the component comes from; `None` leaves that to `develop` and the built-in names.
    pub source: Option<EntrySource>,
    /// Who must have signed it, if the entry says so.
    pub wanted: Option<WantedSigners>,
    /// What it is granted.
    pub grant: Grant,
}

/// Where the component of an entry is.
#[derive(Debug)]
pub enum EntrySource {
    /// `builtin`, with the place of its value.
    BuiltIn(RecipeReference, Option<Place>),
    /// `path`, absolute.
    Path(PathBuf),
    /// `oci`, with the place of its value.
    Registry(Reference, Option<Place>),
}
