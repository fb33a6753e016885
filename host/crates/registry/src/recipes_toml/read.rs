//! Reads `recipes.toml`: where recipes come from, who must have signed them, and what they are granted.

use std::path::Path;
use std::time::Duration;

use toml_edit::{Item, TableLike};

use super::content::{EntrySource, RecipeEntry, RecipesToml};
use super::signers::{KeyEntry, SignedBy, WantedSigners};
use crate::file_error::RecipesFileError;
use crate::grant::{DEFAULT_RIGHTS, Grant};
use crate::oci;
use crate::reference::RecipeReference;
use crate::toml_file::{TomlFile, read_text};
use base::remedy::Remedy;
use base::source::{Explain as _, did_you_mean, nearest};

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
    pub(crate) fn parse(path: &Path, text: String) -> Result<Self, RecipesFileError> {
        let file = TomlFile::new(path, text);
        let content = Self::parse_file(&file)?;
        file.check_names(&content.entries, &content.keys)?;
        Ok(content)
    }

    /// Reads the file, in which `signed-by` may name keys that are still to be added.
    ///
    /// # Errors
    /// If it cannot be read, or is invalid.
    pub(super) fn read_without_keys(path: &Path) -> Result<Self, RecipesFileError> {
        match read_text(path)? {
            Some(text) => Self::parse_file(&TomlFile::new(path, text)),
            None => Ok(Self::default()),
        }
    }

    fn parse_file(file: &TomlFile) -> Result<Self, RecipesFileError> {
        let document = file.document()?;
        file.check_keys(document.as_table(), "", &["recipe", "key", "vendor", "python-recipes"])?;
        let keys = document.get("key").map(|item| file.keys(item)).transpose()?.unwrap_or_default();
        let vendor = document.get("vendor").map(|item| file.string(item, "vendor")).transpose()?;
        let vendor = vendor.map(|path| file.path(path));
        let mut entries = Vec::new();
        if let Some(item) = document.get("recipe") {
            let recipes = file.table(item, "recipe")?;
            for (name, item) in recipes.iter() {
                entries.push(file.entry(recipes, name, item)?);
            }
        }
        let python_recipes = document.get("python-recipes").map(|item| file.python_recipes(item)).transpose()?;
        Ok(Self { entries, keys, vendor, python_recipes: python_recipes.unwrap_or_default() })
    }
}

/// The grant that these keys and values are, as in `run = ["sh"]`.
///
/// # Errors
/// If they are invalid.
pub fn grant_of(keys: &str) -> Result<Grant, RecipesFileError> {
    let file = TomlFile::new(Path::new("recipes.toml"), format!("grant = {{ {keys} }}"));
    let document = file.document()?;
    let grant = document.get("grant").map(|item| file.grant(item)).transpose()?;
    Ok(Grant { place: None, ..grant.unwrap_or_default() })
}

impl TomlFile {
    /// What all Python recipes are granted.
    fn python_recipes(&self, item: &Item) -> Result<Grant, RecipesFileError> {
        let table = self.table(item, "python-recipes")?;
        self.check_keys(table, " of python-recipes", &["grant"])?;
        Ok(table.get("grant").map(|item| self.grant(item)).transpose()?.unwrap_or_default())
    }

    fn entry(&self, recipes: &dyn TableLike, name: &str, item: &Item) -> Result<RecipeEntry, RecipesFileError> {
        let key_span = recipes.key(name).and_then(toml_edit::Key::span);
        let reference = name.parse::<RecipeReference>().map_err(|error| {
            self.error(key_span.clone(), format!("Invalid recipe reference {name:?}: {error}"), Vec::new())
        })?;
        if !reference.version.is_empty() {
            let hint = "Versions of Python recipes are selected by [versions] of the configuration.".to_owned();
            return Err(self.error(key_span, format!("A recipe is named without a version, not {name:?}"), vec![hint]));
        }
        let table = self.table(item, name)?;
        self.check_keys(table, &format!(" of recipe {name:?}"), &["builtin", "path", "oci", "signed-by", "grant"])?;
        let grant = table.get("grant").map(|item| self.grant(item)).transpose()?.unwrap_or_default();
        let source = self.source(table, name, key_span)?;
        let wanted = table.get("signed-by").map(|item| self.signed_by(item)).transpose()?;
        self.check_signed(name, source.as_ref(), wanted.as_ref())?;
        let names_entry_point = name.contains(':');
        Ok(RecipeEntry { reference, names_entry_point, name: name.to_owned(), source, wanted, grant })
    }

