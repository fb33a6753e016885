//! Which part of the file system a confined command sees: computed from the policy, set up by the shim.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::ConfineError;
use super::policy::{CommandPolicy, ConfinementLevel, Staged};
use super::resolve::resolve;

/// System directories, or links to them (`/bin` → `usr/bin`).
const SYSTEM: [&str; 10] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/gnu/store"];

/// Directories of `/etc` that programs need and that contain no secrets.
const SETTINGS: [&str; 9] = [
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.conf.d",
    "/etc/perl",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/etc/terminfo",
    "/etc/xml",
];

/// Settings of programs with the version in the name.
const SETTINGS_WITH_VERSION: [&str; 2] = ["java-", "python3"];

/// Files of `/etc`, by the same criteria.
const SETTINGS_FILES: [&str; 19] = [
    "/etc/bindresvport.blacklist",
    "/etc/debian_version",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/localtime",
    "/etc/lsb-release",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/protocols",
    "/etc/services",
    "/etc/shells",
    "/etc/ssl/openssl.cnf",
    "/etc/timezone",
];

/// Settings of the resolver, for commands with the network.
const RESOLVER: [&str; 2] = ["/etc/gai.conf", "/etc/resolv.conf"];

/// Directories that the shim fills itself; a policy cannot list them.
const RESERVED: [&str; 2] = ["/proc", "/dev"];

/// A file or directory of the machine that the command sees under the same path.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Bind {
    /// Absolute, without symbolic links: if one is found when it is opened, it was created in the meantime.
    pub(super) path: OsString,
    /// Where it is on the machine, if not at the same path: a staging directory.
    pub(super) source: Option<OsString>,
    pub(super) is_writable: bool,
    pub(super) is_directory: bool,
}

/// The part of the file system that the command sees.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileSystemLayout {
    /// Outer ones before those they contain.
    pub(super) binds: Vec<Bind>,
    /// Paths of small files: copied at full, the originals at partial.
    pub(super) copies: Vec<OsString>,
    /// Links (first) and their targets (second).
    pub(super) links: Vec<(OsString, OsString)>,
}

/// Computes the layout for a policy.
pub(super) fn layout(policy: &CommandPolicy) -> Result<FileSystemLayout, ConfineError> {
    let mut layout = FileSystemLayout::default();
    let mut paths: BTreeMap<PathBuf, bool> = BTreeMap::new();
    let written = written(policy);
    for path in SYSTEM.map(Path::new) {
        match std::fs::read_link(path) {
            Ok(target) => layout.links.push((path.into(), target.into())),
            Err(_) => layout.add(&mut paths, path, &written, false)?,
        }
    }
    for path in SETTINGS.map(PathBuf::from).into_iter().chain(settings_with_version()) {
        layout.add(&mut paths, &path, &written, false)?;
    }
    layout.copies = SETTINGS_FILES.iter().filter(|path| Path::new(path).is_file()).map(OsString::from).collect();
    if policy.network {
        layout.add_resolver();
    }
    // Everything below a writable path is visible with it, including anything a command put there.
    let beneath = |path: &&PathBuf| policy.write.iter().any(|outer| *path != outer && path.starts_with(outer));
    for path in policy.read.iter().filter(|path| !beneath(path)) {
        layout.add(&mut paths, path, &written, false)?;
    }
    for path in policy.write.iter().filter(|path| !beneath(path)) {
        layout.add(&mut paths, path, &written, true)?;
    }
    let staged = staged(policy, &mut paths)?;
    layout.binds = binds(&paths, &staged);
    Ok(layout)
}

/// The staging directories by the paths at which they are seen. The existing entries are added to `paths`.
fn staged(
    policy: &CommandPolicy,
    paths: &mut BTreeMap<PathBuf, bool>,
) -> Result<BTreeMap<PathBuf, OsString>, ConfineError> {
    let mut staged = BTreeMap::new();
    for Staged { path, source, shows_existing } in
        policy.staged.iter().filter(|_| policy.level == ConfinementLevel::Full)
    {
        if *shows_existing {
            let existing = entries(path).map_err(|cause| ConfineError::Path { path: path.clone(), cause })?;
            for entry in existing.into_iter().filter(|entry| entry != source) {
                paths.entry(entry).or_default();
            }
        }
        paths.insert(path.clone(), true);
        staged.insert(path.clone(), source.into());
    }
    Ok(staged)
}

/// The entries of a directory but symbolic links, in whose place nothing can be mounted.
fn entries(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if !entry.file_type()?.is_symlink() {
            entries.push(entry.path());
        }
    }
    Ok(entries)
}

