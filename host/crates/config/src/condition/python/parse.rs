//! Whole expressions, and the rules that files of the grammar reach through the cursor.

use super::cursor::{Cursor, GrammarRules, ParseResult};
use super::lambda;
use super::lex::{TokenKind, tokens};
use super::operators::{bitwise, disjunction};
use super::tree::{Expression, ExpressionNode, SyntaxError};

const RULES: GrammarRules = GrammarRules { expression, disjunction, bitwise };

/// Parses a complete text.
pub(in super::super) fn parse(text: &str) -> Result<Expression, SyntaxError> {
    let mut cursor = Cursor::new(tokens(text)?, RULES);
    let parsed = expression(&mut cursor)?;
    match cursor.kind() {
        TokenKind::End => Ok(parsed),
        _ => Err(cursor.unexpected()),
    }
}

/// `a`, `a if b else c`, `lambda: a`
fn expression(cursor: &mut Cursor) -> ParseResult {
    cursor.nested(|cursor| if cursor.is_keyword("lambda") { lambda::lambda(cursor) } else { conditional(cursor) })
}

fn conditional(cursor: &mut Cursor) -> ParseResult {
    let start = cursor.start();
    let body = disjunction(cursor)?;
    if !cursor.take_keyword("if") {
        return Ok(body);
    }
    let test = Box::new(disjunction(cursor)?);
    cursor.expect_keyword("else")?;
    let orelse = Box::new(expression(cursor)?);
    Ok(cursor.node(start, ExpressionNode::Conditional { test, body: Box::new(body), orelse }))
}
