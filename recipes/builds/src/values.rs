//! Values of options: read as words and lines, and set by recipes.

use buildout_recipe::{Error, Options};
use shared_parts::filled;

/// Sets an option whose value the recipe determines.
///
/// # Errors
/// If the section sets another value.
pub fn decide(options: &Options, name: &str, value: &str) -> Result<(), Error> {
    match filled(options, name)? {
        Some(written) if written.trim_end_matches('/') != value => Err(Error::user(format!(
            "Invalid value for {}:{name}: {written} (the recipe sets it to {value})",
            options.part()
        ))),
        _ => options.set(name, value),
    }
}

/// The words of an option, separated by single spaces; `default` if the option is missing.
///
/// # Errors
/// If the option cannot be read.
pub fn words(options: &Options, name: &str, default: &str) -> Result<String, Error> {
    let text = options.get_or(name, default)?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The lines of an option that are not blank, without surrounding whitespace.
pub(crate) fn lines(options: &Options, name: &str) -> Result<Vec<String>, Error> {
    let text = options.get_or(name, "")?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
