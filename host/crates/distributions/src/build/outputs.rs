//! Which files of a project a build may make or change: metadata, compiled files, and modules that it generates.
//!
//! The list is closed. What else a build writes stays in its copy of the project, so it cannot change what is later run
//! or trusted outside the confinement: recipe projects, configurations, keys, locks, scripts, other sources.

use std::ffi::OsStr;

use cap_std::fs::Dir;

use crate::handles;

/// What a directory of a project is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DirectoryKind {
    /// The project's own directory.
    Top,
    /// A package, or a directory of packages.
    Package,
    /// The metadata of a distribution: `NAME.egg-info`.
    Metadata,
    /// Any other directory.
    Other,
}

/// Whether a file comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BuildOutput {
    /// It stays in the copy.
    Stays,
    /// If it is new, or replaces a file that says in its first lines that it is generated.
    Generated,
    /// Its name says that it is the result of a build: it may replace an older one.
    Compiled,
}

/// The files of metadata that setuptools writes, except for texts.
const METADATA: [&str; 3] = ["PKG-INFO", "zip-safe", "not-zip-safe"];

/// Where tools for versions write outside packages.
const VERSIONS: [&str; 3] = ["_version.py", "version.py", "__version__.py"];

/// What makes a directory a project itself: what is there belongs to another build.
const PROJECTS: [&str; 4] = ["recipe.toml", "Cargo.toml", "pyproject.toml", ".git"];

/// The lines in which a file says that it is generated.
const FIRST_LINES: usize = 12;

/// The part of a file in which these lines are, in bytes.
const BEGINNING: u64 = 2 << 10;

impl DirectoryKind {
    /// What the directory `name` in a directory of this kind is; `None` if nothing in it comes back. `existing` is the
    /// directory in the project.
    pub(super) fn below(self, name: &OsStr, existing: Option<&Dir>) -> Option<Self> {
        let text = name.to_str()?;
        if text.starts_with('.') || text == "__pycache__" || self == Self::Metadata {
            return None;
        }
        if text.ends_with(".egg-info") {
            return Some(Self::Metadata);
        }
        match (self, existing) {
            (_, Some(directory)) if is_project(directory) => None,
            (Self::Package, _) => Some(Self::Package),
            (Self::Top, Some(_)) if text == "src" => Some(Self::Package),
            (_, Some(directory)) if is_file(directory, "__init__.py") => Some(Self::Package),
            (_, Some(_)) => Some(Self::Other),
            (_, None) => None,
        }
    }

    /// Whether the file `name` in a directory of this kind comes back.
    pub(super) fn output(self, name: &OsStr) -> BuildOutput {
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { return BuildOutput::Stays };
        let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
        match (self, suffix) {
            (Self::Metadata, "txt" | "json") => BuildOutput::Compiled,
            (Self::Metadata, _) if METADATA.contains(&name) => BuildOutput::Compiled,
            (Self::Top | Self::Package, "so") | (Self::Package, "mo") => BuildOutput::Compiled,
            (Self::Package, "py" | "pyi") => BuildOutput::Generated,
            (Self::Top, _) if VERSIONS.contains(&name) => BuildOutput::Generated,
            _ => BuildOutput::Stays,
        }
    }
}

/// Whether the directory belongs to another project.
fn is_project(directory: &Dir) -> bool {
    let exists = |name: &str| directory.symlink_metadata(name).is_ok();
    PROJECTS.iter().any(|name| exists(name)) || (exists("setup.py") && !exists("__init__.py"))
}

fn is_file(directory: &Dir, name: &str) -> bool {
    directory.symlink_metadata(name).is_ok_and(|metadata| metadata.is_file())
}

