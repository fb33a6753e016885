//! Atoms: names, literals, and everything in brackets, with what only occurs there.

use super::cursor::{Cursor, ParseResult};
use super::lex::TokenKind;
use super::literal::Literal;
use super::tree::{Clause, Expression, ExpressionNode, SyntaxError, error};

/// `name := value`, where it is allowed, or an expression.
pub(super) fn named_expression(cursor: &mut Cursor) -> ParseResult {
    let start = cursor.start();
    if !cursor.is_assignment() {
        return cursor.expression();
    }
    cursor.advance();
    cursor.advance();
    cursor.expression()?;
    Ok(cursor.node(start, ExpressionNode::Assignment))
}

/// `*iterable`
pub(super) fn starred(cursor: &mut Cursor, value: fn(&mut Cursor) -> ParseResult) -> ParseResult {
    let start = cursor.start();
    cursor.advance();
    value(cursor)?;
    Ok(cursor.node(start, ExpressionNode::Starred))
}

/// An item of a list, tuple or set.
fn item(cursor: &mut Cursor) -> ParseResult {
    if cursor.is_sign("*") { starred(cursor, Cursor::bitwise) } else { named_expression(cursor) }
}

/// A name, a literal, or something in brackets.
pub(super) fn atom(cursor: &mut Cursor) -> ParseResult {
    let start = cursor.start();
    let node = match cursor.kind() {
        TokenKind::Sign("(") => return cursor.nested(parentheses),
        TokenKind::Sign("[") => return cursor.nested(list),
        TokenKind::Sign("{") => return cursor.nested(braces),
        TokenKind::Text(_) => return strings(cursor),
        TokenKind::Name(name) => ExpressionNode::Name(name.clone()),
        TokenKind::Number(number) => number.clone(),
        TokenKind::Keyword("None") => ExpressionNode::None,
        TokenKind::Keyword("True") => ExpressionNode::Boolean(true),
        TokenKind::Keyword("False") => ExpressionNode::Boolean(false),
        TokenKind::Sign("...") => ExpressionNode::Unsupported,
        _ => return Err(cursor.unexpected()),
    };
    cursor.advance();
    Ok(cursor.node(start, node))
}

/// Adjacent literals are one string.
fn strings(cursor: &mut Cursor) -> ParseResult {
    let start = cursor.start();
    let mut literals = Vec::new();
    while let TokenKind::Text(literal) = cursor.kind() {
        literals.push(literal.clone());
        cursor.advance();
    }
    let bytes = literals.iter().filter(|literal| **literal == Literal::Bytes).count();
    if bytes > 0 && bytes < literals.len() {
        return Err(error("cannot mix bytes and nonbytes literals", cursor.span_from(start)));
    }
    let text = literals.into_iter().try_fold(String::new(), |text, literal| match literal {
        Literal::Text(more) => Some(text + &more),
        Literal::Unsupported | Literal::Bytes => None,
    });
    Ok(cursor.node(start, text.map_or(ExpressionNode::Unsupported, ExpressionNode::Text)))
}

/// `()`, `(a)`, `(a,)`, `(a for a in b)`
fn parentheses(cursor: &mut Cursor) -> ParseResult {
    let start = cursor.start();
    cursor.advance();
    if cursor.take_sign(")") {
        return Ok(cursor.node(start, ExpressionNode::Tuple(Vec::new())));
    }
    let first = item(cursor)?;
    if cursor.is_keyword("for") || cursor.is_keyword("async") {
        reject_starred(&first)?;
        clauses(cursor)?;
        cursor.expect_sign(")")?;
        return Ok(cursor.node(start, ExpressionNode::Unsupported));
    }
    if cursor.take_sign(")") {
        return reject_starred(&first).map(|()| first);
    }
    let items = further(cursor, first, ")", item)?;
    Ok(cursor.node(start, ExpressionNode::Tuple(items)))
}

fn list(cursor: &mut Cursor) -> ParseResult {
    let start = cursor.start();
    cursor.advance();
    if cursor.take_sign("]") {
        return Ok(cursor.node(start, ExpressionNode::List(Vec::new())));
    }
    let first = item(cursor)?;
    if cursor.is_keyword("for") || cursor.is_keyword("async") {
        reject_starred(&first)?;
        let clauses = clauses(cursor)?;
        cursor.expect_sign("]")?;
        return Ok(cursor.node(start, ExpressionNode::ListComprehension(Box::new(first), clauses)));
    }
    let items = further(cursor, first, "]", item)?;
    Ok(cursor.node(start, ExpressionNode::List(items)))
}

