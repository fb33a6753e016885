//! Eggs that are a single file, as setuptools once made them: they are unpacked, as zc.buildout does.

use std::io::Read as _;
use std::path::Path;

use crate::metadata::Metadata;

/// The longest metadata file that is read, in bytes.
const LONGEST: u64 = 16 << 20;

/// The metadata of an egg that is a single file.
pub(crate) fn read_zipped(egg: &Path) -> Result<Metadata, String> {
    let file = base::files::open_regular(egg).map_err(|error| error.to_string())?;
    let mut archive = zip::ZipArchive::new(std::io::BufReader::new(file)).map_err(|error| error.to_string())?;
    let mut read = |name: &str| -> Option<String> {
        let mut text = Vec::new();
        archive.by_name(name).ok()?.take(LONGEST).read_to_end(&mut text).ok()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    };
    let pkg_info = read("EGG-INFO/PKG-INFO").ok_or("it has no EGG-INFO/PKG-INFO")?;
    Metadata::parse_egg(&pkg_info, &read("EGG-INFO/requires.txt").unwrap_or_default())
        .map_err(|error| error.to_string())
}
