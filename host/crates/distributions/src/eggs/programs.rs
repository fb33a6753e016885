//! Which existing distributions may run as recipes or extensions, with the rights of their names: not everything that a recipe
//! can have put into the directories of eggs (`docs/decisions/155-what-recipes-come-from.md`).

use std::path::{Path, PathBuf};

use super::{Directories, Distribution, scan};
use crate::name;
use crate::scripts::real_path;

/// Where recipes and extensions may come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramSources {
    /// The directories of eggs.
    eggs: Vec<PathBuf>,
    /// The directories of develop eggs.
    develop: Vec<PathBuf>,
    /// The developed projects.
    projects: Vec<DevelopedSources>,
}

/// A project that the configuration develops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevelopedSources {
    /// Its name, in the form for comparison.
    pub(crate) key: String,
    /// Its directory.
    pub project: PathBuf,
    /// The directory of its modules, as the egg-link has it.
    pub modules: PathBuf,
}

impl ProgramSources {
    /// The eggs in these directories, and those of the `projects` to which an egg-link leads.
    pub fn of(all: &[&Directories], projects: &[PathBuf]) -> Self {
        let real = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        // Some of them are only made by the installation.
        let eggs = all.iter().map(|one| real_path(&one.eggs)).collect();
        let develop: Vec<PathBuf> = all.iter().map(|one| real_path(&one.develop)).collect();
        let directory = |path: &PathBuf| {
            if path.is_dir() { real(path) } else { real(path).parent().map(Path::to_owned).unwrap_or_default() }
        };
        let listed: Vec<PathBuf> = projects.iter().map(directory).collect();
        let links = develop.iter().flat_map(std::fs::read_dir).flatten().flatten();
        let projects = links.filter_map(|entry| developed(&entry.path(), &listed)).collect();
        Self { eggs, develop, projects }
    }

    /// The developed project of a distribution.
    pub fn developed(&self, distribution: &Distribution) -> Option<&DevelopedSources> {
        if self.is_egg(distribution) {
            return None;
        }
        let key = distribution.key();
        self.projects.iter().find(|one| one.key == key)
    }

    /// Whether a distribution may run: an egg under its own name, or a project that the configuration develops.
    pub(crate) fn allow(&self, distribution: &Distribution) -> bool {
        let location = &distribution.location;
        if self.is_egg(distribution) {
            let file = location.file_name().unwrap_or_default().to_string_lossy();
            let named = file.split('-').next().map(name::canonical);
            return named == Some(distribution.key());
        }
        self.developed(distribution).is_some_and(|one| self.is_develop(location) || *location == one.modules)
    }

    /// Whether a path is a directory of develop eggs: it contains what belongs to different projects.
    pub fn is_develop(&self, path: &Path) -> bool {
        self.develop.iter().any(|develop| develop == path)
    }

    /// Whether a path is in a developed project, or in an egg.
    pub fn hold(&self, path: &Path) -> bool {
        let below = |holder: &PathBuf| path.starts_with(holder);
        self.eggs.iter().any(below) || self.projects.iter().any(|one| below(&one.project))
    }

    fn is_egg(&self, distribution: &Distribution) -> bool {
        let holder = distribution.location.parent();
        self.eggs.iter().any(|eggs| holder == Some(eggs))
    }
}

/// The project to which an egg-link leads, as the host writes it, if it is one of those listed.
fn developed(link: &Path, listed: &[PathBuf]) -> Option<DevelopedSources> {
    let stem = link.file_name()?.to_str()?.strip_suffix(".egg-link")?;
    let modules = PathBuf::from(scan::link(link)?).canonicalize().ok()?;
    let project = listed.iter().find(|project| **project == modules || project.join("src") == modules)?.clone();
    Some(DevelopedSources { key: name::canonical(stem), project, modules })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eggs::find;

    #[test]
    fn names_that_others_took_do_not_count() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let at = |path: &str| root.join(path);
        for (directory, name) in [
            ("eggs/good-1.0-py3.egg/good-1.0.dist-info", "good"),
            ("eggs/other-1.0-py3.egg/other-1.0.dist-info", "other"),
            ("eggs/other-1.0-py3.egg/good-9.0.dist-info", "good"),
            ("develop-eggs/listed-1.dist-info", "listed"),
            ("develop-eggs/good-8.dist-info", "good"),
            ("listed/good.egg-info", "good"),
            ("evil/good.egg-info", "good"),
        ] {
            std::fs::create_dir_all(at(directory)).unwrap();
            let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1\n");
            for file in ["METADATA", "PKG-INFO"] {
                std::fs::write(at(directory).join(file), &text).unwrap();
            }
        }
        for (name, target) in [("listed", "listed"), ("good", "evil")] {
            let text = format!("{}\n.", at(target).display());
            std::fs::write(at("develop-eggs").join(format!("{name}.egg-link")), text).unwrap();
        }
        let directories = Directories { eggs: at("eggs"), develop: at("develop-eggs") };
        let sources = ProgramSources::of(&[&directories], &[at("listed")]);
        let mut allowed = Vec::new();
        for directory in ["eggs/good-1.0-py3.egg", "eggs/other-1.0-py3.egg", "develop-eggs", "listed", "evil"] {
            let found = find(&at(directory), false);
            allowed.extend(found.into_iter().filter(|one| sources.allow(one)).map(|one| (directory, one.project)));
        }
        let expected =
            [("eggs/good-1.0-py3.egg", "good"), ("eggs/other-1.0-py3.egg", "other"), ("develop-eggs", "listed")];
        assert_eq!(allowed, expected.map(|(directory, project)| (directory, project.to_owned())));
    }
}
