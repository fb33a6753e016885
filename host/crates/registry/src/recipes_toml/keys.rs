//! The keys that a `recipes.toml` trusts, for display.

use std::path::{Path, PathBuf};

use super::content::RecipesToml;
use super::signers::SignedBy;
use crate::file_error::RecipesFileError;
use crate::signature::{KeyError, PublicKey};

/// A key of `recipes.toml`.
#[derive(Debug)]
pub struct TrustedKey {
    /// Its name in `signed-by`.
    pub name: String,
    /// The file of the public key.
    pub file: PathBuf,
    /// The key, or why it cannot be used.
    pub key: Result<PublicKey, KeyError>,
    /// The date of its revocation, as written.
    pub revoked: Option<String>,
    /// The recipes with it in `signed-by`.
    pub recipes: Vec<String>,
}

/// The keys of a `recipes.toml`, in its order; none if the file does not exist.
///
/// # Errors
/// If the file cannot be read, or is invalid.
pub fn trusted_keys(recipes_toml: &Path) -> Result<Vec<TrustedKey>, RecipesFileError> {
    let RecipesToml { entries, keys, .. } = RecipesToml::read_without_keys(recipes_toml)?;
    let wanting = |name: &String| {
        let wants = |signed_by: &SignedBy| matches!(signed_by, SignedBy::Some { names, .. } if names.contains(name));
        let wanting =
            entries.iter().filter(|entry| entry.wanted.as_ref().is_some_and(|wanted| wants(&wanted.signed_by)));
        wanting.map(|entry| entry.name.clone()).collect()
    };
    let listed = keys.iter().map(|entry| TrustedKey {
        name: entry.name.clone(),
        file: entry.file.clone(),
        key: PublicKey::read(&entry.file),
        revoked: entry.revoked.clone(),
        recipes: wanting(&entry.name),
    });
    Ok(listed.collect())
}
