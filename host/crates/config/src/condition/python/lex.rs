//! The tokens of an expression. Line ends are whitespace: a condition is inside brackets.

use super::literal::{self, is_name_part};
use super::tree::{ExpressionNode, Span, SyntaxError, error};

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum TokenKind {
    /// An operator or bracket.
    Sign(&'static str),
    Keyword(&'static str),
    Name(String),
    Number(ExpressionNode),
    Text(literal::Literal),
    End,
}

/// Longer ones first.
const SIGNS: [&str; 39] = [
    "...", "**=", "//=", ">>=", "<<=", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", ":=", "->", "+=", "-=", "*=",
    "/=", "%=", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "+", "-", "*", "/", "%", "@", "&", "|", "^",
];
const SHORT_SIGNS: [&str; 4] = ["~", "<", ">", ";"];

const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// The tokens of `text`, with [`TokenKind::End`] as the last one.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at = skip_space(text, at)?;
        let (kind, length) = token(&text[at..], at)?;
        let is_end = matches!(kind, TokenKind::End);
        tokens.push(Token { kind, span: at..at + length });
        if is_end {
            return Ok(tokens);
        }
        at += length;
    }
}

/// Where the next token starts.
fn skip_space(text: &str, mut at: usize) -> Result<usize, SyntaxError> {
    loop {
        let rest = &text[at..];
        let Some(next) = rest.chars().next() else { return Ok(at) };
        at += match next {
            ' ' | '\t' | '\x0c' | '\n' | '\r' => 1,
            '#' => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            '\\' if rest[1..].starts_with('\n') => 2,
            '\\' => return Err(error("unexpected character after line continuation character", at..at + 1)),
            _ => return Ok(at),
        };
    }
}

/// The token at the start of `rest`, which is at `at` in the text, and its length.
fn token(rest: &str, at: usize) -> Result<(TokenKind, usize), SyntaxError> {
    let Some(first) = rest.chars().next() else { return Ok((TokenKind::End, 0)) };
    if let Some((literal, length)) = literal::string(rest, at)? {
        return Ok((TokenKind::Text(literal), length));
    }
    if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
        return literal::number(rest, at).map(|(number, length)| (TokenKind::Number(number), length));
    }
    if is_name_start(first) {
        return Ok(word(rest));
    }
    let sign = SIGNS.iter().chain(&SHORT_SIGNS).find(|sign| rest.starts_with(**sign));
    let sign = sign.ok_or_else(|| error("invalid character", at..at + first.len_utf8()))?;
    Ok((TokenKind::Sign(sign), sign.len()))
}

fn word(rest: &str) -> (TokenKind, usize) {
    let length = rest.find(|c: char| !is_name_part(c)).unwrap_or(rest.len());
    let word = &rest[..length];
    match KEYWORDS.iter().find(|keyword| **keyword == word) {
        Some(keyword) => (TokenKind::Keyword(keyword), length),
        None => (TokenKind::Name(word.to_owned()), length),
    }
}

fn is_name_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}