    /// Where an entry's component comes from.
    fn source(
        &self,
        table: &dyn TableLike,
        name: &str,
        key_span: Option<std::ops::Range<usize>>,
    ) -> Result<Option<EntrySource>, RecipesFileError> {
        let sources: Vec<(&str, &Item)> =
            ["builtin", "path", "oci"].iter().filter_map(|key| Some((*key, table.get(key)?))).collect();
        match sources[..] {
            [(first, _), (second, item), ..] => {
                let message = format!("Recipe {name:?} has both {first:?} and {second:?}");
                Err(self.error(item.span(), message, vec!["Remove one of them.".to_owned()]))
            }
            [("builtin", item)] => self.built_in(item).map(Some),
            [("path", item)] => Ok(Some(EntrySource::Path(self.path(self.string(item, "path")?)))),
            [(_, item)] => self.registry(item).map(Some),
            [] if table.contains_key("grant") => Ok(None),
            [] => {
                let hint = "Add builtin = \"NAME\", path = \"FILE.wasm\", oci = \"HOST/NAME:VERSION\" or grant = {…}.";
                Err(self.error(
                    key_span,
                    format!("Recipe {name:?} has neither source nor grant"),
                    vec![hint.to_owned()],
                ))
            }
        }
    }

    fn registry(&self, item: &Item) -> Result<EntrySource, RecipesFileError> {
        let text = self.string(item, "oci")?;
        let invalid = |error: oci::InvalidArtifactReference| {
            self.error(item.span(), format!("Invalid oci {text:?}: {error}"), error.hints())
        };
        Ok(EntrySource::Registry(text.parse().map_err(invalid)?, self.place(item.span())))
    }

    /// A component from a registry must have signers; a built-in or locally built one cannot have any.
    fn check_signed(
        &self,
        name: &str,
        source: Option<&EntrySource>,
        wanted: Option<&WantedSigners>,
    ) -> Result<(), RecipesFileError> {
        match (source, wanted) {
            (Some(EntrySource::Registry(_, place)), None) => {
                let message = format!("Recipe {name:?} comes from a registry and has no \"signed-by\"");
                let hint = "Add signed-by = [\"NAME\"] with a key's name. A component that is not signed needs signed-by = \
                            \"unsigned\".";
                let error = RecipesFileError::invalid(message, place.clone(), vec![hint.to_owned()]);
                Err(error.remedy(Remedy::ImportKey { name: None }))
            }
            (None | Some(EntrySource::BuiltIn(..)), Some(wanted)) => {
                let message = format!("Recipe {name:?} has \"signed-by\", but neither \"oci\" nor \"path\"");
                let hint = "Built-in recipes, and those built from their sources, have no signature.";
                Err(RecipesFileError::invalid(message, wanted.place.clone(), vec![hint.to_owned()]))
            }
            _ => Ok(()),
        }
    }

    fn built_in(&self, item: &Item) -> Result<EntrySource, RecipesFileError> {
        let name = self.string(item, "builtin")?;
        let reference = name
            .parse()
            .map_err(|error| self.error(item.span(), format!("Invalid built-in {name:?}: {error}"), Vec::new()))?;
        Ok(EntrySource::BuiltIn(reference, self.place(item.span())))
    }

    fn grant(&self, item: &Item) -> Result<Grant, RecipesFileError> {
        let table = self.table(item, "grant")?;
        let keys =
            ["read", "write", "env", "run", "fetch", "network", "distributions", "memory", "timeout", "defaults"];
        self.check_keys(table, " of a grant", &keys)?;
        Ok(Grant {
            read: self.strings(table, "read")?,
            write: self.strings(table, "write")?,
            env: self.strings(table, "env")?,
            run: self.strings(table, "run")?,
            fetch: self.strings(table, "fetch")?,
            network: self.programs(table, "network")?,
            distributions: self.flag(table, "distributions")?,
            memory: self.quantity(table, "memory", &MEMORY_UNITS, "256MiB")?,
            timeout: self.quantity(table, "timeout", &TIME_UNITS, "10min")?.map(Duration::from_secs),
            defaults: table.get("defaults").map(|_| self.defaults(table)).transpose()?,
            other: Vec::new(),
            place: self.place(item.span()),
        })
    }

    /// Names of programs. `*` is refused: with it, the user would not know which commands have the network.
    fn programs(&self, table: &dyn TableLike, key: &str) -> Result<Vec<String>, RecipesFileError> {
        let names = self.strings(table, key)?;
        let is_name = |name: &String| !name.is_empty() && name != "*" && !name.contains(['/', '\0']);
        match names.iter().find(|name| !is_name(name)) {
            None => Ok(names),
            Some(other) => {
                let span = table.get(key).and_then(Item::span);
                let hint = format!("Write names of programs of the system: {key} = [\"git\"].");
                Err(self.error(span, format!("{other:?} in {key:?} is not the name of a program"), vec![hint]))
            }
        }
    }

    /// The rights of Python recipes that are kept.
    fn defaults(&self, table: &dyn TableLike) -> Result<Vec<String>, RecipesFileError> {
        let kept = self.strings(table, "defaults")?;
        let unknown = kept.iter().find(|right| !DEFAULT_RIGHTS.contains(&right.as_str()));
        match unknown {
            None => Ok(kept),
            Some(unknown) => {
                let span = table.get("defaults").and_then(Item::span);
                let hint = format!("Python recipes have these rights: {}.", DEFAULT_RIGHTS.join(", "));
                Err(self.error(span, format!("Unknown right {unknown:?} in \"defaults\""), vec![hint]))
            }
        }
    }

