//! `log-format`: the `%(name)s` formats of Python's `logging`, as far as a buildout needs them.
//!
//! Both `%(name)s` and the doubled `%%(name)s` of 1.0's configurations are accepted (`design.md` section 4).

use std::fmt::Write as _;

use base::event::Level;

/// A parsed format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogFormat(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
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

/// What a message brings along.
pub(super) struct Record<'a> {
    pub(super) logger: &'a str,
    pub(super) level: Level,
    pub(super) message: &'a str,
}

/// A format that cannot be used; the text says why.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("Invalid log-format: {0}")]
pub(super) struct InvalidFormat(String);

impl Default for LogFormat {
    fn default() -> Self {
        let field = |field| Piece::Field { field, left: false, width: 0 };
        Self(vec![field(Field::Name), Piece::Literal(": ".into()), field(Field::Message)])
    }
}

impl LogFormat {
    /// Parses a format.
    ///
    /// # Errors
    /// An unknown field, an unfinished `%(`, or a conversion other than `s` and `d`.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidFormat> {
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
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(piece);
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self(pieces))
    }

    /// The line for a message.
    pub(super) fn line(&self, record: &Record<'_>) -> String {
        let mut line = String::with_capacity(record.message.len() + 32);
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => line.push_str(text),
                Piece::Field { field, left, width } => {
                    let value = field.value(record);
                    // Writing to a String cannot fail.
                    let _ = if *left { write!(line, "{value:<width$}") } else { write!(line, "{value:>width$}") };
                }
            }
        }
        line
    }
}

/// Parses what follows a `%`: `(name)`, flags, width, conversion.
fn field(rest: &str) -> Result<(Piece, &str), InvalidFormat> {
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
                "unknown field `{name}`; there are name, levelname, levelno, message, asctime and process"
            )));
        }
    };
    let left = after.starts_with('-');
    let after = after.trim_start_matches('-');
    let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let width = if digits == 0 { 0 } else { after[..digits].parse().map_err(|_| unfinished())? };
    if width > 200 {
        return Err(InvalidFormat(format!("a width of {width} is too wide")));
    }
    let after = after[digits..].strip_prefix(['s', 'd']).ok_or_else(unfinished)?;
    Ok((Piece::Field { field, left, width }, after))
}

impl Field {
    fn value(self, record: &Record<'_>) -> String {
        match self {
            Self::Name => record.logger.to_owned(),
            Self::LevelName => record.level.name().to_owned(),
            Self::LevelNumber => (record.level as i32).to_string(),
            Self::Message => record.message.to_owned(),
            Self::Time => now(),
            Self::Process => std::process::id().to_string(),
        }
    }
}

/// A time in seconds since 1970 as RFC 3339 writes it: `2026-11-21T01:02:03Z`.
pub(super) fn rfc3339(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let second_of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The time in UTC as Python's `asctime` shows it: `2026-11-21 01:02:03,456`.
pub(super) fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02},{:03}", since.subsec_millis())
}

/// The date of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468; // days since 0000-03-01, so that leap days end a year
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
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
            "Invalid log-format: unknown field `nme`; there are name, levelname, levelno, message, asctime and process",
        );
        t("%s", "Invalid log-format: `%s` is not of the form %(name)s");
        t("%(name)", "Invalid log-format: `%(name)` is not of the form %(name)s");
        assert_eq!(LogFormat::default().line(&Record { logger: "a", level: Level::Info, message: "b" }), "a: b");
    }

    #[test]
    fn dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_778), (2026, 11, 21));
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_795_223_045), "2026-11-21T01:04:05Z");
    }
}
