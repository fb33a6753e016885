//! One text → raw sections with places, for today's syntax and for that of buildout 1.0.
//!
//! Three phases: [`decode`] (bytes → text), `lex` (text → lines, by their form), `build` (lines → sections). Knows nothing
//! of other files, and nothing of what an option means, but for what makes a file classic. Conditions of headers are
//! answered by the caller.

mod build;
mod lex;
mod print;
pub(crate) mod text;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use print::print;
pub use print::print_option;

use super::condition::ConditionError;
use super::{ConfigError, Location, Section, Trouble};
use base::collections::OrderedMap;
use base::source::{Place, Source};
use lex::{Line, LineForm, Name};

/// The largest text that is read, in bytes.
pub const MAX_LENGTH: usize = 64 << 20;

/// What one text holds.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The sections, in the order of their first headers. Names of options still hold the sign of ` +` and ` -`.
    pub sections: OrderedMap<String, Section>,
    /// Whether the text follows the rules of 1.0: it has a section `DEFAULT`, or says `interpolation = classic`.
    pub classic: bool,
}

/// Bytes → text: UTF-8, without byte order mark, lines ended by `\n`.
///
/// # Errors
/// When the bytes are no UTF-8, hold a NUL, or are too many.
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
        Some(offset) => Err(Trouble::at(Place::new(&source, offset..offset + 1), "The text holds a NUL byte").into()),
        None => Ok(source),
    }
}

/// Text → sections. `condition` answers whether the section of a header counts.
///
/// # Errors
/// Every line that is not understood, or the first condition that has no answer.
pub fn parse(
    source: &Arc<Source>,
    condition: &mut dyn FnMut(&str) -> Result<bool, ConditionError>,
) -> Result<Parsed, ConfigError> {
    let today = lex::lex(&source.text);
    let classic = is_classic(&source.text, &today);
    let lines = if classic { lex::lex_classic(&source.text) } else { today };
    Ok(Parsed { sections: build::build(source, &lines, classic, condition)?, classic })
}

/// Whether a text follows the rules of 1.0.
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