/// `path`, absolute, without symbolic links: as a command under this policy sees it.
///
/// # Errors
/// When it does not exist, or when there is a link on the way that a recipe or command may have created.
pub fn resolve_for(path: &Path, policy: &CommandPolicy) -> io::Result<PathBuf> {
    resolve(path, &written(policy))
}

/// Whether every command sees `path` (absolute, without `..`), because it is in a directory of the system.
pub fn is_of_system(path: &Path) -> bool {
    SYSTEM.iter().any(|directory| path.starts_with(directory))
}

/// Whether a command under this policy may read `path` (absolute, without `..`), if it exists.
pub fn is_seen(path: &Path, policy: &CommandPolicy) -> bool {
    let is_setting = || {
        SETTINGS.iter().chain(&SETTINGS_FILES).any(|known| path.starts_with(known))
            || settings_with_version().any(|known| path.starts_with(known))
    };
    let is_beneath =
        |known: &PathBuf| path.starts_with(known) || known.canonicalize().is_ok_and(|known| path.starts_with(known));
    is_of_system(path)
        || path.starts_with("/etc") && is_setting()
        || policy.read.iter().chain(&policy.write).any(is_beneath)
        || policy.staged.iter().any(|staged| staged.shows_existing && path.starts_with(&staged.path))
}

/// Where commands may have made links. What does not exist contains none.
fn written(policy: &CommandPolicy) -> Vec<PathBuf> {
    let mut written: Vec<PathBuf> =
        policy.written.iter().chain(&policy.write).filter_map(|path| path.canonicalize().ok()).collect();
    written.sort();
    written.dedup();
    written
}

fn settings_with_version() -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir("/etc").into_iter().flatten().flatten();
    let named = |entry: &std::fs::DirEntry| {
        let name = entry.file_name();
        SETTINGS_WITH_VERSION.iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
    };
    entries.filter(move |entry| named(entry) && entry.path().is_dir()).map(|entry| entry.path())
}

impl FileSystemLayout {
    /// Adds the settings of the resolver. One may be a link to a file that a service writes.
    fn add_resolver(&mut self) {
        for path in RESOLVER.map(Path::new) {
            let Some(real) = path.canonicalize().ok().filter(|real| real.is_file()) else { continue };
            if real != path {
                self.links.push((path.into(), real.clone().into()));
            }
            self.copies.push(real.into());
        }
    }

    /// Adds a directory that is known only to the host.
    pub(super) fn add_writable_directory(&mut self, path: &Path) {
        self.binds.push(Bind { path: path.into(), source: None, is_writable: true, is_directory: true });
    }

    fn add(
        &mut self,
        paths: &mut BTreeMap<PathBuf, bool>,
        path: &Path,
        written: &[PathBuf],
        write: bool,
    ) -> Result<(), ConfineError> {
        let refuse = |why: &str| {
            let cause = io::Error::new(io::ErrorKind::InvalidInput, why.to_owned());
            Err(ConfineError::Path { path: path.to_owned(), cause })
        };
        if !path.is_absolute() {
            return refuse("the path is not absolute");
        }
        let real = match resolve(path, written) {
            Ok(real) => real,
            // It does not exist, or the user did not put it there.
            Err(error) if left_out(&error) && !write => return Ok(()),
            Err(cause) => return Err(ConfineError::Path { path: path.to_owned(), cause }),
        };
        if real == Path::new("/") {
            return refuse("a native command cannot be granted the whole file system; name directories");
        }
        if RESERVED.iter().any(|reserved| real.starts_with(reserved)) {
            return refuse("a native command has its own /proc and /dev");
        }
        if real != path && !path.components().any(|component| component.as_os_str() == "..") {
            self.links.push((path.into(), real.clone().into()));
        }
        *paths.entry(real).or_default() |= write;
        Ok(())
    }
}

fn left_out(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidInput)
}

