//! Link files: `develop` writes them into `develop-eggs-directory`, so that the component is found again.
//!
//! Knows nothing of how a component is built. The first two lines are those of setuptools' `.egg-link` (the project's
//! directory, and the relative path of its setup); the third one is specific to this host.

use std::path::{Path, PathBuf};
use std::{fs, io};

use base::files::{self, read_string, read_whole};

use super::bytes::ComponentOrigin;
use super::error::ComponentError;
use super::project::manifest::RECIPE_TOML;

const EXTENSION: &str = "egg-link";
const COMPONENT: &str = "component = ";

/// A recipe project that was built, as described by its link file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevelopedRecipe {
    /// The recipe package.
    pub package: String,
    /// The project's directory, or the listed `.wasm` file; absolute.
    pub project: PathBuf,
    /// The component; absolute.
    pub component: PathBuf,
    /// The link file.
    pub link: PathBuf,
}

impl DevelopedRecipe {
    /// Writes the link file into the directory `develop_eggs`, unless its contents are already the same.
    pub(super) fn write(
        package: String,
        project: PathBuf,
        component: PathBuf,
        develop_eggs: &Path,
    ) -> Result<Self, ComponentError> {
        let link = develop_eggs.join(format!("{package}.{EXTENSION}"));
        let text = format!("{}\n.\n{COMPONENT}{}\n", project.display(), component.display());
        if read_string(&link).ok().as_deref() != Some(text.as_str()) {
            files::replace(&link, text.as_bytes()).map_err(|error| ComponentError::write(&link, error.cause))?;
        }
        Ok(Self { package, project, component, link })
    }

    /// Where the component comes from.
    pub(super) fn origin(&self) -> ComponentOrigin {
        let is_named = self.project.join(RECIPE_TOML).is_file();
        ComponentOrigin::Develop { project: self.project.clone(), component: self.component.clone(), is_named }
    }

    /// Parses a link file; `None` if another tool wrote it.
    fn parse(link: &Path, text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (project, _, component) = (lines.next()?, lines.next()?, lines.next()?.strip_prefix(COMPONENT)?);
        let package = link.file_stem()?.to_str()?.to_owned();
        Some(Self { package, project: project.into(), component: component.into(), link: link.to_owned() })
    }
}

/// The recipe projects that have a link file in the directory `develop_eggs`, sorted by package. Links of other tools
/// are ignored.
///
/// # Errors
/// When the directory or a link file in it cannot be read. A missing directory is empty.
pub fn developed_in(develop_eggs: &Path) -> Result<Vec<DevelopedRecipe>, ComponentError> {
    let entries = match fs::read_dir(develop_eggs) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(|error| ComponentError::read(develop_eggs, error))?,
    };
    let mut developed = Vec::new();
    for entry in entries {
        let link = entry.map_err(|error| ComponentError::read(develop_eggs, error))?.path();
        if link.extension().is_some_and(|extension| extension == EXTENSION) {
            let text = read_whole(&link).map_err(|error| ComponentError::read(&link, error))?;
            developed.extend(DevelopedRecipe::parse(&link, &String::from_utf8_lossy(&text)));
        }
    }
    developed.sort_by(|a, b| a.package.cmp(&b.package));
    Ok(developed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_found_again_and_foreign_links_are_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let eggs = directory.path();
        let written =
            DevelopedRecipe::write("recipes".into(), "/src/recipes".into(), "/t/r.wasm".into(), eggs).unwrap();
        fs::write(eggs.join("other.egg-link"), "/src/other\n.").unwrap();
        fs::write(eggs.join("README"), "x").unwrap();
        assert_eq!(developed_in(eggs).unwrap(), std::slice::from_ref(&written));
        assert_eq!(fs::read_to_string(written.link).unwrap().lines().next(), Some("/src/recipes"));
        assert_eq!(fs::read_dir(eggs).unwrap().count(), 3, "nothing else is left behind");
    }

    #[test]
    fn a_directory_that_does_not_exist_holds_no_links() {
        assert_eq!(developed_in(Path::new("/nonexistent/develop-eggs")).unwrap(), []);
    }

    #[test]
    fn an_unwritable_directory_is_named() {
        let missing = Path::new("/nonexistent/develop-eggs");
        let error = DevelopedRecipe::write("a".into(), "/a".into(), "/a.wasm".into(), missing).unwrap_err();
        assert!(error.to_string().starts_with("Cannot write /nonexistent/develop-eggs/a.egg-link: "), "{error}");
    }
}
