//! Methods of strings and mappings, and conversion functions.
//!
//! Does not know syntax or facts. Python's semantics, for strings of Unicode characters.

use std::rc::Rc;

use super::arithmetic::too_large;
use super::value::{Budget, Function, Value};

/// The arguments of one call.
pub(super) struct CallArguments {
    pub(super) positional: Vec<Value>,
    pub(super) named: Vec<(String, Value)>,
}

impl CallArguments {
    /// Between `least` and `most` positional arguments; none by name.
    fn plain(&self, least: usize, most: usize) -> Result<&[Value], String> {
        if let Some((name, _)) = self.named.first() {
            return Err(format!("unexpected keyword argument '{name}'"));
        }
        let given = self.positional.len();
        if given < least || given > most {
            let expected = if least == most { least.to_string() } else { format!("{least} to {most}") };
            return Err(format!("expected {expected} arguments, got {given}"));
        }
        Ok(&self.positional)
    }

    /// The only argument.
    pub(super) fn one(&self) -> Result<&Value, String> {
        Ok(&self.plain(1, 1)?[0])
    }

    /// Checks that no arguments were passed.
    pub(super) fn none(&self) -> Result<(), String> {
        self.plain(0, 0).map(|_| ())
    }

    /// Two optional arguments, which may be passed by name.
    fn optional(&self, names: [&str; 2]) -> Result<[Option<&Value>; 2], String> {
        let mut found = [self.positional.first(), self.positional.get(1)];
        if self.positional.len() > 2 {
            return Err(format!("expected at most 2 arguments, got {}", self.positional.len()));
        }
        for (name, value) in &self.named {
            let slot = names.iter().position(|known| known == name);
            match slot.map(|slot| &mut found[slot]) {
                Some(slot @ None) => *slot = Some(value),
                Some(_) => return Err(format!("argument '{name}' is given twice")),
                None => return Err(format!("unexpected keyword argument '{name}'")),
            }
        }
        Ok(found)
    }
}

/// Supported methods of strings.
const TEXT_METHODS: [&str; 23] = [
    "count",
    "endswith",
    "find",
    "index",
    "isalnum",
    "isalpha",
    "isdigit",
    "join",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "upper",
];

/// The method `name` of `value`, if it is supported.
pub(super) fn method(value: &Value, name: &str) -> Option<&'static str> {
    match value {
        Value::Text(_) => TEXT_METHODS.iter().find(|known| **known == name).copied(),
        Value::Mapping(_) => (name == "get").then_some("get"),
        _ => None,
    }
}

/// Calls a method that [`method`] found.
pub(super) fn call_method(
    value: &Value,
    name: &str,
    arguments: &CallArguments,
    budget: &Budget,
) -> Result<Value, String> {
    match value {
        Value::Text(text) => {
            budget.make(text.len())?;
            text_method(text, name, arguments, budget)
        }
        Value::Mapping(items) => {
            let arguments = arguments.plain(1, 2)?;
            let found = match &arguments[0] {
                Value::Text(name) => items.iter().find(|(key, _)| key == name).map(|(_, value)| value),
                _ => None,
            };
            let default = arguments.get(1).cloned().unwrap_or(Value::None);
            Ok(found.map_or(default, |value| Value::Text(Rc::clone(value))))
        }
        other => Err(format!("'{}' object has no attribute '{name}'", other.type_name())),
    }
}

fn text_method(text: &str, name: &str, arguments: &CallArguments, budget: &Budget) -> Result<Value, String> {
    match name {
        "startswith" => affix(text, arguments, name, |text, part| text.starts_with(part)),
        "endswith" => affix(text, arguments, name, |text, part| text.ends_with(part)),
        "lower" => arguments.none().map(|()| Value::text(text.to_lowercase())),
        "upper" => arguments.none().map(|()| Value::text(text.to_uppercase())),
        "strip" | "lstrip" | "rstrip" => strip(text, name, arguments),
        "split" | "rsplit" => split(text, name == "rsplit", arguments, budget),
        "splitlines" => arguments.none().map(|()| texts(split_lines(text))),
        "partition" | "rpartition" => partition(text, name == "rpartition", arguments),
        "find" | "rfind" | "index" => find(text, name, arguments),
        "count" => {
            let part = text_of(arguments.one()?)?;
            // An empty string occurs between all characters, and at both ends.
            let count = if part.is_empty() { text.chars().count() + 1 } else { text.matches(part).count() };
            Ok(Value::Integer(count as i128))
        }
        "replace" => replace(text, arguments, budget),
        "join" => join(text, arguments.one()?, budget),
        "removeprefix" => {
            let prefix = text_of(arguments.one()?)?;
            Ok(Value::text(text.strip_prefix(prefix).unwrap_or(text)))
        }
        "removesuffix" => {
            let suffix = text_of(arguments.one()?)?;
            Ok(Value::text(text.strip_suffix(suffix).unwrap_or(text)))
        }
        "isdigit" => all(text, arguments, |c| c.is_ascii_digit()),
        "isalpha" => all(text, arguments, char::is_alphabetic),
        _ => all(text, arguments, char::is_alphanumeric),
    }
}

