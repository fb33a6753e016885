//! Paths that a command makes in a directory where it may change nothing else: other parts are there, or the host's files.
//!
//! The command finds the directory as it is, without the paths that it is to make. What it makes is created in a
//! staging directory, and is moved to its place when the command has ended. Only the strongest confinement can show a
//! staging directory; with the weaker one the directory of parts is writable, and elsewhere the path is made before.
//!
//! Other recipes and commands may run at the same time, and replace directories by links. So each
//! operation is on open directories, which are the same as before the command
//! (`docs/decisions/153-staging-by-handles.md`).

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::digest::Digest;
use confine::{CommandPolicy, ConfinementLevel, Staged, resolve_for};
use rustix::fs::Access;

use super::held::{DirectoryIdentity, HeldDirectory};
use crate::grants::granted::WritableGrant;
use crate::grants::guard::{Change, Guard};
use crate::grants::rights::Rights;

/// What the name of a staging directory starts with. Digits of two digests follow: of the buildout directory, because several
/// buildouts may have parts in one directory, and of the part, because several may be made at once.
const PREFIX: &str = ".buildout-staging-";
/// Digits of each digest.
const DIGITS: usize = 16;

/// The staging directories of one command.
#[derive(Debug, Default)]
pub(crate) struct Staging {
    directories: Vec<Directory>,
    placeholders: Vec<Placeholder>,
}

#[derive(Debug)]
struct Directory {
    /// The directory in whose place the command sees the staging directory.
    shown: DirectoryIdentity,
    /// The staging directory, which is in it.
    staged: DirectoryIdentity,
    /// What the command is to make in it: names, and paths as the configuration writes them.
    names: BTreeMap<OsString, PathBuf>,
    /// In a directory in which the command may make anything, except for what stays as it is.
    open: Option<StagedOpen>,
}

#[derive(Debug)]
struct StagedOpen {
    guard: Arc<Guard>,
    /// The symbolic links in the directory, which the command may replace and remove.
    links: Vec<OsString>,
}

/// What came of staging.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Paths that the command made and that are in their place.
    pub(crate) made: Vec<PathBuf>,
    /// Paths that the command made and that belong to no part: they were removed.
    pub(crate) removed: Vec<PathBuf>,
}

impl Staging {
    /// Changes the policy of a command so that it can make `rights.makes`. Returns also the paths that had to be made.
    pub(crate) fn prepare(rights: &Rights, policy: &mut CommandPolicy) -> io::Result<(Self, Vec<PathBuf>)> {
        rights.guard.find_checkouts()?;
        let mut staging = Self::default();
        let mut made = Vec::new();
        let mut opened = Vec::new();
        for directory in rights.open_directories() {
            // One that does not exist, or to which only a link leads that a recipe may have made, is not shown.
            if let Ok(real) = resolve_for(&rights.real(&directory), policy) {
                let held = HeldDirectory::open(&real)?;
                opened.push((StagedOpen::of(rights, policy, &held)?, held.place()?));
            }
        }
        let mut to_make = by_parent(rights, policy);
        for (open, shown) in opened {
            if policy.level != ConfinementLevel::Full {
                continue;
            }
            let names = to_make.remove(&shown.path).unwrap_or_default();
            staging.add(rights, policy, shown.open()?, names, true)?;
            if let Some(added) = staging.directories.last_mut() {
                added.open = Some(open);
            }
        }
        for (parent, names) in to_make {
            match policy.level {
                ConfinementLevel::None => {}
                ConfinementLevel::Full => staging.add(rights, policy, HeldDirectory::open(&parent)?, names, false)?,
                ConfinementLevel::Partial if rights.is_directory_of_parts(&parent) => policy.write.push(parent),
                ConfinementLevel::Partial => {
                    let held = HeldDirectory::open(&parent)?;
                    for (name, path) in names.iter().filter(|(name, _)| !held.is_link(name)) {
                        let is_file = |granted: &WritableGrant| granted.path == *path && !granted.is_directory;
                        match rights.granted.iter().any(is_file) {
                            true => staging.placeholders.push(Placeholder::make(&held, name)?),
                            false => drop(held.make(name)?),
                        }
                        policy.write.push(parent.join(name));
                    }
                    made.extend(names.into_values());
                }
            }
        }
        Ok((staging, made))
    }

