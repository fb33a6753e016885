//! Shared recipes: OCI artifacts ([`oci`]), signatures and keys ([`signature`]), whom a buildout trusts ([`trust`]),
//! the two files that record this, `recipes.toml` ([`recipes_toml`]) and `recipes.lock` ([`RecipesLock`]), and
//! obtaining the locked component ([`locking`]).
//!
//! Does not know about WebAssembly: a component is a sequence of bytes.

mod file_error;
mod grant;
pub mod locking;
pub mod oci;
mod recipes_lock;
pub mod recipes_toml;
mod reference;
pub mod signature;
mod toml_file;
pub mod trust;

pub use file_error::RecipesFileError;
pub use grant::{DEFAULT_RIGHTS, Grant, GrantItem};
pub use recipes_lock::{Capabilities, Locked, RecipesLock};
pub use recipes_toml::{TrustedKey, add_key, grant_of, trusted_keys};
pub use reference::{DEFAULT_ENTRY_POINT, InvalidRecipeReference, RecipeReference};
pub use toml_file::{TomlFile, toml_key};
