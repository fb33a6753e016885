//! Removal of the paths that a recipe recorded: only below the given roots, never through a link.
//!
//! Anyone with write access can edit the state file, so a recorded path is untrusted input. It is first checked as a
//! string, then walked from an open root directory, one component at a time, without following symbolic links.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use cap_fs_ext::DirExt as _;
use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::mounts::mount_points;
use super::removal_error::RemovalError;
use super::tree::{is_not_a_directory, missing_is_fine, remove_tree};
use super::version_control;
use crate::paths::is_below;

/// Where recorded paths may be removed.
#[derive(Clone, Debug)]
pub struct Removal {
    base: PathBuf,
    roots: Vec<PathBuf>,
    /// Paths that may be removed themselves.
    named: Vec<PathBuf>,
    /// Paths that must stay, and why.
    protected: Vec<(PathBuf, &'static str)>,
    /// Where checkouts of version control may be removed.
    own: Vec<PathBuf>,
    /// Where file systems are mounted.
    mounts: Vec<PathBuf>,
    /// The base without links.
    real_base: PathBuf,
}

/// The result of [`Removal::remove`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// A directory with everything below it.
    Directory,
    /// A file (or socket, device, named pipe).
    File,
    /// A symbolic link; its target is unchanged.
    Link,
    /// It did not exist.
    Missing,
}

impl Removal {
    /// Allows removal below `directory`, the buildout directory. Relative paths are resolved against it.
    pub fn new(directory: &Path) -> Self {
        let mut removal = Self {
            base: directory.to_owned(),
            roots: Vec::new(),
            named: Vec::new(),
            protected: Vec::new(),
            own: Vec::new(),
            mounts: mount_points(),
            real_base: directory.canonicalize().unwrap_or_else(|_| directory.to_owned()),
        };
        removal.protect(directory);
        removal.allow(directory);
        removal
    }

    /// Also allows removal below `root`: a standard directory outside the buildout, or a directory granted for writing.
    pub fn allow(&mut self, root: &Path) {
        add_with_canonical(&mut self.roots, &self.base.join(root));
    }

    /// Allows removal of `path` itself, and of everything below it.
    pub fn allow_itself(&mut self, path: &Path) {
        self.named.push(self.base.join(path));
    }

    /// Allows removal of the version control of checkouts at `place`: a part made everything there.
    pub fn own(&mut self, place: &Path) {
        add_with_canonical(&mut self.own, &self.base.join(place));
    }

    /// Forbids removal of `path` and of every directory that contains it: a standard directory, the state file, a
    /// configuration file, keys.
    pub fn protect(&mut self, path: &Path) {
        self.protect_because(path, "belongs to the buildout itself");
    }

    /// The same for the user's home directory.
    pub fn protect_home(&mut self, path: &Path) {
        self.protect_because(path, "is your home directory");
    }

    fn protect_because(&mut self, path: &Path, reason: &'static str) {
        let mut paths = Vec::new();
        add_with_canonical(&mut paths, &self.base.join(path));
        self.protected.extend(paths.into_iter().map(|path| (path, reason)));
    }

