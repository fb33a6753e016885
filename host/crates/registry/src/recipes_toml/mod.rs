//! `recipes.toml`: where recipes come from, who must have signed them, and what they are granted.
//!
//! Knows nothing of how a recipe is loaded. Templates in a grant stay as written.

mod content;
mod edit;
mod keys;
mod read;
mod signers;

pub use content::{EntrySource, RecipeEntry, RecipesToml};
pub use edit::add_key;
pub use keys::{TrustedKey, trusted_keys};
pub use read::grant_of;
pub(crate) use signers::{KeyEntry, SignedBy, WantedSigners};
