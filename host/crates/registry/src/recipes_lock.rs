//! `recipes.lock`: what each registry recipe was resolved to, and what it can request. Only the host writes it; users
//! read it, and keep it with the configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

use crate::RecipesFileError;
use crate::oci::Reference;
use crate::toml_file::TomlFile;
use base::digest::Digest;
use base::files::{self, FileError};
use base::remedy::Remedy;

/// The version of the format.
const VERSION: i64 = 1;

const HEADER: &str = "\
# The components of the recipes in recipes.toml. Written by buildout-host: keep it with the configuration, and change it only
# with `buildout-host recipe lock`.
";

/// The largest lock file, in bytes.
const LARGEST: u64 = 16 << 20;

/// One entry: what a recipe was resolved to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The value of `oci` at that time.
    pub source: Reference,
    /// Digest of the artifact's manifest.
    pub manifest: Digest,
    /// Digest of the component.
    pub component: Digest,
    /// The package's name and version, from its description.
    pub version: String,
    /// The trusted signers: names and fingerprints.
    pub signers: Vec<String>,
    /// Its capabilities and requests.
    pub capabilities: Capabilities,
}

/// The capabilities of a component, and the grants that it requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The version of `buildout:recipe` that it was built for.
    pub wit: String,
    /// Interfaces that it imports, sorted.
    pub imports: Vec<String>,
    /// The requests of its entry points: keys and values as in `grant = {…}`, sorted.
    pub asks: BTreeMap<String, Vec<String>>,
}

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipesLock {
    /// By key of the table in `recipes.toml`.
    pub recipes: BTreeMap<String, Locked>,
}

impl RecipesLock {
    /// The path of the lock file of a `recipes.toml`.
    pub fn path(recipes_toml: &Path) -> PathBuf {
        recipes_toml.with_file_name("recipes.lock")
    }

    /// Reads the file; if it does not exist, nothing is locked.
    ///
    /// # Errors
    /// If it cannot be read, or is invalid.
    pub fn read(path: &Path) -> Result<Self, RecipesFileError> {
        match files::read_at_most(path, LARGEST) {
            Ok(bytes) => Self::parse(path, &bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(FileError::of("read", path)(error).into()),
        }
    }

    /// Parses the bytes of a lock file.
    ///
    /// # Errors
    /// If they are not a lock file of this version.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, RecipesFileError> {
        let invalid = |message: &str| {
            unusable(RecipesFileError::invalid(format!("{}: {message}", path.display()), None, Vec::new()))
        };
        let text = std::str::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8"))?;
        let file = TomlFile::new(path, text);
        let document = file.document()?;
        file.check_keys(document.as_table(), "", &["version", "recipe"])?;
        match document.get("version").and_then(Item::as_integer) {
            Some(VERSION) => {}
            Some(other) if other > VERSION => {
                return Err(invalid("it was written by a newer buildout-host"));
            }
            _ => return Err(invalid("its version is missing or not known")),
        }
        let mut recipes = BTreeMap::new();
        if let Some(item) = document.get("recipe") {
            for (name, item) in file.table(item, "recipe")?.iter() {
                recipes.insert(name.to_owned(), locked(&file, file.table(item, name)?)?);
            }
        }
        Ok(Self { recipes })
    }

    /// The text of the file; the same content always produces the same text.
    pub fn text(&self) -> String {
        let mut document = DocumentMut::new();
        document.insert("version", value(VERSION));
        let mut recipes = Table::new();
        recipes.set_implicit(true);
        for (name, locked) in &self.recipes {
            recipes.insert(name, Item::Table(table(locked)));
        }
        document.insert("recipe", Item::Table(recipes));
        format!("{HEADER}{document}")
    }

    /// Writes the file, atomically and durably.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        files::replace_shared(path, self.text().as_bytes()).map(drop)
    }
}

/// The error, with what to do about it.
fn unusable(error: RecipesFileError) -> RecipesFileError {
    match error {
        RecipesFileError::Invalid { message, place, mut hints, mut remedies } => {
            hints.push("Restore recipes.lock from version control.".to_owned());
            remedies.push(Remedy::Relock);
            RecipesFileError::Invalid { message, place, hints, remedies }
        }
        other => other,
    }
}

fn locked(file: &TomlFile, table: &dyn TableLike) -> Result<Locked, RecipesFileError> {
    const KEYS: [&str; 8] = ["source", "manifest", "component", "version", "signers", "wit", "imports", "asks"];
    file.check_keys(table, " of a locked recipe", &KEYS)?;
    let missing = Item::None;
    let text = |key: &str| file.string(table.get(key).unwrap_or(&missing), key);
    let wrong = |key: &str, error: &dyn std::fmt::Display| {
        let span = table.get(key).and_then(Item::span);
        unusable(file.error(span, format!("Invalid {key}: {error}"), Vec::new()))
    };
    let digest = |key: &str| -> Result<Digest, RecipesFileError> {
        let text = text(key)?;
        let digits = text.strip_prefix("sha256:").and_then(|digits| digits.parse().ok());
        digits.ok_or_else(|| wrong(key, &"it is not sha256: and 64 hexadecimal digits"))
    };
    let mut asks = BTreeMap::new();
    if let Some(item) = table.get("asks") {
        let table = file.table(item, "asks")?;
        for (key, _) in table.iter() {
            asks.insert(key.to_owned(), file.strings(table, key)?);
        }
    }
    let capabilities = Capabilities { wit: text("wit")?.to_owned(), imports: file.strings(table, "imports")?, asks };
    Ok(Locked {
        source: text("source")?
            .parse()
            .map_err(|error: crate::oci::InvalidArtifactReference| wrong("source", &error))?,
        manifest: digest("manifest")?,
        component: digest("component")?,
        version: text("version")?.to_owned(),
        signers: file.strings(table, "signers")?,
        capabilities,
    })
}

