//! What a part's recipe may do: the default, what a built-in recipe describes, and what `recipes.toml` grants.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Locations;
use super::bindings::exports::buildout::recipe::description::{EntryPoint, Grant, OptionDescription, OptionType};
use super::error::{Problem, RecipeError, Subject};
use super::limits;
use super::locations::is_part_name;
use super::mounts::{Access, Mounts, holds, normalise, same};
use crate::component::Resolved;
use base::environment::Environment;
use config::options::{Buildout, Values};

/// The grant of the places of shared parts, as recipes describe it.
const SHARED: &str = "${buildout:shared-part-list}";

/// What one part's recipe may do.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) mounts: Mounts,
    pub(super) part: String,
    /// The part's own place.
    pub(super) location: Arc<Path>,
    /// Programs that it may start; `*` for all.
    pub(super) run: Vec<String>,
    /// Beginnings of addresses that it may fetch; `*` for all.
    pub(super) fetch: Vec<String>,
    pub(super) timeout: Duration,
    /// What decides whether two parts can share an instance.
    pub(super) process: Process,
    /// Directories of parts that many buildouts share: the recipe writes there, its commands only the part's own place.
    shared: Vec<PathBuf>,
    locations: Arc<Locations>,
}

/// What is fixed for the life of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Process {
    /// Environment variables, by name.
    pub(super) env: Vec<(String, String)>,
    /// Bytes of memory.
    pub(super) memory: u64,
}

/// What is asked for, by whom.
pub(super) struct Asking<'a> {
    pub(super) part: &'a str,
    pub(super) recipe: &'a Resolved,
    pub(super) entry_point: &'a EntryPoint,
    pub(super) locations: &'a Arc<Locations>,
    pub(super) environment: &'a Environment,
    /// Replaces references in grants; `None` for a part whose section may be gone.
    pub(super) buildout: Option<&'a Buildout>,
    pub(super) subject: &'a Subject,
}

impl Granted {
    /// Nothing at all: for asking a component for its description.
    pub(super) fn nothing() -> Self {
        Self {
            mounts: Mounts::default(),
            part: String::new(),
            location: Path::new("").into(),
            run: Vec::new(),
            fetch: Vec::new(),
            timeout: limits::TIMEOUT,
            process: Process { env: Vec::new(), memory: limits::MEMORY },
            shared: Vec::new(),
            locations: Arc::default(),
        }
    }

    /// What the part's recipe may do.
    pub(super) fn of(asking: &Asking<'_>) -> Result<Self, RecipeError> {
        let Asking { locations, recipe, .. } = asking;
        // `run` has looked at names in the configuration; a recorded part may be called anything.
        if !is_part_name(asking.part) {
            let problem = Problem::PartName { part: asking.part.to_owned() };
            return Err(RecipeError::new(problem, asking.subject.clone()));
        }
        let wanted = Wanted::of(asking);
        let location: Arc<Path> = normalise(&locations.parts.join(asking.part)).into();
        let protected = locations.protected.as_slice();
        let mut access: Vec<_> = locations.standard().iter().map(|path| (Arc::clone(path), Access::Read)).collect();
        if !protected.iter().any(|path| holds(&location, path)) || recipe.built_in {
            access.push((Arc::clone(&location), Access::Write));
        }
        if !wanted.run.is_empty() {
            access.push((locations.build_directory(asking.part).into(), Access::Write));
        }
        access.extend(wanted.read.into_iter().map(|path| (path.into(), Access::Read)));
        for directory in wanted.write {
            let directory = normalise(&directory);
            if !recipe.built_in
                && let Some(holds) = protected.iter().find(|path| holds(&directory, path))
            {
                let problem = Problem::Grant { directory, holds: holds.clone(), place: recipe.grant.place.clone() };
                return Err(RecipeError::new(problem, asking.subject.clone()));
            }
            access.push((directory.into(), Access::Write));
        }
        let writable = locations.written();
        let variable = |name: &String| Some((name.clone(), asking.environment.variables.get(name)?.clone()));
        let mut env: Vec<_> = wanted.env.iter().filter_map(variable).collect();
        env.sort();
        env.dedup();
        Ok(Self {
            mounts: Mounts::new(access, &writable, &[Path::new("/"), &locations.directory]),
            part: asking.part.to_owned(),
            location,
            run: wanted.run,
            fetch: wanted.fetch,
            timeout: wanted.timeout,
            process: Process { env, memory: wanted.memory },
            shared: wanted.shared,
            locations: Arc::clone(locations),
        })
    }

    /// Whether what a template names can be granted to nobody for writing, since it holds what the host keeps.
    pub(super) fn refuses(asking: &Asking<'_>, template: &str) -> bool {
        let protected = &asking.locations.protected;
        let named = paths(asking, [template]).into_iter().map(|path| normalise(&path));
        named.into_iter().any(|directory| protected.iter().any(|path| holds(&directory, path)))
    }

