//! Recorded paths outside the buildout directory, each with what identifies the file.
//!
//! A state file can come with a buildout from somebody else. What it records in the buildout directory came with it, or was
//! made here. A path outside is removed only if the file there is the one that this host recorded: no other person knows its
//! inode and the time of its birth.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use state::{InstalledState, StateChange};

/// The option of the state's `[buildout]` with these paths: an object in JSON.
const OPTION: &str = "outside-paths";

/// The inode, and the time of birth in nanoseconds since the Unix epoch (0 where the file system does not record it).
type FileIdentity = (u64, u64);

/// The paths, absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outside(BTreeMap<PathBuf, FileIdentity>);

impl Outside {
    /// The recorded ones. An option that cannot be read counts as empty: nothing outside is removed.
    pub(super) fn of(installed: &InstalledState) -> Self {
        let option = installed.buildout.get(OPTION);
        Self(option.and_then(|value| serde_json::from_str(value).ok()).unwrap_or_default())
    }

    /// Whether the file at `path` is the recorded one.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.0.get(path).is_some_and(|recorded| identity(path) == Some(*recorded))
    }

    /// The change when a part that owned the paths `before` owns the paths `after`. `None` if there is nothing to change.
    pub(super) fn change<'p>(
        installed: &InstalledState,
        directory: &Path,
        before: impl IntoIterator<Item = &'p String>,
        after: impl IntoIterator<Item = &'p String>,
    ) -> Option<StateChange> {
        let recorded = Self::of(installed);
        let mut paths = recorded.clone();
        for path in before {
            paths.0.remove(&directory.join(path));
        }
        let outside = after.into_iter().map(|path| directory.join(path)).filter(|path| !path.starts_with(directory));
        paths.0.extend(outside.filter_map(|path| identity(&path).map(|identity| (path, identity))));
        (paths != recorded).then(|| paths.option())
    }

    fn option(&self) -> StateChange {
        let name = OPTION.to_owned();
        // Paths of the state are text, and numbers can always be written.
        match self.0.is_empty() {
            true => StateChange::NoOption { name },
            false => StateChange::Option { name, value: serde_json::to_string(&self.0).unwrap_or_default() },
        }
    }
}

fn identity(path: &Path) -> Option<FileIdentity> {
    let found = path.symlink_metadata().ok()?;
    let born = found.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Some((found.ino(), u64::try_from(born.as_nanos()).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_recorded_file_outside_is_known() {
        let space = tempfile::tempdir().unwrap();
        let (buildout, made) = (space.path().join("buildout"), space.path().join("made"));
        std::fs::create_dir(&made).unwrap();
        let paths = [made.display().to_string(), "parts/x".to_owned()];
        let mut installed = InstalledState::default();
        let change = Outside::change(&installed, &buildout, [], &paths).unwrap();
        installed.apply(&change);
        assert!(Outside::of(&installed).has(&made));
        assert_eq!(Outside::change(&installed, &buildout, [], &paths), None);
        std::fs::rename(&made, space.path().join("elsewhere")).unwrap();
        std::fs::create_dir(&made).unwrap();
        assert!(!Outside::of(&installed).has(&made));
        installed.apply(&Outside::change(&installed, &buildout, &paths, []).unwrap());
        assert!(installed.buildout.is_empty());
    }
}