    pub(super) fn absolute(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// Whether `path` may be removed, judging by the string alone. Accesses no file.
    ///
    /// # Errors
    /// [`RemovalError::NotPlain`], [`RemovalError::Outside`], [`RemovalError::Protected`], [`RemovalError::Mounted`],
    /// [`RemovalError::VersionControl`].
    pub fn check(&self, path: &Path) -> Result<(), RemovalError> {
        self.locate(path).map(|_| ())
    }

    /// Removes `path` and everything below it. A missing path is not an error.
    ///
    /// # Errors
    /// When the path may not be removed (then nothing was changed), or cannot be (then some of it may already be
    /// removed).
    pub fn remove(&self, path: &Path) -> Result<Removed, RemovalError> {
        self.remove_named(path, OsStr::to_owned)
    }

    /// Removes the sibling of `path` whose name `named` derives from that of `path`.
    pub(super) fn remove_named(
        &self,
        path: &Path,
        named: impl FnOnce(&OsStr) -> OsString,
    ) -> Result<Removed, RemovalError> {
        let Some((parent, name)) = self.open_parent(path)? else { return Ok(Removed::Missing) };
        remove_entry(&parent, &named(&name)).map_err(|(inner, cause)| {
            let directory = self.base.join(path).parent().map(Path::to_owned).unwrap_or_default();
            RemovalError::Io { path: directory.join(inner), cause }
        })
    }

    /// The parent directory of `path`, opened without following links, and the last name; `None` if it is missing.
    pub(super) fn open_parent(&self, path: &Path) -> Result<Option<(Dir, OsString)>, RemovalError> {
        let (root, mut below) = self.locate(path)?;
        let Some(name) = below.pop() else { return Err(RemovalError::Outside { path: path.to_owned() }) };
        Ok(open_below(&root, &below, path)?.map(|parent| (parent, name)))
    }

    /// The innermost root that contains `path`, and the names from that root to `path` (at least one).
    fn locate(&self, path: &Path) -> Result<(PathBuf, Vec<OsString>), RemovalError> {
        let absolute = self.base.join(path);
        let plain = |component: Component<'_>| matches!(component, Component::RootDir | Component::Normal(_));
        let has_nul = path.as_os_str().as_encoded_bytes().contains(&0);
        if path.as_os_str().is_empty() || has_nul || !absolute.components().all(plain) {
            return Err(RemovalError::NotPlain { path: path.to_owned() });
        }
        if let Some((protected, reason)) = self.protected.iter().find(|(protected, _)| protected.starts_with(&absolute))
        {
            return Err(RemovalError::Protected { path: path.to_owned(), protected: protected.clone(), reason });
        }
        let below_base = absolute.strip_prefix(&self.base).map(|rest| self.real_base.join(rest));
        let real = below_base.as_ref().unwrap_or(&absolute);
        if let Some(mount) = self.mounts.iter().find(|mount| mount.starts_with(real)) {
            return Err(RemovalError::Mounted { path: path.to_owned(), mount: mount.clone() });
        }
        let holds = |root: &&Path| is_below(&absolute, root);
        let named = self.named.iter().filter(|named| absolute.starts_with(named)).filter_map(|named| named.parent());
        let roots = self.roots.iter().map(PathBuf::as_path).chain(named);
        let root = roots.filter(holds).max_by_key(|root| root.components().count());
        let below = root.and_then(|root| Some((root, absolute.strip_prefix(root).ok()?)));
        match below {
            Some((root, below)) if !self.may_remove_checkout(root, below) => {
                Err(RemovalError::VersionControl { path: path.to_owned() })
            }
            Some((root, below)) => Ok((root.to_owned(), below.iter().map(OsStr::to_owned).collect())),
            None => Err(RemovalError::Outside { path: path.to_owned() }),
        }
    }

    /// Whether the path `below` a root is in no directory of version control, or in one at a place of the part.
    fn may_remove_checkout(&self, root: &Path, below: &Path) -> bool {
        let Some(checkout) = version_control::checkout_in(below) else { return true };
        let checkout = root.join(checkout);
        self.own.iter().any(|own| is_below(&checkout, own))
    }
}

/// Adds `path`, and the same path with symbolic links resolved: recipes may record either.
fn add_with_canonical(paths: &mut Vec<PathBuf>, path: &Path) {
    for path in [Some(path.to_owned()), path.canonicalize().ok()].into_iter().flatten() {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
}

/// Opens the directory at `names` below `root`; `None` if one of them is missing.
fn open_below(root: &Path, names: &[OsString], recorded: &Path) -> Result<Option<Dir>, RemovalError> {
    let mut here = root.to_owned();
    let mut opened = Dir::open_ambient_dir(root, ambient_authority());
    for name in names {
        let directory = match opened {
            Ok(directory) => directory,
            Err(_) => break,
        };
        here.push(name);
        opened = directory.open_dir_nofollow(name);
        if opened.as_ref().is_err_and(is_not_a_directory) {
            let is_link = directory.symlink_metadata(name).is_ok_and(|metadata| metadata.is_symlink());
            // A file has no entries: the recorded path is missing.
            return if is_link {
                Err(RemovalError::ThroughLink { path: recorded.to_owned(), link: here })
            } else {
                Ok(None)
            };
        }
    }
    match opened {
        Ok(directory) => Ok(Some(directory)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(RemovalError::Io { path: here, cause }),
    }
}

pub(super) fn remove_entry(parent: &Dir, name: &OsStr) -> Result<Removed, (PathBuf, io::Error)> {
    let failed = |error| (PathBuf::from(name), error);
    let kind = match parent.symlink_metadata(name) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Removed::Missing),
        Err(error) => return Err(failed(error)),
    };
    if kind.is_dir() {
        remove_tree(parent, name)?;
        return Ok(Removed::Directory);
    }
    missing_is_fine(parent.remove_file(name)).map_err(failed)?;
    Ok(if kind.is_symlink() { Removed::Link } else { Removed::File })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use cap_std::fs::PermissionsExt as _;

    use super::*;

    struct RemovalFixture {
        _keep: tempfile::TempDir,
        buildout: PathBuf,
        outside: PathBuf,
        removal: Removal,
    }

    fn space() -> RemovalFixture {
        let keep = tempfile::tempdir().unwrap();
        let (buildout, outside) = (keep.path().join("buildout"), keep.path().join("outside"));
        for directory in [&buildout.join("parts/a/b"), &outside.join("granted/x"), &outside.join("private")] {
            std::fs::create_dir_all(directory).unwrap();
        }
        for file in [buildout.join("parts/a/b/f"), outside.join("private/f"), buildout.join(".installed.cfg")] {
            std::fs::write(file, "x").unwrap();
        }
        let mut removal = Removal::new(&buildout);
        removal.protect(&buildout.join("parts"));
        removal.protect(&buildout.join(".installed.cfg"));
        removal.allow(&outside.join("granted"));
        RemovalFixture { _keep: keep, buildout, outside, removal }
    }

    #[test]
    fn removes_beneath_the_roots() {
        let s = space();
        assert_eq!(s.removal.remove(&s.buildout.join("parts/a")).unwrap(), Removed::Directory);
        assert_eq!(s.removal.remove(&s.buildout.join("parts/a")).unwrap(), Removed::Missing);
        assert_eq!(s.removal.remove(&s.buildout.join("parts/a/b/c")).unwrap(), Removed::Missing);
        assert_eq!(s.removal.remove(&s.outside.join("granted/x")).unwrap(), Removed::Directory);
        std::fs::write(s.buildout.join("f"), "x").unwrap();
        assert_eq!(s.removal.remove(Path::new("f")).unwrap(), Removed::File);
        assert_eq!(s.removal.remove(Path::new("f/below-a-file")).unwrap(), Removed::Missing);
        assert!(s.buildout.join("parts").is_dir() && s.outside.join("granted").is_dir());
    }

    #[test]
    fn a_named_path_is_removed_and_nothing_next_to_it() {
        let s = space();
        let mut removal = s.removal.clone();
        removal.allow_itself(&s.outside.join("private"));
        removal.allow_itself(Path::new("/"));
        for refused in [s.outside.clone(), s.outside.join("other"), s.buildout.clone(), "/".into(), "/etc".into()] {
            assert!(removal.check(&refused).is_err(), "{}", refused.display());
        }
        assert_eq!(removal.remove(&s.outside.join("private/f")).unwrap(), Removed::File);
        assert_eq!(removal.remove(&s.outside.join("private")).unwrap(), Removed::Directory);
        assert!(s.outside.join("granted").exists());
    }

    #[test]
    fn version_control_stays_unless_the_part_made_all_of_it() {
        let s = space();
        for directory in [".git/hooks", "src/app/.git", "parts/a/app/.git/objects", ".hg/store"] {
            std::fs::create_dir_all(s.buildout.join(directory)).unwrap();
        }
        std::fs::write(s.buildout.join("src/.git"), "gitdir: elsewhere").unwrap();
        let mut removal = s.removal.clone();
        removal.own(Path::new("parts/a"));
        removal.own(Path::new(".git"));
        for path in [".git", "./.git", ".git/hooks", "src/.git", "src/app/.git", ".hg/store", "parts/b/.git"] {
            let refused = removal.remove(Path::new(path));
            assert!(matches!(refused, Err(RemovalError::VersionControl { .. })), "{path}: {refused:?}");
        }
        assert_eq!(removal.remove(Path::new("parts/a/app/.git/objects")).unwrap(), Removed::Directory);
        assert_eq!(removal.remove(Path::new("src")).unwrap(), Removed::Directory);
        assert!(s.buildout.join(".git/hooks").exists() && s.buildout.join(".hg/store").exists());
    }

    #[test]
    fn what_is_mounted_stays() {
        let s = space();
        let mut removal = s.removal.clone();
        removal.mounts = vec![s.buildout.canonicalize().unwrap().join("parts/a/b")];
        for path in ["parts/a", "parts/a/b"] {
            let refused = removal.remove(Path::new(path));
            assert!(matches!(refused, Err(RemovalError::Mounted { .. })), "{path}: {refused:?}");
        }
        assert!(s.buildout.join("parts/a").exists());
        assert!(removal.check(Path::new("parts/other")).is_ok());
    }

    #[test]
    fn refuses_whatever_is_not_beneath_a_root() {
        let s = space();
        let texts = "/||.|..|./|//|parts/..|parts/../../outside/private|a\0b|.installed.cfg|parts";
        let mut refused: Vec<PathBuf> = texts.split('|').map(PathBuf::from).collect();
        refused.extend([
            s.buildout.clone(),
            s.buildout.join("parts"),
            s.buildout.join("parts/"),
            s.buildout.join("parts/a/.."),
            s.buildout.parent().unwrap().to_owned(),
            s.buildout.with_file_name("buildout-not"),
            s.outside.clone(),
            s.outside.join("granted"),
            s.outside.join("private"),
            s.outside.join("granted/../private"),
        ]);
        for path in refused {
            assert!(s.removal.check(&path).is_err(), "{path:?}");
            let message = s.removal.remove(&path).unwrap_err().to_string();
            assert!(message.starts_with("Refusing to remove"), "{message}");
        }
        assert!(s.outside.join("private/f").exists() && s.buildout.join("parts/a/b/f").exists());
    }

    #[test]
    fn of_a_directory_that_became_a_link_only_the_link_goes() {
        let s = space();
        symlink(s.outside.join("private"), s.buildout.join("parts/link")).unwrap();
        assert_eq!(s.removal.remove(&s.buildout.join("parts/link")).unwrap(), Removed::Link);
        assert!(s.outside.join("private/f").exists());
        assert!(s.buildout.join("parts/link").symlink_metadata().is_err());
    }

    #[test]
    fn links_are_followed_neither_on_the_way_nor_below() {
        let s = space();
        symlink(s.outside.join("private"), s.buildout.join("parts/link")).unwrap();
        let error = s.removal.remove(&s.buildout.join("parts/link/f")).unwrap_err();
        assert!(matches!(error, RemovalError::ThroughLink { .. }), "{error}");
        symlink(s.outside.join("private"), s.buildout.join("parts/a/b/link")).unwrap();
        assert_eq!(s.removal.remove(&s.buildout.join("parts/a")).unwrap(), Removed::Directory);
        assert!(s.outside.join("private/f").exists());
    }

    #[test]
    fn read_only_directories_below_are_no_obstacle() {
        let s = space();
        for (directory, mode) in [("parts/a/b", 0o000), ("parts/a", 0o500)] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(s.buildout.join(directory), permissions).unwrap();
        }
        assert_eq!(s.removal.remove(&s.buildout.join("parts/a")).unwrap(), Removed::Directory);
    }

