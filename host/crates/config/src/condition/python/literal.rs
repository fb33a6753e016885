//! Literals: numbers, and strings with their prefixes and escapes (The Python Language Reference, section 2.4).

use super::tree::{ExpressionNode, SyntaxError, error};

/// A string literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Literal {
    Text(String),
    /// A string with a character name, half a surrogate pair, or embedded expressions.
    Unsupported,
    Bytes,
}

/// The value of a string literal; `None` if `literal` is not one, or has unsupported escapes.
pub(in super::super) fn text(literal: &str) -> Option<String> {
    match string(literal, 0) {
        Ok(Some((Literal::Text(text), length))) if length == literal.len() => Some(text),
        _ => None,
    }
}

/// The string literal at the start of `rest`, and its length; `None` if `rest` starts with something else.
pub(super) fn string(rest: &str, at: usize) -> Result<Option<(Literal, usize)>, SyntaxError> {
    let prefix_length = rest.find(['\'', '"']).filter(|length| *length <= 2);
    let Some(prefix_length) = prefix_length else { return Ok(None) };
    let prefix = rest[..prefix_length].to_ascii_lowercase();
    let (is_raw, is_bytes, is_formatted) = match prefix.as_str() {
        "" | "u" => (false, false, false),
        "r" => (true, false, false),
        "b" => (false, true, false),
        "rb" | "br" => (true, true, false),
        "f" => (false, false, true),
        "rf" | "fr" => (true, false, true),
        _ => return Ok(None),
    };
    let quoted = &rest[prefix_length..];
    let quote = [r#"""""#, "'''", "\"", "'"].into_iter().find(|quote| quoted.starts_with(*quote)).unwrap_or("'");
    let body = &quoted[quote.len()..];
    let whole = |length: usize| at..at + prefix_length + quote.len() + length;
    let end = end_of(body, quote).ok_or_else(|| error("unterminated string literal", whole(body.len())))?;
    let length = prefix_length + 2 * quote.len() + end;
    let body = &body[..end];
    if is_bytes && !body.is_ascii() {
        return Err(error("bytes can only contain ASCII literal characters", at..at + length));
    }
    let value = if is_raw {
        Some(body.to_owned())
    } else {
        unescape(body, is_bytes).map_err(|why| error(why, at..at + length))?
    };
    let literal = match value {
        _ if is_bytes => Literal::Bytes,
        Some(text) if !is_formatted => Literal::Text(text),
        _ => Literal::Unsupported,
    };
    Ok(Some((literal, length)))
}

/// The length of a literal's content, up to the closing quotes.
fn end_of(body: &str, quote: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &body[at..];
        if rest.starts_with(quote) {
            return Some(at);
        }
        let next = rest.chars().next()?;
        if next == '\n' && quote.len() == 1 {
            return None;
        }
        at += next.len_utf8();
        if next == '\\' {
            at += body[at..].chars().next()?.len_utf8();
        }
    }
}

/// Replaces escapes; `None` if one of them is not supported.
fn unescape(body: &str, is_bytes: bool) -> Result<Option<String>, &'static str> {
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    let mut is_supported = true;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let (character, length) = escape(&rest[at + 1..], is_bytes)?;
        match character {
            StringEscape::Character(character) => text.push(character),
            StringEscape::Nothing => {}
            StringEscape::Unsupported => is_supported = false,
        }
        // Unknown escapes are kept, with their backslash.
        if length == 0 {
            text.push('\\');
        }
        rest = &rest[at + 1 + length..];
    }
    text.push_str(rest);
    Ok(is_supported.then_some(text))
}

enum StringEscape {
    Character(char),
    Nothing,
    Unsupported,
}

/// The escape after a backslash, and its length; 0 if it is not an escape.
fn escape(rest: &str, is_bytes: bool) -> Result<(StringEscape, usize), &'static str> {
    let Some(first) = rest.chars().next() else { return Ok((StringEscape::Nothing, 0)) };
    let simple = match first {
        '\\' | '\'' | '"' => Some(first),
        'a' => Some('\x07'),
        'b' => Some('\x08'),
        'f' => Some('\x0c'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\x0b'),
        _ => None,
    };
    if let Some(character) = simple {
        return Ok((StringEscape::Character(character), 1));
    }
    match first {
        '\n' => Ok((StringEscape::Nothing, 1)),
        '0'..='7' => Ok(octal(rest)),
        'x' => hexadecimal(rest, 2),
        'u' if !is_bytes => hexadecimal(rest, 4),
        'U' if !is_bytes => hexadecimal(rest, 8),
        'N' if !is_bytes => named(rest),
        _ => Ok((StringEscape::Nothing, 0)),
    }
}