fn all(text: &str, arguments: &CallArguments, test: fn(char) -> bool) -> Result<Value, String> {
    arguments.none()?;
    Ok(Value::Boolean(!text.is_empty() && text.chars().all(test)))
}

/// An argument that must be a string.
fn text_of(value: &Value) -> Result<&str, String> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(format!("must be str, not {}", other.type_name())),
    }
}

fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> Value {
    Value::List(items.into_iter().map(Value::text).collect())
}

/// `startswith` and `endswith`: with one string, or a tuple of strings.
fn affix(text: &str, arguments: &CallArguments, name: &str, test: fn(&str, &str) -> bool) -> Result<Value, String> {
    match arguments.one()? {
        Value::Text(part) => Ok(Value::Boolean(test(text, part))),
        Value::Tuple(parts) => {
            for part in parts.iter() {
                if test(text, text_of(part)?) {
                    return Ok(Value::Boolean(true));
                }
            }
            Ok(Value::Boolean(false))
        }
        other => Err(format!("{name} first arg must be str or a tuple of str, not {}", other.type_name())),
    }
}

/// Python treats four control characters as whitespace that Unicode does not.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

fn strip(text: &str, name: &str, arguments: &CallArguments) -> Result<Value, String> {
    let characters = match arguments.plain(0, 1)?.first() {
        None | Some(Value::None) => None,
        Some(argument) => Some(text_of(argument)?),
    };
    let unwanted = |c: char| characters.map_or_else(|| is_space(c), |set| set.contains(c));
    Ok(Value::text(match name {
        "lstrip" => text.trim_start_matches(unwanted),
        "rstrip" => text.trim_end_matches(unwanted),
        _ => text.trim_matches(unwanted),
    }))
}

fn split(text: &str, from_end: bool, arguments: &CallArguments, budget: &Budget) -> Result<Value, String> {
    let [separator, most] = arguments.optional(["sep", "maxsplit"])?;
    let most = match most {
        None => usize::MAX,
        Some(value) => {
            let number =
                value.number().ok_or_else(|| format!("maxsplit must be an integer, not {}", value.type_name()))?;
            usize::try_from(number).unwrap_or(usize::MAX)
        }
    };
    let pieces: Vec<&str> = match separator {
        None | Some(Value::None) => split_at_spaces(text, most, from_end),
        Some(separator) => {
            let separator = text_of(separator)?;
            if separator.is_empty() {
                return Err("empty separator".into());
            }
            let limit = most.saturating_add(1);
            if from_end {
                let mut pieces: Vec<&str> = text.rsplitn(limit, separator).collect();
                pieces.reverse();
                pieces
            } else {
                text.splitn(limit, separator).collect()
            }
        }
    };
    budget.make(pieces.len())?;
    Ok(texts(pieces))
}

/// Splits at runs of whitespace, at most `most` times. As in Python, the last piece keeps its whitespace on the far
/// side.
fn split_at_spaces(text: &str, most: usize, from_end: bool) -> Vec<&str> {
    let trim =
        |text| if from_end { str::trim_end_matches(text, is_space) } else { str::trim_start_matches(text, is_space) };
    let mut pieces = Vec::new();
    let mut rest = trim(text);
    while !rest.is_empty() {
        let cut = if from_end { rest.rfind(is_space) } else { rest.find(is_space) };
        let Some(cut) = cut.filter(|_| pieces.len() < most) else {
            pieces.push(rest);
            break;
        };
        let width = rest[cut..].chars().next().map_or(1, char::len_utf8);
        let (before, after) = (&rest[..cut], &rest[cut + width..]);
        let (piece, remaining) = if from_end { (after, before) } else { (before, after) };
        pieces.push(piece);
        rest = trim(remaining);
    }
    if from_end {
        pieces.reverse();
    }
    pieces
}

/// Splits at Python's line ends; `\r\n` is one.
fn split_lines(text: &str) -> Vec<&str> {
    let is_end =
        |c: char| matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(is_end) {
        lines.push(&rest[..end]);
        let width =
            if rest[end..].starts_with("\r\n") { 2 } else { rest[end..].chars().next().map_or(1, char::len_utf8) };
        rest = &rest[end + width..];
    }
    lines.extend((!rest.is_empty()).then_some(rest));
    lines
}