    #[test]
    fn removes_a_tree_of_any_depth() {
        let s = space();
        let top = s.buildout.join("parts/deep");
        make_deep(&top, 0o700);
        assert_eq!(s.removal.remove(&top).unwrap(), Removed::Directory);
        assert!(!top.exists());
    }

    #[test]
    fn removes_a_deep_tree_next_to_the_rest_of_an_interrupted_removal() {
        let s = space();
        let top = s.buildout.join("parts/deep");
        make_deep(&top, 0o700);
        for number in [format!("{}-1", std::process::id()), "1".into(), "2".into()] {
            std::fs::create_dir_all(top.join(format!(".buildout-removing-{number}/left"))).unwrap();
        }
        std::fs::write(top.join(".buildout-removing-3"), "a file").unwrap();
        assert_eq!(s.removal.remove(&top).unwrap(), Removed::Directory);
        assert!(!top.exists());
    }

    /// Root may do everything, so the test starts itself again as an ordinary user.
    #[test]
    fn removes_a_deep_tree_without_write_permission() {
        use std::os::unix::process::CommandExt as _;
        const NOBODY: u32 = 65534;
        if rustix::process::geteuid().is_root() {
            let directory = tempfile::tempdir().unwrap();
            std::os::unix::fs::chown(directory.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            // The program's own directory may not be open to others.
            let program = directory.path().join("test");
            std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
            let name = "files::remove::tests::removes_a_deep_tree_without_write_permission";
            let mut command = std::process::Command::new(program);
            command.args(["--exact", name]).uid(NOBODY).gid(NOBODY).env("TMPDIR", directory.path());
            let output = command.current_dir("/").output().unwrap();
            let printed = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
            return;
        }
        let s = space();
        let top = s.buildout.join("parts/deep");
        make_deep(&top, 0o500);
        assert_eq!(s.removal.remove(&top).unwrap(), Removed::Directory);
        assert!(!top.exists());
    }

    /// A tree of 400 directories, each in the one before it, with these permissions.
    fn make_deep(top: &Path, mode: u32) {
        std::fs::create_dir(top).unwrap();
        let mut levels = vec![Dir::open_ambient_dir(top, ambient_authority()).unwrap()];
        for _ in 0..400 {
            let here = levels.last().unwrap();
            here.create_dir("d").unwrap();
            here.write("f", "x").unwrap();
            levels.push(here.open_dir("d").unwrap());
        }
        let permissions = || cap_std::fs::Permissions::from_mode(mode);
        levels.iter().rev().for_each(|directory| directory.set_permissions(".", permissions()).unwrap());
    }

    #[test]
    fn a_buildout_reached_through_a_link_may_be_recorded_either_way() {
        let s = space();
        let alias = s.buildout.with_file_name("alias");
        symlink(&s.buildout, &alias).unwrap();
        let removal = Removal::new(&alias);
        assert_eq!(removal.remove(&s.buildout.join("parts/a/b")).unwrap(), Removed::Directory);
        assert_eq!(removal.remove(&alias.join("parts/a")).unwrap(), Removed::Directory);
        assert!(removal.remove(&s.buildout).is_err());
    }
}
