//! Parses one file into raw sections with places, in the current syntax and in that of buildout 1.0.
//!
//! Three phases: [`decode`] (bytes to text), `lex` (text to lines, by form), `build` (lines to sections). Does not know
//! about other files, or what options mean, except those that make a file classic. The caller evaluates the conditions
//! of headers.

mod build;
mod lex;
mod outline;
mod print;
pub(crate) mod text;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use outline::{WrittenOption, WrittenSection, outline};
pub use print::print;
pub use print::print_option;

use super::condition::ConditionError;
use super::{ConfigError, Location, Section, Trouble};
use base::collections::OrderedMap;
use base::source::{Place, Source};
use lex::{Line, LineForm, Name};

/// Maximum size of a file, in bytes.
pub(crate) const MAX_LENGTH: usize = 64 << 20;

/// The contents of one file.
#[derive(Clone, Debug)]
pub struct ParsedFile {
    /// The sections, in the order of their first headers. Names of options still include the sign of ` +` and ` -`.
    pub sections: OrderedMap<String, Section>,
    /// Whether the file follows the rules of 1.0: it has a section `DEFAULT`, or sets `interpolation = classic`.
    pub classic: bool,
}

/// Decodes UTF-8, removes a byte order mark, and normalizes line ends to `\n`.
///
/// # Errors
/// When the bytes are not UTF-8, contain NUL, or are too many.
pub fn decode(location: &Location, bytes: Vec<u8>) -> Result<Arc<Source>, ConfigError> {
    let name = location.to_string();
    if bytes.len() > MAX_LENGTH {
        return Err(ConfigError::new(format!("{name} is larger than {} MiB", MAX_LENGTH >> 20)));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            let source = Source::new(name, String::from_utf8_lossy(error.as_bytes()));
            let place = Place::new(&source, offset..offset + '\u{fffd}'.len_utf8());
            return Err(Trouble::at(place, "The text is not UTF-8").hint("Save the file in UTF-8.").into());
        }
    };
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    let text = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text };
    let source = Source::new(name, text);
    match source.text.find('\0') {
        Some(offset) => {
            Err(Trouble::at(Place::new(&source, offset..offset + 1), "The text contains a NUL byte").into())
        }
        None => Ok(source),
    }
}

/// Parses text into sections. `condition` decides whether the section of a header applies.
///
/// # Errors
/// Every line that cannot be parsed, or the first condition that cannot be evaluated.
pub fn parse(
    source: &Arc<Source>,
    condition: &mut dyn FnMut(&str) -> Result<bool, ConditionError>,
) -> Result<ParsedFile, ConfigError> {
    let today = lex::lex(&source.text);
    let classic = is_classic(&source.text, &today);
    let lines = if classic { lex::lex_classic(&source.text) } else { today };
    Ok(ParsedFile { sections: build::build(source, &lines, classic, condition)?, classic })
}

/// Whether a file follows the rules of 1.0.
fn is_classic(text: &str, lines: &[Line]) -> bool {
    let mut section = "";
    lines.iter().any(|line| match &line.form {
        LineForm::Header { name, .. } => {
            section = &text[name.clone()];
            section == "DEFAULT"
        }
        LineForm::Assignment { name: Name::Written(name), value } => {
            section == "buildout" && &text[name.clone()] == "interpolation" && &text[value.clone()] == "classic"
        }
        _ => false,
    })
}
