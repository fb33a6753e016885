//! Wheels installed into an environment for builds: all of them in one directory of the path, with their scripts and
//! data, in the layout that pip uses for `build-system.requires`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base::files::FileError;

use super::error::WheelError;
use super::opened::{UnpackedWheel, merge_libraries, open, remove};
use crate::entry_points;
use crate::filename::FileName;
use crate::scripts::repr;

/// Adds the wheel at `wheel`, whose name is `file`, to the environment that is made at `environment` and will be at
/// `place`: its modules to `lib`, its scripts to `bin`, its data to the top. `aside` is an empty directory on the same
/// file system.
///
/// # Errors
/// [`WheelError`].
pub(crate) fn add_to_environment(
    wheel: &Path,
    file: &FileName,
    python: &Path,
    (environment, place): (&Path, &Path),
    aside: &Path,
    canceled: &dyn Fn() -> bool,
) -> Result<(), WheelError> {
    let opened = open(wheel, file, aside, canceled)?;
    let data = opened.data();
    let UnpackedWheel { content, info, rows, .. } = opened;
    merge_libraries(&content, &data, rows).map_err(|stop| stop.of(wheel))?;
    let bin = environment.join("bin");
    make_directory(&bin)?;
    let scripts = content.join(&data).join("scripts");
    for entry in std::fs::read_dir(&scripts).into_iter().flatten().flatten() {
        move_script(&entry.path(), &bin.join(entry.file_name()), python)?;
    }
    merge(&content.join(&data).join("data"), environment)?;
    remove(&content.join(&data))?;
    let text = std::fs::read_to_string(content.join(&info).join("entry_points.txt")).unwrap_or_default();
    let groups = entry_points::parse(&text).unwrap_or_default();
    let console = groups.iter().filter(|group| group.name == "console_scripts").flat_map(|group| &group.entry_points);
    for entry_point in
        console.filter(|entry_point| !entry_point.name.contains('/') && !entry_point.name.starts_with('.'))
    {
        let text = script(python, entry_point, &place.join("lib"));
        write_script(&bin.join(&entry_point.name), text.as_bytes())?;
    }
    Ok(merge(&content, &environment.join("lib"))?)
}

/// A script that calls an entry point. In a build, the environment is already on its path; this code adds it when the
/// script is started alone.
fn script(python: &Path, entry_point: &entry_points::EntryPoint, lib: &Path) -> String {
    let entry_points::EntryPoint { module, attributes, .. } = entry_point;
    let (python, lib) = (python.display(), repr(&lib.to_string_lossy()));
    format!("#!{python}\nimport sys\nsys.path.insert(0, {lib})\nimport {module}\nsys.exit({module}.{attributes}())\n")
}

/// A script of a wheel starts with `#!python`, which means the Python that it is installed for.
fn move_script(from: &Path, to: &Path, python: &Path) -> Result<(), FileError> {
    let bytes = std::fs::read(from).map_err(FileError::of("read", from))?;
    match bytes.strip_prefix(b"#!python") {
        Some(rest) => {
            let rest = rest.strip_prefix(b"w").unwrap_or(rest);
            write_script(to, &[format!("#!{}", python.display()).as_bytes(), rest].concat())
        }
        None => write_script(to, &bytes),
    }
}

fn write_script(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let write = || {
        std::fs::write(path, bytes)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
    };
    write().map_err(FileError::of("write", path))
}

/// Moves the contents of `from` to `to`, also into existing directories. Of two files of one name the first one stays,
/// because both belong to the environment.
fn merge(from: &Path, to: &Path) -> Result<(), FileError> {
    make_directory(to)?;
    let entries: Vec<PathBuf> =
        std::fs::read_dir(from).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    for entry in entries {
        let target = to.join(entry.file_name().unwrap_or_default());
        match (target.symlink_metadata().is_ok(), entry.is_dir()) {
            (false, _) => std::fs::rename(&entry, &target).map_err(FileError::of("rename", &entry))?,
            (true, true) => merge(&entry, &target)?,
            (true, false) => {}
        }
    }
    Ok(())
}

fn make_directory(path: &Path) -> Result<(), FileError> {
    std::fs::create_dir_all(path).map_err(FileError::of("create the directory", path))
}
