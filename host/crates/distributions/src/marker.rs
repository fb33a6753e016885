//! Environment markers of requirements, over the parser that the conditions of configurations use (`config`).

pub(crate) use config::condition::marker::Marker;
use config::condition::marker::MarkerVariables;

use crate::name;
use crate::python::Python;

/// The values of the variables in markers: of a Python, and the requested extra.
struct Asked<'a> {
    python: &'a Python,
    extra: &'a str,
}

impl MarkerVariables for Asked<'_> {
    fn value(&self, name: &str) -> Result<String, String> {
        match name {
            "extra" => Ok(name::canonical_extra(self.extra)),
            other => self.python.marker(other).ok_or_else(|| format!("'{other}' has no value in a requirement")),
        }
    }
}

/// Whether a requirement with this marker applies to `python`, with one of `extras` or without any.
///
/// # Errors
/// When a comparison has no meaning.
pub(crate) fn holds<'a>(
    marker: Option<&Marker>,
    python: &Python,
    extras: impl IntoIterator<Item = &'a str>,
) -> Result<bool, String> {
    let Some(marker) = marker else { return Ok(true) };
    for extra in std::iter::once("").chain(extras) {
        if marker.evaluate(&Asked { python, extra })? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// As [`holds`], for `extra` alone.
///
/// # Errors
/// When a comparison has no meaning.
pub(crate) fn holds_with(marker: &Marker, python: &Python, extra: &str) -> Result<bool, String> {
    marker.evaluate(&Asked { python, extra })
}
