//! The rights of a part's recipe: the default ones, those that a built-in recipe requests, and those that
//! `recipes.toml` grants.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::applicant::Applicant;
use super::described::grant_of;
use super::locations::{Locations, is_part_name};
use super::mounts::{Access, Mounts, holds, normalize, same};
use super::templates::{SHARED, holders, paths};
use super::writable::{Unwritable, WritablePath};
use crate::error::{Problem, RecipeError};
use crate::limits;
use registry::Grant;

/// The rights of one part's recipe.
#[derive(Debug)]
pub(crate) struct Rights {
    pub(crate) mounts: Mounts,
    pub(crate) part: String,
    /// The part's location.
    pub(crate) location: Arc<Path>,
    /// The programs that it may start; `*` for all.
    pub(crate) run: Vec<String>,
    /// Prefixes of addresses that it may download from; `*` for all.
    pub(crate) fetch: Vec<String>,
    pub(crate) timeout: Duration,
    /// The settings that must be equal for two parts to share an instance.
    pub(crate) process: Process,
    /// Directories of parts that several buildouts share: the recipe writes there, its commands only to the part's
    /// location.
    shared: Vec<PathBuf>,
    locations: Arc<Locations>,
}

/// The settings that cannot change during the life of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    /// Environment variables, by name.
    pub(crate) env: Vec<(String, String)>,
    /// Bytes of memory.
    pub(crate) memory: u64,
}

impl Rights {
    /// No rights, only the limits that `recipes.toml` sets: for a call that requests a component's description.
    pub(crate) fn to_describe(grant: &Grant) -> Self {
        let memory = grant.memory.unwrap_or(limits::MEMORY);
        Self {
            mounts: Mounts::default(),
            part: String::new(),
            location: Path::new("").into(),
            run: Vec::new(),
            fetch: Vec::new(),
            timeout: grant.timeout.unwrap_or(limits::TIMEOUT),
            process: Process { env: Vec::new(), memory },
            shared: Vec::new(),
            locations: Arc::default(),
        }
    }

    /// The rights of the part's recipe.
    pub(crate) fn of(applicant: &Applicant<'_>) -> Result<Self, RecipeError> {
        let Applicant { locations, recipe, .. } = applicant;
        // `run` has checked names in the configuration; a recorded part may have any name.
        if !is_part_name(applicant.part) {
            let problem = Problem::PartName { part: applicant.part.to_owned() };
            return Err(RecipeError::new(problem, applicant.subject.clone()));
        }
        let Expanded { grant, read, write, memory, timeout, shared } = Expanded::of(applicant);
        let location: Arc<Path> = normalize(&locations.parts.join(applicant.part)).into();
        let protected = locations.protected.as_slice();
        let mut access: Vec<_> = locations.standard().iter().map(|path| (Arc::clone(path), Access::Read)).collect();
        if !protected.iter().any(|path| holds(&location, path)) || recipe.built_in {
            access.push((Arc::clone(&location), Access::Write));
        }
        if !grant.run.is_empty() {
            access.push((locations.build_directory(applicant.part).into(), Access::Write));
        }
        access.extend(read.into_iter().map(|path| (path.into(), Access::Read)));
        for directory in write {
            let directory = normalize(&directory);
            if !recipe.built_in
                && let Some(holds) = protected.iter().find(|path| holds(&directory, path))
            {
                let problem = Problem::Grant { directory, holds: holds.clone(), place: recipe.grant.place.clone() };
                return Err(RecipeError::new(problem, applicant.subject.clone()));
            }
            access.push((directory.into(), Access::Write));
        }
        let writable = locations.written();
        let variable = |name: &String| Some((name.clone(), applicant.environment.variables.get(name)?.clone()));
        let mut env: Vec<_> = grant.env.iter().filter_map(variable).collect();
        env.sort();
        env.dedup();
        Ok(Self {
            mounts: Mounts::new(access, &writable, &[Path::new("/"), &locations.directory]),
            part: applicant.part.to_owned(),
            location,
            run: grant.run,
            fetch: grant.fetch,
            timeout,
            process: Process { env, memory },
            shared,
            locations: Arc::clone(locations),
        })
    }

    /// Whether the directory of a template can never be granted for writing, because it contains files of the host.
    pub(crate) fn refuses(applicant: &Applicant<'_>, template: &str) -> bool {
        let protected = &applicant.locations.protected;
        let named = paths(applicant, [template]).into_iter().map(|path| normalize(&path));
        named.into_iter().any(|directory| protected.iter().any(|path| holds(&directory, path)))
    }

    /// The directories that it may read, and those that it may write (`true`). The latter do not include the host's
    /// files, directories that contain them, and shared directories, although a built-in recipe may write these: this
    /// is for native commands.
    pub(crate) fn directories(&self) -> impl Iterator<Item = (&Path, bool)> {
        let holds_protected = |path: &Path| self.locations.protected.iter().any(|kept| holds(path, kept));
        let is_shared = |path: &Path| self.shared.iter().any(|shared| same(shared, path));
        self.mounts.iter().map(move |mount| {
            let writable = mount.access == Access::Write && !holds_protected(&mount.path) && !is_shared(&mount.path);
            (&*mount.path, writable)
        })
    }

