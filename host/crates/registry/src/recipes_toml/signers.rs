//! `signed-by` and `[key.NAME]`: who must have signed a recipe, and their keys.

use std::path::PathBuf;

use toml_edit::{Item, TableLike, Value};

use crate::file_error::RecipesFileError;
use crate::toml_file::TomlFile;
use base::source::Place;

/// Who must have signed a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedBy {
    /// `"unsigned"`: no one.
    NotRequired,
    /// Some of the owners of these keys.
    Some {
        /// The names of the keys: at least one, without duplicates.
        names: Vec<String>,
        /// How many of them must have signed, at least 1.
        at_least: usize,
    },
}

/// `[key.NAME]`: a signer's public key.
#[derive(Clone, Debug)]
pub struct KeyEntry {
    /// Its name in `signed-by`.
    pub(crate) name: String,
    /// The file of the public key, absolute.
    pub file: PathBuf,
    /// The date of its revocation, as written. From then on, none of its signatures is valid, not even old ones: a
    /// signature does not prove when it was made.
    pub(crate) revoked: Option<String>,
}

/// The value of `signed-by`, with its place.
#[derive(Clone, Debug)]
pub struct WantedSigners {
    /// The value.
    pub signed_by: SignedBy,
    /// Where it is written.
    pub place: Option<Place>,
}

impl TomlFile {
    /// The keys in `[key]`.
    pub(super) fn keys(&self, item: &Item) -> Result<Vec<KeyEntry>, RecipesFileError> {
        let table = self.table(item, "key")?;
        table.iter().map(|(name, item)| self.key(table, name, item)).collect()
    }

    fn key(&self, keys: &dyn TableLike, name: &str, item: &Item) -> Result<KeyEntry, RecipesFileError> {
        let span = keys.key(name).and_then(toml_edit::Key::span);
        if !is_key_name(name) {
            let hints = vec!["The name of a key consists of letters, digits, `-`, `_` and `.`.".to_owned()];
            return Err(self.error(span, format!("Invalid key name: {name:?}"), hints));
        }
        let table = self.table(item, name)?;
        self.check_keys(table, &format!(" of key {name:?}"), &["public-key", "revoked"])?;
        let Some(file) = table.get("public-key") else {
            let hints = vec!["Write public-key = \"keys/NAME.pub\".".to_owned()];
            return Err(self.error(span, format!("Key {name:?} has no \"public-key\""), hints));
        };
        let file = self.path(self.string(file, "public-key")?);
        let revoked = table.get("revoked").map(|item| self.date(item)).transpose()?;
        Ok(KeyEntry { name: name.to_owned(), file, revoked })
    }

    /// A date, as a string or as a date of TOML.
    fn date(&self, item: &Item) -> Result<String, RecipesFileError> {
        let text = match item.as_datetime() {
            Some(date) => date.to_string(),
            None => item.as_str().unwrap_or_default().to_owned(),
        };
        let parsed = text.parse::<toml_edit::Datetime>().ok();
        match parsed.filter(|date| date.date.is_some() && date.time.is_none()) {
            Some(_) => Ok(text),
            None => {
                let hints = vec!["Write the date as in revoked = \"2026-01-31\".".to_owned()];
                Err(self.error(item.span(), "\"revoked\" must be a date".to_owned(), hints))
            }
        }
    }

    /// `signed-by = …`
    pub(super) fn signed_by(&self, item: &Item) -> Result<WantedSigners, RecipesFileError> {
        const FORMS: &str = "Write signed-by = [\"NAME\"], signed-by = { any = [\"NAME\", \"OTHER\"], at-least = 2 }, or \
                             signed-by = \"unsigned\".";
        let wrong = |message: &str| self.error(item.span(), message.to_owned(), vec![FORMS.to_owned()]);
        let place = self.place(item.span());
        let (names, at_least) = match (item.as_str(), item.as_array(), item.as_table_like()) {
            (Some("unsigned"), ..) => return Ok(WantedSigners { signed_by: SignedBy::NotRequired, place }),
            (_, Some(array), _) => (array, 1),
            (_, _, Some(table)) => {
                self.check_keys(table, " of signed-by", &["any", "at-least"])?;
                let any = table
                    .get("any")
                    .and_then(Item::as_array)
                    .ok_or_else(|| wrong("\"any\" must be an array of names of keys"))?;
                let at_least = table.get("at-least").map_or(Some(1), Item::as_integer);
                let at_least = at_least.and_then(|number| usize::try_from(number).ok());
                (any, at_least.unwrap_or_default())
            }
            _ => return Err(wrong("\"signed-by\" must be an array of names of keys")),
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let names: Vec<String> = names
            .iter()
            .map(text)
            .collect::<Option<_>>()
            .ok_or_else(|| wrong("\"signed-by\" must be an array of names of keys"))?;
        if names.is_empty() {
            return Err(wrong("\"signed-by\" is empty"));
        }
        if let Some(twice) = names.iter().enumerate().find_map(|(at, name)| names[..at].contains(name).then_some(name))
        {
            return Err(wrong(&format!("\"signed-by\" has the key {twice:?} twice")));
        }
        if !(1..=names.len()).contains(&at_least) {
            return Err(wrong(&format!("\"at-least\" must be a number from 1 to {}", names.len())));
        }
        Ok(WantedSigners { signed_by: SignedBy::Some { names, at_least }, place })
    }
}

/// Whether a key can have that name: it is part of a file's name, and of messages.
pub(super) fn is_key_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.bytes().all(known)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::recipes_toml::{EntrySource, RecipesToml};
    use base::source::Explain as _;

