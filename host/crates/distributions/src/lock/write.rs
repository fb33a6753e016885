//! Writes `pylock.toml`.

use std::collections::BTreeSet;
use std::path::Path;

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

use super::{Lock, Package, Purpose, relative};
use crate::index::{File, Location};
use crate::name;

/// The version of the format that is written.
const VERSION: &str = "1.0";

impl Lock {
    /// The text of the file. `directory` is where it will be.
    pub fn text(&self, directory: &Path) -> String {
        let mut packages = ArrayOfTables::new();
        let mut groups = BTreeSet::new();
        for (key, entries) in &self.packages {
            for (number, package) in entries.iter().enumerate() {
                let before = entries[..number].iter().filter(|other| other.purpose == package.purpose).count();
                let group = group(package.purpose, before);
                packages.push(table(key, package, group.as_deref(), directory));
                groups.extend(group);
            }
        }
        let mut document = DocumentMut::new();
        document["lock-version"] = value(VERSION);
        if !groups.is_empty() {
            document["dependency-groups"] = value(groups.into_iter().collect::<Array>());
        }
        document["created-by"] = value("buildout-host");
        if !packages.is_empty() {
            document["packages"] = Item::ArrayOfTables(packages);
        }
        document.to_string()
    }
}

/// The dependency group of an entry, so that no group has a project twice. The greatest version that parts use is in none:
/// every tool installs it.
fn group(purpose: Purpose, before: usize) -> Option<String> {
    match (purpose, before) {
        (Purpose::Use, 0) => None,
        (Purpose::Use, before) => Some(format!("other-{before}")),
        (Purpose::Build, 0) => Some("build".to_owned()),
        (Purpose::Build, before) => Some(format!("build-{before}")),
    }
}

fn table(key: &str, package: &Package, group: Option<&str>, directory: &Path) -> Table {
    let mut table = Table::new();
    table["name"] = value(name::canonical(key));
    if let Some(version) = &package.version {
        table["version"] = value(version.to_string());
    }
    if let Some(group) = group {
        table["marker"] = value(format!("'{group}' in dependency_groups"));
    }
    let mut wanted = package.files.iter().map(|file| file.requires_python.as_deref());
    if let Some(Some(first)) = wanted.next()
        && wanted.all(|other| other == Some(first))
    {
        table["requires-python"] = value(first);
    }
    if let Some(project) = &package.directory {
        let mut inline = InlineTable::new();
        inline.insert("path", project.as_str().into());
        inline.insert("editable", true.into());
        table["directory"] = value(inline);
    }
    files(&mut table, package, directory);
    table
}

fn files(table: &mut Table, package: &Package, directory: &Path) {
    let mut wheels = Array::new();
    for file in &package.files {
        let mut inline = inline(file, directory);
        match (file.name.is_source(), table.contains_key("sdist")) {
            (false, _) => {
                inline.decor_mut().set_prefix("\n    ");
                wheels.push_formatted(Value::InlineTable(inline));
            }
            (true, false) => table["sdist"] = value(inline),
            // A release has one archive of sources; a second format of it adds nothing.
            (true, true) => {}
        }
    }
    if !wheels.is_empty() {
        wheels.set_trailing("\n");
        wheels.set_trailing_comma(true);
        table["wheels"] = value(wheels);
    }
}

fn inline(file: &File, directory: &Path) -> InlineTable {
    let mut inline = InlineTable::new();
    inline.insert("name", file.file.as_str().into());
    match &file.location {
        // Credentials belong to the machine on which the lock is used.
        Location::Url(url) => drop(inline.insert("url", without_credentials(url).into())),
        Location::Path(path) => drop(inline.insert("path", relative(path.clone(), directory).into())),
    }
    if let Some(size) = file.size.and_then(|size| i64::try_from(size).ok()) {
        inline.insert("size", size.into());
    }
    let mut hashes = InlineTable::new();
    for checksum in &file.checksums {
        hashes.insert(checksum.algorithm().name(), checksum.to_string().into());
    }
    inline.insert("hashes", Value::InlineTable(hashes));
    inline
}

fn without_credentials(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else { return url.to_owned() };
    // These calls fail only for URLs that cannot have credentials.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.into()
}
