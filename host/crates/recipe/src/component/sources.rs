//! Whether Cargo's "nothing to do" is reliable.
//!
//! Cargo compares the times of sources with the time of its last build. If the clock was set back meanwhile, a changed
//! source looks older than the build. So the digests of the sources are stored next to the component. Knows nothing of
//! how Cargo is started.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use base::digest::Digest;
use base::files::{read_string, read_whole};

/// What a component was built from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ComponentSources {
    /// The files, each with its digest; those that cannot be read are left out.
    files: BTreeMap<PathBuf, Digest>,
    /// The packages, as Cargo names them: with their versions. Cargo keeps what it built for each version, and takes it
    /// again when a version comes back.
    packages: BTreeSet<String>,
}

/// How the line of a package starts in a record.
const PACKAGE: &str = "package ";

/// A package that Cargo checked and whose sources are in its directory (not one from a registry).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CargoPackage {
    /// Cargo's identifier.
    pub(super) id: String,
    /// The directory of its `Cargo.toml`.
    pub(super) directory: PathBuf,
    /// Whether Cargo found nothing to do for it.
    pub(super) fresh: bool,
}

impl ComponentSources {
    /// The sources that Cargo listed when it built `component`, as they are now. Cargo writes the list next to it
    /// (Cargo reference, "Build cache", "Dep-info files"), with those of packages that it depends on by path.
    pub(super) fn of(component: &Path, packages: &[CargoPackage]) -> Self {
        let text = read_string(component.with_extension("d")).unwrap_or_default();
        let digest = |path: PathBuf| Some((path.clone(), Digest::of(&read_whole(path).ok()?)));
        let files = named(component, &text).into_iter().filter_map(digest).collect();
        Self { files, packages: packages.iter().map(|package| package.id.clone()).collect() }
    }

    /// The sources as they were when [`Self::record`] was last called for this component.
    pub(super) fn recorded(component: &Path) -> Self {
        let text = read_string(record_of(component)).unwrap_or_default();
        let line = |line: &str| {
            let (digest, path) = line.split_once(' ')?;
            Some((path.into(), digest.parse().ok()?))
        };
        let packages = text.lines().filter_map(|line| line.strip_prefix(PACKAGE)).map(str::to_owned).collect();
        Self { files: text.lines().filter_map(line).collect(), packages }
    }

    /// Stores the digests next to the component. If that fails, Cargo's answer is used next time.
    pub(super) fn record(&self, component: &Path) {
        let packages = self.packages.iter().map(|id| format!("{PACKAGE}{id}\n"));
        let files = self.files.iter().map(|(path, digest)| format!("{digest} {}\n", path.display()));
        let text: String = packages.chain(files).collect();
        let record = record_of(component);
        if read_string(&record).ok().as_deref() != Some(text.as_str()) {
            let _ = fs::write(record, text);
        }
    }

    /// The packages that Cargo skipped although one of their sources differs from `before`, or although the last build was
    /// of another version.
    pub(super) fn stale<'a>(&self, before: &Self, packages: &'a [CargoPackage]) -> Vec<&'a CargoPackage> {
        let is_changed =
            |path: &&PathBuf| before.files.get(*path).is_some_and(|digest| self.files.get(*path) != Some(digest));
        let owners: Vec<Option<&Path>> =
            self.files.keys().filter(is_changed).map(|path| owner(path, packages)).collect();
        let is_stale = |package: &&CargoPackage| {
            let owns = |owner: &Option<&Path>| owner.is_none_or(|directory| directory == package.directory);
            let is_other = !before.packages.is_empty() && !before.packages.contains(&package.id);
            package.fresh && (is_other || owners.iter().any(owns))
        };
        packages.iter().filter(is_stale).collect()
    }
}

/// The innermost package directory that contains a file. A file elsewhere may belong to any package.
fn owner<'a>(file: &Path, packages: &'a [CargoPackage]) -> Option<&'a Path> {
    let directories = packages.iter().map(|package| package.directory.as_path());
    directories.filter(|directory| file.starts_with(directory)).max_by_key(|directory| directory.components().count())
}

fn record_of(component: &Path) -> PathBuf {
    component.with_extension("buildout-sources")
}

