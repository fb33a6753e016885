//! The index if `[buildout] index` does not set one: that of the machine's pip.
//!
//! A user's settings for pip have priority (`PIP_INDEX_URL`, pip's configuration files) over the defaults of the
//! Python's pip.

use std::path::{Path, PathBuf};

use base::environment::Environment;

use crate::python::Python;

/// The longest configuration file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// The index of the machine's pip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultIndex {
    /// Its URL or path.
    pub address: String,
    /// What sets it, for messages.
    pub origin: String,
}

/// The index, if pip knows one.
pub fn default_index(environment: &Environment, python: &Python) -> Option<DefaultIndex> {
    let found = |address: String, origin: String| DefaultIndex { address, origin };
    let variable = environment.variables.get("PIP_INDEX_URL").map(|value| value.trim().to_owned());
    let named = variable.filter(|value| !value.is_empty());
    let of_files = || {
        let files = files(environment, python);
        files.iter().rev().find_map(|path| Some(found(of_file(path)?, path.display().to_string())))
    };
    named
        .map(|address| found(address, "PIP_INDEX_URL".to_owned()))
        .or_else(of_files)
        .or_else(|| Some(found(python.index.clone()?, "the pip of the Python".to_owned())))
}

/// pip's configuration files; later ones have priority.
fn files(environment: &Environment, python: &Python) -> Vec<PathBuf> {
    let variable = |name: &str| environment.variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(only) = variable("PIP_CONFIG_FILE") {
        return vec![only];
    }
    let mut files = vec![PathBuf::from("/etc/xdg/pip/pip.conf"), PathBuf::from("/etc/pip.conf")];
    if let Some(home) = &environment.home {
        files.push(home.join(".pip/pip.conf"));
        files.push(variable("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")).join("pip/pip.conf"));
    }
    files.push(python.prefix.join("pip.conf"));
    files
}

/// `index-url` of the section `[global]`, or of `[install]`, which has priority.
fn of_file(path: &Path) -> Option<String> {
    let is_read = path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LONGEST);
    let text = is_read.then(|| std::fs::read_to_string(path).ok()).flatten()?;
    let (mut section, mut of_global, mut of_install) = ("", None, None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim();
        }
        let Some((name, value)) = line.split_once(['=', ':']) else { continue };
        let value = Some(value.trim()).filter(|value| !value.is_empty()).map(str::to_owned);
        match (section, name.trim().replace('_', "-").as_str()) {
            ("global", "index-url") => of_global = value,
            ("install", "index-url") => of_install = value,
            _ => {}
        }
    }
    of_install.or(of_global)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::tests::python311;

    fn address(environment: &Environment, python: &Python) -> Option<String> {
        default_index(environment, python).map(|found| found.address)
    }

    #[test]
    fn settings_of_pip_count_first() {
        let home = tempfile::tempdir().unwrap();
        let mut environment = Environment { home: Some(home.path().to_owned()), ..Environment::default() };
        let prefix = tempfile::tempdir().unwrap();
        let python =
            Python { index: Some("https://built-in.invalid/".into()), prefix: prefix.path().into(), ..python311() };
        environment.variables.insert("PIP_CONFIG_FILE".into(), home.path().join("none").to_str().unwrap().into());
        assert_eq!(address(&environment, &python).as_deref(), Some("https://built-in.invalid/"));
        environment.variables.clear();
        std::fs::create_dir_all(home.path().join(".config/pip")).unwrap();
        std::fs::write(
            home.path().join(".config/pip/pip.conf"),
            "[global]\nindex_url = https://user.invalid/\n[other]\nindex-url=x\n",
        )
        .unwrap();
        assert_eq!(address(&environment, &python).as_deref(), Some("https://user.invalid/"));
        std::fs::write(
            prefix.path().join("pip.conf"),
            "[install]\nindex-url: https://venv.invalid/\n[global]\nindex-url = y\n",
        )
        .unwrap();
        assert_eq!(address(&environment, &python).as_deref(), Some("https://venv.invalid/"));
        let origin = default_index(&environment, &python).map(|found| found.origin);
        assert_eq!(origin, Some(prefix.path().join("pip.conf").display().to_string()));
        environment.variables.insert("PIP_INDEX_URL".into(), "https://variable.invalid/".into());
        assert_eq!(address(&environment, &python).as_deref(), Some("https://variable.invalid/"));
    }
}
