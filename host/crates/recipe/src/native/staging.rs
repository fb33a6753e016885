//! Paths that a command makes in a directory where it may change nothing else: other parts are there, or the host's files.
//!
//! The command finds the directory as it is, without the paths that it is to make. What it makes is created in a
//! staging directory, and is moved to its place when the command has ended. Only the strongest confinement can show a
//! staging directory; with the weaker one the directory of parts is writable, and elsewhere the path is made before.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::digest::Digest;
use base::files::remove_directory;
use confine::{CommandPolicy, ConfinementLevel, Staged, resolve_for};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

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
}

#[derive(Debug)]
struct Directory {
    /// The directory in whose place the command sees the staging directory.
    path: PathBuf,
    source: PathBuf,
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
                opened.push((StagedOpen::of(rights, policy, &real)?, real));
            }
        }
        let mut to_make = by_parent(rights, policy);
        for (open, directory) in opened {
            if policy.level != ConfinementLevel::Full {
                continue;
            }
            let names = to_make.remove(&directory).unwrap_or_default();
            staging.add(rights, policy, directory, names)?;
            if let Some(added) = staging.directories.last_mut() {
                added.open = Some(open);
            }
        }
        for (parent, names) in to_make {
            match policy.level {
                ConfinementLevel::None => {}
                ConfinementLevel::Full => staging.add(rights, policy, parent, names)?,
                ConfinementLevel::Partial if rights.is_directory_of_parts(&parent) => policy.write.push(parent),
                ConfinementLevel::Partial => {
                    for path in names.keys().map(|name| parent.join(name)).filter(|path| !path.is_symlink()) {
                        std::fs::create_dir(&path)?;
                        policy.write.push(path);
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
        parent: PathBuf,
        names: BTreeMap<OsString, PathBuf>,
    ) -> io::Result<()> {
        let source = parent.join(format!("{}{}", own_prefix(rights), digits(rights.part.as_bytes())));
        clear(&source)?;
        std::fs::create_dir(&source)?;
        let shows_existing = rights.shows_entries_of(&parent) || !rights.guard.is_empty();
        let is_shown = |name: &OsStr| shows_existing || names.contains_key(name);
        copy_links(&parent, &source, &is_shown)?;
        self.directories.push(Directory { path: parent.clone(), source: source.clone(), names, open: None });
        policy.staged.push(Staged { path: parent, source, shows_existing });
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
            let _ = clear(&directory.source);
        }
    }
}

impl Directory {
    fn settle(&self, settled: &mut Settled) -> io::Result<()> {
        // Links that the command has removed.
        let own = self.names.keys().filter(|name| self.path.join(name).is_symlink());
        for name in own.filter(|name| self.source.join(name).symlink_metadata().is_err()) {
            std::fs::remove_file(self.path.join(name))?;
        }
        for entry in std::fs::read_dir(&self.source)? {
            let name = entry?.file_name();
            if is_staging(&name) {
                // Of another part that is made at the same time: it was shown, and is gone or will be.
                continue;
            }
            let (from, to) = (self.source.join(&name), self.path.join(&name));
            if let Some(path) = self.names.get(&name) {
                if is_same_link(&from, &to) {
                    continue;
                }
                if to.is_symlink() {
                    std::fs::remove_file(&to)?;
                }
                // Someone else may have made the path meanwhile.
                move_to(&from, &to)?;
                settled.made.push(path.clone());
            } else if let Some(open) = &self.open {
                open.settle(&from, to, settled)?;
            } else if to.symlink_metadata().is_err() {
                settled.removed.push(to);
            }
        }
        self.open.as_ref().map_or(Ok(()), |open| open.remove_links(self))
    }
}

/// Whether both are links to the same path.
fn is_same_link(one: &Path, other: &Path) -> bool {
    let target = std::fs::read_link(one).ok();
    target.is_some() && target == std::fs::read_link(other).ok()
}

impl StagedOpen {
    /// Lets the command change a directory, except for what stays as it is: entries that it may change are shown as they
    /// are, and what is new is created in a staging directory.
    fn of(rights: &Rights, policy: &mut CommandPolicy, directory: &Path) -> io::Result<Self> {
        let (mut links, guard) = (Vec::new(), Arc::clone(&rights.guard));
        // Its entries take its place.
        policy.write.retain(|writable| writable != directory);
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let is_staging = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
            if entry.file_type()?.is_symlink() {
                links.push(entry.file_name());
            } else if !is_staging && !guard.keeps(&entry.path(), Change::Replace) {
                policy.write.push(entry.path());
            }
        }
        Ok(Self { guard, links })
    }

    /// Brings one entry to its place.
    fn settle(&self, from: &Path, to: PathBuf, settled: &mut Settled) -> io::Result<()> {
        let before = to.symlink_metadata();
        let is_link = before.as_ref().is_ok_and(std::fs::Metadata::is_symlink);
        if before.is_ok() && !is_link || is_link && is_same_link(from, &to) {
            // Where something is shown, or a link as it was.
            return Ok(());
        }
        if self.guard.keeps(&to, Change::Replace) {
            settled.removed.push(to);
            return Ok(());
        }
        if is_link {
            std::fs::remove_file(&to)?;
        }
        move_to(from, &to)?;
        if !is_link {
            settled.made.push(to);
        }
        Ok(())
    }

    /// Removes the links that the command has removed.
    fn remove_links(&self, directory: &Directory) -> io::Result<()> {
        let removed = |name: &&OsString| directory.source.join(name).symlink_metadata().is_err();
        for name in self.links.iter().filter(removed) {
            let path = directory.path.join(name);
            if path.is_symlink() && !self.guard.keeps(&path, Change::Replace) {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// The paths that the command is to make, and that do not exist or are links, by the directories in which they will be,
/// where that is not one in which the command may write anyway.
fn by_parent(rights: &Rights, policy: &CommandPolicy) -> BTreeMap<PathBuf, BTreeMap<OsString, PathBuf>> {
    let mut by_parent = BTreeMap::<PathBuf, BTreeMap<OsString, PathBuf>>::new();
    for path in rights.makes.iter().filter(|path| path.is_symlink() || path.symlink_metadata().is_err()) {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { continue };
        // It exists, as the recipe has made it. A link that a recipe may have made leads nowhere.
        let Ok(parent) = resolve_for(&rights.real(parent), policy) else { continue };
        if parent != Path::new("/") && !policy.write.iter().any(|writable| parent.starts_with(writable)) {
            by_parent.entry(parent).or_default().insert(name.to_owned(), path.clone());
        }
    }
    by_parent
}

/// Renames to a name that nothing has. A directory that its owner may not write cannot be moved to another directory: it is
/// writable meanwhile.
fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    match rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let before = from.symlink_metadata()?;
            if !before.is_dir() {
                return Err(error);
            }
            std::fs::set_permissions(from, Permissions::from_mode(before.mode() | 0o700))?;
            rename(from, to)?;
            std::fs::set_permissions(to, before.permissions())
        }
        outcome => outcome,
    }
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system can do both at once.
        Err(Errno::INVAL | Errno::NOSYS) if to.symlink_metadata().is_err() => std::fs::rename(from, to),
        outcome => Ok(outcome?),
    }
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
fn copy_links(from: &Path, to: &Path, is_shown: &dyn Fn(&OsStr) -> bool) -> io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_symlink() && is_shown(&entry.file_name()) {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, to.join(entry.file_name()))?;
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
        let entries = std::fs::read_dir(&directory).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| is_of_buildout(&entry.file_name(), &prefix)) {
            // A failure to remove is not an obstacle: the removal is tried again, and reported, when the part is made.
            let _ = clear(&entry.path());
        }
    }
}

/// Removes a staging directory.
fn clear(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(found) if found.is_dir() => remove_directory(path).map_err(|error| error.cause),
        _ => std::fs::remove_file(path),
    }
}
