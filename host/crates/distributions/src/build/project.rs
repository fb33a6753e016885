//! A project's settings for its build: `pyproject.toml`, and the section `[build_ext]` of `setup.cfg`.

use std::ffi::OsStr;
use std::io::{ErrorKind, Write as _};
use std::ops::Range;
use std::path::Path;

use base::files::FileError;
use base::source::{Place, Source};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use rustix::fs::OFlags;
use toml_edit::{Document, Item, TableLike};

use super::BuildError;
use crate::handles;
use crate::requirement::Requirement;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// A project's settings for its build.
#[derive(Clone, Debug)]
pub(crate) struct BuildSystem {
    /// `requires`.
    pub(crate) requires: Vec<Requirement>,
    /// `build-backend`.
    pub(crate) backend: String,
    /// `backend-path`, relative to the project.
    pub(crate) backend_path: Vec<String>,
}

impl BuildSystem {
    /// Reads the settings of the project in `source`, which messages name `shown`. Without settings, it is built by setuptools,
    /// from its `setup.py`.
    ///
    /// # Errors
    /// When they cannot be read, or when there is no project.
    pub(crate) fn of(source: &Path, shown: &Path) -> Result<Self, BuildError> {
        let path = shown.join(PROJECT_FILE);
        let text = read(&open(source)?, &source.join(PROJECT_FILE)).map_err(|cause| at(&path, None, cause))?;
        let Some(text) = text else {
            return match source.join("setup.py").is_file() {
                true => Self::legacy(),
                false => Err(BuildError::NoProject(shown.to_owned())),
            };
        };
        let text = Source::new(path.to_string_lossy(), text);
        let wrong =
            |span: Option<Range<usize>>, cause: String| at(&path, span.map(|span| Place::new(&text, span)), cause);
        let document = Document::parse(text.text.as_str())
            .map_err(|error| wrong(error.span(), error.message().replace('\n', ", ")))?;
        let Some(table) = document.get("build-system") else { return Self::legacy() };
        let Some(system) = table.as_table_like() else { return Self::legacy() };
        let requires = texts(system, "requires").map_err(|(span, cause)| wrong(span, cause))?;
        let requires = requires.ok_or_else(|| wrong(table.span(), "[build-system] has no `requires`".into()))?;
        let backend_path =
            texts(system, "backend-path").map_err(|(span, cause)| wrong(span, cause))?.unwrap_or_default();
        let leads_out = |(path, _): &&(String, _)| path.starts_with('/') || path.split('/').any(|part| part == "..");
        if let Some((outside, span)) = backend_path.iter().find(leads_out) {
            let cause = format!("`backend-path` of [build-system] leads out of the project: {outside:?}");
            return Err(wrong(span.clone(), cause));
        }
        let parse = |(text, span): &Spanned| {
            Requirement::parse(text)
                .map_err(|error| wrong(span.clone(), format!("a build requirement is not valid: {error}")))
        };
        let mut requires = requires.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let backend = system.get("build-backend").and_then(Item::as_str).map_or(LEGACY, str::trim).to_owned();
        if backend == LEGACY && requires.is_empty() {
            requires = Self::legacy()?.requires;
        }
        Ok(Self { requires, backend, backend_path: backend_path.into_iter().map(|(path, _)| path).collect() })
    }

    fn legacy() -> Result<Self, BuildError> {
        let requires = vec![Requirement::parse("setuptools>=40.8.0")?];
        Ok(Self { requires, backend: LEGACY.to_owned(), backend_path: Vec::new() })
    }
}

/// A text, and where it is in its file.
type Spanned = (String, Option<Range<usize>>);

/// Where a file is wrong, and why.
type SpannedFault = (Option<Range<usize>>, String);

/// A list of strings in `[build-system]`, if it exists.
fn texts(system: &dyn TableLike, name: &str) -> Result<Option<Vec<Spanned>>, SpannedFault> {
    let Some(item) = system.get(name) else { return Ok(None) };
    let wrong = |what: &str| (item.span(), format!("`{name}` of [build-system] {what}"));
    let array = item.as_array().ok_or_else(|| wrong("is not a list"))?;
    let texts: Option<_> = array.iter().map(|value| Some((value.as_str()?.to_owned(), value.span()))).collect();
    texts.map(Some).ok_or_else(|| wrong("contains an element that is not a string"))
}

