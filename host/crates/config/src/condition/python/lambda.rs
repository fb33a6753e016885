//! `lambda parameters: expression`. Not supported in conditions, so the tree does not contain its parts.

use super::cursor::{Cursor, ParseResult};
use super::tree::{ExpressionNode, error};

/// The parameters parsed so far.
#[derive(Default)]
struct Parameters {
    any: bool,
    slash: bool,
    star: bool,
    default: bool,
}

pub(super) fn lambda(cursor: &mut Cursor) -> ParseResult {
    let start = cursor.start();
    cursor.advance();
    let mut seen = Parameters::default();
    while !cursor.is_sign(":") {
        let is_last = parameter(cursor, &mut seen)?;
        if !cursor.take_sign(",") || is_last {
            break;
        }
    }
    cursor.expect_sign(":")?;
    cursor.expression()?;
    Ok(cursor.node(start, ExpressionNode::Unsupported))
}

/// Parses one parameter or separator; returns whether it must be the last one.
fn parameter(cursor: &mut Cursor, seen: &mut Parameters) -> ParseResult<bool> {
    if cursor.take_sign("**") {
        return name(cursor).map(|()| true);
    }
    if cursor.is_sign("*") && !seen.star {
        cursor.advance();
        seen.star = true;
        return star(cursor).map(|()| false);
    }
    if cursor.is_sign("/") && seen.any && !seen.slash && !seen.star {
        cursor.advance();
        seen.slash = true;
        return Ok(false);
    }
    named(cursor, seen).map(|()| false)
}

/// After a `*`: a name, or a comma and then a parameter.
fn star(cursor: &mut Cursor) -> ParseResult<()> {
    if !cursor.is_sign(",") {
        return name(cursor);
    }
    if cursor.is_second_sign("**") || cursor.is_second_sign(":") {
        return Err(error("named arguments must follow bare *", cursor.token().span.clone()));
    }
    Ok(())
}

fn named(cursor: &mut Cursor, seen: &mut Parameters) -> ParseResult<()> {
    let span = cursor.token().span.clone();
    name(cursor)?;
    seen.any = true;
    if cursor.take_sign("=") {
        seen.default = true;
        return cursor.expression().map(drop);
    }
    if seen.default && !seen.star {
        return Err(error("non-default argument follows default argument", span));
    }
    Ok(())
}

fn name(cursor: &mut Cursor) -> ParseResult<()> {
    cursor.take_name().map(drop).ok_or_else(|| cursor.unexpected())
}
