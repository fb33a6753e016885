//! Scripts: they start an entry point, or an interpreter, with the path of a working set. They are byte for byte those
//! of zc.buildout 6.
//!
//! First the contents are made, then they are written, so that a caller can check where scripts would be written.

mod paths;
mod python;
mod template;
#[cfg(test)]
mod tests;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::event::{Level, Report};
use base::files::{self, FileError, Replaced};

pub use paths::{absolute, real_path};
pub(crate) use python::repr;

use crate::eggs::Distribution;
use crate::entry_points::EntryPoint;
use crate::handles;
use crate::marker;
use crate::python::Python;
use crate::requirement::Requirement;
use crate::working_set::{WorkingSet, WrongVersion};

/// The requested scripts.
#[derive(Clone, Debug, Default)]
pub struct RequestedScripts {
    /// Distributions whose scripts are requested.
    pub requirements: Vec<Requirement>,
    /// Further entry points.
    pub entry_points: Vec<EntryPoint>,
    /// Which of them, and under which names; all if `None`.
    pub names: Option<Vec<(String, String)>>,
    /// The directory that they are written to.
    pub directory: PathBuf,
    /// Other entries of the path.
    pub extra_paths: Vec<PathBuf>,
    /// Python source of the arguments that the entry points are called with.
    pub arguments: String,
    /// Python source that runs before.
    pub initialization: String,
    /// The name of an interpreter with the path.
    pub interpreter: Option<String>,
    /// The directory in which paths are relative to the script.
    pub relative_to: Option<PathBuf>,
}

/// A script to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its path.
    pub path: PathBuf,
    /// Its contents.
    pub(crate) text: String,
    /// Whether it is an interpreter.
    pub(crate) is_interpreter: bool,
}

/// Why scripts cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// A distribution whose scripts are requested does not exist.
    #[error("Could not find requirement '{0}' in working set.")]
    NotFound(String),
    /// It exists in another version.
    #[error(transparent)]
    WrongVersion(#[from] WrongVersion),
    /// Its entry points cannot be read.
    #[error("The entry points of {distribution} cannot be read: {cause}")]
    EntryPoints {
        /// The distribution.
        distribution: String,
        /// The error.
        cause: String,
    },
    /// A marker of a requirement has no meaning.
    #[error("The marker of '{requirement}' cannot be evaluated: {cause}")]
    Marker {
        /// The requirement.
        requirement: String,
        /// The error.
        cause: String,
    },
    /// The name of a script points outside its directory.
    #[error("{distribution} declares a script named {name:?}, which is not a valid file name")]
    Name {
        /// The distribution.
        distribution: String,
        /// The name.
        name: String,
    },
    /// A requested name of a script points outside its directory.
    #[error("`{option}` has {name:?}, which is not a valid file name: scripts are written to {} only", .directory.display())]
    Target {
        /// The option with the name, as `zc.recipe.egg` calls it.
        option: &'static str,
        /// The name.
        name: String,
        /// The directory.
        directory: PathBuf,
    },
    /// A path that cannot be written in Python source.
    #[error("{0:?} cannot be written into a script, as it is not valid UTF-8")]
    NotText(PathBuf),
    /// The script cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl base::source::Explain for ScriptError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::EntryPoints { .. } | Self::Name { .. } => {
                vec!["The distribution is at fault; another version of it may work.".to_owned()]
            }
            Self::File(error) => error.hints(),
            _ => Vec::new(),
        }
    }
}

/// An entry point or an old script of a distribution.
enum WantedScript {
    EntryPoint(EntryPoint),
    Old { name: String, text: String },
}

impl WantedScript {
    fn name(&self) -> &str {
        match self {
            Self::EntryPoint(entry_point) => &entry_point.name,
            Self::Old { name, .. } => name,
        }
    }
}

impl RequestedScripts {
    /// The scripts, in the order in which zc.buildout writes them.
    ///
    /// # Errors
    /// [`ScriptError`].
    pub fn make(
        &self,
        working_set: &WorkingSet,
        python: &Python,
        report: &dyn Report,
    ) -> Result<Vec<Script>, ScriptError> {
        let entries: Vec<PathBuf> = working_set.path().into_iter().chain(self.extra_paths.iter().cloned()).collect();
        let mut path: Vec<String> = Vec::new();
        for entry in &entries {
            let real = real_path(entry);
            let text = real.to_str().ok_or_else(|| ScriptError::NotText(real.clone()))?.to_owned();
            path.push(text);
        }
        // Entries that are equal before links are followed are listed once; entries that become equal after that stay.
        let path = unique(entries.iter(), path);
        let wanted = self.wanted(working_set, python)?;
        self.warn_of_missing(&wanted, report);
        let (entry_points, old): (Vec<_>, Vec<_>) =
            wanted.iter().partition(|wanted| matches!(wanted, WantedScript::EntryPoint(_)));
        let mut scripts = Vec::new();
        for wanted in entry_points.into_iter().chain(old) {
            let Some(target) = self.target(wanted.name()) else { continue };
            self.check_target(target, if self.names.is_some() { "scripts" } else { "entry-points" })?;
            let place =
                template::ScriptPlace::new(python, &self.directory.join(target), &path, self.relative_to.as_deref());
            let text = match wanted {
                WantedScript::EntryPoint(entry_point) => {
                    Some(template::entry_point(&place, entry_point, &self.arguments, &self.initialization))
                }
                WantedScript::Old { text, .. } => template::old_script(&place, text, &self.initialization),
            };
            scripts.extend(text.map(|text| Script { path: self.directory.join(target), text, is_interpreter: false }));
        }
        if let Some(name) = self.interpreter.as_deref().filter(|name| !name.is_empty()) {
            self.check_target(name, "interpreter")?;
            let target = self.directory.join(name);
            let place = template::ScriptPlace::new(python, &target, &path, self.relative_to.as_deref());
            scripts.push(Script {
                path: target,
                text: template::interpreter(&place, &self.initialization),
                is_interpreter: true,
            });
        }
        Ok(scripts)
    }