/// An error in a file of a project.
fn at(path: &Path, place: Option<Place>, cause: String) -> BuildError {
    BuildError::Project { path: path.to_owned(), cause, place }
}

/// The file with the settings.
const PROJECT_FILE: &str = "pyproject.toml";

/// The build system of a `setup.py` without other settings (PEP 517).
const LEGACY: &str = "setuptools.build_meta:__legacy__";

/// Puts options into the section `[build_ext]` of `setup.cfg`, as zc.buildout does. Messages name the project `shown`.
pub(super) fn write_build_ext(source: &Path, shown: &Path, options: &[(String, String)]) -> Result<(), BuildError> {
    if options.is_empty() {
        return Ok(());
    }
    let (directory, path) = (open(source)?, source.join("setup.cfg"));
    let text = read(&directory, &path).map_err(|cause| at(&shown.join("setup.cfg"), None, cause))?;
    let text = with_build_ext(&text.unwrap_or_default(), options);
    // A new file: an existing one may be a link.
    let write = || match directory.remove_file("setup.cfg") {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => handles::create(&directory, OsStr::new("setup.cfg"), 0o666)?.write_all(text.as_bytes()),
    };
    Ok(write().map_err(FileError::of("write", &path))?)
}

/// The text of a `setup.cfg` with these options in `[build_ext]`: they replace existing ones.
fn with_build_ext(text: &str, options: &[(String, String)]) -> String {
    let normal = |name: &str| name.trim().replace('_', "-").to_lowercase();
    let (mut others, mut own) = (String::new(), String::new());
    let (mut in_section, mut dropping) = (false, false);
    for line in text.lines() {
        let continues = line.starts_with([' ', '\t']);
        if !continues && line.starts_with('[') {
            in_section = line.trim_end() == SECTION;
            dropping = in_section;
        } else if !continues && in_section {
            let name = normal(line.split(['=', ':']).next().unwrap_or_default());
            dropping = options.iter().any(|(option, _)| normal(option) == name);
        } else if !in_section {
            dropping = false;
        }
        if !dropping {
            let kept = if in_section { &mut own } else { &mut others };
            kept.push_str(line);
            kept.push('\n');
        }
    }
    // In `setup.cfg`, the further lines of an option are indented. Setuptools deprecates names with dashes.
    let line =
        |(name, value): &(String, String)| format!("{} = {}\n", name.replace('-', "_"), value.replace('\n', "\n\t"));
    let new: String = options.iter().map(line).collect();
    format!("{others}{SECTION}\n{new}{own}")
}

/// The file from which setuptools reads how extensions are built.
const SECTION: &str = "[build_ext]";

fn open(source: &Path) -> Result<Dir, BuildError> {
    Ok(Dir::open_ambient_dir(source, ambient_authority()).map_err(FileError::of("open", source))?)
}