    fn add(
        &mut self,
        rights: &Rights,
        policy: &mut CommandPolicy,
        held: HeldDirectory,
        names: BTreeMap<OsString, PathBuf>,
        is_open: bool,
    ) -> io::Result<()> {
        let name = OsString::from(format!("{}{}", own_prefix(rights), digits(rights.part.as_bytes())));
        held.clear(&name)?;
        let staged = held.make(&name)?;
        let path = held.path();
        let is_read = policy.read.iter().any(|read| path.starts_with(read)) || confine::is_of_system(path);
        let shows_existing = is_open || is_read || rights.shows_entries_of(path);
        let is_shown = |name: &OsStr| shows_existing || names.contains_key(name);
        copy_links(&held, &staged, &is_shown)?;
        policy.staged.push(Staged { path: held.path().to_owned(), source: staged.path().to_owned(), shows_existing });
        self.directories.push(Directory { shown: held.place()?, staged: staged.place()?, names, open: None });
        Ok(())
    }

    /// Moves what the command made to its place, and removes the staging directories.
    pub(crate) fn settle(self) -> io::Result<Settled> {
        let mut settled = Settled::default();
        for directory in &self.directories {
            directory.settle(&mut settled)?;
        }
        Ok(settled)
    }
}

/// After a failure, nothing of it stays.
impl Drop for Staging {
    fn drop(&mut self) {
        for directory in &self.directories {
            let name = directory.staged.path.file_name().unwrap_or_default();
            let _ = directory.shown.open().and_then(|held| held.clear(name));
        }
        for placeholder in &self.placeholders {
            let _ = placeholder.remove_unused();
        }
    }
}

/// An empty file that a command can fill, where it may make none itself.
#[derive(Debug)]
struct Placeholder {
    holder: DirectoryIdentity,
    name: OsString,
}

impl Placeholder {
    fn make(held: &HeldDirectory, name: &OsStr) -> io::Result<Self> {
        held.make_marked_file(name)?;
        Ok(Self { holder: held.place()?, name: name.to_owned() })
    }

    /// Removes it if nothing has changed it.
    fn remove_unused(&self) -> io::Result<()> {
        let held = self.holder.open()?;
        if held.is_marked_file(&self.name) { held.unlink(&self.name) } else { Ok(()) }
    }
}

impl Directory {
    fn settle(&self, settled: &mut Settled) -> io::Result<()> {
        Settling { held: self.shown.open()?, staged: self.staged.open()? }.settle(self, settled)
    }
}

/// A directory and its staging directory, open while entries are moved from one to the other.
struct Settling {
    held: HeldDirectory,
    staged: HeldDirectory,
}

impl Settling {
    fn settle(&self, directory: &Directory, settled: &mut Settled) -> io::Result<()> {
        let Self { held, staged } = self;
        // Links that the command has removed.
        let own = directory.names.keys().filter(|name| held.is_link(name));
        for name in own.filter(|name| staged.kind(name).is_none()) {
            held.unlink(name)?;
        }
        for (name, _) in staged.entries()? {
            if is_staging(&name) {
                // Of another part that is made at the same time: it was shown, and is gone or will be.
                continue;
            }
            if let Some(path) = directory.names.get(&name) {
                if self.is_same_link(&name) {
                    continue;
                }
                if held.is_link(&name) {
                    held.unlink(&name)?;
                }
                // Someone else may have made the path meanwhile.
                staged.move_to(&name, held)?;
                settled.made.push(path.clone());
            } else if let Some(open) = &directory.open {
                open.settle(self, &name, settled)?;
            } else if held.kind(&name).is_none() {
                settled.removed.push(held.path().join(name));
            }
        }
        directory.open.as_ref().map_or(Ok(()), |open| open.remove_links(self))
    }

    /// Whether a link is as it was before the command.
    fn is_same_link(&self, name: &OsStr) -> bool {
        let target = self.staged.target(name);
        target.is_some() && target == self.held.target(name)
    }
}

impl StagedOpen {
    /// Lets the command change a directory, except for what stays as it is: entries that it may change are shown as they
    /// are, and what is new is created in a staging directory.
    fn of(rights: &Rights, policy: &mut CommandPolicy, held: &HeldDirectory) -> io::Result<Self> {
        let (mut links, guard) = (Vec::new(), Arc::clone(&rights.guard));
        // Its entries take its place.
        policy.write.retain(|writable| writable != held.path());
        for (name, kind) in held.entries()? {
            let path = held.path().join(&name);
            let is_staging = name.as_encoded_bytes().starts_with(PREFIX.as_bytes());
            if kind.is_symlink() {
                links.push(name);
            } else if !is_staging && !guard.keeps(&path, Change::Replace) {
                policy.write.push(path);
            }
        }
        Ok(Self { guard, links })
    }

