//! `develop`: editable installs as zc.buildout 6 leaves them in the directory of develop eggs: metadata, `.pth` files and
//! finders of the backend, and an egg-link.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use base::files::{FileError, read_at_most};
use serde::{Deserialize, Serialize};

use super::copy::PrivateCopy;
use super::inputs::ProjectSnapshot;
use super::memory::{Memory, MemoryFile};
use super::project::write_build_ext;
use super::{BuildError, BuildOptions, BuildSystem, Built, ProjectBuild, ProjectBuilder, finder};
use crate::eggs::fill::EggWorkshop;
use crate::python::Python;
use crate::wheel;

/// The longest text of an editable wheel, in bytes.
const LONGEST: u64 = 16 << 20;

/// A project to develop.
#[derive(Clone, Debug)]
pub struct DevelopRequest<'a> {
    /// Its directory, or a file in it (`setup.py`).
    pub project: &'a Path,
    /// The directory of develop eggs.
    pub develop_eggs: &'a Path,
    /// Paths in the project's directory that belong to the buildout: the build neither sees nor changes them.
    pub protected: &'a [PathBuf],
    /// How it is built.
    pub options: &'a BuildOptions,
    /// Where the result is remembered; it is not built again if nothing has changed.
    pub memory: Option<Memory<'a>>,
    /// Whether files that the build makes or changes are copied to the project.
    pub changes_project: bool,
}

/// A developed project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevelopedProject {
    /// Its name.
    pub name: String,
    /// The files that were put into the directory of develop eggs, sorted.
    pub paths: Vec<PathBuf>,
    /// The namespaces that it declares in the old way, one per line.
    pub(crate) namespaces: Option<String>,
    /// Modules that scripts cannot import: only code of the build backend finds them.
    pub hidden: Vec<String>,
}

/// Makes an editable install of a project.
///
/// # Errors
/// [`BuildError`]; the directory of develop eggs is then unchanged.
pub fn develop(
    builder: &ProjectBuilder<'_>,
    wanted: &DevelopRequest<'_>,
    canceled: &dyn Fn() -> bool,
) -> Result<DevelopedProject, BuildError> {
    let project = directory(wanted.project)?;
    let protected = protected(wanted, &project);
    let Some(memory) = &wanted.memory else {
        return Ok(build(builder, wanted, &project, &protected, canceled)?.0);
    };
    let place = MemoryFile::of(memory, &project, wanted.develop_eggs, builder.python, wanted.options);
    let before = ProjectSnapshot::of(&project, &protected)?;
    if let Some(known) = place.recall(&before)? {
        return Ok(known);
    }
    let (developed, changed) = build(builder, wanted, &project, &protected, canceled)?;
    place.keep(&developed, &before, &ProjectSnapshot::of(&project, &protected)?, &changed)?;
    Ok(developed)
}

/// The remembered editable install of a project, if it does not have to be built again.
///
/// # Errors
/// When the project cannot be read.
pub fn recall(python: &Python, wanted: &DevelopRequest<'_>) -> Result<Option<DevelopedProject>, BuildError> {
    let Some(memory) = &wanted.memory else { return Ok(None) };
    let project = directory(wanted.project)?;
    let place = MemoryFile::of(memory, &project, wanted.develop_eggs, python, wanted.options);
    place.recall(&ProjectSnapshot::of(&project, &protected(wanted, &project))?)
}

/// The directory of a project, without symbolic links.
fn directory(project: &Path) -> Result<PathBuf, BuildError> {
    let directory = if project.is_dir() { project } else { project.parent().unwrap_or(project) };
    Ok(directory.canonicalize().map_err(FileError::of("open", directory))?)
}

/// What the build of `project` neither sees nor changes. A directory of the buildout that contains the project (`download-cache =`
/// means the buildout directory, and projects may be in `parts`) does not hide it.
fn protected(wanted: &DevelopRequest<'_>, project: &Path) -> Vec<PathBuf> {
    let all = wanted.protected.iter().cloned().chain([wanted.develop_eggs.to_owned()]);
    let holds = |path: &PathBuf| project.starts_with(path.canonicalize().as_ref().unwrap_or(path));
    all.filter(|path| !holds(path)).collect()
}

/// Builds a project. Returns the files of it that the build has made or changed, too.
fn build(
    builder: &ProjectBuilder<'_>,
    wanted: &DevelopRequest<'_>,
    project: &Path,
    protected: &[PathBuf],
    canceled: &dyn Fn() -> bool,
) -> Result<(DevelopedProject, BTreeSet<PathBuf>), BuildError> {
    let workshop = EggWorkshop::new(wanted.develop_eggs)?;
    let private = PrivateCopy::new(project, &workshop.path().join("source"), protected, canceled)?;
    let mut options = wanted.options.clone();
    options.read.extend(private.linked.iter().cloned());
    let system = BuildSystem::of(&private.copy, project)?;
    write_build_ext(&private.copy, project, &options.build_ext)?;
    let workspace = workshop.path().join("workspace");
    std::fs::create_dir(&workspace).map_err(FileError::of("create the directory", &workspace))?;
    let what = format!("The project {}", project.display());
    let build =
        ProjectBuild { builder, what: &what, source: &private.copy, workspace: &workspace, options: &options, system };
    let built = build.run("editable")?;
    let Built { path, name: file, .. } =
        built.ok_or_else(|| BuildError::NoHook { what: what.clone(), hook: "build_editable" })?;
    let changed = if wanted.changes_project { private.bring_back(canceled)? } else { BTreeSet::new() };
    let aside = workshop.path().join("aside");
    std::fs::create_dir(&aside).map_err(FileError::of("create the directory", &aside))?;
    let opened = wheel::open(&path, &file, &aside, canceled)?;
    let name = opened.metadata.name.clone();
    let namespaces = aside.join("wheel").join(opened.info()).join("namespace_packages.txt");
    let namespaces = read_at_most(&namespaces, LONGEST).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let placed = Placing {
        from: &aside.join("wheel"),
        to: wanted.develop_eggs,
        copy: &private.copy,
        project,
        workshop: &workshop,
    };
    let hidden = placed.add_directories()?;
    let mut paths = placed.place(opened.info())?;
    paths.push(write_egg_link(project, wanted.develop_eggs, &name)?);
    paths.sort();
    Ok((DevelopedProject { name, paths, namespaces, hidden }, changed))
}