/// Sets and dictionaries.
fn braces(cursor: &mut Cursor) -> ParseResult {
    let start = cursor.start();
    cursor.advance();
    if !cursor.take_sign("}") {
        let (is_mapping, may_be_key) = (cursor.is_sign("**"), !cursor.is_assignment());
        let first = if is_mapping { entry(cursor)? } else { item(cursor)? };
        if may_be_key && !is_mapping && cursor.take_sign(":") {
            reject_starred(&first)?;
            cursor.expression()?;
            rest_of_braces(cursor, first, entry)?;
        } else {
            rest_of_braces(cursor, first, if is_mapping { entry } else { item })?;
        }
    }
    Ok(cursor.node(start, ExpressionNode::Unsupported))
}

/// A comprehension, or more items.
fn rest_of_braces(cursor: &mut Cursor, first: Expression, item: fn(&mut Cursor) -> ParseResult) -> ParseResult<()> {
    if cursor.is_keyword("for") || cursor.is_keyword("async") {
        reject_starred(&first)?;
        clauses(cursor)?;
        return cursor.expect_sign("}");
    }
    further(cursor, first, "}", item).map(drop)
}

/// `key: value` or `**mapping`.
fn entry(cursor: &mut Cursor) -> ParseResult {
    if cursor.is_sign("**") {
        return starred(cursor, Cursor::bitwise);
    }
    let key = cursor.expression()?;
    cursor.expect_sign(":")?;
    cursor.expression()?;
    Ok(key)
}

/// All items up to a closing bracket.
fn further(
    cursor: &mut Cursor,
    first: Expression,
    close: &str,
    item: fn(&mut Cursor) -> ParseResult,
) -> ParseResult<Vec<Expression>> {
    let mut items = vec![first];
    while !cursor.take_sign(close) {
        cursor.expect_sign(",")?;
        if !cursor.is_sign(close) {
            items.push(item(cursor)?);
        }
    }
    Ok(items)
}

/// `for target in iterable if condition …`, at least one.
pub(super) fn clauses(cursor: &mut Cursor) -> ParseResult<Vec<Clause>> {
    let mut clauses = Vec::new();
    while cursor.is_keyword("for") || clauses.is_empty() {
        cursor.expect_keyword("for")?;
        let target = targets(cursor)?;
        cursor.expect_keyword("in")?;
        let iterable = cursor.disjunction()?;
        let mut conditions = Vec::new();
        while cursor.take_keyword("if") {
            conditions.push(cursor.disjunction()?);
        }
        clauses.push(Clause { target, iterable, conditions });
    }
    Ok(clauses)
}

/// `a`, `a, b`, `a,`
fn targets(cursor: &mut Cursor) -> ParseResult {
    let start = cursor.start();
    let first = target(cursor)?;
    if !cursor.is_sign(",") {
        return if matches!(first.node, ExpressionNode::Starred) { Err(starred_error(&first)) } else { Ok(first) };
    }
    let mut items = vec![first];
    while cursor.take_sign(",") && !cursor.is_keyword("in") {
        items.push(target(cursor)?);
    }
    Ok(cursor.node(start, ExpressionNode::Tuple(items)))
}

fn target(cursor: &mut Cursor) -> ParseResult {
    let is_starred = cursor.is_sign("*");
    let target = if is_starred { starred(cursor, Cursor::bitwise)? } else { cursor.bitwise()? };
    match check_target(&target) {
        Some(wrong) => Err(error("cannot assign to this", wrong.span.clone())),
        None => Ok(target),
    }
}

/// The part of a target that cannot be assigned to.
fn check_target(target: &Expression) -> Option<&Expression> {
    match &target.node {
        ExpressionNode::Name(_)
        | ExpressionNode::Attribute(..)
        | ExpressionNode::Subscript(..)
        | ExpressionNode::Slice(..)
        | ExpressionNode::Starred => None,
        ExpressionNode::Tuple(items) | ExpressionNode::List(items) => items.iter().find_map(check_target),
        _ => Some(target),
    }
}

fn reject_starred(item: &Expression) -> ParseResult<()> {
    if matches!(item.node, ExpressionNode::Starred) { Err(starred_error(item)) } else { Ok(()) }
}

fn starred_error(item: &Expression) -> SyntaxError {
    error("cannot use a starred expression here", item.span.clone())
}