fn octal(rest: &str) -> (StringEscape, usize) {
    let digits = rest.bytes().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let number = u32::from_str_radix(&rest[..digits], 8).unwrap_or_default();
    (character(number), digits)
}

fn hexadecimal(rest: &str, digits: usize) -> Result<(StringEscape, usize), &'static str> {
    let number = rest.get(1..=digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let number = number.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match number {
        Some(number) if number <= u32::from(char::MAX) => Ok((character(number), 1 + digits)),
        _ => Err("invalid escape sequence in a string"),
    }
}

/// Half a surrogate pair is not a valid character here.
fn character(number: u32) -> StringEscape {
    char::from_u32(number).map_or(StringEscape::Unsupported, StringEscape::Character)
}

/// `\N{LATIN SMALL LETTER A}`. The names are not known here.
fn named(rest: &str) -> Result<(StringEscape, usize), &'static str> {
    let length = rest[1..].strip_prefix('{').and_then(|name| name.find('}')).filter(|length| *length > 0);
    length.map(|length| (StringEscape::Unsupported, length + 3)).ok_or("malformed \\N character escape in a string")
}

/// The number at the start of `rest`, and its length.
pub(super) fn number(rest: &str, at: usize) -> Result<(ExpressionNode, usize), SyntaxError> {
    let (radix, prefix) = match rest.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, 2),
        Some("0o") => (8, 2),
        Some("0b") => (2, 2),
        _ => (10, 0),
    };
    let (node, length) = if prefix == 0 {
        decimal(rest)
    } else {
        integer(&rest[prefix..], radix, true).map(|(node, length)| (node, prefix + length))
    }
    .ok_or_else(|| error("invalid number", at..at + 1))?;
    if continues(&rest[length..]) {
        return Err(error("invalid number", at..at + length + 1));
    }
    Ok((node, length))
}

/// Whether a number is followed by something that makes it invalid. Python accepts a keyword without a space before it.
fn continues(rest: &str) -> bool {
    let word = &rest[..rest.find(|c: char| !is_name_part(c)).unwrap_or(rest.len())];
    let may_follow = ["and", "else", "for", "if", "in", "is", "not", "or"];
    !word.is_empty() && !may_follow.iter().any(|keyword| word.starts_with(keyword))
}

/// Whether a name may contain this character after the first.
pub(super) fn is_name_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Digits with single underscores between them, and also before them after a radix prefix.
fn digits(rest: &str, radix: u32, may_start_with_underscore: bool) -> usize {
    let mut length = 0;
    let bytes = rest.as_bytes();
    loop {
        let underscore = usize::from(bytes.get(length) == Some(&b'_') && (length > 0 || may_start_with_underscore));
        let digit = bytes.get(length + underscore).copied().map(char::from);
        if !digit.is_some_and(|digit| digit.is_digit(radix)) {
            return length;
        }
        length += underscore + 1;
    }
}

fn integer(rest: &str, radix: u32, has_prefix: bool) -> Option<(ExpressionNode, usize)> {
    let length = digits(rest, radix, has_prefix);
    let plain = rest[..length].replace('_', "");
    let node = i128::from_str_radix(&plain, radix).map_or(ExpressionNode::TooLarge, ExpressionNode::Integer);
    (length > 0).then_some((node, length))
}

/// An integer, a floating-point number, or an imaginary number.
fn decimal(rest: &str) -> Option<(ExpressionNode, usize)> {
    let whole = digits(rest, 10, false);
    let mut length = whole;
    if rest[length..].starts_with('.') {
        length += 1;
        length += digits(&rest[length..], 10, false);
    }
    length += exponent(&rest[length..]);
    if rest[length..].starts_with(['j', 'J']) {
        length += 1;
    }
    if length > whole {
        return Some((ExpressionNode::Unsupported, length));
    }
    let is_octal = rest[..whole].starts_with('0') && rest[..whole].bytes().any(|byte| !matches!(byte, b'0' | b'_'));
    if is_octal { None } else { integer(rest, 10, false) }
}

fn exponent(rest: &str) -> usize {
    if !rest.starts_with(['e', 'E']) {
        return 0;
    }
    let sign = usize::from(rest[1..].starts_with(['+', '-']));
    let length = digits(&rest[1 + sign..], 10, false);
    if length == 0 { 0 } else { 1 + sign + length }
}