/// The text of a file of the project, or why it cannot be read. Links are followed only within the project, and no pipe is waited for.
fn read(directory: &Dir, path: &Path) -> Result<Option<String>, String> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    let read = directory.open_with(path.file_name().unwrap_or_default(), &options).and_then(|file| {
        let is_file = file.metadata()?.is_file();
        if is_file { base::files::read_open(&file.into_std(), LONGEST) } else { Err(handles::no_file()) }
    });
    match read {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(pyproject: Option<&str>, setup: bool) -> Result<(Vec<String>, String), String> {
        let directory = tempfile::tempdir().unwrap();
        if let Some(text) = pyproject {
            std::fs::write(directory.path().join("pyproject.toml"), text).unwrap();
        }
        if setup {
            std::fs::write(directory.path().join("setup.py"), "").unwrap();
        }
        let system = BuildSystem::of(directory.path(), Path::new("app")).map_err(|error| error.to_string())?;
        Ok((system.requires.iter().map(ToString::to_string).collect(), system.backend))
    }

    #[test]
    fn what_a_project_is_built_with() {
        let legacy = (vec!["setuptools>=40.8.0".to_owned()], LEGACY.to_owned());
        assert_eq!(system(None, true), Ok(legacy.clone()));
        assert_eq!(system(Some("[project]\nname = 'a'\n"), false), Ok(legacy.clone()));
        assert_eq!(system(Some("[build-system]\nrequires = []\n"), false), Ok(legacy));
        let hatch =
            system(Some("[build-system]\nrequires = ['hatchling>=1']\nbuild-backend = 'hatchling.build'\n"), false);
        assert_eq!(hatch, Ok((vec!["hatchling>=1".to_owned()], "hatchling.build".to_owned())));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let t = |text: &str| system(Some(text), false).unwrap_err();
        assert!(t("[build-system]\n").contains("no `requires`"));
        assert!(t("[build-system]\nrequires = 'x'\n").contains("is not a list"));
        assert!(t("[build-system]\nrequires = [1]\n").contains("not a string"));
        assert!(t("[build-system\n").contains("pyproject.toml cannot be read"));
        assert!(t("[build-system]\nrequires = []\nbackend-path = ['../x']\n").contains("leads out"));
        assert!(t("[build-system]\nrequires = ['-x']\n").contains("requirement is not valid"));
        assert!(system(None, false).unwrap_err().contains("neither"));
    }

    #[test]
    fn errors_show_the_line_in_the_file_of_the_user() {
        let directory = tempfile::tempdir().unwrap();
        let t = |text: &str| {
            std::fs::write(directory.path().join("pyproject.toml"), text).unwrap();
            let error = BuildSystem::of(directory.path(), Path::new("/home/app")).unwrap_err();
            let place = base::source::Explain::place(&error).unwrap();
            format!("{place} {} {error}", place.snippet().lines().next().unwrap())
        };
        let syntax = t("[build-system]\nrequires = []\nx = \n");
        assert!(syntax.starts_with("/home/app/pyproject.toml:3:"), "{syntax}");
        assert!(syntax.contains("/home/app/pyproject.toml cannot be read: "), "{syntax}");
        let element = t("[build-system]\nrequires = [\n    'good',\n    'no good',\n]\n");
        assert!(element.starts_with("/home/app/pyproject.toml:4:5     'no good',"), "{element}");
        assert!(t("[project]\nname = 'app'\n[build-system]\nx = 1\n").starts_with("/home/app/pyproject.toml:3:1 "));
    }

    #[test]
    fn links_out_of_the_project_and_pipes_are_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (project, victim) = (directory.path().join("project"), directory.path().join("victim"));
        std::fs::create_dir(&project).unwrap();
        std::fs::write(&victim, "[precious]\n").unwrap();
        let (path, options) = (project.join("setup.cfg"), [("define".to_owned(), "X".to_owned())]);
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        assert!(
            write_build_ext(&project, &project, &options).unwrap_err().to_string().contains("setup.cfg cannot be read")
        );
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "[precious]\n");
        std::fs::remove_file(&path).unwrap();
        std::fs::write(project.join("inner.cfg"), "[a]\n").unwrap();
        std::os::unix::fs::symlink("inner.cfg", &path).unwrap();
        write_build_ext(&project, &project, &options).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[a]\n[build_ext]\ndefine = X\n");
        assert_eq!(std::fs::read_to_string(project.join("inner.cfg")).unwrap(), "[a]\n");
        std::fs::remove_file(&path).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert!(write_build_ext(&project, &project, &options).unwrap_err().to_string().contains("not a regular file"));
    }

    #[test]
    fn build_ext() {
        let options = [("include-dirs".to_owned(), "/a:/b".to_owned()), ("define".to_owned(), "X\nY".to_owned())];
        let new = "[build_ext]\ninclude_dirs = /a:/b\ndefine = X\n\tY\n";
        assert_eq!(with_build_ext("", &options), new);
        assert_eq!(with_build_ext("[metadata]\nname = a\n", &options), format!("[metadata]\nname = a\n{new}"));
        let old = "[build_ext]\ninclude_dirs = /old\n  /older\ndebug = 1\n[x]\ny = 1\n";
        assert_eq!(with_build_ext(old, &options), format!("[x]\ny = 1\n{new}debug = 1\n"));
    }
}
