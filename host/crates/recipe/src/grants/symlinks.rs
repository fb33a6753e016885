//! Follows symbolic links from one granted directory to another, because a handle of a directory leads only to what is
//! below it: not through absolute links, and not through relative ones that leave it.
//!
//! The result is only a path. What it names is opened through the handle of its granted directory, so a link that is
//! replaced meanwhile leads nowhere else.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use base::paths::names;
use cap_std::fs::Dir;
use rustix::io::Errno;

use super::mounts::{Mounts, is_no_directory};

/// As many links as the kernel follows.
const MOST: usize = 40;

/// `path` (normalized) without symbolic links that are in granted directories; the last name is followed only if
/// `follows_last`. A name that does not exist stays as it is.
pub(crate) fn resolve(mounts: &Mounts, path: &Path, follows_last: bool) -> io::Result<PathBuf> {
    let mut real = PathBuf::from("/");
    let mut rest: VecDeque<OsString> = names(path).collect();
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            real.pop();
            continue;
        }
        real.push(&name);
        if rest.is_empty() && !follows_last {
            break;
        }
        let Some(target) = target(mounts, &real)? else { continue };
        links += 1;
        if links > MOST {
            return Err(Errno::LOOP.into());
        }
        real.pop();
        if target.is_absolute() {
            real = PathBuf::from("/");
        }
        names(&target).rev().for_each(|name| rest.push_front(name));
    }
    Ok(real)
}

/// The target of the link at `path`, which contains no other links, if it is one in a granted directory.
fn target(mounts: &Mounts, path: &Path) -> io::Result<Option<PathBuf>> {
    let Some((mount, rest)) = mounts.route(path).and_then(|(at, rest)| Some((mounts.get(at)?, rest))) else {
        return Ok(None);
    };
    if rest.as_os_str().is_empty() {
        // A granted directory is opened by its own rules.
        return Ok(None);
    }
    let directory = match mount.open() {
        Ok(directory) => Dir::from_std_file(directory),
        Err(error) if is_no_directory(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    match directory.read_link_contents(rest) {
        Ok(target) => Ok(Some(target)),
        // It is not a link, or does not exist.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::INVAL) || is_no_directory(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::grants::mounts::Access;

    #[test]
    fn links_lead_from_one_granted_directory_to_another() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let at = |path: &str| root.join(path);
        for directory in ["a/deep", "b/deep", "secret"] {
            std::fs::create_dir_all(at(directory)).unwrap();
        }
        std::fs::write(at("b/deep/file"), "").unwrap();
        symlink(at("b/deep"), at("a/absolute")).unwrap();
        symlink("../../b/deep", at("a/deep/relative")).unwrap();
        symlink(at("a/absolute/file"), at("b/chain")).unwrap();
        symlink(at("secret"), at("a/out")).unwrap();
        symlink(at("a/loop"), at("a/loop")).unwrap();
        let grants = [(at("a").into(), Access::Read), (at("b").into(), Access::Write)];
        let mounts = Mounts::new(grants, &[], &[], &[]);
        let t = |path: &str, follows_last, expected: &str| {
            assert_eq!(resolve(&mounts, &at(path), follows_last).unwrap(), at(expected), "{path}");
        };
        t("a/absolute/file", true, "b/deep/file");
        t("a/deep/relative/file", true, "b/deep/file");
        t("b/chain", true, "b/deep/file");
        t("b/chain", false, "b/chain");
        t("a/absolute/missing", true, "b/deep/missing");
        t("a/missing/deeper", true, "a/missing/deeper");
        // The result is outside what is granted, so nothing is opened there.
        t("a/out/key", true, "secret/key");
        assert!(mounts.route(&at("secret/key")).is_none());
        assert!(resolve(&mounts, &at("a/loop"), true).is_err());
    }
}
