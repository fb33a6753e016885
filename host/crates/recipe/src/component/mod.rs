//! From a recipe reference to verified bytes: built-in recipe packages, `recipes.toml`, `develop`; and the cache of
//! compiled forms.
//!
//! Knows nothing of WIT (except for making a component from a core module), of engines, and of parts. Only the rest of
//! the crate knows what a compiled form is; here it is bytes.

mod bytes;
mod built_in;
mod cache;
mod detached;
mod develop;
mod error;
mod egg_link;
mod program;
mod project;
mod published;
mod python_runtime;
mod resolver;
mod sources;

pub use built_in::{built_ins, options_without_effect, python_entry_points};
pub use bytes::{Component, ComponentOrigin};
pub(crate) use cache::CompiledForm;
pub use cache::{CacheEntry, CompileCache};
pub use detached::{Earlier, Signed, sign_file, signature_path, verify_file};
pub use develop::develop;
pub use egg_link::{DevelopedRecipe, developed_in};
pub use error::ComponentError;
pub use program::{ProgramKind, PythonProgram};
pub(crate) use project::METADATA;
pub use project::built::OFFLINE;
pub use project::{RecipeBuilder, declares_recipes, find as find_project, is_python_project, sdk_of};
pub use resolver::{Resolved, Resolver, developed_recipe};