    fn wanted(&self, working_set: &WorkingSet, python: &Python) -> Result<Vec<WantedScript>, ScriptError> {
        let mut wanted = Vec::new();
        for requirement in &self.requirements {
            let holds = marker::holds(requirement.marker.as_ref(), python, [])
                .map_err(|cause| ScriptError::Marker { requirement: requirement.to_string(), cause })?;
            if !holds {
                continue;
            }
            let found =
                working_set.find(requirement)?.ok_or_else(|| ScriptError::NotFound(requirement.name.clone()))?;
            wanted.extend(of_distribution(found)?);
        }
        wanted.extend(self.entry_points.iter().cloned().map(WantedScript::EntryPoint));
        Ok(wanted)
    }

    /// The name under which a script is written; `None` if it is not.
    fn target<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        match &self.names {
            None => Some(name),
            Some(names) => names.iter().rev().find(|(wanted, _)| wanted == name).map(|(_, target)| target.as_str()),
        }
    }

    /// Checks that a script is written to its directory, and nowhere else.
    fn check_target(&self, name: &str, option: &'static str) -> Result<(), ScriptError> {
        let wrong = || ScriptError::Target { option, name: name.to_owned(), directory: self.directory.clone() };
        is_file_name(name).then_some(()).ok_or_else(wrong)
    }

    fn warn_of_missing(&self, wanted: &[WantedScript], report: &dyn Report) {
        for (name, target) in self.names.iter().flatten() {
            if wanted
                .iter()
                .any(|wanted| matches!(wanted, WantedScript::EntryPoint(entry_point) if entry_point.name == *name))
            {
                continue;
            }
            let what = if name == target { "it".to_owned() } else { format!("script '{target}'") };
            report.log(
                Level::Warning,
                &format!("Could not generate script '{name}' as {what} is not defined in the egg entry points."),
            );
        }
    }
}

/// The entries whose unresolved form was not listed before, in their resolved form.
fn unique<'a>(unresolved: impl Iterator<Item = &'a PathBuf>, resolved: Vec<String>) -> Vec<String> {
    let mut seen: Vec<&PathBuf> = Vec::new();
    let mut kept = Vec::new();
    for (entry, text) in unresolved.zip(resolved) {
        if !seen.contains(&entry) {
            seen.push(entry);
            kept.push(text);
        }
    }
    kept
}

fn of_distribution(distribution: &Arc<Distribution>) -> Result<Vec<WantedScript>, ScriptError> {
    let groups = distribution
        .entry_points()
        .map_err(|cause| ScriptError::EntryPoints { distribution: distribution.to_string(), cause })?;
    let console =
        groups.into_iter().filter(|group| group.name == "console_scripts").flat_map(|group| group.entry_points);
    let old = distribution.scripts().into_iter().map(|(name, text)| WantedScript::Old { name, text });
    let wanted: Vec<WantedScript> = console.map(WantedScript::EntryPoint).chain(old).collect();
    match wanted.iter().find(|wanted| !is_file_name(wanted.name())) {
        Some(wrong) => Err(ScriptError::Name { distribution: distribution.to_string(), name: wrong.name().to_owned() }),
        None => Ok(wanted),
    }
}

fn is_file_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}

impl Script {
    /// Whether it would be written to one of these paths, by whatever way: through a link, or under another name of the
    /// same file.
    pub fn is_one_of(&self, paths: &[PathBuf]) -> bool {
        let own = [entry(&self.path), real_path(&self.path)];
        let identity = |path: &Path| path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()));
        let own_identity = identity(&self.path);
        paths.iter().any(|path| {
            let same_place = [entry(path), real_path(path)].iter().any(|place| own.contains(place));
            same_place || (own_identity.is_some() && own_identity == identity(path))
        })
    }

    /// Writes the script if it differs from the existing file, and reports that. `directory` is that of the script, with no
    /// symbolic link on its path.
    ///
    /// # Errors
    /// When it cannot be written, or when a link was put in the place of a directory.
    pub fn write(&self, directory: &Path, report: &dyn Report) -> Result<(), FileError> {
        let opened = handles::open_real(directory).and_then(|opened| handles::as_file(&opened));
        let opened = opened.map_err(FileError::of("open", directory))?;
        if files::replace_executable_in(&opened, &self.path, self.text.as_bytes())? == Replaced::Unchanged {
            return Ok(());
        }
        let kind = if self.is_interpreter { "interpreter" } else { "script" };
        report.log(Level::Info, &format!("Generated {kind} {}.", repr(&self.path.to_string_lossy())));
        Ok(())
    }
}

/// A path with the links on the way to it followed, but not the last one: what a replacement changes.
fn entry(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => real_path(parent).join(name),
        _ => path.to_owned(),
    }
}
