//! Wheels: checked, unpacked, and made into eggs in the form that zc.buildout 6 uses.
//!
//! A wheel is foreign input. It is unpacked aside and checked as a whole before anything of it becomes visible; after
//! an error, nothing of it remains. Knows nothing of its origin.

mod environment;
mod error;
mod namespace;
mod opened;
mod record;
#[cfg(test)]
pub(crate) mod tests;
mod text;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base::files::FileError;

pub(crate) use environment::add_to_environment;
pub(crate) use error::{WheelError, WheelFault};
pub(crate) use opened::{open, read_metadata};

use crate::eggs::egg_name;
use crate::filename::FileName;
use crate::python::Python;
use opened::{UnpackedWheel, merge_libraries, remove};

/// Makes an egg from the wheel at `wheel`, whose name is `file`, in the empty directory `aside`. `mask` has the
/// permissions that new files do not get. `canceled` is called often. Returns the path of the egg.
///
/// # Errors
/// [`WheelError`].
pub(crate) fn make_egg(
    wheel: &Path,
    file: &FileName,
    python: &Python,
    aside: &Path,
    mask: u32,
    canceled: &dyn Fn() -> bool,
) -> Result<PathBuf, WheelError> {
    let opened = open(wheel, file, aside, canceled)?;
    let data = opened.data();
    let UnpackedWheel { content, info, rows, metadata } = opened;
    let kept = merge_libraries(&content, &data, rows).map_err(|stop| stop.of(wheel))?;
    remove(&content.join(&data))?;
    set_permissions(&content, &kept, mask)?;
    let removed = namespace::remove_declarations(&content)?;
    let stem = egg_name(&metadata.name, &metadata.version, python);
    write_metadata(&content, &info, &stem, kept, &removed)?;
    let path = aside.join(format!("{stem}.egg"));
    std::fs::rename(&content, &path).map_err(FileError::of("rename", &content))?;
    Ok(path)
}

/// Files are readable and writable according to the user's mask, and executable if the wheel says so (as in pip).
fn set_permissions(content: &Path, rows: &[record::RecordRow], mask: u32) -> Result<(), FileError> {
    for row in rows {
        let path = content.join(&row.path);
        let metadata = path.symlink_metadata().map_err(FileError::of("read", &path))?;
        let wanted = if metadata.permissions().mode() & 0o111 == 0 { 0o666 } else { 0o777 } & !mask;
        if metadata.permissions().mode() & 0o777 != wanted {
            let permissions = std::fs::Permissions::from_mode(wanted);
            std::fs::set_permissions(&path, permissions).map_err(FileError::of("set permissions of", &path))?;
        }
    }
    Ok(())
}

/// Renames the metadata directory to that of an egg, and updates `RECORD`.
fn write_metadata(
    content: &Path,
    info: &str,
    stem: &str,
    mut rows: Vec<record::RecordRow>,
    removed: &[PathBuf],
) -> Result<(), FileError> {
    let (from, to) = (content.join(info), content.join(format!("{stem}.dist-info")));
    std::fs::rename(&from, &to).map_err(FileError::of("rename", &from))?;
    let write = |name: &str, text: &str| {
        let path = to.join(name);
        std::fs::write(&path, text).map_err(FileError::of("write", &path))
    };
    write("INSTALLER", INSTALLER)?;
    rows.retain(|row| !removed.contains(&content.join(&row.path)));
    rows.retain(|row| row.path != format!("{info}/INSTALLER"));
    for row in &mut rows {
        if let Some(rest) = row.path.strip_prefix(info).and_then(|rest| rest.strip_prefix('/')) {
            row.path = format!("{stem}.dist-info/{rest}");
        }
    }
    rows.push(record::RecordRow::of(format!("{stem}.dist-info/INSTALLER"), INSTALLER.as_bytes()));
    rows.sort_by(|one, other| one.path.cmp(&other.path));
    write("RECORD", &record::text(&rows))
}

/// The installer, as in `INSTALLER` (PEP 376).
const INSTALLER: &str = "buildout-host\n";
