//! Which Python a buildout runs with: what the command line says, else what `bin/buildout` keeps, else what is on the
//! PATH.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Assignment, Configuration};
use crate::environment::Environment;
use crate::options::{Buildout, NoRecipes};

use super::launcher::Kept;

/// A Python, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) executable: String,
    /// Whether the command line names it: nothing else counts then.
    pub(super) given: bool,
}

/// `buildout:executable=`, else `python3` on the PATH.
pub(super) fn named(environment: &Environment, assignments: &[Assignment]) -> Named {
    let given = assignments.iter().rev().find(|one| one.section == "buildout" && one.option == "executable");
    match given {
        Some(given) => Named { executable: given.value.clone(), given: true },
        None => Named { executable: on_path(environment), given: false },
    }
}

/// `python3` on the PATH; just the name if there is none.
pub(super) fn on_path(environment: &Environment) -> String {
    find("python3", environment).map_or_else(|| "python3".into(), |file| file.to_string_lossy().into_owned())
}

/// The program of this name on the PATH.
pub(super) fn find(name: &str, environment: &Environment) -> Option<PathBuf> {
    let path = environment.variables.get("PATH").map(String::as_str).unwrap_or_default();
    std::env::split_paths(path).map(|directory| directory.join(name)).find(|file| is_program(file))
}

/// Whether it can be executed.
pub(super) fn is_program(path: impl AsRef<Path>) -> bool {
    let path = path.as_ref();
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file()
}

/// Where the launcher of a buildout is; `None` if its configuration does not tell.
pub(super) fn launcher_path(configuration: &Arc<Configuration>) -> Option<PathBuf> {
    let option = |name: &str| {
        let written = configuration.sections.get("buildout")?.options.get(name)?;
        if written.raw.contains("${") || !Path::new(&*written.raw).is_absolute() {
            return Buildout::new(Arc::clone(configuration), Arc::new(NoRecipes)).get("buildout", name).ok()?;
        }
        Some(written.raw.to_string())
    };
    let directory = configuration.working_directory.join(option("directory")?);
    Some(directory.join(option("bin-directory")?).join("buildout"))
}

/// The Python with which the buildout was begun.
pub(super) fn original(named: &Named, kept: &Kept) -> String {
    match kept.original.as_ref().filter(|known| !named.given && is_program(known)) {
        Some(known) => known.clone(),
        None => named.executable.clone(),
    }
}
