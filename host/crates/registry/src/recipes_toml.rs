//! `recipes.toml`: where recipes come from, who must have signed them, and what they are granted.
//!
//! Knows nothing of how a recipe is loaded. Templates in a grant stay as written.

mod edit;
mod keys;
mod trust;

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use toml_edit::{Document, Item, TableLike, Value};

use crate::oci::Reference;
use crate::{Grant, RecipeReference, RecipesFileError};
use base::files;
use base::source::{Explain as _, Place, Source, did_you_mean, nearest};

pub use edit::{AddKeyError, add_key};
pub use keys::{TrustedKey, trusted_keys};
pub use trust::Wanted;
pub use trust::{KeyEntry, SignedBy, is_key_name};

/// The content of the file.
#[derive(Debug, Default)]
pub struct RecipesToml {
    /// The recipes, in the order of the file.
    pub entries: Vec<Entry>,
    /// The keys of signers.
    pub keys: Vec<KeyEntry>,
    /// `vendor`: a directory in OCI image layout, absolute, that is searched first.
    pub vendor: Option<PathBuf>,
}

/// One `[recipe.NAME]`.
#[derive(Debug)]
pub struct Entry {
    /// The recipe reference that it is for.
    pub reference: RecipeReference,
    /// Whether the reference has an entry point; otherwise the entry is for the whole package.
    pub names_entry_point: bool,
    /// The key of its table, as written.
    pub name: String,
    /// Where the component comes from; `None` leaves that to `develop` and the built-in names.
    pub source: Option<EntrySource>,
    /// Who must have signed it, if the entry says so.
    pub wanted: Option<Wanted>,
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

/// The text of the file; `None` if there is none.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>, RecipesFileError> {
    let unreadable = |error| RecipesFileError::Read { path: path.to_owned(), error: Arc::new(error) };
    let Some(bytes) = files::read(path)? else { return Ok(None) };
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| unreadable(io::Error::new(ErrorKind::InvalidData, "it is not UTF-8")))
}

impl RecipesToml {
    /// Reads the file; a missing file has no entries.
    ///
    /// # Errors
    /// If it cannot be read, or is invalid.
    pub fn read(path: &Path) -> Result<Self, RecipesFileError> {
        match read_text(path)? {
            Some(text) => Self::parse(path, text),
            None => Ok(Self::default()),
        }
    }

    /// Parses `text`, which was read from `path`.
    ///
    /// # Errors
    /// If it is invalid.
    pub fn parse(path: &Path, text: String) -> Result<Self, RecipesFileError> {
        let source = Source::new(path.display().to_string(), text);
        let file = File { source: &source, directory: path.parent().unwrap_or(Path::new("")) };
        let document = file.document()?;
        file.check_keys(document.as_table(), "", &["recipe", "key", "vendor"])?;
        let keys = document.get("key").map(|item| file.keys(item)).transpose()?.unwrap_or_default();
        let vendor = document.get("vendor").map(|item| file.string(item, "vendor")).transpose()?;
        let vendor = vendor.map(|path| file.directory.join(path));
        let mut entries = Vec::new();
        if let Some(item) = document.get("recipe") {
            let recipes = file.table(item, "recipe")?;
            for (name, item) in recipes.iter() {
                entries.push(file.entry(recipes, name, item)?);
            }
        }
        file.check_names(&entries, &keys)?;
        Ok(Self { entries, keys, vendor })
    }
}

/// A TOML file about recipes while it is parsed.
pub struct File<'a> {
    /// Its text.
    pub source: &'a Arc<Source>,
    /// Its directory, which paths in it are relative to.
    pub directory: &'a Path,
}

/// Where something is in the text, in bytes.
pub type Span = Option<std::ops::Range<usize>>;

