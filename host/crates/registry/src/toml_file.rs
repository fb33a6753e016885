//! TOML files about recipes while they are read: `recipes.toml`, `recipes.lock`, the `recipe.toml` of a project.
//!
//! Knows how values are checked and errors get their places, not what the values mean.

use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml_edit::{Document, Item, TableLike, Value};

use crate::file_error::RecipesFileError;
use base::files;
use base::source::{Place, Source, did_you_mean, nearest};

/// Where something is in the text, in bytes.
type TomlSpan = Option<Range<usize>>;

/// Keys of `recipes.toml` that belong to no table.
const TOP_LEVEL: [&str; 1] = ["vendor"];

/// A TOML file while it is read.
pub struct TomlFile {
    source: Arc<Source>,
    directory: PathBuf,
}

impl TomlFile {
    /// The file `path` with this text.
    pub fn new(path: &Path, text: impl Into<String>) -> Self {
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        Self { source: Source::new(path.display().to_string(), text), directory }
    }

    /// A path in the file, which is relative to the file's directory.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    /// The document.
    ///
    /// # Errors
    /// If the text is not TOML.
    pub fn document(&self) -> Result<Document<&str>, RecipesFileError> {
        Document::parse(self.source.text.as_str()).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            self.error(error.span(), format!("Invalid TOML: {message}"), Vec::new())
        })
    }

    /// The array of strings under `key`; empty if there is none.
    ///
    /// # Errors
    /// If it is something else.
    pub fn strings(&self, table: &dyn TableLike, key: &str) -> Result<Vec<String>, RecipesFileError> {
        let Some(item) = table.get(key) else { return Ok(Vec::new()) };
        let wrong = |span: TomlSpan| {
            let hints = vec![format!("Write {key} = [\"…\", \"…\"].")];
            self.error(span, format!("{key:?} must be an array of strings"), hints)
        };
        let array = item.as_array().ok_or_else(|| wrong(item.span()))?;
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| wrong(value.span()));
        array.iter().map(text).collect()
    }

    /// A string that is not empty.
    ///
    /// # Errors
    /// If it is something else.
    pub fn string<'a>(&self, item: &'a Item, key: &str) -> Result<&'a str, RecipesFileError> {
        let text = item.as_str().filter(|text| !text.is_empty() && !text.contains('\0'));
        text.ok_or_else(|| self.error(item.span(), format!("{key:?} must be a string that is not empty"), Vec::new()))
    }

    /// A table, in one line or several.
    ///
    /// # Errors
    /// If it is something else.
    pub fn table<'a>(&self, item: &'a Item, key: &str) -> Result<&'a dyn TableLike, RecipesFileError> {
        item.as_table_like().ok_or_else(|| self.error(item.span(), format!("{key:?} must be a table"), Vec::new()))
    }

    /// Refuses keys that are not `known`; `owner` follows the key in the message.
    ///
    /// # Errors
    /// If there is one.
    pub fn check_keys(&self, table: &dyn TableLike, owner: &str, known: &[&str]) -> Result<(), RecipesFileError> {
        for (name, _) in table.iter() {
            let span = table.key(name).and_then(toml_edit::Key::span);
            if !known.contains(&name) {
                let mut hints = vec![format!("Known keys: {}.", known.join(", "))];
                if TOP_LEVEL.contains(&name) {
                    hints = vec![format!("{name:?} belongs to the file as a whole: write it above the first table.")];
                }
                hints.extend(nearest(name, known.iter().copied()).map(did_you_mean));
                return Err(self.error(span, format!("Unknown key {name:?}{owner}"), hints));
            }
        }
        Ok(())
    }

    /// The place at `span`.
    pub(crate) fn place(&self, span: TomlSpan) -> Option<Place> {
        span.map(|span| Place::new(&self.source, span))
    }

    /// An error at `span`.
    pub fn error(&self, span: TomlSpan, message: String, hints: Vec<String>) -> RecipesFileError {
        let start = span.unwrap_or(0..0);
        RecipesFileError::invalid(message, self.place(Some(start)), hints)
    }
}

/// The text of the file; `None` if there is none.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>, RecipesFileError> {
    let unreadable = |error| RecipesFileError::Read { path: path.to_owned(), error: Arc::new(error) };
    let Some(bytes) = files::read(path)? else { return Ok(None) };
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| unreadable(io::Error::new(ErrorKind::InvalidData, "it is not UTF-8")))
}

/// A key, quoted if that is necessary.
pub fn toml_key(name: &str) -> String {
    let is_bare = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if is_bare { name.to_owned() } else { format!("{name:?}") }
}
