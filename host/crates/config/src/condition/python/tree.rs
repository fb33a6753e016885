//! The tree of an expression.

use std::ops::Range;

/// A range in the text, in bytes.
pub(in super::super) type Span = Range<usize>;

/// An expression and its span, without enclosing parentheses.
#[derive(Clone, Debug)]
pub(in super::super) struct Expression {
    pub(in super::super) node: ExpressionNode,
    pub(in super::super) span: Span,
}

#[derive(Clone, Debug)]
pub(in super::super) enum ExpressionNode {
    None,
    Boolean(bool),
    Text(String),
    Integer(i128),
    /// An integer that conditions cannot represent.
    TooLarge,
    Name(String),
    Attribute(Box<Expression>, String),
    Tuple(Vec<Expression>),
    List(Vec<Expression>),
    ListComprehension(Box<Expression>, Vec<Clause>),
    Subscript(Box<Expression>, Box<Expression>),
    /// `value[lower:upper:step]`
    Slice(Box<Expression>, [Option<Box<Expression>>; 3]),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    Unary(Unary, Box<Expression>),
    Binary(Box<Expression>, Binary, Box<Expression>),
    /// `first OPERATOR second OPERATOR third …`
    Compare(Box<Expression>, Vec<(Comparison, Expression)>),
    /// `body if test else orelse`
    Conditional {
        test: Box<Expression>,
        body: Box<Expression>,
        orelse: Box<Expression>,
    },
    Call {
        function: Box<Expression>,
        positional: Vec<Expression>,
        named: Vec<(String, Expression)>,
    },
    /// `*iterable`, not supported in conditions.
    Starred,
    /// `name := value`, not supported in conditions.
    Assignment,
    /// Other unsupported constructs: `lambda`, sets, floating-point numbers, …
    Unsupported,
}

/// `for target in iterable if condition …`
#[derive(Clone, Debug)]
pub(in super::super) struct Clause {
    pub(in super::super) target: Expression,
    pub(in super::super) iterable: Expression,
    pub(in super::super) conditions: Vec<Expression>,
}

/// `+x`, `-x`, `~x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Unary {
    Plus,
    Minus,
    Invert,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Binary {
    Or,
    Xor,
    And,
    ShiftLeft,
    ShiftRight,
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    MatrixMultiply,
    Power,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Is,
    IsNot,
}

impl Unary {
    pub(in super::super) fn sign(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Invert => "~",
        }
    }
}

impl Binary {
    pub(in super::super) fn sign(self) -> &'static str {
        match self {
            Self::Or => "|",
            Self::Xor => "^",
            Self::And => "&",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::FloorDivide => "//",
            Self::Modulo => "%",
            Self::MatrixMultiply => "@",
            Self::Power => "**",
        }
    }
}

impl Comparison {
    pub(in super::super) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Is => "is",
            Self::IsNot => "is not",
        }
    }
}

/// The text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct SyntaxError {
    pub(in super::super) message: String,
    pub(in super::super) span: Span,
}

pub(super) fn error(message: impl Into<String>, span: Span) -> SyntaxError {
    SyntaxError { message: message.into(), span }
}
