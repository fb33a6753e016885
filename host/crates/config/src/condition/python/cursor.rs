//! A position in the tokens of an expression.

use super::lex::{Token, TokenKind};
use super::tree::{Expression, ExpressionNode, Span, SyntaxError, error};

pub(super) type ParseResult<T = Expression> = Result<T, SyntaxError>;

/// Maximum nesting of expressions: far more than people write, far less than the stack can hold.
const DEEPEST: usize = 100;

type Rule = fn(&mut Cursor) -> ParseResult;

/// The rules that occur again inside brackets and after `lambda`. They are values, so that the grammar is recursive but the
/// files are not: a rule is called directly by the files above its own, and through the cursor by those below.
pub(super) struct GrammarRules {
    pub(super) expression: Rule,
    pub(super) disjunction: Rule,
    pub(super) bitwise: Rule,
}

pub(super) struct Cursor {
    rules: GrammarRules,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Cursor {
    /// The last token must be [`TokenKind::End`].
    pub(super) fn new(tokens: Vec<Token>, rules: GrammarRules) -> Self {
        Self { rules, tokens, at: 0, depth: 0 }
    }

    pub(super) fn token(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    pub(super) fn kind(&self) -> &TokenKind {
        &self.token().kind
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        matches!(self.kind(), TokenKind::Sign(found) if *found == sign)
    }

    pub(super) fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.kind(), TokenKind::Keyword(found) if *found == keyword)
    }

    /// Whether the second next token is this sign.
    pub(super) fn is_second_sign(&self, sign: &str) -> bool {
        self.tokens.get(self.at + 1).is_some_and(|token| matches!(token.kind, TokenKind::Sign(found) if found == sign))
    }

    /// Whether the second next token is this keyword.
    pub(super) fn is_second_keyword(&self, keyword: &str) -> bool {
        self.tokens
            .get(self.at + 1)
            .is_some_and(|token| matches!(token.kind, TokenKind::Keyword(found) if found == keyword))
    }

    /// Whether `name :=` comes next.
    pub(super) fn is_assignment(&self) -> bool {
        matches!(self.kind(), TokenKind::Name(_)) && self.is_second_sign(":=")
    }

    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        self.at += usize::from(found);
        found
    }

    pub(super) fn take_name(&mut self) -> Option<String> {
        let TokenKind::Name(name) = self.kind() else { return None };
        let name = name.clone();
        self.advance();
        Some(name)
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> ParseResult<()> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn expect_keyword(&mut self, keyword: &str) -> ParseResult<()> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Where the next token starts.
    pub(super) fn start(&self) -> usize {
        self.token().span.start
    }

    /// From `start` to the end of the last consumed token.
    pub(super) fn span_from(&self, start: usize) -> Span {
        let end = self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(start, |token| token.span.end);
        start..end.max(start)
    }

    pub(super) fn node(&self, start: usize, node: ExpressionNode) -> Expression {
        Expression { node, span: self.span_from(start) }
    }

    pub(super) fn unexpected(&self) -> SyntaxError {
        let message = match self.kind() {
            TokenKind::End => "it ends too early".to_owned(),
            TokenKind::Sign(sign) => format!("unexpected `{sign}`"),
            TokenKind::Keyword(word) => format!("unexpected `{word}`"),
            TokenKind::Name(name) => format!("unexpected `{name}`"),
            TokenKind::Number(_) => "unexpected number".to_owned(),
            TokenKind::Text(_) => "unexpected string".to_owned(),
        };
        error(message, self.token().span.clone())
    }

    pub(super) fn expression(&mut self) -> ParseResult {
        (self.rules.expression)(self)
    }

    pub(super) fn disjunction(&mut self) -> ParseResult {
        (self.rules.disjunction)(self)
    }

    pub(super) fn bitwise(&mut self) -> ParseResult {
        (self.rules.bitwise)(self)
    }

    /// Parses something that may nest, and checks the depth.
    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> ParseResult<T>) -> ParseResult<T> {
        if self.depth == DEEPEST {
            return Err(error(format!("it is nested more than {DEEPEST} levels deep"), self.token().span.clone()));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }
}
