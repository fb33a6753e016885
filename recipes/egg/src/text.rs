//! Values of options, as Python's functions make them.

use buildout_recipe::text::join;
use buildout_recipe::{Buildout, Error};

/// The lines of a value that are not empty, without surrounding whitespace.
pub(crate) fn lines(value: &str) -> impl Iterator<Item = &str> {
    value.split('\n').map(str::trim).filter(|line| !line.is_empty())
}

/// The paths of a value, one in each line, relative to the buildout directory.
pub(crate) fn paths(value: &str, directory: &str) -> Vec<String> {
    lines(value).map(|path| join(directory, path)).collect()
}

/// `eggs-directory`, with the directory for eggs of the current format in it.
pub(crate) fn eggs_directory(buildout: &Buildout<'_>) -> Result<String, Error> {
    let directory = buildout.require("buildout", "eggs-directory")?;
    let version = buildout.get("buildout", "eggs-directory-version")?.unwrap_or_default();
    Ok(if version.is_empty() { directory } else { join(&directory, &version) })
}
