//! Directories that belong to the system: no part owns them, and none is made in their place.

use std::path::Path;

use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags};

/// Directories that belong to the system, whoever names them. What is below them may belong to a part.
const SYSTEM: [&str; 36] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/gnu",
    "/gnu/store",
    "/home",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/media",
    "/mnt",
    "/nix",
    "/nix/store",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/snap",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/include",
    "/usr/lib",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/local",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/tmp",
];

/// Whether `path` is a directory of the system, or a file system is mounted there.
pub(crate) fn is_of_system(path: &Path) -> bool {
    SYSTEM.iter().any(|directory| path == Path::new(directory)) || is_mount_point(path)
}

fn is_mount_point(path: &Path) -> bool {
    let found = rustix::fs::statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::TYPE);
    found.is_ok_and(|found| (found.stx_attributes & found.stx_attributes_mask).contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_directories_themselves_are_of_the_system() {
        for path in ["/", "/usr", "/usr/local", "/home", "/proc", "/dev/shm"] {
            assert!(is_of_system(Path::new(path)), "{path}");
        }
        let own = tempfile::tempdir().unwrap();
        for path in ["/usr/local/tool", "/home/me/buildout", "/opt/app", own.path().to_str().unwrap()] {
            assert!(!is_of_system(Path::new(path)), "{path}");
        }
    }
}
