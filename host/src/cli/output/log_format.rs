//! `log-format`: the `%(name)s` formats of Python's `logging`, as far as buildouts need them.
//!
//! Both `%(name)s` and the doubled `%%(name)s` of 1.0's configurations are accepted.

use std::fmt::Write as _;
use std::time::SystemTime;

use base::event::Level;
use base::time::asctime;

/// A parsed format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct LogFormat(Vec<FormatPiece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum FormatPiece {
    Literal(String),
    Field { field: Field, left: bool, width: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Name,
    LevelName,
    LevelNumber,
    Message,
    Time,
    Process,
}

/// A message with its logger and level.
pub(super) struct Record<'a> {
    pub(super) logger: &'a str,
    pub(super) level: Level,
    pub(super) message: &'a str,
}

/// Why a format cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("Invalid log-format: {0}")]
pub(in crate::cli) struct InvalidFormat(String);

impl Default for LogFormat {
    fn default() -> Self {
        let field = |field| FormatPiece::Field { field, left: false, width: 0 };
        Self(vec![field(Field::Name), FormatPiece::Literal(": ".into()), field(Field::Message)])
    }
}

impl LogFormat {
    /// Parses a format.
    ///
    /// # Errors
    /// An unknown field, an unfinished `%(`, or a conversion other than `s` and `d`.
    pub(in crate::cli) fn parse(text: &str) -> Result<Self, InvalidFormat> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            literal.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(doubled) = rest.strip_prefix('%') {
                if doubled.starts_with('(') {
                    rest = doubled;
                } else {
                    literal.push('%');
                    rest = doubled;
                    continue;
                }
            }
            let (piece, after) = field(rest)?;
            if !literal.is_empty() {
                pieces.push(FormatPiece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(piece);
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(FormatPiece::Literal(literal));
        }
        Ok(Self(pieces))
    }

    /// The line for a message.
    pub(super) fn line(&self, record: &Record<'_>) -> String {
        let mut line = String::with_capacity(record.message.len() + 32);
        for piece in &self.0 {
            match piece {
                FormatPiece::Literal(text) => line.push_str(text),
                FormatPiece::Field { field, left, width } => {
                    let value = field.value(record);
                    // Writing to a String cannot fail.
                    let _ = if *left { write!(line, "{value:<width$}") } else { write!(line, "{value:>width$}") };
                }
            }
        }
        line
    }
}

/// Parses the text after a `%`: `(name)`, flags, width, conversion.
fn field(rest: &str) -> Result<(FormatPiece, &str), InvalidFormat> {
    let unfinished = || InvalidFormat(format!("`%{rest}` is not of the form %(name)s"));
    let (name, after) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')')).ok_or_else(unfinished)?;
    let field = match name {
        "name" => Field::Name,
        "levelname" => Field::LevelName,
        "levelno" => Field::LevelNumber,
        "message" => Field::Message,
        "asctime" => Field::Time,
        "process" => Field::Process,
        _ => {
            return Err(InvalidFormat(format!(
                "unknown field `{name}`; the fields are name, levelname, levelno, message, asctime and process"
            )));
        }
    };
    let left = after.starts_with('-');
    let after = after.trim_start_matches('-');
    let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let width = if digits == 0 { 0 } else { after[..digits].parse().map_err(|_| unfinished())? };
    if width > 200 {
        return Err(InvalidFormat(format!("the width {width} is too large")));
    }
    let after = after[digits..].strip_prefix(['s', 'd']).ok_or_else(unfinished)?;
    Ok((FormatPiece::Field { field, left, width }, after))
}

impl Field {
    fn value(self, record: &Record<'_>) -> String {
        match self {
            Self::Name => record.logger.to_owned(),
            Self::LevelName => record.level.name().to_owned(),
            Self::LevelNumber => (record.level as i32).to_string(),
            Self::Message => record.message.to_owned(),
            Self::Time => asctime(SystemTime::now()),
            Self::Process => std::process::id().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: &str) -> String {
        let record = Record { logger: "d1", level: Level::Info, message: "Creating" };
        LogFormat::parse(format).map_or_else(|error| error.to_string(), |format| format.line(&record))
    }

    #[test]
    fn formats() {
        let t = |format: &str, expected: &str| assert_eq!(line(format), expected, "{format}");
        t("%(name)s: %(message)s", "d1: Creating");
        t("%%(levelname)s %%(message)s", "INFO Creating");
        t("100%% %(levelno)d", "100% 20");
        t("%(name)-4s|%(name)4s|", "d1  |  d1|");
        t("", "");
        t(
            "%(nme)s",
            "Invalid log-format: unknown field `nme`; the fields are name, levelname, levelno, message, asctime and \
             process",
        );
        t("%s", "Invalid log-format: `%s` is not of the form %(name)s");
        t("%(name)", "Invalid log-format: `%(name)` is not of the form %(name)s");
        assert_eq!(LogFormat::default().line(&Record { logger: "a", level: Level::Info, message: "b" }), "a: b");
    }
}
