//! The interfaces that this host offers to components, compared with their imports and exports before any of their code
//! runs.

use wasmtime::Engine;
use wasmtime::component::Component as Compiled;

use crate::error::RecipeProblem;
use crate::instance::guest::GuestPre;

/// Interfaces of package `buildout:recipe` that this host offers.
const OFFERED: [&str; 11] = [
    "archives",
    "buildout",
    "distributions",
    "download",
    "log",
    "options",
    "paths",
    "process",
    "python",
    "system",
    "types",
];
/// Those whose functions return only when a command has ended, or a file was downloaded.
pub(crate) const WAITING: [&str; 3] = ["buildout:recipe/distributions@", "buildout:recipe/download@", PROCESS];
/// The one that starts native commands.
pub(crate) const PROCESS: &str = "buildout:recipe/process@";
/// The version of that package.
const VERSION: &str = "0.2";
/// The versions whose components run: an older one is adapted.
const ACCEPTED: [&str; 2] = [VERSION, OLDEST];
/// The oldest of them.
const OLDEST: &str = "0.1";
/// The interfaces that it does not have.
const ADDED: [&str; 4] = ["archives", "distributions", "python", "system"];
/// Packages of WASI 0.2 that this host offers.
const WASI: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// Compares the component's imports with what this host offers, before any of its code runs.
pub(super) fn check_imports(engine: &Engine, compiled: &Compiled, recipe: &str) -> Result<(), RecipeProblem> {
    for (name, _) in compiled.component_type().imports(engine) {
        if let Some(offered) = not_offered(name) {
            let is_older = other_version(name).is_some_and(is_older);
            return Err(RecipeProblem::Import {
                recipe: recipe.to_owned(),
                import: name.to_owned(),
                offered,
                is_older,
            });
        }
    }
    Ok(())
}

/// Compares the version of the component's exports with that of this host's world.
pub(super) fn check_exports(engine: &Engine, compiled: &Compiled, recipe: &str) -> Result<(), RecipeProblem> {
    let component = compiled.component_type();
    let mut exports = component.exports(engine);
    match exports.find_map(|(name, _)| other_version(name).map(str::to_owned)) {
        Some(version) => Err(RecipeProblem::World {
            recipe: recipe.to_owned(),
            is_older: is_older(&version),
            version,
            offered: VERSION,
        }),
        None => Ok(()),
    }
}

/// Whether a recipe with that version of the world is older than this host's world.
fn is_older(version: &str) -> bool {
    let numbers = |version: &str| -> Vec<u64> { version.split('.').map_while(|part| part.parse().ok()).collect() };
    numbers(version) < numbers(OLDEST)
}

/// The version of package `buildout:recipe` in an interface's name, if it is not this host's.
fn other_version(interface: &str) -> Option<&str> {
    let (_, version) = interface.strip_prefix("buildout:recipe/")?.split_once('@')?;
    (!is_accepted(version)).then_some(version)
}

/// Whether components of a version of `buildout:recipe` run.
fn is_accepted(version: &str) -> bool {
    ACCEPTED.iter().any(|accepted| is_version(version, accepted))
}

/// Whether a version is `known`, or an addition to it.
fn is_version(version: &str, known: &str) -> bool {
    version.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The names of the component's imports.
pub(crate) fn import_names(pre: &GuestPre) -> Vec<String> {
    let names = pre.linked().component().component_type();
    names.imports(pre.engine()).map(|(name, _)| name.to_owned()).collect()
}

/// The names of the component's exports.
pub(crate) fn export_names(pre: &GuestPre) -> Vec<String> {
    let names = pre.linked().component().component_type();
    names.exports(pre.engine()).map(|(name, _)| name.to_owned()).collect()
}

/// Whether the recipe imports one of these interfaces.
pub(crate) fn imports(pre: &GuestPre, interfaces: &[&str]) -> bool {
    let component = pre.linked().component();
    let names = component.component_type();
    let mut imports = names.imports(pre.engine());
    imports.any(|(name, _)| interfaces.iter().any(|interface| name.starts_with(interface)))
}

/// Why an import is not offered; `None` if it is.
fn not_offered(import: &str) -> Option<String> {
    let (path, version) = import.split_once('@').unwrap_or((import, ""));
    let (package, interface) = path.split_once('/').unwrap_or((path, ""));
    match package.split_once(':') {
        Some(("buildout", "recipe")) if !is_accepted(version) => {
            Some(format!("this version of buildout-host has {VERSION}"))
        }
        Some(("buildout", "recipe")) if is_version(version, OLDEST) && ADDED.contains(&interface) => {
            Some(format!("interface {interface} is new in {VERSION}"))
        }
        Some(("buildout", "recipe")) if !OFFERED.contains(&interface) => {
            Some(format!("this version of buildout-host has {VERSION} with {}", OFFERED.join(", ")))
        }
        Some(("buildout", "recipe")) => None,
        Some(("wasi", name)) if WASI.contains(&name) && !is_version(version, "0.2") => {
            Some("this version of buildout-host has WASI 0.2".into())
        }
        Some(("wasi", name)) if WASI.contains(&name) => None,
        _ => Some(format!("buildout-host offers buildout:recipe {VERSION} and, of WASI 0.2, {}", WASI.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_compared_with_the_offer() {
        let t = |import: &str, expected: Option<&str>| assert_eq!(not_offered(import).as_deref(), expected, "{import}");
        t("buildout:recipe/options@0.1.0", None);
        t("buildout:recipe/log@0.1.7", None);
        t("buildout:recipe/distributions@0.2.0", None);
        t("wasi:filesystem/types@0.2.6", None);
        t("buildout:recipe/process@0.3.0", Some("this version of buildout-host has 0.2"));
        t("buildout:recipe/options@0.10.0", Some("this version of buildout-host has 0.2"));
        t("wasi:cli/run@0.3.0", Some("this version of buildout-host has WASI 0.2"));
        assert!(not_offered("buildout:recipe/oracle@0.1.0").is_some());
        t("buildout:recipe/distributions@0.1.0", Some("interface distributions is new in 0.2"));
        assert!(not_offered("wasi:http/types@0.2.0").is_some());
        assert!(not_offered("environment").is_some());
    }

    #[test]
    fn versions_of_the_world_are_compared() {
        let t = |name: &str, expected: Option<(&str, bool)>| {
            assert_eq!(other_version(name).map(|version| (version, is_older(version))), expected, "{name}");
        };
        t("buildout:recipe/parts@0.1.0", None);
        t("buildout:recipe/parts@0.1.9", None);
        t("buildout:recipe/parts@0.2.0", None);
        t("buildout:recipe/parts@0.3.0", Some(("0.3.0", false)));
        t("buildout:recipe/parts@0.10.0", Some(("0.10.0", false)));
        t("buildout:recipe/parts@9.0.0", Some(("9.0.0", false)));
        t("buildout:recipe/parts@0.0.4", Some(("0.0.4", true)));
        t("wasi:cli/run@0.3.0", None);
    }
}