    const KEYS: &str = "[key.a]\npublic-key = \"a.pub\"\n[key.b]\npublic-key = \"/k/b.pub\"\nrevoked = 2026-01-01\n";

    fn parse(text: &str) -> Result<RecipesToml, RecipesFileError> {
        RecipesToml::parse(Path::new("/b/recipes.toml"), format!("{text}{KEYS}"))
    }

    fn signed_by(value: &str) -> Result<SignedBy, RecipesFileError> {
        let toml = parse(&format!("[recipe.r]\noci = \"h.example/r:1\"\nsigned-by = {value}\n"))?;
        assert!(matches!(&toml.entries[0].source, Some(EntrySource::Registry(source, _)) if source.tag() == Some("1")));
        Ok(toml.entries.into_iter().next().unwrap().wanted.unwrap().signed_by)
    }

    #[test]
    fn reads_signers_and_keys() {
        let some = |names: &[&str], at_least| SignedBy::Some {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            at_least,
        };
        for (value, expected) in [
            ("\"unsigned\"", SignedBy::NotRequired),
            ("[\"a\"]", some(&["a"], 1)),
            ("[\"a\", \"b\"]", some(&["a", "b"], 1)),
            ("{ any = [\"a\", \"b\"] }", some(&["a", "b"], 1)),
            ("{ any = [\"a\", \"b\"], at-least = 2 }", some(&["a", "b"], 2)),
        ] {
            assert_eq!(signed_by(value).unwrap(), expected);
        }
        let keys = parse("vendor = \"v\"\n").unwrap();
        assert_eq!(keys.vendor.as_deref(), Some(Path::new("/b/v")));
        let [a, b] = &keys.keys[..] else { panic!("{keys:?}") };
        assert_eq!((a.file.as_path(), a.revoked.as_deref()), (Path::new("/b/a.pub"), None));
        assert_eq!((b.file.as_path(), b.revoked.as_deref()), (Path::new("/k/b.pub"), Some("2026-01-01")));
    }

    #[test]
    fn reports_errors_with_their_places() {
        for (value, expected) in [
            ("\"signed\"", "\"signed-by\" must be an array of names of keys"),
            ("1", "\"signed-by\" must be an array of names of keys"),
            ("[1]", "\"signed-by\" must be an array of names of keys"),
            ("[]", "\"signed-by\" is empty"),
            ("[\"a\", \"a\"]", "\"signed-by\" has the key \"a\" twice"),
            ("[\"c\"]", "There is no key \"c\""),
            ("{ at-least = 1 }", "\"any\" must be an array of names of keys"),
            ("{ any = [\"a\"], at-least = 0 }", "\"at-least\" must be a number from 1 to 1"),
            ("{ any = [\"a\"], at-least = 2 }", "\"at-least\" must be a number from 1 to 1"),
            ("{ any = [\"a\"], at-least = -1 }", "\"at-least\" must be a number from 1 to 1"),
            ("{ any = [\"a\"], most = 1 }", "Unknown key \"most\" of signed-by"),
        ] {
            let error = signed_by(value).unwrap_err();
            assert_eq!(error.to_string(), expected, "{value}");
            assert_eq!(error.place().unwrap().line(), 3, "{value}");
            assert!(!(error.hints().is_empty() && error.remedies().is_empty()), "{value}");
        }
        for (text, expected) in [
            ("[recipe.r]\noci = \"r:1\"\nsigned-by = [\"a\"]\n", "Invalid oci \"r:1\": it has no registry"),
            ("[recipe.r]\noci = \"h.example/r:1\"\npath = \"r\"\n", "Recipe \"r\" has both \"path\" and \"oci\""),
            ("[recipe.r]\nbuiltin = \"mkdir\"\nsigned-by = [\"a\"]\n", "neither \"oci\" nor \"path\""),
            ("[recipe.r]\ngrant = {}\nsigned-by = [\"a\"]\n", "neither \"oci\" nor \"path\""),
            ("[key.\"x/y\"]\npublic-key = \"a\"\n", "Invalid key name: \"x/y\""),
            ("[key.c]\n", "Key \"c\" has no \"public-key\""),
            ("[key.c]\npublic-key = \"a\"\nrevoked = true\n", "\"revoked\" must be a date"),
            ("[key.c]\npublic-key = \"a\"\nrevoked = \"2026-13-01\"\n", "\"revoked\" must be a date"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(error.place().is_some());
        }
    }
}