    /// The directories that it may read, and those that it may write (`true`). What the host keeps is not among the
    /// latter, nor what holds it, nor what many buildouts share, though a built-in recipe may write it: this is for
    /// native commands.
    pub(super) fn directories(&self) -> impl Iterator<Item = (&Path, bool)> {
        let holds_protected = |path: &Path| self.locations.protected.iter().any(|kept| holds(path, kept));
        let is_shared = |path: &Path| self.shared.iter().any(|shared| same(shared, path));
        self.mounts.iter().map(move |mount| {
            let writable = mount.access == Access::Write && !holds_protected(&mount.path) && !is_shared(&mount.path);
            (&*mount.path, writable)
        })
    }

    /// Whether `location`, as the recipe has set it, is a place that many buildouts share.
    pub(super) fn is_shared(&self, location: &Path) -> bool {
        self.shared.iter().any(|shared| !same(shared, location) && holds(shared, location))
    }

    /// Whether there are such places.
    pub(super) fn shares(&self) -> bool {
        !self.shared.is_empty()
    }

    /// The part's own place to build in.
    pub(super) fn build_directory(&self) -> PathBuf {
        self.locations.build_directory(&self.part)
    }

    /// Where what its native commands print is kept.
    pub(super) fn command_log(&self) -> PathBuf {
        self.locations.command_log(&self.part)
    }

    /// The directories in which the recipe or its commands may have made links.
    pub(super) fn written(&self) -> impl Iterator<Item = &Path> {
        let writable = self.mounts.iter().filter(|mount| mount.access == Access::Write);
        writable.map(|mount| &*mount.path).chain([self.locations.parts.as_path()])
    }

    /// The buildout directory: relative paths are relative to it.
    pub(super) fn directory(&self) -> &Path {
        &self.locations.directory
    }

    /// The directory that a grant would have to name so that `path` can be used: the one that holds it, or itself where
    /// that one holds the host's own files, which no grant can open.
    pub(super) fn directory_to_grant<'a>(&self, path: &'a Path) -> &'a Path {
        let parent = path.parent().unwrap_or(path);
        if self.locations.protected.iter().any(|protected| protected.starts_with(parent)) { path } else { parent }
    }

    /// Whether there is something at `path`, about to be created, that is not the part's: then it does not go if the part
    /// fails. In the part's own places there are only left-overs of its own.
    pub(super) fn was_there(&self, path: &str) -> bool {
        let path = normalise(&self.directory().join(path));
        let own = holds(&self.location, &path) || holds(&self.build_directory(), &path);
        !own && path.symlink_metadata().is_ok()
    }

    /// Whether the part may own `path`: plain, beneath one of the buildout's directories or a granted one, none of those
    /// themselves, and nothing that the host keeps. The error says why not.
    pub(super) fn check_path(&self, path: &str) -> Result<(), &'static str> {
        if path.is_empty() || path.len() > limits::PATH || path.contains('\0') {
            return Err("a path is not empty, not longer than 4096 bytes, and has no NUL");
        }
        if path.split('/').any(|name| name == "..") {
            return Err("a path has no `..`");
        }
        let path = normalise(&self.locations.directory.join(path));
        if self.locations.protected.iter().any(|protected| holds(&path, protected)) {
            return Err("the host's own files belong to no part");
        }
        let standard = self.locations.standard();
        if standard.iter().any(|directory| same(directory, &path)) {
            return Err("the buildout's directories belong to no part");
        }
        if standard.iter().any(|directory| holds(directory, &path)) || self.mounts.writable(&path) {
            return Ok(());
        }
        Err("a part owns only what lies beneath the buildout's directories or a directory granted for writing")
    }
}

/// What is asked for, with references replaced.
struct Wanted {
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
    env: Vec<String>,
    run: Vec<String>,
    fetch: Vec<String>,
    memory: u64,
    timeout: Duration,
    /// Of `write`, what commands may not write.
    shared: Vec<PathBuf>,
}

