//! Wheels: checked, unpacked, and made into eggs in the form that zc.buildout 6 uses.
//!
//! A wheel is foreign input. It is unpacked aside and checked as a whole before anything of it becomes visible; after
//! an error, nothing of it remains. Knows nothing of its origin.

mod environment;
mod error;
mod namespace;
mod record;
#[cfg(test)]
pub(crate) mod tests;

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base::files::FileError;
use fetch::unpack::{UnpackLimits, UnpackOptions, unpack};

pub(crate) use environment::add_to_environment;
pub use error::{WheelError, WheelFault};

use crate::eggs::egg_name;
use crate::filename::FileName;
use crate::metadata::{Fields, Metadata};
use crate::name;
use crate::python::Python;
use crate::version;

/// The most files of a wheel: the largest existing ones have some ten thousand.
const MOST_FILES: u64 = 60_000;

/// The longest metadata file, in bytes.
const LONGEST_METADATA: u64 = 16 << 20;

/// The parts of `.data` directories that belong on the path. The others have no place in an egg (`scripts`, `headers`,
/// `data`).
const LIBRARIES: [&str; 2] = ["purelib", "platlib"];

/// An egg made from a wheel, aside.
#[derive(Debug)]
pub struct Egg {
    /// Its name, with `.egg`.
    pub name: String,
    /// Its path.
    pub path: PathBuf,
    /// Its metadata.
    pub metadata: Metadata,
}

/// A wheel that was unpacked aside and is valid.
pub(crate) struct UnpackedWheel {
    /// The directory of its files.
    content: PathBuf,
    /// Its metadata directory.
    info: String,
    rows: Vec<record::RecordRow>,
    /// Its metadata.
    pub(crate) metadata: Metadata,
}

/// Unpacks the wheel at `wheel`, whose name is `file`, to `aside/wheel`, and checks it. `cancelled` is called often.
///
/// # Errors
/// [`WheelError`].
pub(crate) fn open(
    wheel: &Path,
    file: &FileName,
    aside: &Path,
    cancelled: &dyn Fn() -> bool,
) -> Result<UnpackedWheel, WheelError> {
    let content = aside.join("wheel");
    let limits = UnpackLimits { entries: MOST_FILES, ..UnpackLimits::default() };
    unpack(wheel, &content, &UnpackOptions { strip_top_level: false, limits }, cancelled)
        .map_err(|error| WheelError::of_unpacking(wheel, error))?;
    let faulty = |fault: WheelFault| WheelError::Refused { wheel: wheel.to_owned(), fault };
    let info = dist_info(&content, file).map_err(faulty)?;
    check_format(&content.join(&info)).map_err(faulty)?;
    let metadata = metadata(&content.join(&info), file).map_err(faulty)?;
    let rows = record::check(&content, &info, cancelled)
        .map_err(|stop| stop.map_or_else(|| WheelError::Canceled(wheel.to_owned()), faulty))?;
    Ok(UnpackedWheel { content, info, rows, metadata })
}

impl UnpackedWheel {
    /// Its metadata directory.
    pub(crate) fn info(&self) -> &str {
        &self.info
    }

    /// The directory of files that belong neither on the path nor to the metadata.
    fn data(&self) -> String {
        format!("{}.data", self.info.strip_suffix(".dist-info").unwrap_or(&self.info))
    }
}

/// Makes an egg from the wheel at `wheel`, whose name is `file`, in the empty directory `aside`. `mask` has the
/// permissions that new files do not get. `cancelled` is called often.
///
/// # Errors
/// [`WheelError`].
pub fn make_egg(
    wheel: &Path,
    file: &FileName,
    python: &Python,
    aside: &Path,
    mask: u32,
    cancelled: &dyn Fn() -> bool,
) -> Result<Egg, WheelError> {
    let opened = open(wheel, file, aside, cancelled)?;
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
    Ok(Egg { name: format!("{stem}.egg"), path, metadata })
}

fn remove(directory: &Path) -> Result<(), FileError> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(FileError::of("remove", directory)(error)),
        _ => Ok(()),
    }
}

/// Reads the metadata of a wheel without unpacking it.
///
/// # Errors
/// When it is invalid, or differs from what the name promises.
pub(crate) fn read_metadata(wheel: &Path, file: &FileName) -> Result<Metadata, WheelError> {
    let faulty = |fault: WheelFault| WheelError::Refused { wheel: wheel.to_owned(), fault };
    let damaged = |error: zip::result::ZipError| faulty(WheelFault::Damaged(error.to_string()));
    let opened = std::fs::File::open(wheel).map_err(FileError::of("open", wheel))?;
    let mut archive = zip::ZipArchive::new(std::io::BufReader::new(opened)).map_err(damaged)?;
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    let mut wanted = names.iter().filter(|name| {
        let directory = name.strip_suffix("/METADATA").and_then(|directory| directory.strip_suffix(".dist-info"));
        directory.is_some_and(|stem| is_of(stem, file))
    });
    let (Some(name), None) = (wanted.next(), wanted.next()) else { return Err(faulty(WheelFault::NoDistInfo)) };
    let entry = archive.by_name(name).map_err(damaged)?;
    let mut text = Vec::new();
    entry
        .take(LONGEST_METADATA)
        .read_to_end(&mut text)
        .map_err(|error| faulty(WheelFault::Damaged(error.to_string())))?;
    checked(Metadata::parse(&String::from_utf8_lossy(&text)), file).map_err(faulty)
}

