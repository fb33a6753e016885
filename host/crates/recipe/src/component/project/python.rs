//! Python projects, which are distinguished from recipe projects by their files.

use std::path::Path;

use super::manifest::RECIPE_TOML;

/// Whether a path is a Python project but not a recipe project: a directory with a `setup.py` or `pyproject.toml`, or one
/// of these files.
pub fn is_python_project(path: &Path) -> bool {
    let names = ["setup.py", "pyproject.toml"];
    let is_recipe = [RECIPE_TOML, "Cargo.toml"].iter().any(|name| path.join(name).is_file());
    match path.is_dir() {
        true => !is_recipe && names.iter().any(|name| path.join(name).is_file()),
        false => path.file_name().is_some_and(|file| names.iter().any(|name| file == *name)),
    }
}

/// Files of a project in Python that can declare entry points.
pub(crate) const METADATA: [&str; 3] = ["setup.py", "setup.cfg", "pyproject.toml"];

/// Whether a project in Python seems to provide recipes or extensions: no other recipe may change it then.
pub fn declares_recipes(project: &Path) -> bool {
    let read = |name: &str| base::files::read_string(project.join(name));
    METADATA.iter().any(|name| read(name).is_ok_and(|text| text.contains("zc.buildout")))
}