fn table(locked: &Locked) -> Table {
    let Locked { source, manifest, component, version, signers, capabilities } = locked;
    let mut table = Table::new();
    table.insert("source", value(source.to_string()));
    table.insert("manifest", value(format!("sha256:{manifest}")));
    table.insert("component", value(format!("sha256:{component}")));
    table.insert("version", value(version));
    table.insert("signers", strings(signers));
    table.insert("wit", value(&capabilities.wit));
    table.insert("imports", strings(&capabilities.imports));
    if !capabilities.asks.is_empty() {
        let mut asks = Table::new();
        for (key, values) in &capabilities.asks {
            asks.insert(key, strings(values));
        }
        table.insert("asks", Item::Table(asks));
    }
    table
}

/// One string per line, for readable diffs.
fn strings(texts: &[String]) -> Item {
    let mut array: Array = texts.iter().collect();
    if texts.len() > 1 {
        array.iter_mut().for_each(|text| text.decor_mut().set_prefix("\n    "));
        array.set_trailing("\n");
        array.set_trailing_comma(true);
    }
    value(array)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use base::source::Explain as _;

    fn locked() -> Locked {
        Locked {
            source: "registry.example/acme/recipes:1.2".parse().unwrap(),
            manifest: Digest::of(b"manifest"),
            component: Digest::of(b"component"),
            version: "acme 1.2.0".into(),
            signers: vec!["acme sha256:00".into()],
            capabilities: Capabilities {
                wit: "0.1.0".into(),
                imports: vec!["buildout:recipe/log@0.1.0".into(), "buildout:recipe/process@0.1.0".into()],
                asks: [("run".to_owned(), vec!["git".to_owned(), "make".to_owned()])].into(),
            },
        }
    }

    fn parse(text: &str) -> Result<RecipesLock, RecipesFileError> {
        RecipesLock::parse(Path::new("/b/recipes.lock"), text.as_bytes())
    }

    #[test]
    fn the_same_content_has_the_same_text() {
        let lock = RecipesLock { recipes: [("acme".to_owned(), locked())].into() };
        let expected = format!(
            "{HEADER}version = 1\n\n[recipe.acme]\nsource = \"registry.example/acme/recipes:1.2\"\n\
             manifest = \"sha256:{}\"\ncomponent = \"sha256:{}\"\nversion = \"acme 1.2.0\"\n\
             signers = [\"acme sha256:00\"]\nwit = \"0.1.0\"\nimports = [\n    \"buildout:recipe/log@0.1.0\",\n    \
             \"buildout:recipe/process@0.1.0\",\n]\n\n[recipe.acme.asks]\nrun = [\n    \"git\",\n    \"make\",\n]\n",
            Digest::of(b"manifest"),
            Digest::of(b"component"),
        );
        assert_eq!(lock.text(), expected);
        assert_eq!(parse(&expected).unwrap(), lock);
        assert_eq!(RecipesLock::read(Path::new("/nonexistent/recipes.lock")).unwrap(), RecipesLock::default());
    }

    #[test]
    fn reports_errors_with_their_places() {
        let text = RecipesLock { recipes: [("acme".to_owned(), locked())].into() }.text();
        for (from, to, expected) in [
            ("version = 1", "version = 2", "it was written by a newer buildout-host"),
            ("version = 1\n", "", "its version is missing or not known"),
            ("source = \"registry.example/", "source = \"", "Invalid source: it has no registry"),
            ("manifest = \"sha256:", "manifest = \"", "Invalid manifest: it is not sha256: and"),
            ("wit = \"0.1.0\"\n", "", "\"wit\" must be a string that is not empty"),
            ("signers = [\"", "signers = [1, \"", "\"signers\" must be an array of strings"),
            ("wit =", "twit =", "Unknown key \"twit\" of a locked recipe"),
            ("[recipe.acme]", "[recipe.acme", "Invalid TOML: "),
            ("version = \"acme", "<<<<<<< HEAD\nversion = \"acme", "Invalid TOML: "),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            let error = parse(&changed).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        let error = parse(&text.replacen("sha256:", "md5:", 1)).unwrap_err();
        assert_eq!(error.place().unwrap().to_string(), "/b/recipes.lock:7:12");
        assert!(RecipesLock::parse(Path::new("l"), b"\xff").unwrap_err().to_string().contains("UTF-8"));
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(
            name in "\\PC{1,20}", version in "\\PC{1,20}", texts in proptest::collection::vec("\\PC{0,20}", 0..4),
            keys in proptest::collection::vec("[a-z\"\\.\n ]{1,8}", 0..3),
        ) {
            let asks = keys.into_iter().map(|key| (key, texts.clone())).collect();
            let capabilities = Capabilities { wit: "0.1.0".into(), imports: texts.clone(), asks };
            let locked = Locked { version, signers: texts, capabilities, ..locked() };
            let lock = RecipesLock { recipes: [(name, locked)].into() };
            prop_assert_eq!(parse(&lock.text()).unwrap(), lock);
        }

        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>(), at in 0..900_usize, byte in any::<u8>()) {
            let _ = RecipesLock::parse(Path::new("l"), &bytes);
            let mut text = RecipesLock { recipes: [("acme".to_owned(), locked())].into() }.text().into_bytes();
            let at = at % text.len();
            text[at] = byte;
            let _ = RecipesLock::parse(Path::new("l"), &text);
        }
    }
}
