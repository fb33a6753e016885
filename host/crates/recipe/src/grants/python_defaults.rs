//! What a Python recipe may do without a grant: the buildout is its blast radius, except for what the host and other
//! recipes rely on (`docs/decisions/150-python-recipes.md`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::applicant::Applicant;
use super::checkouts::{Checkouts, VERSION_CONTROL, leads_to, named_by_checkout};
use super::guard::Guard;
use super::locations::{Locations, is_profile};
use super::mounts::{holds, normalize};
use super::recipe_builds::read_by_build;
use super::reserved_names::ReservedNames;
use super::unconfined_programs::started;
use crate::component::{METADATA, PythonProgram, declares_recipes};
use registry::Grant;

/// Memory of an instance without a grant, in bytes. The interpreter alone needs some 60 MB.
pub(super) const MEMORY: u64 = 512 << 20;
/// Time for one call without a grant: a recipe may compile a program.
const TIMEOUT: Duration = Duration::from_secs(3600);

/// Directories of the system that its commands can read, and so it can.
const SYSTEM: [&str; 8] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt"];

/// What decides how a recipe project is built, and what runs then.
const RECIPE_PROJECT: [&str; 6] = ["recipe.toml", "Cargo.toml", "Cargo.lock", "build.rs", "src", ".cargo"];

/// The rights, before they are checked.
pub(super) struct PythonDefaults {
    pub(super) grant: Grant,
    pub(super) read: Vec<PathBuf>,
    pub(super) write: Vec<PathBuf>,
    pub(super) guard: Guard,
    pub(super) memory: u64,
    pub(super) timeout: Duration,
}

impl PythonDefaults {
    /// The rights of a program in Python.
    pub(super) fn of(applicant: &Applicant<'_>, program: &PythonProgram) -> Self {
        let granted = &applicant.recipe.grant;
        let mut grant = Grant { distributions: granted.keeps_default("distributions"), ..Grant::default() };
        if granted.keeps_default("run") && !program.only_reads {
            grant.run.push("*".to_owned());
        }
        if granted.keeps_default("fetch") {
            grant.fetch = allowed_hosts(applicant);
        }
        let mut read: Vec<PathBuf> = program.path.clone();
        if granted.keeps_default("read") {
            read.extend(SYSTEM.iter().map(PathBuf::from));
            read.extend(program.python.iter().filter(|path| path.parent().is_some()).cloned());
        }
        let writes = granted.keeps_default("write") && !program.only_reads;
        let write = if writes { written(applicant) } else { Vec::new() };
        let guard = if writes { guarding(applicant, &write) } else { Guard::default() };
        Self { grant, read, write, guard, memory: MEMORY, timeout: TIMEOUT }
    }

    /// What a built-in recipe may write under the name of the Python recipe that it replaces, and what it may not write
    /// there; `None` if it has only its own rights.
    pub(super) fn of_python_name(applicant: &Applicant<'_>) -> Option<(Vec<PathBuf>, Guard)> {
        let recipe = applicant.recipe;
        if !recipe.has_rights_of_python() || !recipe.grant.keeps_default("write") {
            return None;
        }
        let write = written(applicant);
        // The built-in recipe may write the buildout directory in any case, its commands may not.
        if !write.contains(&applicant.locations.directory) {
            return None;
        }
        let guard = guarding(applicant, &write);
        Some((write, guard))
    }
}

/// What stays as it is in the directories that it may write.
fn guarding(applicant: &Applicant<'_>, write: &[PathBuf]) -> Guard {
    let Locations { directory, parts, .. } = &**applicant.locations;
    Guard::new(kept(applicant), &[directory, parts])
        .reserving(reserved(applicant))
        .with_checkouts(Checkouts::new(write.to_owned(), own(applicant)).of_part(applicant))
}

/// The buildout directory, and the directories that `[buildout]` names.
fn written(applicant: &Applicant<'_>) -> Vec<PathBuf> {
    let locations = applicant.locations;
    // A buildout in the home directory itself does not open the home directory.
    let homes = applicant.environment.homes();
    let is_of_user = |path: &&PathBuf| homes.iter().any(|home| home.starts_with(path));
    let write = [&locations.directory, &locations.parts, &locations.bin].into_iter().chain(&locations.other_parts);
    write.filter(|path| !is_of_user(path)).cloned().collect()
}

