//! Edits `recipes.toml` like a user: comments and order are kept.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, value};

use super::content::RecipesToml;
use super::signers::is_key_name;
use crate::file_error::RecipesFileError;
use crate::signature::{KeyError, PublicKey};
use crate::toml_file::read_text;
use base::files::{self, FileError};
use base::remedy::Remedy;
use base::source::Explain;

/// Why a key cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum AddKeyError {
    /// `recipes.toml` is invalid.
    #[error(transparent)]
    RecipesToml(#[from] RecipesFileError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The existing key of that name cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The name has invalid characters.
    #[error("Invalid key name: {0:?}")]
    Name(String),
    /// Another key has the name.
    #[error("Another key {name:?} already exists: {fingerprint}")]
    Taken {
        /// The name.
        name: String,
        /// The key's fingerprint.
        fingerprint: String,
    },
    /// The key exists under another name.
    #[error("This key already exists: it is {name:?}")]
    Known {
        /// The name.
        name: String,
    },
}

impl Explain for AddKeyError {
    fn place(&self) -> Option<base::source::Place> {
        match self {
            Self::RecipesToml(error) => error.place(),
            _ => None,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::RecipesToml(error) => return error.hints(),
            Self::File(error) => return error.hints(),
            Self::Key(error) => return error.hints(),
            Self::Name(_) => "The name of a key consists of letters, digits, `-`, `_` and `.`.",
            Self::Taken { .. } => "List both keys in signed-by until everything is signed with the new one.",
            Self::Known { .. } => "One signer must not count as two.",
        };
        vec![hint.to_owned()]
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::RecipesToml(error) => error.remedies(),
            Self::Key(error) => error.remedies(),
            Self::Name(_) | Self::Taken { .. } => vec![Remedy::OtherKeyName],
            Self::File(_) | Self::Known { .. } => Vec::new(),
        }
    }
}

/// Copies a public key to `keys/NAME.pub` next to `recipes.toml`, and adds `[key.NAME]` there. Returns the file's path
/// as written there; `None` if both already exist.
///
/// # Errors
/// If the name or the key already exists, or a file cannot be read or written.
pub fn add_key(recipes_toml: &Path, name: &str, key: &PublicKey) -> Result<Option<PathBuf>, AddKeyError> {
    if !is_key_name(name) {
        return Err(AddKeyError::Name(name.to_owned()));
    }
    let known = RecipesToml::read_without_keys(recipes_toml)?.keys;
    for entry in &known {
        let other = PublicKey::read(&entry.file);
        if entry.name == name {
            let other = other?;
            if other == *key {
                return Ok(None);
            }
            return Err(AddKeyError::Taken { name: name.to_owned(), fingerprint: other.to_string() });
        }
        if other.is_ok_and(|other| other == *key) {
            return Err(AddKeyError::Known { name: entry.name.clone() });
        }
    }
    let relative = Path::new("keys").join(format!("{name}.pub"));
    let file = recipes_toml.parent().unwrap_or(Path::new("")).join(&relative);
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory).map_err(FileError::of("create the directory", directory))?;
    }
    if file.exists() {
        let other = PublicKey::read(&file)?;
        if other != *key {
            return Err(AddKeyError::Taken { name: name.to_owned(), fingerprint: other.to_string() });
        }
    } else {
        files::create(&file, key.pem().as_bytes(), 0o644)?;
    }
    write_key(recipes_toml, name, &relative)?;
    Ok(Some(relative))
}

fn write_key(recipes_toml: &Path, name: &str, file: &Path) -> Result<(), AddKeyError> {
    let text = read_text(recipes_toml)?.unwrap_or_default();
    let edited = with_key(&text, name, &file.to_string_lossy()).ok_or_else(|| {
        let message = format!("[key.{name}] cannot be added to {}", recipes_toml.display());
        RecipesFileError::invalid(message, None, Vec::new())
    })?;
    files::replace(recipes_toml, edited.as_bytes())?;
    Ok(())
}

/// The text with `[key.NAME]` appended; `None` if it cannot be appended.
fn with_key(text: &str, name: &str, file: &str) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let keys = document.entry("key").or_insert_with(|| {
        let mut keys = Table::new();
        keys.set_implicit(true);
        Item::Table(keys)
    });
    let mut entry = Table::new();
    entry.insert("public-key", value(file));
    match keys {
        Item::Table(keys) => {
            keys.insert(name, Item::Table(entry));
        }
        // `key = { … }`, all in one line.
        other => {
            other.as_table_like_mut()?.insert(name, Item::Value(entry.into_inline_table().into()));
        }
    }
    Some(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_a_key_and_keeps_the_rest() {
        let t =
            |text: &str, expected: &str| assert_eq!(with_key(text, "acme", "keys/acme.pub").as_deref(), Some(expected));
        t("", "[key.acme]\npublic-key = \"keys/acme.pub\"\n");
        let before = "# ours\n[recipe.a]   # a\npath = 'a.wasm'\n";
        t(before, &format!("{before}\n[key.acme]\npublic-key = \"keys/acme.pub\"\n"));
        let before = "[key.other]\npublic-key = \"o.pub\" # theirs\n\n[recipe.a]\npath = \"a.wasm\"\n";
        let edited = with_key(before, "acme", "keys/acme.pub").unwrap();
        assert!(edited.starts_with("[key.other]\npublic-key = \"o.pub\" # theirs\n"), "{edited}");
        assert!(edited.contains("[key.acme]\npublic-key = \"keys/acme.pub\"\n"), "{edited}");
        t(
            "key = { a = { public-key = \"a\" } }\n",
            "key = { a = { public-key = \"a\" } , acme = { public-key = \"keys/acme.pub\" } }\n",
        );
    }
}