impl Wanted {
    fn of(asking: &Asking<'_>) -> Self {
        let grant = &asking.recipe.grant;
        let mut wanted = Self {
            read: paths(asking, grant.read.iter().map(String::as_str)),
            write: paths(asking, grant.write.iter().map(String::as_str)),
            env: grant.env.clone(),
            run: grant.run.clone(),
            fetch: grant.fetch.clone(),
            memory: grant.memory.unwrap_or(limits::MEMORY),
            timeout: grant.timeout.unwrap_or(limits::TIMEOUT),
            shared: Vec::new(),
        };
        // "Built-in recipes get what they describe; everything else comes from a grant" (design.md section 5).
        let described = if asking.recipe.built_in { asking.entry_point.grants.as_slice() } else { &[] };
        for described in described {
            match described {
                Grant::Read(path) => wanted.read.extend(paths(asking, [path.as_str()])),
                Grant::Write(path) if path == SHARED => {
                    let granted = wanted.write.clone();
                    let listed = paths(asking, [path.as_str()]).into_iter().map(|path| normalise(&path));
                    wanted.shared.extend(listed.filter(|path| !granted.iter().any(|one| normalise(one) == *path)));
                }
                Grant::Write(path) => match path.strip_suffix("/..") {
                    Some(held) => wanted.write.extend(holders(asking, held)),
                    None => wanted.write.extend(paths(asking, [path.as_str()])),
                },
                Grant::Env(name) => wanted.env.push(name.clone()),
                Grant::Memory(bytes) if grant.memory.is_none() => wanted.memory = *bytes,
                Grant::Timeout(milliseconds) if grant.timeout.is_none() => {
                    wanted.timeout = Duration::from_millis(*milliseconds);
                }
                Grant::Run(program) => wanted.run.push(program.clone()),
                Grant::Fetch(address) => wanted.fetch.push(address.clone()),
                Grant::Memory(_) | Grant::Timeout(_) | Grant::Other(_) => {}
            }
        }
        wanted.write.extend(wanted.shared.iter().cloned());
        wanted
    }
}

/// The paths that templates stand for: one per line of what each becomes (`${buildout:shared-part-list}` is a list), or one
/// per word, where it is an option of words. What refers to something that does not exist grants nothing.
fn paths<'a>(asking: &Asking<'_>, templates: impl IntoIterator<Item = &'a str>) -> Vec<PathBuf> {
    let expand = |template: &str| match asking.buildout {
        // What most recipes ask for, and every part has at hand.
        _ if template == "${buildout:directory}" => asking.locations.directory.to_str().map(str::to_owned),
        _ if !template.contains("${") => Some(template.to_owned()),
        Some(buildout) => buildout.expand(asking.part, template).ok(),
        None => None,
    };
    let mut all = Vec::new();
    for template in templates {
        let text = expand(template).unwrap_or_default();
        let paths = items(asking.entry_point, template, &text);
        all.extend(paths.into_iter().map(|path| asking.locations.directory.join(path)));
    }
    all
}

/// What the value of an option names, if `template` is a reference to one of the part's own; else the text's lines.
fn items<'a>(entry_point: &EntryPoint, template: &str, text: &'a str) -> Vec<&'a str> {
    let option = own_option(template);
    let is_words = |known: &&OptionDescription| {
        Some(known.name.as_str()) == option && matches!(known.value_type, OptionType::Words)
    };
    match entry_point.options.iter().find(is_words) {
        Some(_) => text.split_whitespace().collect(),
        None => text.lines().map(str::trim).filter(|line| !line.is_empty()).collect(),
    }
}

/// The name of the part's own option to which the template is a reference.
fn own_option(template: &str) -> Option<&str> {
    template.strip_prefix("${:")?.strip_suffix('}')
}

/// The paths, absolute, that options of a recorded part named, if a grant is of what they name: where these lie
/// outside the buildout, they may be removed all the same.
pub(super) fn named(recipe: &Resolved, entry_point: &EntryPoint, recorded: &Values, directory: &Path) -> Vec<PathBuf> {
    let described = entry_point.grants.iter().filter_map(|grant| match grant {
        Grant::Write(template) if recipe.built_in => Some(template),
        _ => None,
    });
    let mut named = Vec::new();
    for template in recipe.grant.write.iter().chain(described) {
        if let Some(value) = own_option(template).and_then(|option| recorded.get(option)) {
            let paths = items(entry_point, template, value);
            named.extend(paths.into_iter().map(|path| normalise(&directory.join(path))));
        }
    }
    named
}

/// The directories that hold what `template` names, of those that lie in the buildout, and are none of the buildout's own
/// directories, nor hold one, nor lie in what many buildouts share: others have their things there.
fn holders(asking: &Asking<'_>, template: &str) -> Vec<PathBuf> {
    let locations = asking.locations;
    let shared: Vec<PathBuf> = paths(asking, [SHARED]).iter().map(|path| normalise(path)).collect();
    let is_own = |holder: &Path| {
        let within = [&locations.directory, &locations.parts].into_iter().any(|outer| holds(outer, holder));
        let mut standard = locations.standard().iter();
        let holds_standard = standard.any(|kept| holds(holder, kept));
        let holds_protected = locations.protected.iter().any(|kept| holds(holder, kept));
        within && !holds_standard && !holds_protected && !shared.iter().any(|shared| holds(shared, holder))
    };
    let named = paths(asking, [template]);
    let holders = named.iter().filter_map(|path| normalise(path).parent().map(Path::to_owned));
    holders.filter(|holder| is_own(holder)).collect()
}
