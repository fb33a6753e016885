//! The rights of a part's recipe: the default ones, those that a built-in recipe requests, and those that
//! `recipes.toml` grants.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::applicant::Applicant;
use super::described::grant_of;
use super::granted::{GrantedPath, Ungranted, WritableGrant};
use super::guard::{Change, Guard};
use super::locations::{Locations, is_part_name};
use super::mounts::{Access, Mount, Mounts, holds, normalize, same};
use super::named::{check_granted, check_named};
use super::python_defaults::PythonDefaults;
use super::templates::{SHARED, holders, own_option, paths};
use crate::component::PythonProgram;
use crate::error::{RecipeError, RecipeProblem};
use crate::limits;
use registry::Grant;

/// The rights of one part's recipe.
#[derive(Clone, Debug)]
pub(crate) struct Rights {
    pub(crate) mounts: Mounts,
    pub(crate) part: String,
    /// The part's location.
    pub(crate) location: Arc<Path>,
    /// The programs that it may start; `*` for all.
    pub(crate) run: Vec<String>,
    /// Prefixes of addresses that it may download from; `*` for all servers.
    pub(crate) fetch: Vec<String>,
    /// The programs that have the network when they run.
    pub(crate) network: Vec<String>,
    /// Whether it may install Python distributions.
    pub(crate) distributions: bool,
    /// Whether the recipe is built in: then what it requests is what the configuration says.
    pub(crate) is_built_in: bool,
    /// Whether the recipe is a program in Python.
    pub(crate) is_program: bool,
    pub(crate) timeout: Duration,
    /// The settings that must be equal for two parts to share an instance.
    pub(crate) process: Process,
    /// Paths that its commands make, in directories in which they may change nothing else.
    pub(crate) makes: Vec<PathBuf>,
    /// What `recipes.toml` grants for writing: its commands can make what does not exist.
    pub(crate) granted: Vec<WritableGrant>,
    /// Directories of parts that many buildouts share: the recipe writes there, its commands only the part's own place.
    shared: Vec<PathBuf>,
    /// What it may not change in directories that it may write.
    pub(crate) guard: Arc<Guard>,
    /// Options that decide what it may do.
    fixed: Vec<String>,
    /// Paths with the names of the part's own places that existed before the part.
    kept: Vec<PathBuf>,
    /// Its temporary directory, which need not exist.
    pub(crate) temporary: PathBuf,
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
            network: Vec::new(),
            distributions: false,
            is_built_in: false,
            is_program: false,
            timeout: grant.timeout.unwrap_or(limits::TIMEOUT),
            process: Process { env: Vec::new(), memory },
            makes: Vec::new(),
            granted: Vec::new(),
            shared: Vec::new(),
            guard: Arc::default(),
            fixed: Vec::new(),
            kept: Vec::new(),
            temporary: PathBuf::new(),
            locations: Arc::default(),
        }
    }

    /// The rights of a program while it is loaded: it may read its modules.
    pub(crate) fn to_load(program: &PythonProgram, grant: &Grant) -> Self {
        let read = program.path.iter().chain(&program.python).map(|path| (Arc::from(path.as_path()), Access::Read));
        let mounts = Mounts::new(read, &[], &[], &[]);
        let memory = grant.memory.unwrap_or(super::python_defaults::MEMORY);
        Self { mounts, process: Process { env: Vec::new(), memory }, ..Self::to_describe(grant) }
    }

    /// The rights of the part's recipe.
    pub(crate) fn of(applicant: &Applicant<'_>) -> Result<Self, RecipeError> {
        let Applicant { locations, recipe, .. } = applicant;
        // `run` has checked names in the configuration; a recorded part may have any name.
        if !is_part_name(applicant.part) {
            let problem = RecipeProblem::PartName { part: applicant.part.to_owned() };
            return Err(RecipeError::new(problem, applicant.subject.clone()));
        }
        let Expanded { grant, read, write, makes, granted, memory, timeout, shared, guard, granted_write } =
            Expanded::of(applicant);
        let only_reads = recipe.program.as_ref().is_some_and(|program| program.only_reads);
        let run = if only_reads { Vec::new() } else { grant.run.clone() };
        check_named(applicant, &grant)?;
        let location: Arc<Path> = normalize(&locations.parts.join(applicant.part)).into();
        let makes = makes.map(|named| named.into_iter().chain([location.to_path_buf()]).collect()).unwrap_or_default();
        let protected = locations.protected.as_slice();
        let mut access: Vec<_> = locations.standard().iter().map(|path| (Arc::clone(path), Access::Read)).collect();
        if (!protected.iter().any(|path| holds(&location, path)) || recipe.built_in) && !only_reads {
            access.push((Arc::clone(&location), Access::Write));
        }
        if !run.is_empty() {
            access.push((locations.build_directory(applicant.part).into(), Access::Write));
        }
        access.push((applicant.temporary.as_path().into(), Access::Write));
        access.extend(read.into_iter().map(|path| (path.into(), Access::Read)));
        access.extend(write.into_iter().map(|path| (path.into(), Access::Write)));
        check_granted(applicant)?;
        let granted_write = granted_write.into_iter().filter(|_| !only_reads);
        access.extend(granted_write.map(|path| (normalize(&path).into(), Access::Write)));
        let writable = locations.written();
        let links: Vec<_> = locations.links().collect();
        let variable = |name: &String| Some((name.clone(), applicant.environment.variables.get(name)?.clone()));
        let mut env: Vec<_> = grant.env.iter().filter_map(variable).collect();
        env.sort();
        env.dedup();
        Ok(Self {
            mounts: Mounts::new(access, &writable, &links, &[Path::new("/"), &locations.directory]),
            part: applicant.part.to_owned(),
            location,
            run,
            fetch: grant.fetch,
            network: grant.network,
            distributions: grant.distributions,
            is_built_in: recipe.built_in,
            is_program: recipe.program.is_some(),
            timeout,
            process: Process { env, memory },
            makes,
            granted,
            shared,
            guard: Arc::new(guard.with_places(locations.standard())),
            fixed: fixed(&recipe.grant),
            kept: Vec::new(),
            temporary: applicant.temporary.clone(),
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
            let is_kept = mount.is_derived || holds_protected(&mount.path) || is_shared(&mount.path);
            let writable = mount.access == Access::Write && !is_kept;
            (&*mount.path, writable)
        })
    }

    /// Whether an option decides what the recipe may do, now and when the part is uninstalled: the user sets it, not the
    /// recipe. A built-in recipe may set those that its own description refers to.
    pub(crate) fn is_fixed(&self, option: &str) -> bool {
        self.fixed.iter().any(|fixed| fixed == option)
    }

    /// The directories that hold something that stays as it is, or where it is, and in which the recipe may change everything
    /// else: those that it may write, and the ones on the way from there. Outer ones first.
    pub(crate) fn open_directories(&self) -> Vec<PathBuf> {
        let writable: Vec<&Path> =
            self.mounts.iter().filter(|mount| mount.access == Access::Write).map(|mount| &*mount.path).collect();
        let mut open: Vec<PathBuf> = Vec::new();
        for kept in self.guard.staying() {
            let around = kept.ancestors().skip(1);
            let within = around.filter(|path| writable.iter().any(|outer| holds(outer, path)));
            open.extend(within.map(Path::to_owned));
        }
        let is_writable = |path: &&Path| writable.iter().any(|outer| holds(outer, path));
        open.extend(self.guard.reserving_directories().filter(is_writable).map(Path::to_owned));
        let around = self.guard.places().iter().flat_map(|place| place.ancestors().skip(1));
        open.extend(around.filter(is_writable).map(Path::to_owned));
        open.sort();
        open.dedup();
        open
    }

    /// Whether `location`, as the recipe has set it, is a place that many buildouts share.
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
        // Other parts do not see the temporary directory.
        let is_seen = |mount: &&Mount| mount.access == Access::Write && *mount.path != self.temporary;
        let writable = self.mounts.iter().filter(is_seen);
        writable.map(|mount| &*mount.path).chain([self.locations.parts.as_path()])
    }

    /// `path` without the links that the user made on the way to the buildout's directories.
    pub(crate) fn real(&self, path: &Path) -> PathBuf {
        self.locations.real(path)
    }

    /// Whether `directory`, without links, is one of the buildout's directories, with no file of the host in it.
    pub(crate) fn is_directory_of_parts(&self, directory: &Path) -> bool {
        let holds_protected = |path: &Path| self.locations.protected.iter().any(|kept| holds(path, kept));
        let mut own = self.locations.standard().iter().filter(|path| !holds_protected(path));
        own.any(|path| path.canonicalize().is_ok_and(|real| real == directory))
    }

    /// The directories that every recipe may read.
    pub(crate) fn standard(&self) -> &[Arc<Path>] {
        self.locations.standard()
    }

    /// Whether the recipe may read what is in `directory`, without links.
    pub(crate) fn shows_entries_of(&self, directory: &Path) -> bool {
        let mut standard = self.locations.standard().iter();
        standard.any(|path| path.canonicalize().is_ok_and(|real| holds(&real, directory)))
    }

    /// The buildout directory: relative paths are relative to it.
    pub(crate) fn directory(&self) -> &Path {
        &self.locations.directory
    }

    /// The home directories, and the directories of the buildout and of its configuration.
    pub(crate) fn never_granted(&self) -> &[PathBuf] {
        &self.locations.kept
    }

    /// Whether no grant can open `path` for writing: it is a file of the host, or contains one.
    pub(crate) fn is_protected(&self, path: &Path) -> bool {
        self.locations.protected.iter().any(|protected| holds(path, protected))
    }

    /// `path` as an absolute path, with `.` and `..` resolved in its text.
    pub(crate) fn absolute(&self, path: &str) -> Result<PathBuf, Ungranted> {
        if path.len() > limits::PATH {
            return Err(Ungranted::TooLong);
        }
        if path.is_empty() || path.contains('\0') {
            return Err(Ungranted::Invalid);
        }
        Ok(normalize(&self.directory().join(path)))
    }

    /// The target of `path`, which must be granted for writing.
    pub(crate) fn route(&self, path: &str) -> Result<GrantedPath, Ungranted> {
        self.granted(&self.absolute(path)?, Access::Write).ok_or(Ungranted::NotGranted)
    }

    /// The target of `path` (normalized), if this access to it is granted.
    pub(crate) fn granted(&self, path: &Path, access: Access) -> Option<GrantedPath> {
        let (at, rest) = self.mounts.route(path)?;
        let mount = self.mounts.get(at).filter(|mount| mount.access >= access)?;
        if access == Access::Read {
            return Some(GrantedPath::new(mount, rest, &Arc::default()));
        }
        let is_kept = self.guard.keeps(path, Change::Write);
        (!is_kept).then(|| GrantedPath::new(mount, rest, &self.guard))
    }

    /// Whether `path` is the part's location or build directory, or below one of them. What is there was made for the part,
    /// except where parts do not have their own directory.
    pub(crate) fn is_own_place(&self, path: &Path) -> bool {
        let Locations { parts, directory, .. } = &*self.locations;
        let is_mixed = holds(parts, directory);
        !is_mixed && !self.is_kept(path) && self.own_places().iter().any(|place| holds(place, path))
    }

    /// Whether a confined command makes `path` in a place that the host gives it, because it may not write next to it.
    pub(crate) fn is_staged(&self, path: &Path) -> bool {
        let parent = path.parent().unwrap_or(path);
        let may_write = || self.directories().any(|(directory, writable)| writable && holds(directory, parent));
        self.makes.iter().any(|made| made == path) && !may_write()
    }

    /// The paths that its commands can make although they may not write next to them.
    pub(crate) fn makeable(&self) -> Vec<PathBuf> {
        self.makes.iter().chain(self.granted.iter().map(|granted| &granted.path)).cloned().collect()
    }

    /// Whether everything at the part's own places is known to be the part's: in a directory that the user chose, other files
    /// may be there.
    pub(crate) fn owns_its_places(&self) -> bool {
        !self.locations.is_parts_chosen()
    }

    /// Paths at the part's own places that existed before the part.
    pub(crate) fn kept(&self) -> &[PathBuf] {
        &self.kept
    }

    /// Whether `path` existed at one of the part's own places before the part, or is below it.
    pub(crate) fn is_kept(&self, path: &Path) -> bool {
        self.kept.iter().any(|kept| holds(kept, path))
    }

    /// Location and build directory.
    pub(crate) fn own_places(&self) -> [PathBuf; 2] {
        [self.location.to_path_buf(), self.build_directory()]
    }

    /// The same rights where these of the part's own places existed before: they may only be read.
    pub(crate) fn keeping(&self, kept: Vec<PathBuf>) -> Self {
        Self { mounts: self.mounts.clone().with_read_only(&kept), kept, ..self.clone() }
    }

    /// Checks whether the part may own `path`, as far as its text decides: plain, below one of the buildout's directories or
    /// a granted one, none of those themselves, and nothing that the host keeps. The error is the reason.
    pub(crate) fn check_path(&self, path: &str) -> Result<(), &'static str> {
        if path.is_empty() || path.len() > limits::PATH || path.contains('\0') {
            return Err("a path cannot be empty, be longer than 4096 bytes, or contain a NUL");
        }
        if path.split('/').any(|name| name == "..") {
            return Err("a path cannot contain `..`");
        }
        let path = normalize(&self.locations.directory.join(path));
        if self.locations.protected.iter().any(|protected| holds(&path, protected)) {
            return Err("the host's own files belong to no part");
        }
        if self.locations.kept.iter().any(|kept| holds(&path, kept)) {
            return Err("home directories, the buildout directory and that of the configuration belong to no part");
        }
        if holds(&self.temporary, &path) {
            return Err("a temporary directory belongs to no part");
        }
        let standard = self.locations.standard();
        if standard.iter().any(|directory| same(directory, &path)) {
            return Err("the buildout's directories belong to no part");
        }
        let is_made = self.makes.iter().any(|made| same(made, &path));
        if is_made || standard.iter().any(|directory| holds(directory, &path)) || self.mounts.writable(&path) {
            return Ok(());
        }
        Err("a part owns only what is below the buildout's directories or a directory granted for writing")
    }
}

