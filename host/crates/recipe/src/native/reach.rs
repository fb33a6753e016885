//! The paths that a part's native commands may reach: a value that follows from the plan, and does not depend on what
//! was installed before.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use config::facts::directories_of_python;
use config::options::Buildout;
use confine::{CommandPolicy, ConfinementLevel};

use crate::grants::mounts::{holds, normalize};
use crate::grants::rights::Rights;
use crate::grants::system::is_in_system;

/// The directories that a part's commands may reach.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
    /// Directories that some part of the plan may write: links in them are not followed.
    written: Vec<PathBuf>,
}

/// What a call's commands may reach, determined when the first one starts: most calls start none.
pub(crate) struct LateReach(LazyLock<Reach, Box<dyn FnOnce() -> Reach + Send>>);

impl LateReach {
    pub(crate) fn new(determine: impl FnOnce() -> Reach + Send + 'static) -> Arc<Self> {
        Arc::new(Self(LazyLock::new(Box::new(determine))))
    }

    /// For a call in which no command can be started.
    pub(crate) fn none() -> Arc<Self> {
        Self::new(Reach::default)
    }

    pub(crate) fn policy(&self, level: ConfinementLevel) -> CommandPolicy {
        self.0.policy(level)
    }
}

impl Reach {
    /// The paths that the commands of one part may reach, if `all` are the rights of every part of the plan.
    pub(crate) fn new<'a>(
        rights: &Rights,
        buildout: Option<&Buildout>,
        all: impl Iterator<Item = &'a Arc<Rights>>,
    ) -> Self {
        let mut reach = Self::default();
        for (path, writable) in rights.directories() {
            // The root is granted to built-in recipes that only read; commands see the system's directories in any
            // case.
            if path != Path::new("/") {
                if writable { &mut reach.write } else { &mut reach.read }.push(rights.real(path));
            }
        }
        reach.write.extend(buildout.and_then(|buildout| shared_location(rights, buildout)));
        reach.read.extend(buildout.map(|buildout| python(rights, buildout)).unwrap_or_default());
        // The buildout directory is read at its path, and contains the links of the user.
        let mut written = BTreeSet::from([rights.directory().to_owned()]);
        for rights in all {
            let outside = rights.written().filter(|path| !holds(rights.directory(), path));
            written.extend(outside.map(Path::to_owned));
            written.extend(rights.written().map(|path| rights.real(path)));
        }
        reach.written = written.into_iter().collect();
        reach
    }

    /// The same without writing, except to the part's temporary directory: for `init`, which may be called without the part
    /// being made.
    pub(crate) fn of_init(mut self, rights: &Rights) -> Self {
        let (write, read): (Vec<_>, Vec<_>) = self.write.into_iter().partition(|path| *path == rights.temporary);
        self.write = write;
        self.read.extend(read);
        self
    }

    /// The same for a part whose result is kept in a cache: its commands see, of the buildout, only `paths` and its own places.
    pub(crate) fn only(mut self, paths: &[PathBuf], rights: &Rights) -> Self {
        let own: Vec<PathBuf> = rights.own_places().iter().map(|path| rights.real(path)).collect();
        self.write.retain(|path| *path == rights.temporary || own.contains(path));
        self.read = paths.iter().map(|path| rights.real(path)).collect();
        self
    }

    /// The policy of a command that is started now. A directory that does not exist cannot be mounted for it.
    pub(crate) fn policy(&self, level: ConfinementLevel) -> CommandPolicy {
        let existing = |paths: &[PathBuf]| paths.iter().filter(|path| path.exists()).cloned().collect();
        let (read, write) = (existing(&self.read), existing(&self.write));
        CommandPolicy { read, write, written: self.written.clone(), level, ..CommandPolicy::default() }
    }
}

/// Where the buildout's Python is, which the scripts in `bin` start, if it is in none of the directories that every command
/// reads: pyenv and uv install Pythons in the home directory, and virtual environments may be anywhere.
fn python(rights: &Rights, buildout: &Buildout) -> Vec<PathBuf> {
    let Some(executable) = buildout.get("buildout", "executable").ok().flatten() else { return Vec::new() };
    let found = directories_of_python(Path::new(&executable), rights.directory(), rights.never_granted());
    found.into_iter().filter(|path| !is_in_system(path) && !holds(rights.directory(), path)).collect()
}

/// The part's location in the directories that several buildouts share, as set by its recipe.
fn shared_location(rights: &Rights, buildout: &Buildout) -> Option<PathBuf> {
    if !rights.shares() || !buildout.is_initialized(&rights.part) {
        return None;
    }
    let location = normalize(Path::new(&buildout.get(&rights.part, "location").ok()??));
    rights.is_shared(&location).then_some(location)
}
