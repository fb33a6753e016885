//! The syntax of Python expressions: parses text to a tree.
//!
//! Accepts all of Python's expressions, as a condition may contain unsupported constructs that are not evaluated. In
//! the tree, these are only places ([`ExpressionNode::Unsupported`]). Does not know values. Implements the grammar of Python 3.11
//! ("Full Grammar specification").

mod atoms;
mod cursor;
mod lambda;
mod lex;
mod literal;
mod operators;
mod parse;
#[cfg(test)]
mod python_test;
mod trailers;
mod tree;

pub(super) use literal::text as literal_text;
pub(super) use parse::parse;
pub(super) use tree::{Binary, Clause, Comparison, Expression, ExpressionNode, Span, Unary};