/// In order, so that an outer path comes before an inner one; without those that an outer one includes.
fn binds(paths: &BTreeMap<PathBuf, bool>, staged: &BTreeMap<PathBuf, OsString>) -> Vec<Bind> {
    let mut binds: Vec<Bind> = Vec::new();
    for (path, is_writable) in paths {
        // The last one is the innermost. A staging directory is empty, so it includes nothing.
        let outer = binds.iter().rev().find(|bind| path.starts_with(&bind.path));
        // Rules add up: beneath a writable path, nothing is read-only.
        if outer.is_some_and(|bind| bind.source.is_none() && (bind.is_writable || !is_writable))
            && !staged.contains_key(path)
        {
            continue;
        }
        let (source, is_directory) = (staged.get(path).cloned(), path.is_dir());
        binds.push(Bind { path: path.into(), source, is_writable: *is_writable, is_directory });
    }
    binds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(read: &[&Path], write: &[&Path]) -> CommandPolicy {
        let paths = |paths: &[&Path]| paths.iter().map(|path| (*path).to_owned()).collect();
        CommandPolicy { read: paths(read), write: paths(write), ..CommandPolicy::default() }
    }

    /// The binds below the root directory, relative to it.
    fn shown(layout: &FileSystemLayout, root: &Path) -> Vec<String> {
        let inside = layout.binds.iter().filter_map(|bind| {
            let path = Path::new(&bind.path).strip_prefix(root).ok()?;
            Some(format!("{}{}", if bind.is_writable { "+" } else { "-" }, path.display()))
        });
        inside.collect()
    }

    #[test]
    fn outer_paths_come_first_and_include_inner_ones() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for directory in ["a/b/c", "d/e"] {
            std::fs::create_dir_all(root.join(directory)).unwrap();
        }
        let t = |read: &[&str], write: &[&str], expected: &[&str]| {
            let read: Vec<_> = read.iter().map(|path| root.join(path)).collect();
            let write: Vec<_> = write.iter().map(|path| root.join(path)).collect();
            let borrow = |paths: &'static [PathBuf]| paths.iter().map(PathBuf::as_path).collect::<Vec<_>>();
            let layout = layout(&policy(&borrow(read.leak()), &borrow(write.leak()))).unwrap();
            assert_eq!(shown(&layout, &root), expected);
        };
        t(&["a", "a/b"], &[], &["-a"]);
        t(&["a"], &["a/b"], &["-a", "+a/b"]);
        t(&["a/b/c"], &["a/b", "d"], &["+a/b", "+d"]);
        t(&["a/b"], &["a/b"], &["+a/b"]);
        t(&["missing"], &[], &[]);
    }

    #[test]
    fn a_link_that_a_command_may_have_made_leads_nowhere() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("written")).unwrap();
        std::fs::create_dir(root.join("secret")).unwrap();
        std::os::unix::fs::symlink(root.join("secret"), root.join("written/link")).unwrap();
        let (outer, link) = (root.join("written"), root.join("written/link"));
        let shown_to = |policy: CommandPolicy| layout(&policy).map(|layout| (shown(&layout, &root), layout.links));
        let system = layout(&CommandPolicy::default()).unwrap().links;
        // Below a writable path, a separate grant changes nothing.
        assert_eq!(shown_to(policy(&[], &[&outer, &link])).unwrap(), (vec!["+written".to_owned()], system));
        let others = |policy: CommandPolicy| shown_to(CommandPolicy { written: vec![outer.clone()], ..policy });
        assert!(others(policy(&[&link], &[])).unwrap().0.is_empty());
        let error = others(policy(&[], &[&link])).unwrap_err().to_string();
        assert!(error.contains("link is a symbolic link that a recipe may have made"), "{error}");
    }

    #[test]
    fn what_a_command_sees_is_known() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("real")).unwrap();
        std::os::unix::fs::symlink("real", root.join("link")).unwrap();
        let policy = policy(&[&root.join("link")], &[]);
        for path in [root.join("link/x"), root.join("real/x"), "/usr/x".into(), "/etc/passwd".into()] {
            assert!(is_seen(&path, &policy), "{}", path.display());
        }
        for path in [root.join("other"), root.clone(), "/etc/shadow".into(), "/var/lib".into()] {
            assert!(!is_seen(&path, &policy), "{}", path.display());
        }
    }

    #[test]
    fn a_path_with_links_leads_to_the_real_one() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("real")).unwrap();
        std::os::unix::fs::symlink(root.join("real"), root.join("link")).unwrap();
        let layout = layout(&policy(&[&root.join("link")], &[])).unwrap();
        assert_eq!(shown(&layout, &root), ["-real"]);
        assert!(layout.links.contains(&(root.join("link").into(), root.join("real").into())));
    }

    #[test]
    fn what_no_command_may_have_is_refused() {
        let t = |path: &str, write: bool| {
            let path = [Path::new(path)];
            let policy = if write { policy(&[], &path) } else { policy(&path, &[]) };
            layout(&policy).unwrap_err().to_string()
        };
        assert!(t("/", false).contains("whole file system"));
        assert!(t("/proc/sys", true).contains("own /proc"));
        assert!(t("relative", false).contains("not absolute"));
        assert!(t("/no/such/place", true).starts_with("Cannot use /no/such/place"));
    }
}
