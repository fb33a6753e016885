//! The way back: what a build has made in its copy of a project is put into the project, as far as it may
//! ([`super::outputs`]).

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use base::files::FileError;
use cap_std::fs::Dir;

use super::BuildError;
use super::copy::{LINKED, MOST_BYTES, MOST_ENTRIES, PrivateCopy, copy, is_made, stamp};
use super::outputs::{BuildOutput, DirectoryKind, says_generated};
use crate::handles::{self, CopyBudget, DEEPEST};

/// The file that makes a directory a recipe project.
const RECIPE: &str = "recipe.toml";

/// A directory of the copy with that of the project.
struct BuiltAndOriginal<'a> {
    from: &'a Dir,
    to: &'a Dir,
    /// Its path in the project.
    inside: &'a Path,
    kind: DirectoryKind,
}

impl PrivateCopy {
    /// Puts the files that the build has made or changed into the project. Returns their paths in it.
    pub(super) fn bring_back(&self, canceled: &dyn Fn() -> bool) -> Result<BTreeSet<PathBuf>, BuildError> {
        let from = handles::open_real(&self.copy.canonicalize().map_err(FileError::of("open", &self.copy))?);
        let from = from.map_err(FileError::of("open", &self.copy))?;
        // The build command of a recipe project is not confined, and may start anything in it.
        let is_recipe = self.project.ancestors().any(|outer| outer.join(RECIPE).symlink_metadata().is_ok());
        let mut back = Back {
            private: self,
            budget: CopyBudget { entries: MOST_ENTRIES as u64, bytes: MOST_BYTES, canceled },
            is_recipe,
            brought: BTreeSet::new(),
        };
        let kind = if is_recipe { DirectoryKind::Other } else { DirectoryKind::Top };
        back.directory(&BuiltAndOriginal { from: &from, to: &self.opened, inside: Path::new(""), kind })?;
        Ok(back.brought)
    }
}

struct Back<'a> {
    private: &'a PrivateCopy,
    budget: CopyBudget<'a>,
    is_recipe: bool,
    brought: BTreeSet<PathBuf>,
}

impl Back<'_> {
    fn directory(&mut self, pair: &BuiltAndOriginal<'_>) -> Result<(), BuildError> {
        let path = self.private.copy.join(pair.inside);
        for (name, kind) in handles::entries(pair.from).map_err(FileError::of("read", &path))? {
            self.budget.take(0).map_err(FileError::of("copy", &path))?;
            let inside = pair.inside.join(&name);
            let is_linked = LINKED.iter().any(|linked| name == *linked);
            if is_linked || is_made(&inside) || self.private.is_protected(&self.private.project.join(&inside)) {
                continue;
            }
            if kind.is_dir() && inside.components().count() <= DEEPEST {
                self.inner(pair, &name, &inside)?;
            } else if kind.is_file() && self.file(pair, &name, &inside)? {
                self.brought.insert(inside);
            }
        }
        if pair.kind == DirectoryKind::Metadata { self.remove_missing(pair) } else { Ok(()) }
    }

    /// Removes the files of metadata that the build has removed: what they declare, such as requirements and scripts, no
    /// longer applies.
    fn remove_missing(&mut self, pair: &BuiltAndOriginal<'_>) -> Result<(), BuildError> {
        let path = self.private.project.join(pair.inside);
        for (name, kind) in handles::entries(pair.to).map_err(FileError::of("read", &path))? {
            self.budget.take(0).map_err(FileError::of("read", &path))?;
            let inside = pair.inside.join(&name);
            // Only a file with a stamp was in the copy.
            let was_copied = self.private.stamps.contains_key(&inside);
            let is_gone = pair.from.symlink_metadata(&name).is_err_and(|error| error.kind() == ErrorKind::NotFound);
            if kind.is_file() && was_copied && is_gone && pair.kind.output(&name) == BuildOutput::Compiled {
                pair.to.remove_file(&name).map_err(FileError::of("remove", &path.join(&name)))?;
                self.brought.insert(inside);
            }
        }
        Ok(())
    }

    fn inner(&mut self, outer: &BuiltAndOriginal<'_>, name: &OsStr, inside: &Path) -> Result<(), BuildError> {
        let path = self.private.project.join(inside);
        let existing = match handles::open_directory(outer.to, name) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            // Through a link, the build would write elsewhere.
            Err(_) => return Ok(()),
            Ok(existing) => Some(existing),
        };
        let Some(kind) = self.kind(outer.kind, name, existing.as_ref()) else { return Ok(()) };
        let failed = FileError::of("create the directory", &path);
        let is_new = existing.is_none();
        let to = match existing {
            Some(existing) => existing,
            None => {
                let made = outer.to.create_dir(name).and_then(|()| handles::open_directory(outer.to, name));
                made.map_err(failed)?
            }
        };
        let from = handles::open_directory(outer.from, name).map_err(FileError::of("open", &path))?;
        self.directory(&BuiltAndOriginal { from: &from, to: &to, inside, kind })?;
        if is_new {
            // It stays only with something in it.
            let _ = outer.to.remove_dir(name);
        }
        Ok(())
    }

    fn kind(&self, outer: DirectoryKind, name: &OsStr, existing: Option<&Dir>) -> Option<DirectoryKind> {
        match outer.below(name, existing)? {
            DirectoryKind::Metadata => Some(DirectoryKind::Metadata),
            // Metadata may be anywhere in it.
            _ if self.is_recipe => existing.map(|_| DirectoryKind::Other),
            kind => Some(kind),
        }
    }

    /// Returns whether the file is new or changed, and comes back.
    fn file(&mut self, pair: &BuiltAndOriginal<'_>, name: &OsStr, inside: &Path) -> Result<bool, BuildError> {
        let output = pair.kind.output(name);
        if output == BuildOutput::Stays {
            return Ok(false);
        }
        let is_replaceable = match pair.to.symlink_metadata(name) {
            Err(error) => error.kind() == ErrorKind::NotFound,
            Ok(there) => there.is_file() && (output == BuildOutput::Compiled || says_generated(pair.to, name)),
        };
        if !is_replaceable {
            return Ok(false);
        }
        let path = self.private.copy.join(inside);
        let source = handles::open_file(pair.from, name).map_err(FileError::of("open", &path))?;
        let metadata = source.metadata().map_err(FileError::of("read", &path))?;
        if self.private.stamps.get(inside) == Some(&stamp(&metadata)) {
            return Ok(false);
        }
        self.budget.take(metadata.len()).map_err(FileError::of("copy", &path))?;
        let temporary = free_name(pair.to, name);
        let put = copy(&source, &metadata, pair.to, &temporary, self.budget.canceled)
            .and_then(|_| pair.to.rename(&temporary, pair.to, name));
        if let Err(error) = put {
            // Report the first error.
            let _ = pair.to.remove_file(&temporary);
            return Err(FileError::of("write", &self.private.project.join(inside))(error).into());
        }
        Ok(true)
    }
}

