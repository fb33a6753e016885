//! Recipes that are shared: OCI artifacts ([`oci`]), signatures and keys ([`signature`]), whom a buildout trusts
//! ([`trust`]), the two files that say so, `recipes.toml` ([`recipes_toml`]) and `recipes.lock` ([`RecipesLock`]), and how
//! a component is obtained as the lock has it ([`locking`]).
//!
//! Knows nothing of WebAssembly: a component is bytes.

mod file_error;
mod grant;
pub mod locking;
pub mod oci;
pub mod recipes_lock;
pub mod recipes_toml;
mod reference;
pub mod signature;
pub mod trust;

pub use file_error::RecipesFileError;
pub use grant::{Grant, GrantItem};
pub use recipes_lock::{Capabilities, Locked, RecipesLock};
pub use recipes_toml::{AddKeyError, KeyEntry, SignedBy, TrustedKey, add_key, is_key_name, trusted_keys};
pub use reference::{DEFAULT_ENTRY_POINT, InvalidReference, RecipeReference};
