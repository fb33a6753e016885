//! The directories that a part's recipe can reach, and their handles: routes absolute paths to granted directories.
//!
//! Knows nothing of WASI or of parts. A granted directory need not exist: it is opened when it is first used, and the
//! recipe can create it. It may also be a file: then it is reached by its name in the directory that contains it.
//! Directories that recipes can write are never entered through a symbolic link that a recipe may have made.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// The access to a directory and everything below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    Read,
    Write,
}

/// A granted directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    /// Absolute, without `.`, `..` and doubled slashes.
    pub(crate) path: Arc<Path>,
    pub(crate) access: Access,
    /// The part of `path` for which the user is responsible: below it, recipes may have written, so symbolic links are
    /// not followed there.
    pub(crate) trusted: Arc<Path>,
    /// Whether it stays in place for the whole run, so that one handle of it is enough for all calls.
    pub(crate) lasting: bool,
    /// Whether it is granted only because a directory that contains it is.
    pub(crate) is_derived: bool,
}

/// The granted directories, longest path first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mounts(Vec<Mount>);

impl Mounts {
    /// Collects grants; the wider access wins where a path is granted twice. `writable` are the directories beneath
    /// which recipes write (of this part or of others), `links` the symbolic links below them that the user made,
    /// `lasting` the directories that nothing replaces during a run.
    pub(crate) fn new(
        grants: impl IntoIterator<Item = (Arc<Path>, Access)>,
        writable: &[&Arc<Path>],
        links: &[&Arc<Path>],
        lasting: &[&Path],
    ) -> Self {
        let mut grants: Vec<(Arc<Path>, Access)> =
            grants.into_iter().map(|(path, access)| (normal(path), access)).collect();
        // A handle of the directory that contains a link does not lead through it: the link gets a separate handle.
        let granted = |link: &Path, access| grants.iter().any(|grant| grant.1 == access && same(&grant.0, link));
        let derived: Vec<Arc<Path>> =
            links.iter().filter(|link| !granted(link, Access::Write)).map(|link| Arc::clone(link)).collect();
        for link in links {
            let access = grants.iter().filter(|(path, _)| holds(path, link)).map(|(_, access)| *access).max();
            grants.extend(access.map(|access| (Arc::clone(link), access)));
        }
        grants.sort_by(|a, b| {
            b.0.as_os_str()
                .len()
                .cmp(&a.0.as_os_str().len())
                .then_with(|| a.0.as_os_str().cmp(b.0.as_os_str()))
                .then(b.1.cmp(&a.1))
        });
        grants.dedup_by(|later, first| same(&later.0, &first.0));
        // A handle of a directory gives access to everything below it: less cannot be granted there.
        let wider: Vec<Arc<Path>> =
            grants.iter().filter(|grant| grant.1 == Access::Write).map(|grant| Arc::clone(&grant.0)).collect();
        grants.retain(|(path, access)| *access == Access::Write || !wider.iter().any(|wider| holds(wider, path)));
        let written: Vec<Arc<Path>> =
            wider.into_iter().chain(writable.iter().map(|path| normal(Arc::clone(path)))).collect();
        let trusted = |path: &Arc<Path>| {
            if let Some(link) = links.iter().find(|link| holds(link, path)) {
                return Arc::clone(link);
            }
            let above = written.iter().filter(|written| !same(path, written) && holds(written, path));
            Arc::clone(above.min_by_key(|written| written.as_os_str().len()).unwrap_or(path))
        };
        let mounts = grants.into_iter().map(|(path, access)| {
            let trusted = trusted(&path);
            let lasting = same(&trusted, &path) && lasting.iter().any(|lasting| same(lasting, &path));
            let is_derived = derived.contains(&path);
            Mount { path, access, trusted, lasting, is_derived }
        });
        Self(mounts.collect())
    }