/// A hidden name that no file of the directory has.
fn free_name(directory: &Dir, name: &OsStr) -> OsString {
    let candidates = (0_u32..).map(|number| {
        let mut candidate = OsString::from(".");
        candidate.push(name);
        candidate.push(format!(".new-{number}"));
        candidate
    });
    let mut free = candidates.filter(|candidate| directory.symlink_metadata(candidate).is_err());
    free.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    struct ProjectAndCopy(tempfile::TempDir);

    impl ProjectAndCopy {
        fn new(files: &[&str]) -> Self {
            let space = Self(tempfile::tempdir().unwrap());
            files.iter().for_each(|path| space.write(&format!("project/{path}"), "old"));
            space
        }

        fn path(&self, path: &str) -> PathBuf {
            self.0.path().canonicalize().unwrap().join(path)
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.path(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        fn copy(&self, protected: &[PathBuf]) -> PrivateCopy {
            PrivateCopy::new(&self.path("project"), &self.path("copy"), protected, &|| false).unwrap()
        }

        fn back(&self, private: &PrivateCopy) -> Vec<String> {
            let brought = private.bring_back(&|| false).unwrap();
            brought.iter().map(|path| path.to_string_lossy().into_owned()).collect()
        }

        fn read(&self, path: &str) -> Option<String> {
            std::fs::read_to_string(self.path(path)).ok()
        }
    }

    #[test]
    fn what_a_build_makes_comes_back_and_nothing_else() {
        let space = ProjectAndCopy::new(&[
            "setup.py",
            "setup.cfg",
            "src/a/__init__.py",
            "src/a/source.py",
            "bin/tool",
            ".git/HEAD",
            "build/old",
            "keys/acme.pub",
            "hello/recipe.toml",
            "hello/src/__init__.py",
        ]);
        space.write("project/src/a/version.py", "# file generated by setuptools-scm\n");
        space.write("outside/kept", "kept");
        space.write("outside/__init__.py", "kept");
        symlink(space.path("outside"), space.path("project/src/link")).unwrap();
        symlink(space.path("outside/kept"), space.path("project/src/a/kept.py")).unwrap();
        let project = space.path("project");
        let private = space.copy(&[project.join("bin"), project.join("buildout.cfg"), project.join("src/a/mine")]);
        assert!(!space.path("copy/bin").exists() && !space.path("copy/build").exists());
        assert_eq!(std::fs::read_link(space.path("copy/.git")).unwrap(), project.join(".git"));
        assert_eq!(private.linked, [project.join(".git")]);
        let comes = [
            "_a.abi3.so",
            "_version.py",
            "src/a/_x.so",
            "src/a/new/made.py",
            "src/a/version.py",
            "src/a.egg-info/PKG-INFO",
        ];
        let stays = [
            "setup.py",
            "setup.cfg",
            "conftest.py",
            "src/a/__init__.py",
            "src/a/source.py",
            "src/a/recipe.toml",
            "src/a.egg-info/recipe.toml",
            "src/a.egg-info/deep/x.txt",
            "src/a/none/recipe.toml",
            "src/a/mine/x.py",
            "bin/evil",
            "buildout.cfg",
            "build/new",
            "keys/acme.pub",
            "keys/x.so",
            "new/__init__.py",
            "hello/recipe.toml",
            "hello/src/x.py",
            "hello/x.so",
            "recipes.toml",
            "pylock.toml",
            ".cargo/config.toml",
            ".github/x.py",
        ];
        comes.iter().chain(&stays).for_each(|path| space.write(&format!("copy/{path}"), "new"));
        for link in ["src/link", "src/a/kept.py", ".git"] {
            std::fs::remove_file(space.path("copy").join(link)).unwrap();
        }
        for path in ["src/link/kept.py", "src/link/made.py", "src/a/kept.py", ".git/hooks/post-checkout"] {
            space.write(&format!("copy/{path}"), "evil");
        }
        assert_eq!(space.back(&private), comes);
        for path in comes {
            assert_eq!(space.read(&format!("project/{path}")).as_deref(), Some("new"), "{path}");
        }
        for path in stays {
            assert_ne!(space.read(&format!("project/{path}")).as_deref(), Some("new"), "{path}");
        }
        assert_eq!(space.read("outside/kept").as_deref(), Some("kept"));
        assert_eq!(std::fs::read_dir(space.path("outside")).unwrap().count(), 2);
        assert!(!space.path("project/src/a/none").exists() && !space.path("project/.git/hooks").exists());
    }

    #[test]
    fn links_and_pipes_of_the_build_do_not_come_back() {
        let space = ProjectAndCopy::new(&["src/a/__init__.py", "src/a/_x.so"]);
        space.write("secret", "secret");
        let private = space.copy(&[]);
        symlink(space.path("secret"), space.path("copy/src/a/made.py")).unwrap();
        std::fs::remove_file(space.path("copy/src/a/_x.so")).unwrap();
        symlink(space.path("secret"), space.path("copy/src/a/_x.so")).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let pipe = space.path("copy/src/a/pipe.py");
        rustix::fs::mknodat(rustix::fs::CWD, pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        symlink(space.path(""), space.path("copy/src/b.egg-info")).unwrap();
        assert_eq!(space.back(&private), [] as [&str; 0]);
        assert_eq!(space.read("project/src/a/_x.so").as_deref(), Some("old"));
    }

    #[test]
    fn of_a_recipe_project_only_metadata_comes_back() {
        let space = ProjectAndCopy::new(&["recipe.toml", "a/__init__.py"]);
        let private = space.copy(&[]);
        for path in ["a/x.py", "a/x.so", "_x.so", "_version.py", "a.egg-info/PKG-INFO", "a/b.egg-info/PKG-INFO"] {
            space.write(&format!("copy/{path}"), "new");
        }
        assert_eq!(space.back(&private), ["a/b.egg-info/PKG-INFO", "a.egg-info/PKG-INFO"]);
    }

    #[test]
    fn metadata_that_a_build_removed_is_removed_and_nothing_else() {
        let space = ProjectAndCopy::new(&[
            "a.egg-info/requires.txt",
            "a.egg-info/PKG-INFO",
            "a.egg-info/mine",
            "src/b.egg-info/entry_points.txt",
            "setup.py",
            "c.so",
        ]);
        let private = space.copy(&[]);
        for path in
            ["a.egg-info/requires.txt", "a.egg-info/mine", "src/b.egg-info/entry_points.txt", "setup.py", "c.so"]
        {
            std::fs::remove_file(space.path("copy").join(path)).unwrap();
        }
        space.write("project/a.egg-info/new.txt", "made meanwhile");
        assert_eq!(space.back(&private), ["a.egg-info/requires.txt", "src/b.egg-info/entry_points.txt"]);
        let left = |path: &str| space.path("project").join(path).exists();
        assert!(!left("a.egg-info/requires.txt") && !left("src/b.egg-info/entry_points.txt"));
        assert!(
            ["a.egg-info/PKG-INFO", "a.egg-info/mine", "a.egg-info/new.txt", "setup.py", "c.so"].into_iter().all(left)
        );
    }

    #[test]
    fn protected_paths_are_recognized_through_links() {
        let space = ProjectAndCopy::new(&["a/__init__.py", "a/state.py"]);
        symlink(space.path("project"), space.path("other")).unwrap();
        let private = space.copy(&[space.path("other/a/state.py"), space.path("other/a/new.py")]);
        assert!(!space.path("copy/a/state.py").exists());
        space.write("copy/a/new.py", "new");
        assert_eq!(space.back(&private), [] as [&str; 0]);
    }
}
