//! What a path depends on: the symbolic links on its way, and what it leads to. Replacing one of
//! the links, or writing the last file, changes what the path names.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use base::collections::Map;
use base::paths::names;

/// As many links as the kernel follows.
const MOST: usize = 40;

/// The longest file `.git` that is read, in bytes.
const LONGEST: u64 = 4096;

/// What a path depends on.
#[derive(Debug, Default)]
pub(super) struct FollowedPath {
    /// The links on the way, each without links on its own way.
    pub(super) links: Vec<PathBuf>,
    /// What the last name leads to: each link in its place, and the file or directory itself.
    pub(super) targets: Vec<PathBuf>,
}

/// The targets of the links on several ways, each of which is read once: most paths have the same directories on their way.
#[derive(Default)]
struct KnownLinks(Map<PathBuf, Option<PathBuf>>);

impl KnownLinks {
    /// What a link leads to; `None` for all else.
    fn target(&mut self, path: &Path) -> Option<PathBuf> {
        if let Some(known) = self.0.get(path) {
            return known.clone();
        }
        let target = std::fs::read_link(path).ok();
        self.0.insert(path.to_owned(), target.clone());
        target
    }
}

impl FollowedPath {
    /// Follows an absolute path. What does not exist leads to itself.
    pub(super) fn of(path: &Path) -> Self {
        Self::follow(path, &mut KnownLinks::default())
    }

    /// Follows absolute paths.
    pub(super) fn all<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Vec<Self> {
        let mut links = KnownLinks::default();
        paths.into_iter().map(|path| Self::follow(path, &mut links)).collect()
    }

    fn follow(path: &Path, links: &mut KnownLinks) -> Self {
        let mut way = Self::default();
        let mut real = PathBuf::from("/");
        let mut rest: VecDeque<OsString> = names(path).collect();
        while let Some(name) = rest.pop_front() {
            if name == ".." {
                real.pop();
                continue;
            }
            real.push(&name);
            let target = if way.links.len() < MOST { links.target(&real) } else { None };
            if rest.is_empty() && real != path {
                way.targets.push(real.clone());
            }
            let Some(target) = target else { continue };
            way.links.push(real.clone());
            real.pop();
            if target.is_absolute() {
                real = PathBuf::from("/");
            }
            names(&target).rev().for_each(|name| rest.push_front(name));
        }
        way
    }
}

/// The directories of a repository to which a file `.git` refers: that of the worktree, and that of the whole repository.
pub(super) fn repository(file: &Path) -> Vec<PathBuf> {
    let read = |path: &Path| {
        let text = String::from_utf8(base::files::read_at_most(path, LONGEST).ok()?).ok()?;
        Some(text.trim_end().to_owned())
    };
    let Some(holder) = file.parent() else { return Vec::new() };
    let named = read(file).and_then(|text| Some(holder.join(text.strip_prefix("gitdir:")?.trim_start())));
    let Some(own) = named.and_then(|own| own.canonicalize().ok()) else { return Vec::new() };
    let common = read(&own.join("commondir")).and_then(|text| own.join(text).canonicalize().ok());
    [Some(own), common].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn each_link_and_each_target_is_found() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let at = |path: &str| root.join(path);
        std::fs::create_dir_all(at("shared/deep")).unwrap();
        std::fs::write(at("shared/deep/real.cfg"), "").unwrap();
        symlink("shared", at("linked")).unwrap();
        symlink("linked/second.cfg", at("buildout.cfg")).unwrap();
        symlink(at("shared/deep/real.cfg"), at("shared/second.cfg")).unwrap();
        let way = FollowedPath::of(&at("buildout.cfg"));
        assert_eq!(way.links, [at("buildout.cfg"), at("linked"), at("shared/second.cfg")]);
        assert_eq!(way.targets, [at("shared/second.cfg"), at("shared/deep/real.cfg")]);
        assert_eq!(FollowedPath::of(&at("missing/x")).targets, [] as [PathBuf; 0]);
        symlink("loop", at("loop")).unwrap();
        assert_eq!(FollowedPath::of(&at("loop")).links.len(), MOST);
    }

    #[test]
    fn a_worktree_names_its_repository() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("bare/worktrees/main")).unwrap();
        std::fs::create_dir_all(root.join("main")).unwrap();
        std::fs::write(root.join("bare/worktrees/main/commondir"), "../..\n").unwrap();
        std::fs::write(root.join("main/.git"), "gitdir: ../bare/worktrees/main\n").unwrap();
        assert_eq!(repository(&root.join("main/.git")), [root.join("bare/worktrees/main"), root.join("bare")]);
        assert!(repository(&root.join("bare")).is_empty());
    }
}