    /// The mount that contains `path` (normalized), as its index in the list, and the rest of the path.
    pub(crate) fn route<'a>(&self, path: &'a Path) -> Option<(usize, &'a Path)> {
        self.0.iter().enumerate().find_map(|(at, mount)| Some((at, rest_beneath(&mount.path, path)?)))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Mount> {
        self.0.iter()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Mount> {
        self.0.get(at)
    }

    /// The same, but a directory that was granted for writing may only be read.
    pub(crate) fn with_read_only(mut self, paths: &[PathBuf]) -> Self {
        let mounts = self.0.iter_mut().filter(|mount| paths.iter().any(|path| same(&mount.path, path)));
        mounts.for_each(|mount| mount.access = Access::Read);
        self
    }

    /// Whether `path` (normalized) is above a granted path.
    pub(crate) fn is_above(&self, path: &Path) -> bool {
        self.0.iter().any(|mount| !same(path, &mount.path) && holds(path, &mount.path))
    }

    /// Whether `path` is in a directory that may be written.
    pub(crate) fn writable(&self, path: &Path) -> bool {
        self.route(path).and_then(|(at, _)| self.get(at)).is_some_and(|mount| mount.access == Access::Write)
    }
}

impl Mount {
    /// Opens the directory.
    pub(crate) fn open(&self) -> io::Result<File> {
        if self.trusted == self.path {
            return open_trusted(&self.path);
        }
        let (parent, name) = self.parent()?;
        match name {
            Some(name) => beneath(&parent, name),
            None => Ok(parent),
        }
    }

    /// Creates the directory, whose parent must exist.
    pub(crate) fn create(&self) -> io::Result<()> {
        match self.parent()? {
            (parent, Some(name)) => Ok(rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o777))?),
            (_, None) => Ok(std::fs::create_dir(&self.path)?),
        }
    }

    /// Removes the directory, which must be empty.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match self.parent()? {
            (parent, Some(name)) => Ok(rustix::fs::unlinkat(parent, name, rustix::fs::AtFlags::REMOVEDIR)?),
            (_, None) => Ok(std::fs::remove_dir(&self.path)?),
        }
    }

    /// The directory that contains this one, and its name there; if it is trusted, the directory itself and no name.
    fn parent(&self) -> io::Result<(File, Option<&OsStr>)> {
        if self.trusted == self.path && (self.path.is_dir() || self.path.parent().is_none()) {
            return Ok((open_trusted(&self.path)?, None));
        }
        let (holder, name) = self.holder()?;
        Ok((holder, Some(name)))
    }

    /// The directory that contains the granted path, and its name there: for a path that is not a directory, or does
    /// not exist yet. Nothing else in that directory is granted, and a link with that name is not followed.
    pub(crate) fn holder(&self) -> io::Result<(File, &OsStr)> {
        let name = self.path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let below = self.path.strip_prefix(&self.trusted).unwrap_or(Path::new(""));
        if below.as_os_str().is_empty() {
            return Ok((open_trusted(self.path.parent().unwrap_or(Path::new("/")))?, name));
        }
        let mut directory = open_trusted(&self.trusted)?;
        for component in below.parent().into_iter().flat_map(Path::iter) {
            directory = beneath(&directory, component)?;
        }
        Ok((directory, name))
    }
}

/// Whether a granted path could not be opened because it is not a directory, or does not exist.
pub(crate) fn is_no_directory(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error.kind(), Kind::NotADirectory | Kind::NotFound) || Errno::from_io_error(error) == Some(Errno::LOOP)
}

fn open_trusted(path: &Path) -> io::Result<File> {
    Ok(rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?.into())
}

fn beneath(directory: &File, name: &OsStr) -> io::Result<File> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(directory, name, flags, Mode::empty())?.into())
}

/// Whether two normalized paths are equal: comparing their text is faster than comparing their components.
pub(crate) fn same(a: &Path, b: &Path) -> bool {
    a.as_os_str() == b.as_os_str()
}

/// Whether `path` is `directory` or is below it; both are normalized.
pub(crate) fn holds(directory: &Path, path: &Path) -> bool {
    rest_beneath(directory, path).is_some()
}

/// The rest of `path` after `directory`, both normalized: a comparison of bytes, because each call needs it several
/// times.
fn rest_beneath<'a>(directory: &Path, path: &'a Path) -> Option<&'a Path> {
    let (directory, path) = (directory.as_os_str().as_bytes(), path.as_os_str().as_bytes());
    let rest = path.strip_prefix(directory)?;
    let rest = match rest {
        _ if directory.ends_with(b"/") => rest,
        [] => rest,
        [b'/', rest @ ..] => rest,
        _ => return None,
    };
    Some(Path::new(OsStr::from_bytes(rest)))
}

/// Whether [`normalize`] would return the same text.
fn is_normal(path: &Path) -> bool {
    let Some(names) = path.as_os_str().as_bytes().strip_prefix(b"/") else { return false };
    names.is_empty() || names.split(|byte| *byte == b'/').all(|name| !matches!(name, b"" | b"." | b".."))
}

/// Like [`normalize`], without a copy if there is nothing to change.
fn normal(path: Arc<Path>) -> Arc<Path> {
    if is_normal(&path) { path } else { normalize(&path).into() }
}

