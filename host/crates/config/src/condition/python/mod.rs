//! The syntax of Python expressions: from text to a tree.
//!
//! All of Python's expressions are understood, as a condition may contain what conditions do not offer where evaluation
//! does not reach it. What is not offered is in the tree only as a place ([`Node::Unsupported`]). Knows nothing of values.
//! The grammar is that of Python 3.11, "Full Grammar specification".

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
pub(super) use tree::{Binary, Clause, Comparison, Expression, Node, Span, Unary};
