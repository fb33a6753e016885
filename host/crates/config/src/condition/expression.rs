//! Evaluates a parsed Python expression: the subset of the language that conditions use, and nothing else.
//!
//! An unsupported construct is an error only if it is evaluated: `False and open('x')` is false. Nothing is written,
//! started or imported: names refer only to facts (`names`) and pure functions (`methods`).

use std::rc::Rc;

use super::arithmetic::{binary, slice, subscript, too_large, unary};
use super::facts::Facts;
use super::methods::{self, CallArguments};
use super::names;
use super::python::{Clause, Comparison, Expression, ExpressionNode, Span};
use super::value::{Budget, Function, Value};

/// Maximum nesting of expressions: far more than people write, far less than the stack can hold.
const DEEPEST: usize = 100;

/// Why evaluation failed, and at which part of the text.
#[derive(Debug)]
pub(super) struct EvaluationStop {
    pub(super) message: String,
    pub(super) span: Span,
    /// The condition uses an unsupported construct, rather than failing as it would in Python.
    pub(super) not_offered: bool,
}

type Evaluated = Result<Value, EvaluationStop>;

/// The value of `expression`, which was parsed from `text`.
pub(super) fn evaluate(expression: &Expression, text: &str, facts: &dyn Facts) -> Evaluated {
    Interpreter { text, facts, budget: Budget::new(), bound: Vec::new(), depth: 0 }.value(expression)
}

struct Interpreter<'a> {
    text: &'a str,
    facts: &'a dyn Facts,
    budget: Budget,
    /// Names that comprehensions bind, innermost last.
    bound: Vec<(String, Value)>,
    depth: usize,
}

/// Adds the position to a message.
fn at<T>(expression: &Expression, result: Result<T, String>) -> Result<T, EvaluationStop> {
    result.map_err(|message| EvaluationStop { message, span: expression.span.clone(), not_offered: false })
}