impl<'f> File<'f> {
    /// The document.
    ///
    /// # Errors
    /// If the text is not TOML.
    pub fn document(&self) -> Result<Document<&'f str>, RecipesFileError> {
        Document::parse(self.source.text.as_str()).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            self.error(error.span(), format!("Invalid TOML: {message}."), Vec::new())
        })
    }

    fn entry(&self, recipes: &dyn TableLike, name: &str, item: &Item) -> Result<Entry, RecipesFileError> {
        let key_span = recipes.key(name).and_then(toml_edit::Key::span);
        let reference = name.parse::<RecipeReference>().map_err(|error| {
            self.error(key_span.clone(), format!("Invalid recipe reference {name:?}: {error}."), Vec::new())
        })?;
        let table = self.table(item, name)?;
        self.check_keys(table, &format!(" of recipe {name:?}"), &["builtin", "path", "oci", "signed-by", "grant"])?;
        let grant = table.get("grant").map(|item| self.grant(item)).transpose()?.unwrap_or_default();
        let source = self.source(table, name, key_span)?;
        let wanted = table.get("signed-by").map(|item| self.signed_by(item)).transpose()?;
        self.check_signed(name, source.as_ref(), wanted.as_ref())?;
        let names_entry_point = name.contains(':');
        Ok(Entry { reference, names_entry_point, name: name.to_owned(), source, wanted, grant })
    }

    /// Where an entry's component comes from.
    fn source(
        &self,
        table: &dyn TableLike,
        name: &str,
        key_span: Span,
    ) -> Result<Option<EntrySource>, RecipesFileError> {
        let said: Vec<(&str, &Item)> =
            ["builtin", "path", "oci"].iter().filter_map(|key| Some((*key, table.get(key)?))).collect();
        match said[..] {
            [(first, _), (second, item), ..] => {
                let message = format!("Recipe {name:?} has both {first:?} and {second:?}.");
                Err(self.error(item.span(), message, vec!["Remove one of them.".to_owned()]))
            }
            [("builtin", item)] => self.built_in(item).map(Some),
            [("path", item)] => Ok(Some(EntrySource::Path(self.directory.join(self.string(item, "path")?)))),
            [(_, item)] => self.registry(item).map(Some),
            [] if table.contains_key("grant") => Ok(None),
            [] => {
                let hint = "Add builtin = \"NAME\", path = \"FILE.wasm\", oci = \"HOST/NAME:VERSION\" or grant = {…}.";
                Err(self.error(
                    key_span,
                    format!("Recipe {name:?} has neither source nor grant."),
                    vec![hint.to_owned()],
                ))
            }
        }
    }

    fn registry(&self, item: &Item) -> Result<EntrySource, RecipesFileError> {
        let text = self.string(item, "oci")?;
        let invalid = |error: crate::oci::InvalidReference| {
            self.error(item.span(), format!("Invalid oci {text:?}: {error}."), error.hints())
        };
        Ok(EntrySource::Registry(text.parse().map_err(invalid)?, self.place(item.span())))
    }

    /// A component from a registry needs signers; one that is part of the host, or built here, cannot have any.
    fn check_signed(
        &self,
        name: &str,
        source: Option<&EntrySource>,
        wanted: Option<&Wanted>,
    ) -> Result<(), RecipesFileError> {
        let (message, place, hint) = match (source, wanted) {
            (Some(EntrySource::Registry(_, place)), None) => (
                format!("Recipe {name:?} comes from a registry and has no \"signed-by\"."),
                place,
                "Add signed-by = [\"NAME\"] with a key's name; `buildout-host key import FILE.pub --name NAME` adds a key. \
                 A component that is not signed needs signed-by = \"unsigned\".",
            ),
            (None | Some(EntrySource::BuiltIn(..)), Some(wanted)) => (
                format!("Recipe {name:?} has \"signed-by\", but neither \"oci\" nor \"path\"."),
                &wanted.place,
                "Built-in recipes, and those built from their sources, have no signature.",
            ),
            _ => return Ok(()),
        };
        Err(RecipesFileError::Invalid { message, place: place.clone(), hints: vec![hint.to_owned()] })
    }

    fn built_in(&self, item: &Item) -> Result<EntrySource, RecipesFileError> {
        let name = self.string(item, "builtin")?;
        let reference = name
            .parse()
            .map_err(|error| self.error(item.span(), format!("Invalid built-in {name:?}: {error}."), Vec::new()))?;
        Ok(EntrySource::BuiltIn(reference, self.place(item.span())))
    }

    fn grant(&self, item: &Item) -> Result<Grant, RecipesFileError> {
        let table = self.table(item, "grant")?;
        self.check_keys(table, " of a grant", &["read", "write", "env", "run", "fetch", "memory", "timeout"])?;
        Ok(Grant {
            read: self.strings(table, "read")?,
            write: self.strings(table, "write")?,
            env: self.strings(table, "env")?,
            run: self.strings(table, "run")?,
            fetch: self.strings(table, "fetch")?,
            memory: self.quantity(table, "memory", &MEMORY_UNITS, "256MiB")?,
            timeout: self.quantity(table, "timeout", &TIME_UNITS, "10min")?.map(Duration::from_secs),
            other: Vec::new(),
            place: self.place(item.span()),
        })
    }

    /// A whole number with a unit, above 0.
    fn quantity(
        &self,
        table: &dyn TableLike,
        key: &str,
        units: &[(&str, u64)],
        example: &str,
    ) -> Result<Option<u64>, RecipesFileError> {
        let Some(item) = table.get(key) else { return Ok(None) };
        let text = self.string(item, key)?;
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let factor = units.iter().find(|(name, _)| *name == unit.trim()).map(|(_, factor)| *factor);
        let value = number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
        match value {
            Some(value) if value > 0 => Ok(Some(value)),
            _ => {
                let names: Vec<_> = units.iter().map(|(name, _)| *name).collect();
                let hint = format!("Write a whole number above 0 and its unit ({}): {example:?}.", names.join(", "));
                Err(self.error(item.span(), format!("Invalid {key} {text:?}."), vec![hint]))
            }
        }
    }

    /// The array of strings under `key`; empty if there is none.
    ///
    /// # Errors
    /// If it is something else.
    pub fn strings(&self, table: &dyn TableLike, key: &str) -> Result<Vec<String>, RecipesFileError> {
        let Some(item) = table.get(key) else { return Ok(Vec::new()) };
        let wrong = |span: Span| {
            let hints = vec![format!("Write {key} = [\"…\", \"…\"].")];
            self.error(span, format!("{key:?} must be an array of strings."), hints)
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
        text.ok_or_else(|| self.error(item.span(), format!("{key:?} must be a string that is not empty."), Vec::new()))
    }

    /// A table, in one line or several.
    ///
    /// # Errors
    /// If it is something else.
    pub fn table<'a>(&self, item: &'a Item, key: &str) -> Result<&'a dyn TableLike, RecipesFileError> {
        item.as_table_like().ok_or_else(|| self.error(item.span(), format!("{key:?} must be a table."), Vec::new()))
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
                hints.extend(nearest(name, known.iter().copied()).map(did_you_mean));
                return Err(self.error(span, format!("Unknown key {name:?}{owner}."), hints));
            }
        }
        Ok(())
    }

    fn place(&self, span: Span) -> Option<Place> {
        span.map(|span| Place::new(self.source, span))
    }

    /// An error at `span`.
    pub fn error(&self, span: Span, message: String, hints: Vec<String>) -> RecipesFileError {
        let start = span.unwrap_or(0..0);
        RecipesFileError::Invalid { message, place: self.place(Some(start)), hints }
    }
}

