//! Which Python a buildout runs with: the one on the command line, else the one in `bin/buildout`, else the one on the
//! PATH. Also which Pythons its parts made: none of these can be the original one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::environment::Environment;
use config::facts::started_by_shim;
use config::options::{Buildout, NoRecipes};
use config::{Assignment, Configuration};

use super::super::launcher::Kept;
use super::program::{is_in, is_program};

/// A Python, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::run) struct NamedPython {
    /// Absolute if it was found.
    pub(in crate::run) executable: String,
    /// Whether it was specified on the command line: then it takes precedence over everything else.
    pub(in crate::run) given: bool,
}

/// `buildout:executable=`, else `python3` on the PATH, unless a part of this buildout made it.
pub(in crate::run) fn named(environment: &Environment, assignments: &[Assignment], own: &Own) -> NamedPython {
    let given = assignments.iter().rev().find(|one| one.section == "buildout" && one.option == "executable");
    match given {
        Some(given) => NamedPython { executable: absolute(&given.value, environment), given: true },
        None => NamedPython { executable: on_path(environment, own), given: false },
    }
}

/// `python3` on the PATH that no part made; if none exists, just the name.
pub(in crate::run) fn on_path(environment: &Environment, own: &Own) -> String {
    find("python3", environment, own).map_or_else(|| "python3".into(), text)
}

/// Resolves a user's specification of a Python: a path, or a name on the PATH.
pub(in crate::run) fn absolute(name: &str, environment: &Environment) -> String {
    if name.contains('/') {
        return text(environment.directory.join(name));
    }
    find(name, environment, &Own::default()).map_or_else(|| name.to_owned(), text)
}

fn find(name: &str, environment: &Environment, own: &Own) -> Option<PathBuf> {
    let path = environment.variables.get("PATH").map(String::as_str).unwrap_or_default();
    let found = std::env::split_paths(path).map(|directory| environment.directory.join(directory).join(name));
    let found = found.into_iter().find(|file| is_program(file) && !own.made(file))?;
    // As in zc.buildout: the path of the Python itself, which is the same for all commands and scripts.
    Some(started_by_shim(&found, environment).unwrap_or(found))
}

fn text(path: PathBuf) -> String {
    path.to_string_lossy().into_owned()
}

/// What a buildout made: its Python, and everything in its directories.
#[derive(Clone, Debug, Default)]
pub(in crate::run) struct Own {
    python: Option<String>,
    directories: Vec<PathBuf>,
}

impl Own {
    /// What a buildout made, as far as its configuration shows without a recipe; nothing if it makes no Python.
    pub(in crate::run) fn of(configuration: &Arc<Configuration>, kept: &Kept) -> Self {
        let extends = configuration.sections.get("buildout").is_some_and(|own| own.options.get("extensions").is_some());
        if !extends && *kept == Kept::default() {
            return Self::default();
        }
        let Some(directory) = directory(configuration) else { return Self::default() };
        let buildout = Buildout::new(Arc::clone(configuration), Arc::new(NoRecipes));
        let elsewhere = ["parts-directory", "rebootstrap-directory"].map(|option| buildout.get("buildout", option));
        let elsewhere = elsewhere.into_iter().flatten().flatten().filter(|path| !path.is_empty());
        let directories = elsewhere.map(|path| directory.join(path)).chain([directory.clone()]).collect();
        // A section without a recipe specifies a Python that was not made by the buildout.
        let section = buildout.get("buildout", "python").ok().flatten().unwrap_or_default();
        let is_made = !matches!(buildout.get(section.trim(), "recipe"), Ok(None));
        Self { python: kept.python.clone().filter(|_| is_made), directories }
    }

    /// Whether a part of the buildout made this Python, or may have made it.
    pub(in crate::run) fn made(&self, python: impl AsRef<Path>) -> bool {
        let python = python.as_ref();
        self.python.as_ref().is_some_and(|own| Path::new(own) == python) || is_in(python, &self.directories)
    }
}

/// The buildout directory; `None` if the configuration does not set it.
pub(in crate::run) fn directory(configuration: &Arc<Configuration>) -> Option<PathBuf> {
    Some(configuration.working_directory.join(option(configuration, "directory")?))
}

/// The path of the launcher; `None` if the configuration does not set it.
pub(in crate::run) fn launcher_path(configuration: &Arc<Configuration>) -> Option<PathBuf> {
    Some(directory(configuration)?.join(option(configuration, "bin-directory")?).join("buildout"))
}

/// An option of `[buildout]`, without a recipe.
pub(in crate::run) fn option(configuration: &Arc<Configuration>, name: &str) -> Option<String> {
    let written = configuration.sections.get("buildout")?.options.get(name)?;
    if written.raw.contains("${") || !Path::new(&*written.raw).is_absolute() {
        return Buildout::new(Arc::clone(configuration), Arc::new(NoRecipes)).get("buildout", name).ok()?;
    }
    Some(written.raw.to_string())
}

/// The original Python.
pub(in crate::run) fn original(named: &NamedPython, kept: &Kept, own: &Own) -> String {
    match kept.original.as_ref().filter(|known| !named.given && is_program(known) && !own.made(known)) {
        Some(known) => known.clone(),
        None => named.executable.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn finds_own_pythons_through_every_link() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::create_dir_all(at("buildout/parts/py")).unwrap();
        std::fs::create_dir(at("other")).unwrap();
        std::fs::write(at("other/python"), "").unwrap();
        std::fs::write(at("buildout/parts/py/built"), "").unwrap();
        symlink(at("other/python"), at("buildout/parts/py/python")).unwrap();
        symlink(at("buildout"), at("link")).unwrap();
        symlink(at("buildout/parts/py/built"), at("other/built")).unwrap();
        let own = Own { python: Some("/made/elsewhere/python".into()), directories: vec![at("buildout")] };
        for name in ["buildout/parts/py/python", "buildout/parts/py/gone", "link/parts/py/python", "other/built"] {
            assert!(own.made(at(name)), "{name}");
        }
        for name in ["other/../buildout/parts/py/python", "buildout/../link/parts/py/built"] {
            assert!(own.made(at(name)), "{name}");
        }
        assert!(own.made("/made/elsewhere/python"));
        assert!(!own.made(at("other/python")) && !own.made(at("nowhere/python")) && !own.made("python3"));
    }

    #[test]
    fn the_python_behind_a_shim_is_chosen() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        let start = root.join("pyenv/libexec/pyenv");
        write("pyenv/shims/python3", &format!("#!/bin/bash\nexec \"{}\" exec \"python3\"\n", start.display()));
        for version in ["3.11.7", "3.12.1"] {
            write(&format!("pyenv/versions/{version}/bin/python3"), "");
        }
        write("pyenv/version", "3.12.1\n");
        write("project/note", "");
        let shims = root.join("pyenv/shims").display().to_string();
        let mut environment = Environment {
            directory: root.join("project"),
            home: None,
            variables: [("PATH".to_owned(), shims.clone())].into(),
        };
        let chosen = |environment: &Environment| on_path(environment, &Own::default());
        let python = |version: &str| root.join(format!("pyenv/versions/{version}/bin/python3")).display().to_string();
        assert_eq!(chosen(&environment), python("3.12.1"));
        environment.variables.insert("PYENV_VERSION".to_owned(), "3.11.7".to_owned());
        assert_eq!(chosen(&environment), python("3.11.7"));
        environment.variables.insert("PYENV_VERSION".to_owned(), "3.9".to_owned());
        assert_eq!(chosen(&environment), format!("{shims}/python3"), "it is not certain which one starts");
    }
}
