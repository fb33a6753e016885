//! The metadata of a recipe project for the annotations of an artifact: license, source, description.

use std::collections::BTreeMap;
use std::path::Path;

use toml_edit::{Document, Item};

use super::annotation;
use base::files::read_at_most;

/// How many parent directories of a component are searched for its project: Cargo writes to
/// `target/wasm32-wasip2/release`.
const LEVELS: usize = 5;

/// The largest file of a project, in bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// The annotations from `recipe.toml` or `Cargo.toml` of the project that the component `file` of the recipe package
/// `package` was built from; none if the project is not found.
pub fn annotations_of_project(file: &Path, package: &str) -> BTreeMap<String, String> {
    let directories = file.ancestors().skip(1).take(LEVELS);
    let mut files = directories.flat_map(|directory| {
        [("recipe.toml", "recipe"), ("Cargo.toml", "package")].map(|(name, table)| (directory.join(name), table))
    });
    files.find_map(|(path, table)| annotations(&path, table, package)).unwrap_or_default()
}

fn annotations(path: &Path, table: &str, package: &str) -> Option<BTreeMap<String, String>> {
    let text = read_at_most(path, LARGEST_FILE).ok()?;
    let document = Document::parse(String::from_utf8(text).ok()?).ok()?;
    let table = document.get(table)?.as_table_like()?;
    // Cargo treats both names as the same.
    let normal = |name: &str| name.replace('-', "_");
    if normal(table.get("name")?.as_str()?) != normal(package) {
        return None;
    }
    let keys = [
        ("license", annotation::LICENSES),
        ("repository", annotation::SOURCE),
        ("description", annotation::DESCRIPTION),
    ];
    // An inherited value (`license.workspace = true`) is not a string.
    let found = keys.into_iter().filter_map(|(key, name)| {
        let value = table.get(key).and_then(Item::as_str)?;
        Some((name.to_owned(), value.to_owned()))
    });
    Some(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_project_of_that_name_above_the_component() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("acme/target/wasm32-wasip2/release/acme_recipes.wasm");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let read = |package: &str| annotations_of_project(&file, package);
        assert_eq!(read("acme-recipes"), BTreeMap::new());
        let manifest = "[package]\nname = \"acme-recipes\"\nlicense = \"MIT\"\nrepository.workspace = true\n";
        std::fs::write(directory.path().join("acme/Cargo.toml"), manifest).unwrap();
        assert_eq!(read("acme_recipes"), BTreeMap::from([(annotation::LICENSES.to_owned(), "MIT".to_owned())]));
        assert_eq!(read("other"), BTreeMap::new());
        let manifest = "[recipe]\nname = \"acme-recipes\"\ndescription = \"Makes things.\"\n";
        std::fs::write(directory.path().join("acme/recipe.toml"), manifest).unwrap();
        let description = (annotation::DESCRIPTION.to_owned(), "Makes things.".to_owned());
        assert_eq!(read("acme-recipes"), BTreeMap::from([description]));
    }
}
