//! The inputs of a component, by content: they decide whether it must be built again.
//!
//! Times are ignored. A clock that was set back, or a checkout with old times, makes no difference.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::error::ComponentError;
use super::manifest::{ProjectManifest, RECIPE_TOML};
use base::digest::Digest;
use base::files::{read_string, read_whole};

/// The files from which a component is made, each with its digest, and how it is made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ComponentInputs {
    /// The digest of `recipe.toml`, which has the command.
    manifest: Digest,
    files: BTreeMap<PathBuf, Digest>,
}

impl ComponentInputs {
    /// The inputs that globs match, as they are now, without the output of the build.
    pub(super) fn of(project: &Path, manifest: &ProjectManifest, globs: &[String]) -> Result<Self, ComponentError> {
        let component = project.join(&manifest.component);
        let record = record_of(&component);
        let mut files = BTreeMap::new();
        for glob in globs {
            let matches = matching(project, glob)?;
            if matches.is_empty() {
                return Err(ComponentError::NoInput { project: project.to_owned(), glob: glob.clone() });
            }
            for file in matches {
                if file == component || file == record || file == encoded(&component) {
                    continue;
                }
                let bytes = read_whole(&file).map_err(|error| ComponentError::read(&file, error))?;
                let name = file.strip_prefix(project).unwrap_or(&file).to_owned();
                files.insert(name, Digest::of(&bytes));
            }
        }
        Ok(Self { manifest: manifest.digest, files })
    }

    /// Whether `component` was made from these inputs.
    pub(super) fn made(&self, component: &Path) -> bool {
        let Ok(bytes) = read_whole(component) else { return false };
        read_string(record_of(component)).is_ok_and(|record| record == self.text(&Digest::of(&bytes)))
    }

    /// Notes that `component` was made from these inputs. If that fails, it is built again next time.
    pub(super) fn record(&self, component: &Path) {
        if let Ok(bytes) = read_whole(component) {
            let _ = std::fs::write(record_of(component), self.text(&Digest::of(&bytes)));
        }
    }

    fn text(&self, component: &Digest) -> String {
        let line = |(path, digest): (&PathBuf, &Digest)| format!("{digest} {}\n", path.display());
        let files: String = self.files.iter().map(line).collect();
        format!("{component} component\n{} {}\n{files}", self.manifest, RECIPE_TOML)
    }
}

/// The component made from a core module.
pub(super) fn encoded(module: &Path) -> PathBuf {
    module.with_extension("component.wasm")
}

fn record_of(component: &Path) -> PathBuf {
    component.with_extension("buildout-sources")
}

/// The files that a glob matches. A directory means all files in it.
fn matching(project: &Path, glob: &str) -> Result<Vec<PathBuf>, ComponentError> {
    let invalid = ComponentError::NoInput { project: project.to_owned(), glob: glob.to_owned() };
    // A directory means all files in it: so does `**` for everything below.
    let glob = glob.strip_suffix("/**").unwrap_or(glob);
    let pattern = Path::new(&glob::Pattern::escape(&project.to_string_lossy())).join(glob);
    let mut files = Vec::new();
    for found in glob::glob(&pattern.to_string_lossy()).map_err(|_| invalid)? {
        let found = found.map_err(|error| {
            let path = error.path().to_owned();
            ComponentError::read(&path, error.into())
        })?;
        collect(&found, &mut files)?;
    }
    Ok(files)
}

/// Symbolic links to directories are skipped, because they could form a cycle; so are the files that Python writes when
/// it imports.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), ComponentError> {
    let failed = |error| ComponentError::read(path, error);
    if path.is_file() {
        files.push(path.to_owned());
    } else if path.is_dir() && !path.is_symlink() && path.file_name().is_none_or(|name| name != "__pycache__") {
        for entry in std::fs::read_dir(path).map_err(failed)? {
            collect(&entry.map_err(failed)?.path(), files)?;
        }
    }
    Ok(())
}
