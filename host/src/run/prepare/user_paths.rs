//! What the user names for the host in the buildout: no Python recipe writes it. And the environment of programs that run with
//! the rights of the user.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::environment::Environment;
use base::paths::normalize;
use config::Configuration;
use config::options::Buildout;
use recipe::{Locations, unconfined_environment};

use super::super::context::RunContext;
use super::super::python::choice;

/// Variables that say where something happens to be, and not what is used. Search paths (`…PATH`) are further ones.
const OF_NO_FILE: [&str; 7] = ["PWD", "OLDPWD", "INIT_CWD", "TMPDIR", "TMP", "TEMP", "_"];
/// Beginnings of the names of variables of the host and of tools: their values are paths, whether something is there or not.
const OF_TOOLS: [&str; 18] = [
    "BUILDOUT_",
    "CARGO_",
    "CURL_",
    "DOCKER_",
    "GIT_",
    "GNUPG",
    "HG",
    "NETRC",
    "NODE_",
    "NPM_",
    "PIP_",
    "PYTHON",
    "REGISTRY_",
    "RUSTC",
    "RUSTUP_",
    "SSL_",
    "SVN_",
    "XDG_",
];
/// Options of `[buildout]` with directories that several buildouts share.
const SHARED: [&str; 2] = ["shared-part-list", "remote-cache-directory"];

/// The environment of programs that the host starts with the rights of the user: they are not looked for where recipes write.
pub(super) fn unconfined(environment: &Environment, configuration: &Arc<Configuration>) -> Environment {
    let Some(directory) = choice::directory(configuration) else { return environment.clone() };
    let option = |name: &&str| choice::option(configuration, name).filter(|value| !value.is_empty());
    let at = |names: &[&str]| -> Vec<PathBuf> {
        names.iter().filter_map(option).map(|value| normalize(&directory.join(value))).collect()
    };
    let parts = at(&["parts-directory", "rebootstrap-directory"]);
    let mut written = at(&["bin-directory"]);
    written.push(normalize(&directory));
    unconfined_environment(environment, &written, &parts)
}

/// Paths in the environment, on the command line and in options, the caches of the host, and the host itself; only those in the
/// directories of the buildout. `vendor` is the directory of copies that `recipes.toml` names.
pub(super) fn named(
    context: &RunContext,
    buildout: &Buildout,
    locations: &Locations,
    vendor: Option<&Path>,
) -> Vec<PathBuf> {
    let RunContext { environment, settings, .. } = context;
    let directory = &locations.directory;
    let mut own = of_program(&settings.program);
    own.push(environment.cache_directory().unwrap_or_else(|| directory.join(".cache")));
    let mut others: Vec<PathBuf> = vendor.map(Path::to_owned).into_iter().collect();
    others.extend(of_environment(environment));
    others.extend(settings.cache.values.values().map(|value| environment.directory.join(value)));
    for option in SHARED {
        let value = buildout.get("buildout", option).ok().flatten().unwrap_or_default();
        others.extend(value.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| directory.join(line)));
    }
    let standard = locations.standard();
    // What parts make is theirs, and what holds everything stays open.
    others.retain(|path| !normalize(path).starts_with(&locations.parts));
    let mut all: Vec<PathBuf> = own.into_iter().chain(others).map(|path| normalize(&path)).collect();
    all.extend(all.clone().iter().filter_map(|path| path.canonicalize().ok()));
    all.retain(|path| !standard.iter().any(|one| one.starts_with(path)));
    let real: Vec<PathBuf> = standard.iter().filter_map(|one| one.canonicalize().ok()).collect();
    all.retain(|path| standard.iter().any(|one| path.starts_with(one)) || real.iter().any(|one| path.starts_with(one)));
    all.sort();
    all.dedup();
    all
}

/// The program, and where its other files are.
fn of_program(program: &Path) -> Vec<PathBuf> {
    let ways = [Some(program.to_owned()), program.canonicalize().ok()].into_iter().flatten();
    let with_files = |program: PathBuf| {
        let prefix = program.parent().and_then(Path::parent).map(Path::to_owned);
        let files = ["share/buildout-host", "python-runtime"];
        let files = prefix.into_iter().flat_map(move |prefix| files.map(|name| prefix.join(name)));
        std::iter::once(program).chain(files).collect::<Vec<_>>()
    };
    ways.flat_map(with_files).collect()
}

/// The paths that variables name: the host and the programs that it starts read them. A variable of another name counts only if
/// it names a file: in a directory, a recipe may have to make things (`INSTANCE_HOME`).
fn of_environment(environment: &Environment) -> Vec<PathBuf> {
    let is_named = |name: &str| !name.ends_with("PATH") && !OF_NO_FILE.contains(&name);
    let path = |(name, value): (&String, &String)| {
        let path = environment.directory.join(value);
        let is_of_tool = OF_TOOLS.iter().any(|start| name.to_ascii_uppercase().starts_with(start));
        (is_named(name) && !value.is_empty() && (is_of_tool || path.is_file())).then_some(path)
    };
    environment.variables.iter().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_name_paths() {
        let space = tempfile::tempdir().unwrap();
        let at = |path: &str| space.path().join(path);
        for file in ["helper", "plain"] {
            std::fs::write(at(file), "").unwrap();
        }
        let variables = [
            ("A_HELPER", "helper"),
            ("BUILDOUT_NEW", "new"),
            ("CARGO_HOME", "/cargo"),
            ("INSTANCE_HOME", "/instance"),
            ("LANG", "C"),
            ("OTHER", "directory"),
            ("npm_config_cache", "cache"),
            ("PYTHONPATH", "/modules"),
            ("PWD", "/b"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let environment = Environment { directory: space.path().to_owned(), variables, ..Environment::default() };
        assert_eq!(of_environment(&environment), [at("helper"), at("new"), "/cargo".into(), at("cache")]);
        let program = of_program(Path::new("/t/bin/buildout-host"));
        assert_eq!(program[1], Path::new("/t/share/buildout-host"));
    }
}
