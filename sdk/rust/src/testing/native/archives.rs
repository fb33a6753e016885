//! Archives, unpacked by programs of this machine. Tests of other formats need a host.

use std::path::Path;
use std::process::Command;

use crate::bindings::buildout::recipe::archives::{ArchiveError, TopLevel};

pub(crate) fn unpack(archive: &str, directory: &str, top_level: TopLevel) -> Result<Vec<String>, ArchiveError> {
    if !Path::new(archive).is_file() {
        return Err(ArchiveError::NotReadable(format!("{archive} is not a file")));
    }
    let invalid = |error: std::io::Error| ArchiveError::Invalid(format!("{directory}: {error}"));
    // As on the host, the directory may exist if it is empty.
    if names(Path::new(directory)).map_or(true, |names| !names.is_empty()) {
        std::fs::create_dir(directory).map_err(invalid)?;
    }
    let output = Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(directory).output().map_err(invalid)?;
    let bad = |message: String| {
        // The archive is unpacked completely or not at all.
        let _ = std::fs::remove_dir_all(directory);
        ArchiveError::BadArchive(message)
    };
    if !output.status.success() {
        return Err(bad(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let top = names(Path::new(directory)).map_err(invalid)?;
    let single = match top.as_slice() {
        [name] if Path::new(directory).join(name).is_dir() => Some(name),
        _ => None,
    };
    match (top_level, single) {
        (TopLevel::Keep, _) | (TopLevel::StripIfSingle, None) => Ok(top),
        (TopLevel::Strip, None) => Err(bad(format!("{archive} has more than one top-level entry"))),
        (_, Some(name)) => {
            let moved = format!("{directory}.top");
            std::fs::rename(Path::new(directory).join(name), &moved).map_err(invalid)?;
            std::fs::remove_dir(directory).map_err(invalid)?;
            std::fs::rename(moved, directory).map_err(invalid)?;
            names(Path::new(directory)).map_err(invalid)
        }
    }
}

pub(crate) fn decompress(compressed: &str, file: &str) -> Result<u64, ArchiveError> {
    let output = Command::new("gzip").arg("-dc").arg(compressed).output();
    let output = output.map_err(|error| ArchiveError::NotReadable(format!("{compressed}: {error}")))?;
    if !output.status.success() {
        return Err(ArchiveError::UnknownFormat(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    std::fs::write(file, &output.stdout).map_err(|error| ArchiveError::Invalid(format!("{file}: {error}")))?;
    Ok(output.stdout.len() as u64)
}

fn names(directory: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