/// The files in the first rule of a dep-info file: `COMPONENT: FILE FILE`, spaces in names as `\ `.
fn named(component: &Path, text: &str) -> Vec<PathBuf> {
    let target = component.to_string_lossy().replace(' ', "\\ ");
    let rule = text.lines().next().and_then(|line| line.strip_prefix(target.as_str())?.strip_prefix(": "));
    let Some(rule) = rule else { return Vec::new() };
    // No path contains a NUL.
    let names = rule.replace("\\ ", "\0");
    names.split(' ').filter(|name| !name.is_empty()).map(|name| name.replace('\0', " ").into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_dep_info_files() {
        let t = |component: &str, text: &str| named(Path::new(component), text);
        assert_eq!(t("/t/a.wasm", "/t/a.wasm: /s/a.rs /s/b.rs\n"), [Path::new("/s/a.rs"), Path::new("/s/b.rs")]);
        assert_eq!(t("/t/a b.wasm", "/t/a\\ b.wasm: /s/a\\ b.rs\n\n/s/c.rs:\n"), [Path::new("/s/a b.rs")]);
        assert_eq!(t("/t/a.wasm", "/t/a.wasm:\n"), [] as [&Path; 0]);
        assert_eq!(t("/t/a.wasm", "/t/b.wasm: /s/a.rs\n"), [] as [&Path; 0]);
        assert_eq!(t("/t/a.wasm", ""), [] as [&Path; 0]);
    }

    #[test]
    fn sources_are_found_as_they_were_recorded() {
        let directory = tempfile::tempdir().unwrap();
        let (component, source) = (directory.path().join("a.wasm"), directory.path().join("a b.rs"));
        let rule =
            format!("{}: {} /nonexistent\n", component.display(), source.display().to_string().replace(' ', "\\ "));
        fs::write(component.with_extension("d"), rule).unwrap();
        fs::write(&source, "1").unwrap();
        assert_eq!(ComponentSources::recorded(&component), ComponentSources::default());
        let before = ComponentSources::of(&component, &[]);
        assert_eq!(before.files.keys().collect::<Vec<_>>(), [&source]);
        before.record(&component);
        assert_eq!(ComponentSources::recorded(&component), before);
        fs::write(&source, "2").unwrap();
        assert_ne!(ComponentSources::of(&component, &[]), before);
    }

    #[test]
    fn stale_is_what_changed_and_was_left_alone() {
        let package =
            |directory: &str, fresh| CargoPackage { id: directory.into(), directory: directory.into(), fresh };
        let sources = |files: &[(&str, &str)]| {
            let files = files.iter().map(|(path, text)| (path.into(), Digest::of(text.as_bytes()))).collect();
            ComponentSources { files, packages: ["/a", "/a/b"].map(str::to_owned).into() }
        };
        let before = sources(&[("/a/a.rs", "1"), ("/a/b/b.rs", "1"), ("/c.txt", "1")]);
        let t = |after: &[(&str, &str)], packages: &[CargoPackage], expected: &[&str]| {
            let after = sources(after);
            let stale = after.stale(&before, packages).into_iter().map(|package| package.id.as_str());
            assert_eq!(stale.collect::<Vec<_>>(), expected);
        };
        let fresh = [package("/a", true), package("/a/b", true)];
        let rebuilt = [package("/a", false), package("/a/b", true)];
        t(&[("/a/a.rs", "1"), ("/a/b/b.rs", "1"), ("/c.txt", "1")], &fresh, &[]);
        t(&[("/a/a.rs", "2"), ("/a/b/b.rs", "1")], &fresh, &["/a"]);
        t(&[("/a/a.rs", "1"), ("/a/b/b.rs", "2")], &fresh, &["/a/b"]);
        t(&[("/a/a.rs", "2"), ("/a/b/b.rs", "1")], &rebuilt, &[]);
        t(&[("/a/a.rs", "2"), ("/a/b/b.rs", "2")], &rebuilt, &["/a/b"]);
        t(&[("/c.txt", "2")], &fresh, &["/a", "/a/b"]);
        t(&[("/new.txt", "2")], &fresh, &[]);
        let other_version = |fresh| [CargoPackage { id: "/a 2".into(), directory: "/a".into(), fresh }];
        t(&[("/a/a.rs", "1")], &other_version(true), &["/a 2"]);
        t(&[("/a/a.rs", "1")], &other_version(false), &[]);
    }
}
