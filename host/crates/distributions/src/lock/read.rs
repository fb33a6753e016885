//! Reads `pylock.toml`, written by any tool, if it locks files with digests.

use std::path::Path;

use fetch::{Algorithm, Checksum};
use toml_edit::{DocumentMut, Item, TableLike};

use super::{DistributionsLock, LockError, LockedDistribution, Purpose};
use crate::filename::FileName;
use crate::index::{IndexFile, SearchLocation};
use crate::name;
use crate::version;

/// The longest lock that is read, in bytes.
const LONGEST: usize = 64 << 20;

impl DistributionsLock {
    /// Reads the text of a lock in `directory`.
    ///
    /// # Errors
    /// When it is not a lock, has an unknown version, or locks something without a digest.
    pub fn parse(text: &str, directory: &Path) -> Result<Self, LockError> {
        let wrong = |cause: String| LockError { cause };
        if text.len() > LONGEST {
            return Err(wrong(format!("it is longer than {LONGEST} bytes")));
        }
        let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| wrong(error.to_string()))?;
        let form = document.get("lock-version").and_then(Item::as_str).unwrap_or_default();
        if form.split('.').next() != Some("1") {
            return Err(wrong(format!("its lock-version is {form:?}, but only version 1 is supported")));
        }
        let mut lock = Self::default();
        let packages = document.get("packages").and_then(Item::as_array_of_tables);
        for table in packages.into_iter().flatten() {
            let (key, package) = package(table, directory)?;
            if lock.has_version(&key, package.version.as_ref(), package.purpose) {
                return Err(wrong(format!("{key} occurs twice with the same version")));
            }
            lock.insert(&key, package);
        }
        Ok(lock)
    }
}

fn package(table: &dyn TableLike, directory: &Path) -> Result<(String, LockedDistribution), LockError> {
    let text = |name: &str| table.get(name).and_then(Item::as_str);
    let name = text("name")
        .filter(|name| name::is_valid(name))
        .ok_or_else(|| LockError { cause: "a package has no name".to_owned() })?;
    let wrong = |cause: &str| LockError { cause: format!("{name}: {cause}") };
    let version = match text("version") {
        Some(text) => Some(version::parse(text).ok_or_else(|| wrong("its version is not valid"))?),
        None => None,
    };
    let project = table.get("directory").and_then(Item::as_table_like);
    let project = project.map(|directory| directory.get("path").and_then(Item::as_str).unwrap_or(".").to_owned());
    if let Some(other) = ["vcs", "archive"].iter().find(|kind| table.contains_key(kind)) {
        return Err(wrong(&format!("`{other}` is not supported")));
    }
    // Other markers are not evaluated: what applies to this Python follows from the requirements.
    let marker = text("marker").unwrap_or_default().replace('"', "'");
    let is_for_builds = marker.contains("dependency_groups") && marker.contains("'build");
    let purpose = if is_for_builds { Purpose::Build } else { Purpose::Use };
    let wheels = table.get("wheels");
    let inline = wheels
        .and_then(Item::as_array)
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_inline_table())
        .map(|table| table as &dyn TableLike);
    let tables = wheels.and_then(Item::as_array_of_tables).into_iter().flatten().map(|table| table as &dyn TableLike);
    let sdist = table.get("sdist").and_then(Item::as_table_like);
    let mut files = Vec::new();
    for listed in inline.chain(tables).chain(sdist) {
        let file = file(listed, text("requires-python"), directory).map_err(|cause| wrong(&cause))?;
        if file.name.key() != name::canonical(name)
            || version.as_ref().is_some_and(|version| *version != file.name.version)
        {
            return Err(wrong(&format!("{} is a file of another distribution", file.file)));
        }
        files.push(file);
    }
    let version = version.or_else(|| files.first().map(|file| file.name.version.clone()));
    if files.is_empty() && project.is_none() {
        return Err(wrong("it has no files"));
    }
    files.sort_by(|one, other| one.file.cmp(&other.file));
    Ok((name::canonical(name), LockedDistribution { purpose, version, files, directory: project }))
}

fn file(table: &dyn TableLike, requires_python: Option<&str>, directory: &Path) -> Result<IndexFile, String> {
    let text = |name: &str| table.get(name).and_then(Item::as_str).map(str::to_owned);
    let location = match (text("url"), text("path")) {
        (Some(url), _) => SearchLocation::parse(&url, directory),
        (None, Some(path)) => SearchLocation::Path(directory.join(path)),
        (None, None) => return Err("a file has neither `url` nor `path`".to_owned()),
    };
    let last = match &location {
        SearchLocation::Url(url) => {
            url.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned()
        }
        SearchLocation::Path(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
    };
    let name = text("name").unwrap_or(last);
    let parsed = FileName::parse(&name).ok_or_else(|| format!("{name:?} is not the name of a distribution"))?;
    let hashes = table.get("hashes").and_then(Item::as_table_like);
    let known = [Algorithm::Sha256, Algorithm::Sha512];
    let checksums: Vec<Checksum> = known
        .into_iter()
        .filter_map(|algorithm| Checksum::parse(algorithm, hashes?.get(algorithm.name())?.as_str()?).ok())
        .collect();
    if checksums.is_empty() {
        return Err(format!("{name} has no digest that can be used (sha256, sha512)"));
    }
    let size = table.get("size").and_then(Item::as_integer).and_then(|size| u64::try_from(size).ok());
    Ok(IndexFile {
        name: parsed,
        file: name,
        location,
        checksums,
        requires_python: requires_python.map(str::to_owned),
        yanked: None,
        metadata: None,
        size,
    })
}