    /// `true` or `false`.
    fn flag(&self, table: &dyn TableLike, key: &str) -> Result<bool, RecipesFileError> {
        let Some(item) = table.get(key) else { return Ok(false) };
        item.as_bool().ok_or_else(|| self.error(item.span(), format!("{key:?} must be true or false"), Vec::new()))
    }

    /// A positive integer with a unit.
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
                Err(self.error(item.span(), format!("Invalid {key} {text:?}"), vec![hint]))
            }
        }
    }

    /// Refuses names in `signed-by` that are not names of keys.
    fn check_names(&self, entries: &[RecipeEntry], keys: &[KeyEntry]) -> Result<(), RecipesFileError> {
        for wanted in entries.iter().filter_map(|entry| entry.wanted.as_ref()) {
            let SignedBy::Some { names, .. } = &wanted.signed_by else { continue };
            let known = || keys.iter().map(|key| key.name.as_str());
            if let Some(unknown) = names.iter().find(|name| !known().any(|known| known == name.as_str())) {
                let hints: Vec<_> = nearest(unknown, known()).map(did_you_mean).into_iter().collect();
                let place = wanted.place.as_ref().map(|place| place.find(unknown));
                let error = RecipesFileError::invalid(format!("There is no key {unknown:?}"), place, hints);
                return Err(error.remedy(Remedy::ImportKey { name: Some(unknown.clone()) }));
            }
        }
        Ok(())
    }
}

const MEMORY_UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// In seconds.
const TIME_UNITS: [(&str, u64); 3] = [("s", 1), ("min", 60), ("h", 3600)];

#[cfg(test)]
mod tests {
    use super::*;
    use base::source::Place;

    fn parse(text: &str) -> Result<RecipesToml, RecipesFileError> {
        RecipesToml::parse(Path::new("/b/recipes.toml"), text.to_owned())
    }

    /// The error as users see it: place, message, hints.
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
    fn recipes_in_python_can_be_granted_more_or_less() {
        let text = "[python-recipes]\ngrant = { defaults = [\"read\"], env = [\"LANG\"] }\n";
        let grant = parse(text).unwrap().python_recipes;
        assert!(grant.keeps_default("read") && !grant.keeps_default("run"));
        assert_eq!(grant.env, ["LANG"]);
        assert!(Grant::default().keeps_default("run"));
        let (place, message, hints) = wrong("[python-recipes]\ngrant = { defaults = [\"all\"] }\n");
        assert_eq!(place, "/b/recipes.toml:2:22");
        assert!(message.starts_with("Unknown right \"all\" in \"defaults\""), "{message}");
        assert_eq!(hints, "Python recipes have these rights: read, write, run, fetch, distributions, network.");
        assert!(wrong("[python-recipes]\npath = \"a\"\n").1.starts_with("Unknown key \"path\" of python-recipes"));
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
        assert_eq!(message, "Unknown key \"paht\" of recipe \"acme\"\npaht = \"a.wasm\"\n^^^^");
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
            ("[recipe.a]\npath = \"\"\n", "2:8", "\"path\" must be a string that is not empty"),
            ("[recipe.a]\nbuiltin = \"a:b:c\"\n", "2:11", "Invalid built-in \"a:b:c\""),
            ("[recipe.\"a>=1\"]\npath = \"a\"\n", "1:9", "A recipe is named without a version, not \"a>=1\""),
            ("[recipe.\"a b\"]\npath = \"a\"\n", "1:9", "Invalid recipe reference \"a b\""),
            ("[recipe.a]\n", "1:9", "Recipe \"a\" has neither source nor grant"),
            ("[recipe.a]\npath = \"a\"\nbuiltin = \"b\"\n", "2:8", "Recipe \"a\" has both"),
            ("recipe = 1\n", "1:10", "\"recipe\" must be a table"),
            ("[recipe.a]\ngrant = { read = \"/\" }\n", "2:18", "\"read\" must be an array of strings"),
            ("[recipe.a]\ngrant = { read = [\"/\", 1] }\n", "2:24", "\"read\" must be an array of strings"),
            ("[recipe.a]\ngrant = { memory = \"256\" }\n", "2:20", "Invalid memory \"256\""),
            ("[recipe.a]\ngrant = { memory = \"0MiB\" }\n", "2:20", "Invalid memory \"0MiB\""),
            ("[recipe.a]\ngrant = { network = [\"/x/git\"] }\n", "2:21", "\"/x/git\" in \"network\" is not the name"),
            ("[recipe.a]\ngrant = { network = [\"*\"] }\n", "2:21", "\"*\" in \"network\" is not the name"),
            ("[recipe.a]\ngrant = { memory = \"99999999999GiB\" }\n", "2:20", "Invalid memory"),
            ("[recipe.a]\ngrant = { timeout = \"-1s\" }\n", "2:21", "Invalid timeout \"-1s\""),
            ("[recipe.a\n", "1:10", "Invalid TOML: "),
            ("[recipe.a]\npath = \"a\"\n[recipe.a]\n", "3:9", "Invalid TOML: duplicate key"),
        ] {
            let (found, message, _) = wrong(text);
            assert_eq!(found, format!("/b/recipes.toml:{place}"), "{text}\n{message}");
            assert!(message.starts_with(start), "{text}\n{message}");
        }
    }
}
