//! Suffixes of a value: attributes, calls, subscripts.

use super::atoms::{atom, clauses, named_expression, starred};
use super::cursor::{Cursor, ParseResult};
use super::lex::TokenKind;
use super::tree::{Expression, ExpressionNode, error};

/// A value with its attributes, calls and subscripts.
pub(super) fn primary(cursor: &mut Cursor) -> ParseResult {
    let start = cursor.start();
    let mut value = atom(cursor)?;
    loop {
        let node = match cursor.kind() {
            TokenKind::Sign(".") => attribute(cursor, value)?,
            TokenKind::Sign("(") => cursor.nested(|cursor| call(cursor, value))?,
            TokenKind::Sign("[") => cursor.nested(|cursor| subscript(cursor, value))?,
            _ => return Ok(value),
        };
        value = cursor.node(start, node);
    }
}

fn attribute(cursor: &mut Cursor, value: Expression) -> ParseResult<ExpressionNode> {
    cursor.advance();
    let name = cursor.take_name().ok_or_else(|| cursor.unexpected())?;
    Ok(ExpressionNode::Attribute(Box::new(value), name))
}

/// The arguments of a call.
#[derive(Default)]
struct WrittenArguments {
    positional: Vec<Expression>,
    named: Vec<(String, Expression)>,
    /// Whether a `**mapping` was seen.
    has_mapping: bool,
}

fn call(cursor: &mut Cursor, function: Expression) -> ParseResult<ExpressionNode> {
    let open = cursor.start();
    cursor.advance();
    let mut arguments = WrittenArguments::default();
    while !cursor.take_sign(")") {
        argument(cursor, &mut arguments, open)?;
        if !cursor.is_sign(")") {
            cursor.expect_sign(",")?;
        }
    }
    Ok(ExpressionNode::Call { function: Box::new(function), positional: arguments.positional, named: arguments.named })
}

fn argument(cursor: &mut Cursor, arguments: &mut WrittenArguments, open: usize) -> ParseResult<()> {
    let start = cursor.start();
    if cursor.take_sign("**") {
        cursor.expression()?;
        // Refused during evaluation, as an argument with an empty name.
        arguments.named.push((String::new(), cursor.node(start, ExpressionNode::Unsupported)));
        arguments.has_mapping = true;
        return Ok(());
    }
    if matches!(cursor.kind(), TokenKind::Name(_)) && cursor.is_second_sign("=") {
        return named_argument(cursor, arguments);
    }
    if cursor.is_sign("*") {
        let item = starred(cursor, Cursor::expression)?;
        if arguments.has_mapping {
            return Err(error("iterable argument unpacking follows keyword argument unpacking", item.span));
        }
        arguments.positional.push(item);
        return Ok(());
    }
    let value = named_expression(cursor)?;
    if cursor.is_keyword("for") || cursor.is_keyword("async") {
        return generator(cursor, arguments, open);
    }
    if !arguments.named.is_empty() {
        return Err(error("positional argument follows keyword argument", value.span));
    }
    arguments.positional.push(value);
    Ok(())
}

fn named_argument(cursor: &mut Cursor, arguments: &mut WrittenArguments) -> ParseResult<()> {
    let span = cursor.token().span.clone();
    let name = cursor.take_name().unwrap_or_default();
    cursor.advance();
    if arguments.named.iter().any(|(known, _)| *known == name) {
        return Err(error(format!("keyword argument repeated: {name}"), span));
    }
    let value = cursor.expression()?;
    arguments.named.push((name, value));
    Ok(())
}

/// `f(x for x in y)`: the only argument; its node includes the parentheses.
fn generator(cursor: &mut Cursor, arguments: &mut WrittenArguments, open: usize) -> ParseResult<()> {
    clauses(cursor)?;
    let span = open..cursor.token().span.end;
    if !(arguments.positional.is_empty() && arguments.named.is_empty() && cursor.is_sign(")")) {
        return Err(error("a generator expression must be in parentheses", span));
    }
    arguments.positional.push(Expression { node: ExpressionNode::Unsupported, span });
    Ok(())
}

/// One part of a subscript.
enum SubscriptItem {
    Value(Expression),
    Slice([Option<Box<Expression>>; 3]),
}

fn subscript(cursor: &mut Cursor, value: Expression) -> ParseResult<ExpressionNode> {
    cursor.advance();
    let start = cursor.start();
    let first = index(cursor)?;
    if cursor.take_sign("]") {
        return Ok(match first {
            SubscriptItem::Slice(bounds) => ExpressionNode::Slice(Box::new(value), bounds),
            SubscriptItem::Value(Expression { node: ExpressionNode::Starred, span }) => {
                let starred = Expression { node: ExpressionNode::Starred, span: span.clone() };
                ExpressionNode::Subscript(
                    Box::new(value),
                    Box::new(Expression { node: ExpressionNode::Tuple(vec![starred]), span }),
                )
            }
            SubscriptItem::Value(index) => ExpressionNode::Subscript(Box::new(value), Box::new(index)),
        });
    }
    let mut items = vec![item(cursor, start, first)];
    while cursor.take_sign(",") && !cursor.is_sign("]") {
        let start = cursor.start();
        let next = index(cursor)?;
        items.push(item(cursor, start, next));
    }
    let tuple = cursor.node(start, ExpressionNode::Tuple(items));
    cursor.expect_sign("]")?;
    Ok(ExpressionNode::Subscript(Box::new(value), Box::new(tuple)))
}

/// A slice among several items is refused during evaluation.
fn item(cursor: &Cursor, start: usize, index: SubscriptItem) -> Expression {
    match index {
        SubscriptItem::Value(value) => value,
        SubscriptItem::Slice(_) => cursor.node(start, ExpressionNode::Unsupported),
    }
}

fn index(cursor: &mut Cursor) -> ParseResult<SubscriptItem> {
    if cursor.is_sign("*") {
        return starred(cursor, Cursor::expression).map(SubscriptItem::Value);
    }
    let may_be_bound = !cursor.is_assignment();
    let lower = if cursor.is_sign(":") { None } else { Some(named_expression(cursor)?) };
    if !(cursor.is_sign(":") && may_be_bound) {
        return lower.map(SubscriptItem::Value).ok_or_else(|| cursor.unexpected());
    }
    cursor.advance();
    let upper = bound(cursor)?;
    let step = if cursor.take_sign(":") { bound(cursor)? } else { None };
    Ok(SubscriptItem::Slice([lower.map(Box::new), upper, step]))
}

fn bound(cursor: &mut Cursor) -> ParseResult<Option<Box<Expression>>> {
    let is_empty = [":", ",", "]"].iter().any(|sign| cursor.is_sign(sign));
    if is_empty { Ok(None) } else { Ok(Some(Box::new(cursor.expression()?))) }
}