/// Puts the contents of an editable wheel in their places.
struct Placing<'a> {
    from: &'a Path,
    to: &'a Path,
    copy: &'a Path,
    project: &'a Path,
    workshop: &'a EggWorkshop,
}

impl Placing<'_> {
    /// Adds to the `.pth` file of a finder the directories in which it looks. Returns the modules that are in none.
    fn add_directories(&self) -> Result<Vec<String>, BuildError> {
        let (sources, _) = layout(self.copy);
        let found = finder::in_wheel(self.from, &sources);
        if let Some(path) = found.file.filter(|_| !found.directories.is_empty()) {
            let text = read_at_most(&path, LONGEST).map_err(FileError::of("read", &path))?;
            let mut text = format!("{}\n", String::from_utf8_lossy(&text).trim_end());
            found.directories.iter().for_each(|directory| text += &format!("{}\n", directory.display()));
            std::fs::write(&path, text).map_err(FileError::of("write", &path))?;
        }
        Ok(found.hidden)
    }

    /// Puts metadata, `.pth` files and modules at the top of the wheel into the directory of develop eggs.
    fn place(&self, info: &str) -> Result<Vec<PathBuf>, BuildError> {
        self.note_origin(&self.from.join(info))?;
        let mut placed = Vec::new();
        for entry in std::fs::read_dir(self.from).map_err(FileError::of("read", self.from))? {
            let path = entry.map_err(FileError::of("read", self.from))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_metadata = [".dist-info", ".egg-info"].iter().any(|suffix| name.ends_with(suffix));
            match path.is_dir() {
                true if is_metadata => {}
                false if name.ends_with(".pth") || name.ends_with(".py") => self.lead_to_project(&path)?,
                false if is_metadata => {}
                _ => continue,
            }
            placed.push(self.replace(&path, &self.to.join(&name))?);
        }
        Ok(placed)
    }

    /// The build has seen a copy: its paths are replaced by those of the project.
    fn lead_to_project(&self, path: &Path) -> Result<(), BuildError> {
        let text = read_at_most(path, LONGEST).map_err(FileError::of("read", path))?;
        let text = String::from_utf8_lossy(&text);
        let project = self.project.to_string_lossy();
        let written = match path.extension().is_some_and(|extension| extension == "py") {
            true => project.replace('\\', "\\\\").replace('\'', "\\'").replace('"', "\\\""),
            false => project.into_owned(),
        };
        let text = text.replace(&*self.copy.to_string_lossy(), &written);
        Ok(std::fs::write(path, text).map_err(FileError::of("write", path))?)
    }

    /// The files that installers write next to the metadata (PEP 610, 376).
    fn note_origin(&self, info: &Path) -> Result<(), BuildError> {
        let url = url::Url::from_file_path(self.project).map_or_else(|()| String::new(), |url| url.to_string());
        let origin = format!("{{\"dir_info\": {{\"editable\": true}}, \"url\": {}}}", serde_json::Value::from(url));
        for (name, text) in [("direct_url.json", origin.as_str()), ("INSTALLER", "buildout-host\n")] {
            let path = info.join(name);
            std::fs::write(&path, text).map_err(FileError::of("write", &path))?;
        }
        Ok(())
    }

    /// Replaces an existing file or directory.
    fn replace(&self, from: &Path, to: &Path) -> Result<PathBuf, BuildError> {
        if to.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            let mut old = OsString::from("old-");
            old.push(to.file_name().unwrap_or_default());
            std::fs::rename(to, self.workshop.path().join(old)).map_err(FileError::of("replace", to))?;
        }
        std::fs::rename(from, to).map_err(FileError::of("replace", to))?;
        Ok(to.to_owned())
    }
}

/// An egg-link: two lines, without a line end after the last.
fn write_egg_link(project: &Path, develop_eggs: &Path, name: &str) -> Result<PathBuf, BuildError> {
    let (sources, setup) = layout(project);
    let path = develop_eggs.join(format!("{name}.egg-link"));
    base::files::replace(&path, format!("{}\n{setup}", sources.display()).as_bytes())?;
    Ok(path)
}

/// The directory of a project's sources, and the way from there to its other files. zc.buildout knows two layouts: sources in
/// `src`, or next to the project's files.
fn layout(project: &Path) -> (PathBuf, &'static str) {
    match project.join("src").symlink_metadata() {
        Ok(_) => (project.join("src"), ".."),
        Err(_) => (project.to_owned(), "."),
    }
}