/// The only metadata directory, which must be that of this distribution.
fn dist_info(content: &Path, file: &FileName) -> Result<String, WheelFault> {
    let entries = std::fs::read_dir(content).into_iter().flatten().flatten();
    let names = entries.filter(|entry| entry.path().is_dir()).filter_map(|entry| entry.file_name().into_string().ok());
    let mut found: Vec<String> = names.filter(|name| name.ends_with(".dist-info")).collect();
    found.sort();
    match &found[..] {
        [only] if is_of(only.trim_end_matches(".dist-info"), file) => Ok(only.clone()),
        [] => Err(WheelFault::NoDistInfo),
        other => Err(WheelFault::WrongDistInfo(other.join(", "))),
    }
}

/// Whether `NAME-VERSION` matches the file.
fn is_of(stem: &str, file: &FileName) -> bool {
    let Some((project, text)) = stem.rsplit_once('-') else { return false };
    let same = |text: &str| version::parse(text).is_some_and(|version| version == file.version);
    name::canonical(project) == file.key() && (same(text) || same(&text.replace('_', "-")))
}

fn check_format(info: &Path) -> Result<(), WheelFault> {
    let text = read(&info.join("WHEEL"))?;
    let version = Fields::parse(&text).first("Wheel-Version").unwrap_or_default().to_owned();
    match version.split('.').next() {
        Some("1") => Ok(()),
        _ => Err(WheelFault::UnknownFormat(version)),
    }
}

fn metadata(info: &Path, file: &FileName) -> Result<Metadata, WheelFault> {
    checked(Metadata::parse(&read(&info.join("METADATA"))?), file)
}

/// Checks that the metadata belongs to this distribution.
fn checked(
    metadata: Result<Metadata, crate::metadata::MetadataError>,
    file: &FileName,
) -> Result<Metadata, WheelFault> {
    let metadata = metadata.map_err(WheelFault::Metadata)?;
    let same = name::canonical(&metadata.name) == file.key()
        && name::is_valid(&metadata.name)
        && version::parse(&metadata.version).is_some_and(|version| version == file.version);
    if same { Ok(metadata) } else { Err(WheelFault::WrongMetadata { name: metadata.name, version: metadata.version }) }
}

fn read(path: &Path) -> Result<String, WheelFault> {
    let shown = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let metadata = path.symlink_metadata().map_err(|_| WheelFault::NoFile(shown()))?;
    if !metadata.is_file() || metadata.len() > LONGEST_METADATA {
        return Err(WheelFault::NoFile(shown()));
    }
    let bytes = std::fs::read(path).map_err(|error| WheelFault::Damaged(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| WheelFault::Damaged(format!("{} is not UTF-8", shown())))
}

/// Why the making of an egg stops while files are moved.
enum EggStop {
    Fault(WheelFault),
    File(FileError),
}

impl EggStop {
    fn of(self, wheel: &Path) -> WheelError {
        match self {
            Self::Fault(fault) => WheelError::Refused { wheel: wheel.to_owned(), fault },
            Self::File(error) => error.into(),
        }
    }
}

/// Moves the files of `.data` that belong on the path to their places. Returns the rows of the files that are now on
/// the path.
fn merge_libraries(
    content: &Path,
    data: &str,
    rows: Vec<record::RecordRow>,
) -> Result<Vec<record::RecordRow>, EggStop> {
    let mut kept = Vec::new();
    for mut row in rows {
        let Some(inside) = row.path.strip_prefix(data).and_then(|rest| rest.strip_prefix('/')) else {
            kept.push(row);
            continue;
        };
        let inside = inside.split_once('/').filter(|(kind, _)| LIBRARIES.contains(kind));
        let Some(rest) = inside.map(|(_, rest)| rest.to_owned()) else { continue };
        let (from, to) = (content.join(&row.path), content.join(&rest));
        if to.symlink_metadata().is_ok() {
            return Err(EggStop::Fault(WheelFault::TwoFiles(rest)));
        }
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|error| EggStop::File(FileError::of("make the directory", parent)(error)))?;
        }
        std::fs::rename(&from, &to).map_err(|error| EggStop::File(FileError::of("rename", &from)(error)))?;
        row.path = rest;
        kept.push(row);
    }
    Ok(kept)
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