/// `path` without `.`, `..` (resolved as text) and doubled slashes; absolute.
pub(crate) fn normalize(path: &Path) -> PathBuf {
    if is_normal(path) {
        return path.to_owned();
    }
    base::paths::normalize(&Path::new("/").join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounts(grants: &[(&str, Access)]) -> Mounts {
        Mounts::new(
            grants.iter().map(|(path, access)| (Path::new(path).into(), *access)),
            &[&Path::new("/b").into()],
            &[],
            &[],
        )
    }

    fn access(mounts: &Mounts, path: &str) -> Option<Access> {
        mounts.route(&normalize(Path::new(path))).and_then(|(at, _)| mounts.get(at)).map(|mount| mount.access)
    }

    #[test]
    fn the_nearest_directory_decides() {
        let mounts = mounts(&[("/b", Access::Read), ("/b/parts/x", Access::Write), ("/b", Access::Read)]);
        assert_eq!(access(&mounts, "/b/file"), Some(Access::Read));
        assert_eq!(access(&mounts, "/b/parts/x/deep/file"), Some(Access::Write));
        assert_eq!(access(&mounts, "/b/parts/x/../y"), Some(Access::Read));
        assert_eq!(access(&mounts, "/b/parts/xy"), Some(Access::Read));
        assert_eq!(access(&mounts, "/b/../etc/passwd"), None);
    }

    #[test]
    fn normal_paths_are_recognized_by_their_text() {
        for (path, normal) in [("/", true), ("/a/b", true), ("/a/", false), ("/a//b", false), ("/./a", false)] {
            assert_eq!(is_normal(Path::new(path)), normal, "{path}");
        }
        for path in ["", "a", "/..", "/a/..", "/a/.", "//"] {
            assert!(!is_normal(Path::new(path)), "{path}");
        }
        for (directory, path, held) in
            [("/a", "/a", true), ("/a", "/a/b", true), ("/a", "/ab", false), ("/", "/", true), ("/", "/a", true)]
        {
            assert_eq!(holds(Path::new(directory), Path::new(path)), held, "{directory} {path}");
        }
        assert_eq!(rest_beneath(Path::new("/a"), Path::new("/a/b/c")), Some(Path::new("b/c")));
    }

    #[test]
    fn the_wider_access_wins() {
        let mounts = mounts(&[("/b", Access::Read), ("/b/", Access::Write)]);
        assert_eq!(access(&mounts, "/b/file"), Some(Access::Write));
        assert!(mounts.writable(Path::new("/b")));
    }

    #[test]
    fn a_link_beneath_a_writable_directory_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir(root.join("outside")).unwrap();
        std::fs::create_dir(root.join("b")).unwrap();
        std::os::unix::fs::symlink(root.join("outside"), root.join("b/x")).unwrap();
        std::os::unix::fs::symlink(root.join("b"), root.join("link")).unwrap();
        let open = |path: &str| {
            let mounts = Mounts::new([(root.join(path).into(), Access::Write)], &[&root.join("b").into()], &[], &[]);
            mounts.get(0).unwrap().open().map(drop)
        };
        assert!(open("b/x").is_err());
        open("b").unwrap();
        open("link").unwrap();
    }

    #[test]
    fn follows_a_link_that_the_user_made() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("big/x")).unwrap();
        std::fs::create_dir_all(root.join("b")).unwrap();
        std::os::unix::fs::symlink("../big", root.join("b/parts")).unwrap();
        std::os::unix::fs::symlink(root.join("b"), root.join("big/link")).unwrap();
        let (link, buildout) = (root.join("b/parts").into(), Arc::from(root.join("b")));
        let mounts = Mounts::new(
            [(Arc::clone(&buildout), Access::Write), (root.join("b/parts/x").into(), Access::Write)],
            &[&buildout, &link],
            &[&link],
            &[],
        );
        let open = |path: &str| {
            let path = root.join(path);
            let (at, rest) = mounts.route(&path).unwrap();
            assert_eq!(rest, Path::new(""), "{}", path.display());
            mounts.get(at).unwrap().open().map(drop)
        };
        open("b/parts").unwrap();
        open("b/parts/x").unwrap();
        let through = Mounts::new([(root.join("b/parts/link").into(), Access::Write)], &[&buildout], &[&link], &[]);
        assert!(through.get(0).unwrap().open().is_err(), "a recipe may have made that one");
    }

    #[test]
    fn a_directory_is_created_and_removed_by_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new");
        for writable in [directory.path(), &path] {
            let mounts = Mounts::new([(path.as_path().into(), Access::Write)], &[&writable.into()], &[], &[]);
            let mount = mounts.get(0).unwrap();
            assert_eq!(mount.open().unwrap_err().kind(), io::ErrorKind::NotFound);
            mount.create().unwrap();
            assert_eq!(mount.create().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            mount.open().unwrap();
            mount.remove().unwrap();
            assert!(!path.exists());
        }
    }
}