/// What it may not write: the host's files and the configuration, the eggs (other recipes run from there, with other
/// rights), version control, and recipe projects, whose builds run with the rights of the user.
fn kept(applicant: &Applicant<'_>) -> Vec<PathBuf> {
    let locations = applicant.locations;
    let Locations { directory, configuration_directory, eggs, develop_eggs, protected, .. } = &**locations;
    // What updates working copies of recipes changes them.
    let has_network = !applicant.recipe.grant.network.is_empty();
    let mut kept = protected.clone();
    let projects = developed(applicant);
    kept.extend(projects.iter().flat_map(|project| of_project(project, locations, has_network)));
    kept.extend(projects.iter().flat_map(|project| around_project(project, locations, has_network)));
    kept.extend(of_user(applicant));
    // TMPDIR may be in the buildout: the temporary directories of other parts are there.
    kept.extend(applicant.temporary.parent().map(Path::to_owned));
    // Git takes a directory with this file for a repository.
    kept.extend([directory, configuration_directory].map(|root| root.join("HEAD")));
    kept.push(directory.join(".cargo"));
    kept.extend(of_host(applicant));
    kept.extend(other_profiles(applicant));
    kept.extend(sources_of_distributions(applicant));
    kept.extend([eggs.clone(), develop_eggs.clone()]);
    for root in [directory, configuration_directory] {
        for checkout in VERSION_CONTROL.iter().map(|name| root.join(name)) {
            let held = leads_to(&checkout);
            kept.extend(
                named_by_checkout(&checkout).into_iter().filter(|path| !has_network && path.starts_with(directory)),
            );
            // A worktree of a repository that contains the buildout has its files elsewhere.
            kept.extend(held.into_iter().filter(|held| !directory.starts_with(held)));
            kept.push(checkout);
        }
    }
    kept.sort();
    kept.dedup();
    // A buildout may have its eggs in the directory of another kind.
    kept.retain(|path| !holds_written(path, locations));
    kept
}

/// Configuration files next to those that this run reads: another run may read them (`run -c`). What the state records of the
/// part is its own.
fn other_profiles(applicant: &Applicant<'_>) -> Vec<PathBuf> {
    let Locations { directory, configuration_directory, parts, protected, .. } = &**applicant.locations;
    let read = protected.iter().filter(|path| is_profile(path)).filter_map(|path| path.parent());
    let mut directories: Vec<&Path> = read.chain([directory.as_path(), configuration_directory]).collect();
    directories.sort();
    directories.dedup();
    // What is among the parts, parts have made.
    directories.retain(|path| parts == directory || !holds(parts, path));
    let entries = directories.iter().flat_map(|path| std::fs::read_dir(path).into_iter().flatten().flatten());
    let found = entries.map(|entry| entry.path()).filter(|path| is_profile(path) && !path.is_dir());
    found.filter(|path| !applicant.records.is_of(applicant.part, path)).collect()
}

/// Whether a path is a directory that contains everything that parts make.
fn holds_written(path: &Path, locations: &Locations) -> bool {
    [&locations.directory, &locations.parts].iter().any(|written| written.starts_with(path))
}

/// What it may not make in directories that are not kept, because they contain the buildout.
fn reserved(applicant: &Applicant<'_>) -> ReservedNames {
    let locations = applicant.locations;
    let sources = sources_of_distributions(applicant);
    let sources = sources.into_iter().filter(|path| holds_written(path, locations)).collect();
    if !applicant.recipe.grant.network.is_empty() {
        return ReservedNames::new(sources, Vec::new(), &[]);
    }
    let projects = developed(applicant).into_iter();
    let projects = projects.filter(|path| holds_written(path, locations) && declares_recipes(path)).collect();
    let patterns: Vec<PathBuf> = develop_words(applicant).into_iter().filter(|word| is_wildcard(word)).collect();
    ReservedNames::new(sources, projects, &patterns)
}

/// What the user names for the host. Working copies are updated by what may do that.
fn of_user(applicant: &Applicant<'_>) -> Vec<PathBuf> {
    let named = applicant.locations.named.iter().cloned();
    if applicant.recipe.grant.network.is_empty() {
        return named.collect();
    }
    let sources = normalize(&sources(applicant));
    named.filter(|path| !path.starts_with(&sources) && !sources.starts_with(path)).collect()
}