    /// Brings one entry to its place.
    fn settle(&self, directories: &Settling, name: &OsStr, settled: &mut Settled) -> io::Result<()> {
        let Settling { held, staged } = directories;
        let before = held.kind(name);
        let is_link = before.is_some_and(|kind| kind.is_symlink());
        if before.is_some() && !is_link || is_link && directories.is_same_link(name) {
            // Where something is shown, or a link as it was.
            return Ok(());
        }
        // A directory comes with what is in it.
        let is_file = before.is_none() && staged.kind(name).is_some_and(|kind| kind.is_file());
        let change = if is_file { Change::Write } else { Change::Replace };
        if self.guard.keeps_entry(held, name, change)? {
            settled.removed.push(held.path().join(name));
            return Ok(());
        }
        if is_link {
            held.unlink(name)?;
        }
        staged.move_to(name, held)?;
        if !is_link {
            settled.made.push(held.path().join(name));
        }
        Ok(())
    }

    /// Removes the links that the command has removed.
    fn remove_links(&self, directories: &Settling) -> io::Result<()> {
        let Settling { held, staged } = directories;
        for name in self.links.iter().filter(|name| staged.kind(name).is_none()) {
            if held.is_link(name) && !self.guard.keeps_entry(held, name, Change::Replace)? {
                held.unlink(name)?;
            }
        }
        Ok(())
    }
}

/// The paths that the command is to make, and that do not exist or are links, by the directories in which they will be,
/// where that is not one in which the command may write anyway.
fn by_parent(rights: &Rights, policy: &CommandPolicy) -> BTreeMap<PathBuf, BTreeMap<OsString, PathBuf>> {
    let mut by_parent = BTreeMap::<PathBuf, BTreeMap<OsString, PathBuf>>::new();
    let is_missing = |path: &&PathBuf| path.symlink_metadata().is_err();
    let makes = rights.makes.iter().filter(|path| path.is_symlink() || is_missing(path));
    let granted = rights.granted.iter().map(|granted| &granted.path).filter(is_missing);
    // What the user cannot make either is no reason to start no command.
    let granted = granted.filter(|path| path.parent().is_some_and(is_writable));
    for path in makes.chain(granted) {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { continue };
        // It exists, as the recipe has made it. A link that a recipe may have made leads nowhere.
        let Ok(parent) = resolve_for(&rights.real(parent), policy) else { continue };
        if parent != Path::new("/") && !policy.write.iter().any(|writable| parent.starts_with(writable)) {
            by_parent.entry(parent).or_default().insert(name.to_owned(), path.clone());
        }
    }
    by_parent
}

/// Whether the user can make entries in a directory.
fn is_writable(directory: &Path) -> bool {
    rustix::fs::access(directory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// What the names of this buildout's staging directories start with.
fn own_prefix(rights: &Rights) -> String {
    format!("{PREFIX}{}-", digits(rights.directory().as_os_str().as_encoded_bytes()))
}

fn digits(bytes: &[u8]) -> String {
    let mut digits = Digest::of(bytes).to_string();
    digits.truncate(DIGITS);
    digits
}

/// Whether a directory has the name of a staging directory, of any buildout.
fn is_staging(name: &OsStr) -> bool {
    let digits = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|rest| rest.split_once('-'));
    digits.is_some_and(|(buildout, part)| [buildout, part].into_iter().all(are_digits))
}

fn are_digits(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a directory has the name of a staging directory of this buildout.
fn is_of_buildout(name: &OsStr, prefix: &str) -> bool {
    let rest = name.to_str().and_then(|name| name.strip_prefix(prefix));
    rest.is_some_and(are_digits)
}

/// Links in the directory lead where they led; nothing can be mounted in their place.
fn copy_links(from: &HeldDirectory, to: &HeldDirectory, is_shown: &dyn Fn(&OsStr) -> bool) -> io::Result<()> {
    for (name, kind) in from.entries()? {
        if kind.is_symlink()
            && is_shown(&name)
            && let Some(target) = from.target(&name)
        {
            to.link(&name, &target)?;
        }
    }
    Ok(())
}

/// Removes the staging directories that a killed run of this buildout has left in the buildout's directories. There is only
/// one run at a time.
pub(crate) fn clear_left(rights: &Rights) {
    let prefix = own_prefix(rights);
    let standard = rights.standard().iter().map(|path| path.to_path_buf());
    for directory in standard.chain(rights.open_directories()) {
        let Ok(held) = directory.canonicalize().and_then(|real| HeldDirectory::open(&real)) else { continue };
        let entries = held.entries().unwrap_or_default();
        for (name, _) in entries.iter().filter(|(name, _)| is_of_buildout(name, &prefix)) {
            // What cannot be removed is no obstacle: it is tried again, and reported, when the part is made.
            let _ = held.clear(name);
        }
    }
}
