//! A wheel that is unpacked aside and checked, before anything of it is used; and its metadata alone.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use base::files::FileError;
use fetch::unpack::{UnpackLimits, UnpackOptions, unpack};

use super::error::{WheelError, WheelFault};
use super::record::{self, RecordRow};
use super::text::{LONGEST_METADATA, read};
use crate::filename::FileName;
use crate::metadata::{Fields, Metadata, MetadataError};
use crate::name;
use crate::version;

/// The most files of a wheel: the largest existing ones have some ten thousand.
const MOST_FILES: u64 = 60_000;

/// The parts of `.data` directories that belong on the path. The others have no place in an egg (`scripts`, `headers`,
/// `data`).
const LIBRARIES: [&str; 2] = ["purelib", "platlib"];

/// A wheel that was unpacked aside and is valid.
pub(crate) struct UnpackedWheel {
    /// The directory of its files.
    pub(super) content: PathBuf,
    /// Its metadata directory.
    pub(super) info: String,
    pub(super) rows: Vec<RecordRow>,
    /// Its metadata.
    pub(crate) metadata: Metadata,
}

/// Unpacks the wheel at `wheel`, whose name is `file`, to `aside/wheel`, and checks it. `canceled` is called often.
///
/// # Errors
/// [`WheelError`].
pub(crate) fn open(
    wheel: &Path,
    file: &FileName,
    aside: &Path,
    canceled: &dyn Fn() -> bool,
) -> Result<UnpackedWheel, WheelError> {
    let content = aside.join("wheel");
    let limits = UnpackLimits { entries: MOST_FILES, ..UnpackLimits::default() };
    unpack(wheel, &content, &UnpackOptions { strip_top_level: false, limits }, canceled)
        .map_err(|error| WheelError::of_unpacking(wheel, error))?;
    let faulty = |fault: WheelFault| WheelError::Refused { wheel: wheel.to_owned(), fault };
    let info = dist_info(&content, file).map_err(faulty)?;
    check_format(&content.join(&info)).map_err(faulty)?;
    let metadata = metadata(&content.join(&info), file).map_err(faulty)?;
    let rows = record::check(&content, &info, canceled)
        .map_err(|stop| stop.map_or_else(|| WheelError::Canceled(wheel.to_owned()), faulty))?;
    Ok(UnpackedWheel { content, info, rows, metadata })
}

impl UnpackedWheel {
    /// Its metadata directory.
    pub(crate) fn info(&self) -> &str {
        &self.info
    }

    /// The directory of files that belong neither on the path nor to the metadata.
    pub(super) fn data(&self) -> String {
        format!("{}.data", self.info.strip_suffix(".dist-info").unwrap_or(&self.info))
    }
}

/// Reads the metadata of a wheel without unpacking it.
///
/// # Errors
/// When it is invalid, or differs from what the name promises.
pub(crate) fn read_metadata(wheel: &Path, file: &FileName) -> Result<Metadata, WheelError> {
    let faulty = |fault: WheelFault| WheelError::Refused { wheel: wheel.to_owned(), fault };
    let damaged = |error: zip::result::ZipError| faulty(WheelFault::Damaged(error.to_string()));
    let opened = base::files::open_regular(wheel).map_err(FileError::of("open", wheel))?;
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

pub(super) fn check_format(info: &Path) -> Result<(), WheelFault> {
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
fn checked(metadata: Result<Metadata, MetadataError>, file: &FileName) -> Result<Metadata, WheelFault> {
    let metadata = metadata.map_err(WheelFault::Metadata)?;
    let same = name::canonical(&metadata.name) == file.key()
        && name::is_valid(&metadata.name)
        && version::parse(&metadata.version).is_some_and(|version| version == file.version);
    if same { Ok(metadata) } else { Err(WheelFault::WrongMetadata { name: metadata.name, version: metadata.version }) }
}

/// Why the making of an egg stops while files are moved.
pub(super) enum EggStop {
    Fault(WheelFault),
    File(FileError),
}

impl EggStop {
    pub(super) fn of(self, wheel: &Path) -> WheelError {
        match self {
            Self::Fault(fault) => WheelError::Refused { wheel: wheel.to_owned(), fault },
            Self::File(error) => error.into(),
        }
    }
}

/// Moves the files of `.data` that belong on the path to their places. Returns the rows of the files that are now on
/// the path.
pub(super) fn merge_libraries(content: &Path, data: &str, rows: Vec<RecordRow>) -> Result<Vec<RecordRow>, EggStop> {
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
                .map_err(|error| EggStop::File(FileError::of("create the directory", parent)(error)))?;
        }
        std::fs::rename(&from, &to).map_err(|error| EggStop::File(FileError::of("rename", &from)(error)))?;
        row.path = rest;
        kept.push(row);
    }
    Ok(kept)
}

/// Removes a directory of an unpacked wheel, if it is there.
pub(super) fn remove(directory: &Path) -> Result<(), FileError> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(FileError::of("remove", directory)(error)),
        _ => Ok(()),
    }
}
