//! Operators, from `or` to `**`.

use super::cursor::{Cursor, ParseResult};
use super::lex::TokenKind;
use super::trailers::primary;
use super::tree::{Binary, Comparison, Expression, ExpressionNode, Unary};

/// `a or b`
pub(super) fn disjunction(cursor: &mut Cursor) -> ParseResult {
    several(cursor, "or", conjunction, ExpressionNode::Or)
}

fn conjunction(cursor: &mut Cursor) -> ParseResult {
    several(cursor, "and", inversion, ExpressionNode::And)
}

/// Operands with a keyword between them; a single operand is returned unchanged.
fn several(
    cursor: &mut Cursor,
    keyword: &str,
    operand: fn(&mut Cursor) -> ParseResult,
    node: fn(Vec<Expression>) -> ExpressionNode,
) -> ParseResult {
    let start = cursor.start();
    let first = operand(cursor)?;
    if !cursor.is_keyword(keyword) {
        return Ok(first);
    }
    let mut operands = vec![first];
    while cursor.take_keyword(keyword) {
        operands.push(operand(cursor)?);
    }
    Ok(cursor.node(start, node(operands)))
}

fn inversion(cursor: &mut Cursor) -> ParseResult {
    let start = cursor.start();
    if !cursor.take_keyword("not") {
        return comparison(cursor);
    }
    let operand = cursor.nested(inversion)?;
    Ok(cursor.node(start, ExpressionNode::Not(Box::new(operand))))
}

fn comparison(cursor: &mut Cursor) -> ParseResult {
    let start = cursor.start();
    let first = bitwise(cursor)?;
    let mut others = Vec::new();
    while let Some(operator) = comparison_operator(cursor) {
        others.push((operator, bitwise(cursor)?));
    }
    if others.is_empty() { Ok(first) } else { Ok(cursor.node(start, ExpressionNode::Compare(Box::new(first), others))) }
}

fn comparison_operator(cursor: &mut Cursor) -> Option<Comparison> {
    let operator = match cursor.kind() {
        TokenKind::Sign("==") => Comparison::Equal,
        TokenKind::Sign("!=") => Comparison::NotEqual,
        TokenKind::Sign("<") => Comparison::Less,
        TokenKind::Sign("<=") => Comparison::LessOrEqual,
        TokenKind::Sign(">") => Comparison::Greater,
        TokenKind::Sign(">=") => Comparison::GreaterOrEqual,
        TokenKind::Keyword("in") => Comparison::In,
        TokenKind::Keyword("is") => Comparison::Is,
        TokenKind::Keyword("not") if cursor.is_second_keyword("in") => Comparison::NotIn,
        _ => return None,
    };
    cursor.advance();
    if operator == Comparison::NotIn {
        cursor.advance();
    }
    Some(if operator == Comparison::Is && cursor.take_keyword("not") { Comparison::IsNot } else { operator })
}

/// `a | b` and all operators that bind more tightly.
pub(super) fn bitwise(cursor: &mut Cursor) -> ParseResult {
    binary(cursor, 0)
}

/// Operators by precedence, lowest first. All associate to the left.
const STRENGTHS: [&[Binary]; 6] = [
    &[Binary::Or],
    &[Binary::Xor],
    &[Binary::And],
    &[Binary::ShiftLeft, Binary::ShiftRight],
    &[Binary::Add, Binary::Subtract],
    &[Binary::Multiply, Binary::Divide, Binary::FloorDivide, Binary::Modulo, Binary::MatrixMultiply],
];

/// Precedence climbing: operators with at least this precedence.
fn binary(cursor: &mut Cursor, least: usize) -> ParseResult {
    let start = cursor.start();
    let mut left = unary(cursor)?;
    while let Some((operator, strength)) = binary_operator(cursor).filter(|(_, strength)| *strength >= least) {
        cursor.advance();
        let right = binary(cursor, strength + 1)?;
        left = cursor.node(start, ExpressionNode::Binary(Box::new(left), operator, Box::new(right)));
    }
    Ok(left)
}

fn binary_operator(cursor: &Cursor) -> Option<(Binary, usize)> {
    let TokenKind::Sign(sign) = cursor.kind() else { return None };
    STRENGTHS.iter().enumerate().find_map(|(strength, operators)| {
        let operator = operators.iter().find(|operator| operator.sign() == *sign)?;
        Some((*operator, strength))
    })
}

fn unary(cursor: &mut Cursor) -> ParseResult {
    let operator = match cursor.kind() {
        TokenKind::Sign("+") => Unary::Plus,
        TokenKind::Sign("-") => Unary::Minus,
        TokenKind::Sign("~") => Unary::Invert,
        _ => return power(cursor),
    };
    let start = cursor.start();
    cursor.advance();
    let operand = cursor.nested(unary)?;
    Ok(cursor.node(start, ExpressionNode::Unary(operator, Box::new(operand))))
}

/// `a ** b` binds more tightly than a sign before it, and less tightly than one after it.
fn power(cursor: &mut Cursor) -> ParseResult {
    let start = cursor.start();
    let base = primary(cursor)?;
    if !cursor.take_sign("**") {
        return Ok(base);
    }
    let exponent = cursor.nested(unary)?;
    Ok(cursor.node(start, ExpressionNode::Binary(Box::new(base), Binary::Power, Box::new(exponent))))
}