/// Whether the file `name` of the project says in a comment in its first lines that it is generated.
pub(super) fn says_generated(directory: &Dir, name: &OsStr) -> bool {
    let beginning = handles::open_file(directory, name).and_then(|file| {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(file, BEGINNING), &mut bytes)?;
        Ok(bytes)
    });
    let text = String::from_utf8_lossy(&beginning.unwrap_or_default()).to_lowercase();
    text.lines().take(FIRST_LINES).any(|line| line.trim_start().starts_with(['#', '"']) && line.contains("generated"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_closed() {
        let t = |kind: DirectoryKind, name: &str| kind.output(OsStr::new(name));
        for name in ["PKG-INFO", "SOURCES.txt", "entry_points.txt", "pbr.json", "not-zip-safe"] {
            assert_eq!(t(DirectoryKind::Metadata, name), BuildOutput::Compiled, "{name}");
        }
        for name in ["recipe.toml", "setup.py", "x.so", "x.py", ".x.txt"] {
            assert_eq!(t(DirectoryKind::Metadata, name), BuildOutput::Stays, "{name}");
        }
        assert_eq!(t(DirectoryKind::Package, "_x.cpython-311-x86_64-linux-gnu.so"), BuildOutput::Compiled);
        assert_eq!(t(DirectoryKind::Top, "_x.abi3.so"), BuildOutput::Compiled);
        assert_eq!(t(DirectoryKind::Package, "_version.py"), BuildOutput::Generated);
        assert_eq!(t(DirectoryKind::Top, "_version.py"), BuildOutput::Generated);
        for name in ["setup.py", "conftest.py", "recipe.toml", "buildout.cfg", "pylock.toml", "setup.cfg", "Makefile"] {
            assert_eq!(t(DirectoryKind::Top, name), BuildOutput::Stays, "{name}");
        }
        for name in ["x.so", "x.py", "acme.pub", "c.wasm"] {
            assert_eq!(t(DirectoryKind::Other, name), BuildOutput::Stays, "{name}");
        }
        assert_eq!(t(DirectoryKind::Package, "recipe.toml"), BuildOutput::Stays);
    }

    #[test]
    fn directories() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        for (directory, file) in [
            ("package", "__init__.py"),
            ("keys", "a.pub"),
            ("hello", "recipe.toml"),
            ("crate", "Cargo.toml"),
            ("other", "setup.py"),
            ("old", "setup.py"),
            ("old", "__init__.py"),
            ("src", "a.py"),
            ("bin", "tool"),
        ] {
            std::fs::create_dir_all(root.join(directory)).unwrap();
            std::fs::write(root.join(directory).join(file), "").unwrap();
        }
        let t = |kind: DirectoryKind, name: &str| {
            kind.below(OsStr::new(name), handles::open_real(&root.join(name)).ok().as_ref())
        };
        assert_eq!(t(DirectoryKind::Top, "package"), Some(DirectoryKind::Package));
        assert_eq!(t(DirectoryKind::Top, "old"), Some(DirectoryKind::Package));
        assert_eq!(t(DirectoryKind::Top, "src"), Some(DirectoryKind::Package));
        assert_eq!(t(DirectoryKind::Package, "new"), Some(DirectoryKind::Package));
        assert_eq!(t(DirectoryKind::Other, "x.egg-info"), Some(DirectoryKind::Metadata));
        assert_eq!(
            (t(DirectoryKind::Top, "keys"), t(DirectoryKind::Other, "src")),
            (Some(DirectoryKind::Other), Some(DirectoryKind::Other))
        );
        for name in ["hello", "crate", "other"] {
            assert_eq!((t(DirectoryKind::Top, name), t(DirectoryKind::Package, name)), (None, None), "{name}");
        }
        for name in ["new", ".git", ".cargo", "__pycache__"] {
            assert_eq!(t(DirectoryKind::Top, name), None, "{name}");
        }
        assert_eq!(t(DirectoryKind::Metadata, "src"), None);
    }

    #[test]
    fn generated_files_say_so() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let directory = handles::open_real(&root).unwrap();
        let t = |text: &str| {
            std::fs::write(root.join("a.py"), text).unwrap();
            says_generated(&directory, OsStr::new("a.py"))
        };
        assert!(t("# file generated by setuptools-scm\n# don't change, don't track in version control\n"));
        assert!(t("# -*- coding: utf-8 -*-\n# Generated by the protocol buffer compiler.  DO NOT EDIT!\n"));
        assert!(!t("generated = 1\n"));
        assert!(!t(&format!("{}# generated\n", "x = 1\n".repeat(20))));
        assert!(!says_generated(&directory, OsStr::new("none.py")));
    }
}