/// What decides the build of a recipe project outside of it.
fn around_project(project: &Path, locations: &Locations, updates: bool) -> Vec<PathBuf> {
    let Locations { directory, parts, bin, other_parts, .. } = locations;
    let is_recipe = ["recipe.toml", "Cargo.toml"].iter().any(|name| project.join(name).exists());
    if !is_recipe {
        return Vec::new();
    }
    let open: Vec<&Path> = [directory, parts, bin].into_iter().chain(other_parts).map(PathBuf::as_path).collect();
    read_by_build(project, directory, &open, updates)
}

/// The part's places, unless it shares them with the user. A program whose commands have the network, such as
/// mr.developer, updates working copies.
fn own(applicant: &Applicant<'_>) -> Vec<PathBuf> {
    let Applicant { part, locations, .. } = applicant;
    let mut own = vec![applicant.temporary.clone(), locations.build_directory(part)];
    if !holds(&locations.parts, &locations.directory) {
        own.push(locations.parts.join(part));
    }
    if !applicant.recipe.grant.network.is_empty() {
        own.push(sources(applicant));
    }
    own.iter().map(|path| normalize(path)).collect()
}

/// What the host starts in the buildout.
fn of_host(applicant: &Applicant<'_>) -> Vec<PathBuf> {
    let option = |name: &str| applicant.buildout.and_then(|buildout| buildout.get("buildout", name).ok().flatten());
    let absolute = |value: String| applicant.locations.directory.join(value);
    let path = applicant.environment.variables.get("PATH").map(String::as_str).unwrap_or_default();
    let path: Vec<PathBuf> = std::env::split_paths(path).map(|one| applicant.environment.directory.join(one)).collect();
    started(applicant.locations, option("executable").map(absolute).as_deref(), &path, &own(applicant))
}

/// The directories that `[buildout] develop` lists.
fn developed(applicant: &Applicant<'_>) -> Vec<PathBuf> {
    let found = develop_words(applicant).into_iter().flat_map(|pattern| match glob::glob(&pattern.to_string_lossy()) {
        Ok(paths) => paths.flatten().collect(),
        Err(_) => vec![pattern],
    });
    found.map(|path| normalize(&path)).collect()
}

/// What `[buildout] develop` lists, with wildcards.
fn develop_words(applicant: &Applicant<'_>) -> Vec<PathBuf> {
    let value = applicant.buildout.and_then(|buildout| buildout.get("buildout", "develop").ok().flatten());
    value.unwrap_or_default().split_whitespace().map(|word| applicant.locations.directory.join(word)).collect()
}

fn is_wildcard(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

/// The directory of the working copies of mr.developer.
fn sources(applicant: &Applicant<'_>) -> PathBuf {
    let option = applicant.buildout.and_then(|buildout| buildout.get("buildout", "sources-dir").ok().flatten());
    applicant.locations.directory.join(option.unwrap_or_else(|| "src".to_owned()))
}

/// Of a developed project: all of it if it provides recipes; otherwise the files that would make it a recipe project.
fn of_project(project: &Path, locations: &Locations, updates: bool) -> Vec<PathBuf> {
    // `develop` may list a component itself.
    if project.is_file() {
        return vec![project.to_owned()];
    }
    let is_recipe = ["recipe.toml", "Cargo.toml"].iter().any(|name| project.join(name).exists());
    if (is_recipe || !updates && declares_recipes(project)) && !locations.parts.starts_with(project) {
        return vec![project.to_owned()];
    }
    // Sources build nothing without a manifest, and mr.developer puts its working copies there.
    let decides = |name: &&&str| is_recipe || **name != "src";
    let mut kept: Vec<PathBuf> = RECIPE_PROJECT.iter().filter(decides).map(|name| project.join(name)).collect();
    if !updates {
        // They say which name it has, and whether it provides recipes.
        kept.extend(METADATA.map(|name| project.join(name)));
        if declares_recipes(project) {
            kept.extend(modules(project, locations));
        }
    }
    kept
}

/// How deep modules are looked for in a project.
const DEPTH: usize = 4;
/// The most entries of one directory that are looked at for modules.
const MOST_ENTRIES: usize = 10_000;

/// The packages and modules of a project that contains the directories of the buildout: wherever its metadata says that packages
/// are.
fn modules(project: &Path, locations: &Locations) -> Vec<PathBuf> {
    let Locations { directory, parts, bin, eggs, develop_eggs, other_parts, .. } = locations;
    let own: Vec<&PathBuf> = [directory, parts, bin, eggs, develop_eggs].into_iter().chain(other_parts).collect();
    let is_own = |path: &PathBuf| own.iter().any(|own| own.starts_with(path));
    let found = entries(project).filter(|path| !is_own(path) && holds_module(path, DEPTH));
    found.chain([project.join("src")].into_iter().filter(|path| !is_own(path))).collect()
}

/// The entries of a directory that are not hidden.
fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().take(MOST_ENTRIES);
    let is_shown = |entry: &std::fs::DirEntry| !entry.file_name().as_encoded_bytes().starts_with(b".");
    entries.filter(is_shown).map(|entry| entry.path())
}

