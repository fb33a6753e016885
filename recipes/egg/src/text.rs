//! Values of options, as Python's functions make them.

use buildout_recipe::{Buildout, Error};

/// Joins paths as `os.path.join` does.
pub(crate) fn join(directory: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else if directory.ends_with('/') {
        format!("{directory}{path}")
    } else {
        format!("{directory}/{path}")
    }
}

/// The lines of a value that are not empty, without surrounding white space.
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

/// `repr` of a string.
pub(crate) fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut written = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            c if c == quote => written.extend(['\\', c]),
            c if c.is_control() => written += &format!("\\x{:02x}", u32::from(c)),
            c => written.push(c),
        }
    }
    written.push(quote);
    written
}