fn partition(text: &str, from_end: bool, arguments: &CallArguments) -> Result<Value, String> {
    let separator = text_of(arguments.one()?)?;
    if separator.is_empty() {
        return Err("empty separator".into());
    }
    let found = if from_end { text.rsplit_once(separator) } else { text.split_once(separator) };
    let parts = match found {
        Some((before, after)) => [before, separator, after],
        None if from_end => ["", "", text],
        None => [text, "", ""],
    };
    Ok(Value::Tuple(parts.into_iter().map(Value::text).collect()))
}

fn find(text: &str, name: &str, arguments: &CallArguments) -> Result<Value, String> {
    let part = text_of(arguments.one()?)?;
    let found = if name == "rfind" { text.rfind(part) } else { text.find(part) };
    match found {
        Some(offset) => Ok(Value::Integer(text[..offset].chars().count() as i128)),
        None if name == "index" => Err("substring not found".into()),
        None => Ok(Value::Integer(-1)),
    }
}

fn replace(text: &str, arguments: &CallArguments, budget: &Budget) -> Result<Value, String> {
    let arguments = arguments.plain(2, 3)?;
    let (old, new) = (text_of(&arguments[0])?, text_of(&arguments[1])?);
    let most = match arguments.get(2) {
        None => usize::MAX,
        Some(count) => {
            let number =
                count.number().ok_or_else(|| format!("count must be an integer, not {}", count.type_name()))?;
            usize::try_from(number).unwrap_or(usize::MAX)
        }
    };
    let times = text.matches(old).count().min(most);
    budget.make(text.len().saturating_add(times.saturating_mul(new.len())))?;
    Ok(Value::text(text.replacen(old, new, times)))
}

fn join(separator: &str, items: &Value, budget: &Budget) -> Result<Value, String> {
    let mut joined = String::new();
    for (index, item) in items.elements(budget)?.iter().enumerate() {
        let item = match item {
            Value::Text(text) => text,
            other => return Err(format!("sequence item {index}: expected str instance, {} found", other.type_name())),
        };
        budget.make(joined.len().saturating_add(separator.len()).saturating_add(item.len()))?;
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(item);
    }
    Ok(Value::text(joined))
}

/// Calls `int`, `str`, `bool`, `len`, `tuple` or `list`; `None` if `function` is another one.
pub(super) fn convert(function: Function, arguments: &CallArguments, budget: &Budget) -> Result<Option<Value>, String> {
    let first = || Ok::<_, String>(arguments.plain(0, 1)?.first());
    Ok(Some(match function {
        Function::Int => first()?.map_or(Ok(Value::Integer(0)), integer)?,
        Function::Str => first()?.map_or(Ok(Value::text("")), as_text)?,
        Function::Bool => Value::Boolean(first()?.is_some_and(Value::is_true)),
        Function::Len => Value::Integer(length(arguments.one()?)?),
        Function::Tuple => Value::Tuple(elements(first()?, budget)?),
        Function::List => Value::List(elements(first()?, budget)?),
        _ => return Ok(None),
    }))
}

fn elements(value: Option<&Value>, budget: &Budget) -> Result<Rc<[Value]>, String> {
    value.map_or(Ok(Rc::from([])), |value| value.elements(budget).map(Rc::from))
}

fn length(value: &Value) -> Result<i128, String> {
    let length = match value {
        Value::Text(text) => text.chars().count(),
        Value::Tuple(items) | Value::List(items) | Value::VersionInfo(items) => items.len(),
        Value::Mapping(items) => items.len(),
        other => return Err(format!("object of type '{}' has no len()", other.type_name())),
    };
    Ok(length as i128)
}

fn as_text(value: &Value) -> Result<Value, String> {
    match value {
        Value::Text(_) => Ok(value.clone()),
        Value::Integer(number) => Ok(Value::text(number.to_string())),
        Value::Boolean(value) => Ok(Value::text(if *value { "True" } else { "False" })),
        Value::None => Ok(Value::text("None")),
        other => Err(format!("str() of '{}' is not supported in conditions", other.type_name())),
    }
}

/// `int(value)`: of a number, or a string of decimal digits, with whitespace around, a sign, and `_` between digits.
fn integer(value: &Value) -> Result<Value, String> {
    if let Some(number) = value.number() {
        return Ok(Value::Integer(number));
    }
    let Value::Text(text) = value else {
        let kind = value.type_name();
        return Err(format!("int() argument must be a string, a bytes-like object or a real number, not '{kind}'"));
    };
    let wrong = || format!("invalid literal for int() with base 10: '{text}'");
    let trimmed = text.trim_matches(is_space);
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if !digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(wrong());
    }
    trimmed.replace('_', "").parse().map(Value::Integer).map_err(|_| too_large())
}