/// The grants, with references resolved.
struct Expanded {
    /// Everything except directories and limits.
    grant: Grant,
    read: Vec<PathBuf>,
    /// Of a Python recipe: what it may write without a grant, except for what `guard` keeps.
    write: Vec<PathBuf>,
    guard: Guard,
    granted_write: Vec<PathBuf>,
    /// Of a recipe whose commands make paths in directories that they may not write.
    makes: Option<Vec<PathBuf>>,
    granted: Vec<WritableGrant>,
    memory: u64,
    timeout: Duration,
    /// The part of `granted_write` that commands may not write.
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
        let granted_paths: Vec<WritableGrant> = write.iter().map(|path| WritableGrant::of(path)).collect();
        let mut makes: Option<Vec<PathBuf>> = None;
        for template in described.write.iter().filter(|template| *template != SHARED) {
            match template.strip_suffix("/..") {
                Some(held) => {
                    write.extend(holders(applicant, held));
                    makes.get_or_insert_default().extend(paths(applicant, [held]).iter().map(|path| normalize(path)));
                }
                None => write.extend(paths(applicant, [template.as_str()])),
            }
        }
        if let Some(makes) = &mut makes {
            // A command can make a granted path that does not exist. A link is made, and never followed.
            let is_link = |path: &Path| path.is_symlink() && !path.is_dir() && applicant.locations.is_within(path);
            let named = granted_paths.iter().map(|granted| granted.path.clone());
            makes.extend(named.filter(|path| is_link(path) || path.symlink_metadata().is_err()));
            write.retain(|path| !path.is_symlink() || !makes.contains(&normalize(path)));
        }
        write.extend(shared.iter().cloned());
        let read = granted.read.iter().chain(&described.read).map(String::as_str);
        let read = paths(applicant, read);
        let mut grant = granted.clone();
        grant.extend(&described);
        let mut expanded = Self {
            grant,
            read,
            write: Vec::new(),
            guard: Guard::default(),
            granted_write: write,
            makes,
            granted: granted_paths,
            memory: granted.memory.or(described.memory).unwrap_or(limits::MEMORY),
            timeout: granted.timeout.or(described.timeout).unwrap_or(limits::TIMEOUT),
            shared,
        };
        if let Some(program) = &applicant.recipe.program {
            expanded.extend(PythonDefaults::of(applicant, program), applicant);
        } else if let Some((write, guard)) = PythonDefaults::of_python_name(applicant) {
            expanded.write = write;
            expanded.guard = guard.without(expanded.opened(applicant));
        }
        expanded
    }
}