/// Whether a path is a module, or a directory with one.
fn holds_module(path: &Path, depth: usize) -> bool {
    if path.is_symlink() || !path.is_dir() {
        return path.extension().is_some_and(|extension| extension == "py");
    }
    depth > 0 && entries(path).any(|entry| holds_module(&entry, depth - 1))
}

/// Directories that `[buildout]` names as sources of distributions, and pip's settings, which name the index: what is put
/// there is installed later, as a recipe with other rights, too. What is below `parts-directory` does not count: a part makes
/// it, and no recipe comes from it.
fn sources_of_distributions(applicant: &Applicant<'_>) -> Vec<PathBuf> {
    let Locations { directory, parts, .. } = &**applicant.locations;
    let option = |name: &str| {
        let value = applicant.buildout.and_then(|buildout| buildout.get("buildout", name).ok().flatten());
        value.unwrap_or_default()
    };
    let named = [option("find-links"), option("index")].join(" ");
    let path = |word: &str| match url::Url::parse(word) {
        Ok(url) => url.to_file_path().ok(),
        Err(_) => Some(directory.join(word)),
    };
    let mut found: Vec<PathBuf> = named.split_whitespace().filter_map(path).collect();
    let cache = option("download-cache");
    found.extend((!cache.trim().is_empty()).then(|| directory.join(cache.trim()).join("dist")));
    let variables = &applicant.environment.variables;
    found.extend(variables.get("PIP_CONFIG_FILE").map(|file| applicant.environment.directory.join(file)));
    for home in applicant.environment.homes() {
        found.extend([".pip", ".config/pip"].map(|name| home.join(name)));
    }
    let found = found.iter().map(|path| normalize(path));
    found.filter(|path| !path.starts_with(parts) || path == parts).collect()
}

/// The addresses of the hosts that `allow-hosts` names, and of the files in the buildout.
fn allowed_hosts(applicant: &Applicant<'_>) -> Vec<String> {
    let value = applicant.buildout.and_then(|buildout| buildout.get("buildout", "allow-hosts").ok().flatten());
    let value = value.unwrap_or_default();
    let hosts: Vec<&str> = value.split_whitespace().collect();
    let hosts = if hosts.is_empty() { vec!["*"] } else { hosts };
    let web = hosts.iter().map(|host| format!("http://{host}/"));
    // Not any file: it may read only the buildout.
    let files = url::Url::from_directory_path(&applicant.locations.directory).ok();
    web.chain(files.map(|url| url.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_of_recipes_stay_as_they_are() {
        let space = tempfile::tempdir().unwrap();
        let at = |path: &str| space.path().join(path);
        for (project, file, text) in [
            ("recipe", "setup.py", "setup(entry_points={'zc.buildout': ['default = acme:R']})"),
            ("library", "setup.py", "setup(name='library')"),
        ] {
            std::fs::create_dir(at(project)).unwrap();
            std::fs::write(at(project).join(file), text).unwrap();
        }
        let locations = Locations { directory: at("."), parts: at("parts"), ..Locations::default() };
        assert_eq!(of_project(&at("recipe"), &locations, false), [at("recipe")]);
        assert!(!of_project(&at("recipe"), &locations, true).contains(&at("recipe")));
        let library = of_project(&at("library"), &locations, false);
        assert!(!library.contains(&at("library")) && library.contains(&at("library/setup.py")), "{library:?}");
        // The buildout in a project of a recipe is for its parts.
        let inner = Locations { directory: at("recipe"), parts: at("recipe/parts"), ..Locations::default() };
        std::fs::create_dir(at("recipe/acme")).unwrap();
        std::fs::write(at("recipe/acme/__init__.py"), "").unwrap();
        let held = of_project(&at("recipe"), &inner, false);
        assert!(!held.contains(&at("recipe")) && held.contains(&at("recipe/acme")), "{held:?}");
    }
}
