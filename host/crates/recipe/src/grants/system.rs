//! Directories that belong to the system: no part owns them, and none is made in their place.

use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags};

/// Directory trees in which every file belongs to the system, whatever a configuration says.
const TREES: [&str; 16] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/gnu/store",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var",
];

/// Trees within those in which people keep their own files.
///
/// Some systems have `/home`, `/srv` and others as links into `/var`.
const OPEN: [&str; 12] = [
    "/dev/shm",
    "/run/user",
    "/usr/home",
    "/usr/local",
    "/usr/src",
    "/var/home",
    "/var/mnt",
    "/var/opt",
    "/var/srv",
    "/var/tmp",
    "/var/usrlocal",
    "/var/www",
];

/// Directories outside of these trees, or in an open one, that belong to the system. What is below them may belong to a part.
const DIRECTORIES: [&str; 24] = [
    "/",
    "/gnu",
    "/home",
    "/media",
    "/mnt",
    "/nix",
    "/opt",
    "/root",
    "/snap",
    "/srv",
    "/tmp",
    "/usr/local/bin",
    "/usr/local/etc",
    "/usr/local/games",
    "/usr/local/include",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/libexec",
    "/usr/local/man",
    "/usr/local/sbin",
    "/usr/local/share",
    "/usr/local/share/man",
    "/usr/local/src",
    "/opt/bin",
];

/// The number of components of the deepest of these directories, with the root.
const DEEPEST: usize = 5;

/// Whether `path` is a directory of the system, or a file system is mounted there.
pub(crate) fn is_of_system(path: &Path) -> bool {
    is_named(path) || is_mount_point(path)
}

/// Whether `path` is one of the directories above.
pub(crate) fn is_named(path: &Path) -> bool {
    // Each part asks this about paths in the buildout, which are deeper than all of these.
    if path.components().nth(DEEPEST).is_some() {
        return false;
    }
    TREES.iter().chain(&OPEN).chain(&DIRECTORIES).any(|directory| path == Path::new(directory))
}

/// Whether `path` is a directory of the system, or is in a tree of the system.
pub(crate) fn is_in_system(path: &Path) -> bool {
    let is_in = |trees: &[&str]| trees.iter().any(|tree| path.starts_with(tree));
    is_of_system(path) || is_in(&TREES) && !is_in(&OPEN)
}

/// `path` without symbolic links, as far as it exists.
pub(crate) fn without_links(path: &Path) -> PathBuf {
    let existing = path.ancestors().find_map(|ancestor| Some((ancestor, ancestor.canonicalize().ok()?)));
    let Some((ancestor, real)) = existing else { return path.to_owned() };
    // Joining with nothing would add a slash.
    let rest = path.strip_prefix(ancestor).unwrap_or(Path::new(""));
    if rest.as_os_str().is_empty() { real } else { real.join(rest) }
}

fn is_mount_point(path: &Path) -> bool {
    let found = rustix::fs::statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::TYPE);
    found.is_ok_and(|found| (found.stx_attributes & found.stx_attributes_mask).contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directory_is_found() {
        for path in TREES.iter().chain(&OPEN).chain(&DIRECTORIES) {
            assert!(is_named(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn the_directories_themselves_are_of_the_system() {
        for path in ["/", "/usr", "/usr/local", "/usr/local/lib", "/home", "/proc", "/dev/shm", "/var/tmp"] {
            assert!(is_of_system(Path::new(path)), "{path}");
            assert!(is_in_system(Path::new(path)), "{path}");
        }
        let own = tempfile::tempdir().unwrap();
        for path in ["/usr/local/tool", "/home/me/buildout", "/opt/app", own.path().to_str().unwrap()] {
            assert!(!is_of_system(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn what_is_in_a_tree_of_the_system_belongs_to_it() {
        let t = |path: &str, expected: bool| assert_eq!(is_in_system(Path::new(path)), expected, "{path}");
        for path in
            ["/etc/ssl", "/etc/cron.d/job", "/var/lib", "/var/lib/app", "/var/log", "/usr/lib/python3", "/usr/x"]
        {
            t(path, true);
        }
        for path in ["/usr/local/tool", "/usr/local/share/app", "/opt/slapos/shared", "/srv/app", "/var/tmp/x"] {
            t(path, false);
        }
        t("/etcetera", false);
        t("/var/www/site", false);
        t("/var/srv/app", false);
    }

    #[test]
    fn links_are_resolved_as_far_as_a_path_exists() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        std::os::unix::fs::symlink("/etc", root.join("link")).unwrap();
        assert_eq!(without_links(&root.join("link/new/file")), Path::new("/etc/new/file"));
        assert_eq!(without_links(&root.join("link")), Path::new("/etc"));
        assert_eq!(without_links(&root.join("new")), root.join("new"));
    }
}