impl Expanded {
    /// What a built-in recipe may write although other recipes rely on it: what `recipes.toml` or the part's options name.
    fn opened(&self, applicant: &Applicant<'_>) -> Vec<PathBuf> {
        let is_protected = |path: &&PathBuf| applicant.locations.protected.iter().any(|kept| holds(path, kept));
        let made = self.makes.iter().flatten().filter(|path| !is_protected(path)).cloned();
        made.chain([applicant.temporary.clone()]).collect()
    }

    /// Adds what a Python recipe may do without a grant.
    fn extend(&mut self, defaults: PythonDefaults, applicant: &Applicant<'_>) {
        let granted = &applicant.recipe.grant;
        self.grant.extend(&defaults.grant);
        self.read.extend(defaults.read);
        self.write = defaults.write;
        let opened = self.granted_write.iter().chain([&applicant.temporary]);
        let opened = opened.map(|path| normalize(path)).collect();
        self.guard = defaults.guard.without(opened);
        self.memory = granted.memory.unwrap_or(defaults.memory);
        self.timeout = granted.timeout.unwrap_or(defaults.timeout);
    }
}

/// The part's own options to which a grant of `recipes.toml` refers.
fn fixed(grant: &Grant) -> Vec<String> {
    let templates = grant.read.iter().chain(&grant.write);
    templates.filter_map(|template| own_option(template)).map(str::to_owned).collect()
}

/// The directories of shared parts, if the recipe writes there and `recipes.toml` does not grant them anyway.
fn shared(applicant: &Applicant<'_>, described: &Grant, granted: &[PathBuf]) -> Vec<PathBuf> {
    if !described.write.iter().any(|template| template == SHARED) {
        return Vec::new();
    }
    let granted: Vec<PathBuf> = granted.iter().map(|path| normalize(path)).collect();
    let listed = paths(applicant, [SHARED]).into_iter().map(|path| normalize(&path));
    listed.filter(|path| !granted.contains(path)).collect()
}
