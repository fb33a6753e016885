//! Whether other users can change a file: what decides which code runs is taken only from files where they cannot.
//!
//! A file that another user owns can change at any time, even through memory that was mapped much earlier, with no trace in
//! its times. In a directory that another user can write, another file can take its place.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Write permission of the group.
const GROUP: u32 = 0o020;
/// Write permission of everyone.
const OTHERS: u32 = 0o002;
/// In a directory with this bit, only an entry's owner can replace it.
const STICKY: u32 = 0o1000;

/// Why a file is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// It belongs to someone else.
    #[error("{} belongs to another user", .0.display())]
    Owner(PathBuf),
    /// Someone else can write it.
    #[error("{} can be written by other users", .0.display())]
    Writable(PathBuf),
}

/// Checks that a file or directory belongs to this user or root, and that no one else can write it. `path` is for the error.
///
/// # Errors
/// Why it is not trusted.
pub fn check_trusted(path: &Path, metadata: &Metadata) -> Result<(), Distrust> {
    let user = rustix::process::geteuid().as_raw();
    if ![user, 0].contains(&metadata.uid()) {
        return Err(Distrust::Owner(path.to_owned()));
    }
    // Many systems give each user a group of the same number, and let it write all that the user makes.
    let is_private_group = metadata.gid() == metadata.uid() || metadata.gid() == 0;
    let writers = if is_private_group { OTHERS } else { GROUP | OTHERS };
    let is_sticky = metadata.is_dir() && metadata.mode() & STICKY != 0;
    if metadata.mode() & writers != 0 && !is_sticky {
        return Err(Distrust::Writable(path.to_owned()));
    }
    Ok(())
}

/// Checks a directory and all that contain it. One that does not exist is trusted: its creator decides.
///
/// # Errors
/// Why one of them is not trusted.
pub fn check_trusted_directory(directory: &Path) -> Result<(), Distrust> {
    let real = directory.ancestors().find_map(|directory| directory.canonicalize().ok());
    for directory in real.iter().flat_map(|real| real.ancestors()) {
        if let Ok(metadata) = directory.metadata() {
            check_trusted(directory, &metadata)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn distrusts_what_others_can_write() {
        let space = tempfile::tempdir().unwrap();
        let directory = space.path().join("shared/mine");
        std::fs::create_dir_all(&directory).unwrap();
        check_trusted_directory(&directory).unwrap();
        check_trusted_directory(&directory.join("none/yet")).unwrap();
        let shared = directory.parent().unwrap().canonicalize().unwrap();
        std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(check_trusted_directory(&directory), Err(Distrust::Writable(shared.clone())));
        std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o1777)).unwrap();
        check_trusted_directory(&directory).unwrap();
    }
}