const MEMORY_UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// In seconds.
const TIME_UNITS: [(&str, u64); 3] = [("s", 1), ("min", 60), ("h", 3600)];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RecipesToml, RecipesFileError> {
        RecipesToml::parse(Path::new("/b/recipes.toml"), text.to_owned())
    }

    /// What a user sees of the error: place, message, hints.
    fn wrong(text: &str) -> (String, String, String) {
        let error = parse(text).unwrap_err();
        let place = error.place().unwrap();
        (place.to_string(), format!("{error}\n{}", place.snippet()), error.hints().join(" "))
    }

    #[test]
    fn reads_an_entry_with_everything() {
        let text = r#"
            # a comment
            [recipe.acme]
            path = "recipes/acme.wasm"
            grant = { read = ["/opt/data"], write = ["${buildout:directory}/var"], env = ["LANG"], run = ["git"],
                      fetch = ["https://example.com/"], memory = "256MiB", timeout = "10min" }
            [recipe."recipes:mkdir"]
            builtin = "mkdir"
        "#;
        let entries = parse(text).unwrap().entries;
        let [acme, mkdir] = &entries[..] else { panic!("{entries:?}") };
        assert!(matches!(&acme.source, Some(EntrySource::Path(path)) if path == Path::new("/b/recipes/acme.wasm")));
        assert!(!acme.names_entry_point && mkdir.names_entry_point);
        assert_eq!(mkdir.reference.to_string(), "recipes:mkdir");
        let grant = &acme.grant;
        assert_eq!((&grant.read[0], &grant.write[0]), (&"/opt/data".into(), &"${buildout:directory}/var".into()));
        assert_eq!(
            (&grant.env[0], &grant.run[0], &grant.fetch[0]),
            (&"LANG".into(), &"git".into(), &"https://example.com/".into())
        );
        assert_eq!((grant.memory, grant.timeout), (Some(256 << 20), Some(Duration::from_secs(600))));
        assert_eq!(grant.place.as_ref().map(Place::line), Some(5));
    }

    #[test]
    fn a_missing_file_has_no_entries() {
        assert!(RecipesToml::read(Path::new("/nonexistent/recipes.toml")).unwrap().entries.is_empty());
        assert!(matches!(RecipesToml::read(Path::new("/")), Err(RecipesFileError::Read { .. })));
    }

    #[test]
    fn suggests_the_nearest_key() {
        let (place, message, hints) = wrong("[recipe.acme]\npaht = \"a.wasm\"\n");
        assert_eq!(place, "/b/recipes.toml:2:1");
        assert_eq!(message, "Unknown key \"paht\" of recipe \"acme\".\npaht = \"a.wasm\"\n^^^^");
        assert_eq!(hints, "Known keys: builtin, path, oci, signed-by, grant. Did you mean `path`?");
        let (place, _, hints) = wrong("[recipe.a]\ngrant = { red = [] }\n");
        assert_eq!(place, "/b/recipes.toml:2:11");
        assert!(hints.ends_with("Did you mean `read`?"), "{hints}");
        assert_eq!(wrong("[recipes.a]\n").0, "/b/recipes.toml:1:2");
    }

    #[test]
    fn wrong_values_point_at_the_value() {
        for (text, place, start) in [
            ("[recipe.a]\npath = 1\n", "2:8", "\"path\" must be a string"),
            ("[recipe.a]\npath = \"\"\n", "2:8", "\"path\" must be a string that is not empty."),
            ("[recipe.a]\nbuiltin = \"a:b:c\"\n", "2:11", "Invalid built-in \"a:b:c\""),
            ("[recipe.\"a b\"]\npath = \"a\"\n", "1:9", "Invalid recipe reference \"a b\""),
            ("[recipe.a]\n", "1:9", "Recipe \"a\" has neither source nor grant."),
            ("[recipe.a]\npath = \"a\"\nbuiltin = \"b\"\n", "2:8", "Recipe \"a\" has both"),
            ("recipe = 1\n", "1:10", "\"recipe\" must be a table."),
            ("[recipe.a]\ngrant = { read = \"/\" }\n", "2:18", "\"read\" must be an array of strings."),
            ("[recipe.a]\ngrant = { read = [\"/\", 1] }\n", "2:24", "\"read\" must be an array of strings."),
            ("[recipe.a]\ngrant = { memory = \"256\" }\n", "2:20", "Invalid memory \"256\"."),
            ("[recipe.a]\ngrant = { memory = \"0MiB\" }\n", "2:20", "Invalid memory \"0MiB\"."),
            ("[recipe.a]\ngrant = { memory = \"99999999999GiB\" }\n", "2:20", "Invalid memory"),
            ("[recipe.a]\ngrant = { timeout = \"-1s\" }\n", "2:21", "Invalid timeout \"-1s\"."),
            ("[recipe.a\n", "1:10", "Invalid TOML: "),
            ("[recipe.a]\npath = \"a\"\n[recipe.a]\n", "3:9", "Invalid TOML: duplicate key"),
        ] {
            let (found, message, _) = wrong(text);
            assert_eq!(found, format!("/b/recipes.toml:{place}"), "{text}\n{message}");
            assert!(message.starts_with(start), "{text}\n{message}");
        }
    }
}
