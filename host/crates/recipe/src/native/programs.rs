//! Finds programs, as a shell does: only where every command sees them, or where the recipe may look.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags};

use crate::grants::mounts::Mounts;
use crate::grants::symlinks::resolve;

/// The path of a program with this name in the first of the directories that has one.
pub(crate) fn find<'a>(name: &str, directories: impl Iterator<Item = &'a Path>, mounts: &Mounts) -> Option<PathBuf> {
    if name.is_empty() || name.contains(['/', '\0']) {
        return None;
    }
    let mut candidates = directories.filter(|directory| directory.is_absolute()).map(|directory| directory.join(name));
    candidates.find(|path| is_program(path, mounts))
}

fn is_program(path: &Path, mounts: &Mounts) -> bool {
    let path = crate::grants::mounts::normalize(path);
    if confine::is_of_system(&path) {
        return path.is_file() && rustix::fs::access(&path, Access::EXEC_OK).is_ok();
    }
    let Ok(real) = resolve(mounts, &path, true) else { return false };
    let Some((mount, rest)) = mounts.route(&real).and_then(|(at, rest)| Some((mounts.get(at)?, rest))) else {
        return false;
    };
    let Ok(directory) = mount.open().map(cap_std::fs::Dir::from_std_file) else { return false };
    let is_file = directory.symlink_metadata(rest).is_ok_and(|found| found.is_file());
    // The links on the way were followed: `rest` has none.
    is_file && rustix::fs::accessat(&directory, rest, Access::EXEC_OK, AtFlags::empty()).is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;
    use crate::grants::mounts::Access as Granted;

    #[test]
    fn programs_are_found_where_the_recipe_may_look() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let program = |path: &str, mode: u32| {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), "#!/bin/sh").unwrap();
            std::fs::set_permissions(root.join(path), std::fs::Permissions::from_mode(mode)).unwrap();
        };
        program("granted/bin/tool", 0o755);
        program("granted/bin/text", 0o644);
        program("secret/tool", 0o755);
        symlink(root.join("secret/tool"), root.join("granted/bin/out")).unwrap();
        symlink(root.join("granted/bin/tool"), root.join("granted/alias")).unwrap();
        let mounts = Mounts::new([(root.join("granted").into(), Granted::Read)], &[], &[], &[]);
        let t = |name: &str, directories: &[&str], expected: Option<&str>| {
            let directories: Vec<PathBuf> = directories.iter().map(|directory| root.join(directory)).collect();
            let found = find(name, directories.iter().map(PathBuf::as_path), &mounts);
            assert_eq!(found, expected.map(|path| root.join(path)), "{name}");
        };
        t("tool", &["secret", "granted", "granted/bin"], Some("granted/bin/tool"));
        t("alias", &["granted"], Some("granted/alias"));
        t("text", &["granted/bin"], None);
        t("out", &["granted/bin"], None);
        t("tool", &["granted/../secret"], None);
        t("../bin/tool", &["granted/bin"], None);
        assert_eq!(find("sh", [Path::new("relative"), Path::new("/bin")].into_iter(), &mounts), Some("/bin/sh".into()));
    }
}