    /// Whether `location`, as set by the recipe, is in a directory that several buildouts share.
    pub(crate) fn is_shared(&self, location: &Path) -> bool {
        self.shared.iter().any(|shared| !same(shared, location) && holds(shared, location))
    }

    /// Whether there are such directories.
    pub(crate) fn shares(&self) -> bool {
        !self.shared.is_empty()
    }

    /// The part's build directory.
    pub(crate) fn build_directory(&self) -> PathBuf {
        self.locations.build_directory(&self.part)
    }

    /// The log of its native commands.
    pub(crate) fn command_log(&self) -> PathBuf {
        self.locations.command_log(&self.part)
    }

    /// The directories in which the recipe or its commands may have made links.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Path> {
        let writable = self.mounts.iter().filter(|mount| mount.access == Access::Write);
        writable.map(|mount| &*mount.path).chain([self.locations.parts.as_path()])
    }

    /// The buildout directory, to which relative paths are relative.
    pub(crate) fn directory(&self) -> &Path {
        &self.locations.directory
    }

    /// The directory that has to be granted so that `path` can be used: its parent, or itself if the parent contains
    /// the host's files, which no grant can open.
    pub(crate) fn directory_to_grant<'a>(&self, path: &'a Path) -> &'a Path {
        let parent = path.parent().unwrap_or(path);
        if self.locations.protected.iter().any(|protected| protected.starts_with(parent)) { path } else { parent }
    }

    /// The target of `path`, which must be granted for writing.
    pub(crate) fn route(&self, path: &str) -> Result<WritablePath, Unwritable> {
        if path.len() > limits::PATH {
            return Err(Unwritable::TooLong);
        }
        if path.is_empty() || path.contains('\0') {
            return Err(Unwritable::Invalid);
        }
        let path = normalize(&self.directory().join(path));
        let route = self.mounts.route(&path).and_then(|(at, rest)| Some((self.mounts.get(at)?, rest)));
        let route = route.filter(|(mount, _)| mount.access == Access::Write);
        let (mount, rest) = route.ok_or(Unwritable::NotGranted)?;
        Ok(WritablePath::new(mount, rest))
    }

    /// Whether `path`, which is about to be created, already exists and does not belong to the part: then it is not
    /// removed if the part fails. The part's directories contain only its left-overs.
    pub(crate) fn was_there(&self, path: &str) -> bool {
        let path = normalize(&self.directory().join(path));
        let own = holds(&self.location, &path) || holds(&self.build_directory(), &path);
        !own && path.symlink_metadata().is_ok()
    }

    /// Whether the part may own `path`: plain, below one of the buildout's directories or a granted one, none of these
    /// directories themselves, and not a file of the host. The error is the reason.
    pub(crate) fn check_path(&self, path: &str) -> Result<(), &'static str> {
        if path.is_empty() || path.len() > limits::PATH || path.contains('\0') {
            return Err("a path is not empty, not longer than 4096 bytes, and has no NUL");
        }
        if path.split('/').any(|name| name == "..") {
            return Err("a path has no `..`");
        }
        let path = normalize(&self.locations.directory.join(path));
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

/// The grants, with references resolved.
struct Expanded {
    /// Everything except directories and limits.
    grant: Grant,
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
    memory: u64,
    timeout: Duration,
    /// The part of `write` that commands may not write.
    shared: Vec<PathBuf>,
}

impl Expanded {
    /// Built-in recipes are granted what they request; others need a grant.
    fn of(applicant: &Applicant<'_>) -> Self {
        let granted = &applicant.recipe.grant;
        let described = match applicant.recipe.built_in {
            true => grant_of(&applicant.entry_point.grants),
            false => Grant::default(),
        };
        let mut write = paths(applicant, granted.write.iter().map(String::as_str));
        let shared = shared(applicant, &described, &write);
        for template in described.write.iter().filter(|template| *template != SHARED) {
            match template.strip_suffix("/..") {
                Some(held) => write.extend(holders(applicant, held)),
                None => write.extend(paths(applicant, [template.as_str()])),
            }
        }
        write.extend(shared.iter().cloned());
        let read = granted.read.iter().chain(&described.read).map(String::as_str);
        let read = paths(applicant, read);
        let memory = granted.memory.or(described.memory).unwrap_or(limits::MEMORY);
        let timeout = granted.timeout.or(described.timeout).unwrap_or(limits::TIMEOUT);
        let mut grant = granted.clone();
        grant.extend(&described);
        Self { grant, read, write, memory, timeout, shared }
    }
}

/// The directories of shared parts, if the recipe writes there and `recipes.toml` does not grant them explicitly.
fn shared(applicant: &Applicant<'_>, described: &Grant, granted: &[PathBuf]) -> Vec<PathBuf> {
    if !described.write.iter().any(|template| template == SHARED) {
        return Vec::new();
    }
    let granted: Vec<PathBuf> = granted.iter().map(|path| normalize(path)).collect();
    let listed = paths(applicant, [SHARED]).into_iter().map(|path| normalize(&path));
    listed.filter(|path| !granted.contains(path)).collect()
}