impl Interpreter<'_> {
    fn value(&mut self, expression: &Expression) -> Evaluated {
        at(expression, self.budget.spend(1))?;
        if self.depth == DEEPEST {
            return at(expression, Err(format!("the condition is nested more than {DEEPEST} levels deep")));
        }
        self.depth += 1;
        let outcome = self.node(expression);
        self.depth -= 1;
        outcome
    }

    fn node(&mut self, expression: &Expression) -> Evaluated {
        match &expression.node {
            ExpressionNode::None => Ok(Value::None),
            ExpressionNode::Boolean(value) => Ok(Value::Boolean(*value)),
            ExpressionNode::Text(text) => {
                at(expression, self.budget.make(text.len()))?;
                Ok(Value::text(text.as_str()))
            }
            ExpressionNode::Integer(number) => Ok(Value::Integer(*number)),
            ExpressionNode::TooLarge => at(expression, Err(too_large())),
            ExpressionNode::Name(name) => self.name(expression, name),
            ExpressionNode::Attribute(value, name) => {
                let value = self.value(value)?;
                self.attribute(expression, value, name)
            }
            ExpressionNode::Tuple(items) => Ok(Value::Tuple(self.values(items)?.into())),
            ExpressionNode::List(items) => Ok(Value::List(self.values(items)?.into())),
            ExpressionNode::ListComprehension(element, clauses) => self.comprehension(element, clauses),
            ExpressionNode::Subscript(container, index) => {
                let (container, index) = (self.value(container)?, self.value(index)?);
                at(expression, subscript(&container, &index, &self.budget))
            }
            ExpressionNode::Slice(container, bounds) => self.slice(expression, container, bounds),
            ExpressionNode::And(operands) => self.first(operands, false),
            ExpressionNode::Or(operands) => self.first(operands, true),
            ExpressionNode::Not(operand) => Ok(Value::Boolean(!self.value(operand)?.is_true())),
            ExpressionNode::Unary(operator, operand) => {
                let operand = self.value(operand)?;
                at(expression, unary(*operator, &operand))
            }
            ExpressionNode::Binary(left, operator, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                at(expression, binary(&left, *operator, &right, &self.budget))
            }
            ExpressionNode::Compare(first, others) => self.comparison(expression, first, others),
            ExpressionNode::Conditional { test, body, orelse } => {
                let chosen = if self.value(test)?.is_true() { body } else { orelse };
                self.value(chosen)
            }
            ExpressionNode::Call { function, positional, named } => self.call(expression, function, positional, named),
            ExpressionNode::Starred | ExpressionNode::Assignment | ExpressionNode::Unsupported => {
                Err(self.refusal(expression))
            }
        }
    }

    fn values(&mut self, expressions: &[Expression]) -> Result<Vec<Value>, EvaluationStop> {
        expressions.iter().map(|expression| self.value(expression)).collect()
    }

    fn refusal(&self, expression: &Expression) -> EvaluationStop {
        let written: String = self.text[expression.span.clone()].chars().take(60).collect();
        let message = format!("a condition cannot use `{written}`");
        EvaluationStop { message, span: expression.span.clone(), not_offered: true }
    }

    fn name(&self, expression: &Expression, name: &str) -> Evaluated {
        if let Some((_, value)) = self.bound.iter().rev().find(|(bound, _)| bound == name) {
            return Ok(value.clone());
        }
        match at(expression, names::name(name, self.facts))? {
            Some(value) => Ok(value),
            None => Err(self.refusal(expression)),
        }
    }

    fn attribute(&self, expression: &Expression, value: Value, name: &str) -> Evaluated {
        let known = match &value {
            Value::Module(module) => at(expression, names::attribute(*module, name, self.facts))?,
            Value::VersionInfo(items) => names::version_info_index(name).and_then(|index| items.get(index).cloned()),
            _ => methods::method(&value, name).map(|method| Value::Method(Rc::new(value), method)),
        };
        known.ok_or_else(|| self.refusal(expression))
    }

    fn slice(
        &mut self,
        expression: &Expression,
        container: &Expression,
        [lower, upper, step]: &[Option<Box<Expression>>; 3],
    ) -> Evaluated {
        let container = self.value(container)?;
        let mut bound =
            |part: &Option<Box<Expression>>| part.as_deref().map_or(Ok(Value::None), |part| self.value(part));
        let (lower, upper, step) = (bound(lower)?, bound(upper)?, bound(step)?);
        at(expression, slice(&container, [&lower, &upper, &step], &self.budget))
    }

    /// The first operand whose truth value is `wanted`, else the last one: `and` and `or` evaluate none after it.
    fn first(&mut self, operands: &[Expression], wanted: bool) -> Evaluated {
        let mut value = Value::None;
        for operand in operands {
            value = self.value(operand)?;
            if value.is_true() == wanted {
                break;
            }
        }
        Ok(value)
    }

    /// `a < b < c`: each operand is evaluated once, and none after the first comparison that is false.
    fn comparison(
        &mut self,
        expression: &Expression,
        first: &Expression,
        others: &[(Comparison, Expression)],
    ) -> Evaluated {
        let mut left = self.value(first)?;
        for (operator, right) in others {
            let right = self.value(right)?;
            if !at(expression, compare(&left, *operator, &right, &self.budget))? {
                return Ok(Value::Boolean(false));
            }
            left = right;
        }
        Ok(Value::Boolean(true))
    }

    fn comprehension(&mut self, element: &Expression, clauses: &[Clause]) -> Evaluated {
        let mut items = Vec::new();
        let bound = self.bound.len();
        let outcome = self.generate(element, clauses, &mut items);
        self.bound.truncate(bound);
        outcome?;
        Ok(Value::List(items.into()))
    }

    fn generate(
        &mut self,
        element: &Expression,
        clauses: &[Clause],
        items: &mut Vec<Value>,
    ) -> Result<(), EvaluationStop> {
        let Some((clause, inner)) = clauses.split_first() else {
            at(element, self.budget.make(items.len() + 1))?;
            items.push(self.value(element)?);
            return Ok(());
        };
        let iterable = self.value(&clause.iterable)?;
        let bound = self.bound.len();
        for item in at(&clause.iterable, iterable.elements(&self.budget))? {
            self.bind(&clause.target, item)?;
            if self.all_true(&clause.conditions)? {
                self.generate(element, inner, items)?;
            }
            self.bound.truncate(bound);
        }
        Ok(())
    }

    fn all_true(&mut self, conditions: &[Expression]) -> Result<bool, EvaluationStop> {
        for condition in conditions {
            if !self.value(condition)?.is_true() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Binds the names of a comprehension's target: one name, or a tuple or list of targets that unpacks a value.
    fn bind(&mut self, target: &Expression, value: Value) -> Result<(), EvaluationStop> {
        let targets = match &target.node {
            ExpressionNode::Name(name) => {
                self.bound.push((name.clone(), value));
                return Ok(());
            }
            ExpressionNode::Tuple(targets) | ExpressionNode::List(targets) => targets,
            _ => return Err(self.refusal(target)),
        };
        let values = at(target, value.elements(&self.budget))?;
        if values.len() != targets.len() {
            let message = format!("cannot unpack {} values into {} names", values.len(), targets.len());
            return at(target, Err(message));
        }
        targets.iter().zip(values).try_for_each(|(target, value)| self.bind(target, value))
    }

    fn call(
        &mut self,
        expression: &Expression,
        function: &Expression,
        positional: &[Expression],
        named: &[(String, Expression)],
    ) -> Evaluated {
        let callee = self.value(function)?;
        if !matches!(callee, Value::Function(_) | Value::Method(..)) {
            return at(expression, Err(format!("'{}' object is not callable", callee.type_name())));
        }
        let positional = self.values(positional)?;
        let named = named.iter().map(|(name, value)| Ok((name.clone(), self.value(value)?)));
        let arguments = CallArguments { positional, named: named.collect::<Result<_, EvaluationStop>>()? };
        let result = match &callee {
            Value::Method(value, name) => methods::call_method(value, name, &arguments, &self.budget),
            Value::Function(function) => self.call_function(*function, &arguments),
            _ => Ok(Value::None),
        };
        at(expression, result)
    }

    fn call_function(&self, function: Function, arguments: &CallArguments) -> Result<Value, String> {
        if let Some(value) = methods::convert(function, arguments, &self.budget)? {
            return Ok(value);
        }
        if matches!(function, Function::IsDirectory | Function::IsFile | Function::Exists) {
            let found = match arguments.one()? {
                Value::Text(path) => names::look(function, path, self.facts),
                other => return Err(format!("a path must be str, not {}", other.type_name())),
            };
            return Ok(Value::Boolean(found.unwrap_or(false)));
        }
        arguments.none()?;
        Ok(names::ask(function, self.facts)?.unwrap_or(Value::None))
    }
}

fn compare(left: &Value, operator: Comparison, right: &Value, budget: &Budget) -> Result<bool, String> {
    let order = || left.order(right, operator.sign(), budget);
    match operator {
        Comparison::Equal => left.equals(right, budget),
        Comparison::NotEqual => left.equals(right, budget).map(|equal| !equal),
        Comparison::Less => order().map(|order| order.is_lt()),
        Comparison::LessOrEqual => order().map(|order| order.is_le()),
        Comparison::Greater => order().map(|order| order.is_gt()),
        Comparison::GreaterOrEqual => order().map(|order| order.is_ge()),
        Comparison::In => right.contains(left, budget),
        Comparison::NotIn => right.contains(left, budget).map(|found| !found),
        Comparison::Is => identical(left, right),
        Comparison::IsNot => identical(left, right).map(|same| !same),
    }
}

/// `is`, if the result is defined by the language: for values of different types, `None`, `True` and `False`. Whether
/// other values are the same object depends on the Python implementation.
fn identical(left: &Value, right: &Value) -> Result<bool, String> {
    match (left, right) {
        (Value::Boolean(left), Value::Boolean(right)) => Ok(left == right),
        (Value::None, Value::None) => Ok(true),
        _ if left.type_name() != right.type_name() => Ok(false),
        _ => Err("in a condition, `is` compares only with None, True and False: use ==".into()),
    }
}
