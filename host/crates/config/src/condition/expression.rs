//! Evaluates a parsed Python expression: the part of the language that conditions use, and nothing else.
//!
//! What is not offered is an error only where evaluation reaches it: `False and open('x')` is false. Nothing is
//! written, started or imported: names lead to facts (`names`) and to pure functions (`methods`), never further.

use std::rc::Rc;

use ruff_python_ast::{
    Arguments as Written, BoolOp, CmpOp, Comprehension, Expr, ExprCompare, ExprListComp, ExprSubscript, Number, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange};

use super::arithmetic::{binary, slice, subscript, too_large, unary};
use super::facts::Facts;
use super::methods::{self, Arguments};
use super::names;
use super::value::{Budget, Function, Value};

/// How deep expressions may nest: far beyond what a person writes, far below what the stack holds.
const DEEPEST: usize = 100;

/// Why evaluation stopped, and at which part of the text.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) range: TextRange,
    /// The condition uses something that conditions do not offer, rather than failing as it would in Python.
    pub(super) not_offered: bool,
}

type Outcome = Result<Value, Fault>;

/// The value of `expression`, which was parsed from `text`.
pub(super) fn evaluate(expression: &Expr, text: &str, facts: &dyn Facts) -> Outcome {
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

/// Says where a message belongs.
fn at<T>(node: &impl Ranged, result: Result<T, String>) -> Result<T, Fault> {
    result.map_err(|message| Fault { message, range: node.range(), not_offered: false })
}

impl Interpreter<'_> {
    fn value(&mut self, expression: &Expr) -> Outcome {
        at(expression, self.budget.spend(1))?;
        if self.depth == DEEPEST {
            return at(expression, Err(format!("the condition is nested more than {DEEPEST} deep")));
        }
        self.depth += 1;
        let outcome = self.node(expression);
        self.depth -= 1;
        outcome
    }

    fn node(&mut self, expression: &Expr) -> Outcome {
        match expression {
            Expr::NoneLiteral(_) => Ok(Value::None),
            Expr::BooleanLiteral(literal) => Ok(Value::Boolean(literal.value)),
            Expr::StringLiteral(literal) => {
                let text = literal.value.to_str();
                at(expression, self.budget.make(text.len()))?;
                Ok(Value::text(text))
            }
            Expr::NumberLiteral(literal) => self.number(expression, &literal.value),
            Expr::Name(name) => self.name(expression, &name.id),
            Expr::Attribute(attribute) => {
                let value = self.value(&attribute.value)?;
                self.attribute(expression, value, &attribute.attr)
            }
            Expr::Tuple(tuple) => Ok(Value::Tuple(self.values(&tuple.elts)?.into())),
            Expr::List(list) => Ok(Value::List(self.values(&list.elts)?.into())),
            Expr::ListComp(comprehension) => self.comprehension(comprehension),
            Expr::Subscript(written) => self.subscript(written),
            Expr::BoolOp(operation) => self.boolean(operation.op, &operation.values),
            Expr::UnaryOp(operation) => {
                let operand = self.value(&operation.operand)?;
                match operation.op {
                    UnaryOp::Not => Ok(Value::Boolean(!operand.is_true())),
                    operator => at(expression, unary(operator, &operand)),
                }
            }
            Expr::BinOp(operation) => {
                let (left, right) = (self.value(&operation.left)?, self.value(&operation.right)?);
                at(expression, binary(&left, operation.op, &right, &self.budget))
            }
            Expr::Compare(comparison) => self.comparison(comparison),
            Expr::If(choice) => {
                let chosen = if self.value(&choice.test)?.is_true() { &choice.body } else { &choice.orelse };
                self.value(chosen)
            }
            Expr::Call(call) => self.call(expression, &call.func, &call.arguments),
            _ => Err(self.refusal(expression)),
        }
    }

    fn values(&mut self, expressions: &[Expr]) -> Result<Vec<Value>, Fault> {
        expressions.iter().map(|expression| self.value(expression)).collect()
    }

    fn number(&self, expression: &Expr, number: &Number) -> Outcome {
        match number {
            Number::Int(number) => {
                at(expression, number.to_string().parse().map(Value::Integer).map_err(|_| too_large()))
            }
            Number::Float(_) | Number::Complex { .. } => Err(self.refusal(expression)),
        }
    }

    fn refusal(&self, node: &impl Ranged) -> Fault {
        let written: String = self.text[node.range()].chars().take(60).collect();
        let message = format!("a condition cannot use `{written}`");
        Fault { message, range: node.range(), not_offered: true }
    }

    fn name(&self, expression: &Expr, name: &str) -> Outcome {
        if let Some((_, value)) = self.bound.iter().rev().find(|(bound, _)| bound == name) {
            return Ok(value.clone());
        }
        match at(expression, names::name(name, self.facts))? {
            Some(value) => Ok(value),
            None => Err(self.refusal(expression)),
        }
    }

    fn attribute(&self, expression: &Expr, value: Value, name: &str) -> Outcome {
        let known = match &value {
            Value::Module(module) => at(expression, names::attribute(*module, name, self.facts))?,
            Value::VersionInfo(items) => names::version_info_index(name).and_then(|index| items.get(index).cloned()),
            _ => methods::method(&value, name).map(|method| Value::Method(Rc::new(value), method)),
        };
        known.ok_or_else(|| self.refusal(expression))
    }

    fn subscript(&mut self, written: &ExprSubscript) -> Outcome {
        let container = self.value(&written.value)?;
        let Expr::Slice(bounds) = &*written.slice else {
            let index = self.value(&written.slice)?;
            return at(written, subscript(&container, &index, &self.budget));
        };
        let mut bound = |part: &Option<Box<Expr>>| part.as_deref().map_or(Ok(Value::None), |part| self.value(part));
        let (lower, upper, step) = (bound(&bounds.lower)?, bound(&bounds.upper)?, bound(&bounds.step)?);
        at(written, slice(&container, [&lower, &upper, &step], &self.budget))
    }

    /// `and` and `or` give the value that decided, and leave what follows it alone.
    fn boolean(&mut self, operator: BoolOp, operands: &[Expr]) -> Outcome {
        let mut value = Value::None;
        for operand in operands {
            value = self.value(operand)?;
            if value.is_true() == (operator == BoolOp::Or) {
                break;
            }
        }
        Ok(value)
    }

    /// `a < b < c`: each operand is evaluated once, and none after the first comparison that is false.
    fn comparison(&mut self, comparison: &ExprCompare) -> Outcome {
        let mut left = self.value(&comparison.left)?;
        for (operator, right) in comparison.ops.iter().zip(&comparison.comparators) {
            let right = self.value(right)?;
            if !at(comparison, compare(&left, *operator, &right, &self.budget))? {
                return Ok(Value::Boolean(false));
            }
            left = right;
        }
        Ok(Value::Boolean(true))
    }

    fn comprehension(&mut self, written: &ExprListComp) -> Outcome {
        let mut items = Vec::new();
        let bound = self.bound.len();
        let outcome = self.generate(&written.elt, &written.generators, &mut items);
        self.bound.truncate(bound);
        outcome?;
        Ok(Value::List(items.into()))
    }

    fn generate(&mut self, element: &Expr, generators: &[Comprehension], items: &mut Vec<Value>) -> Result<(), Fault> {
        let Some((generator, inner)) = generators.split_first() else {
            at(element, self.budget.make(items.len() + 1))?;
            items.push(self.value(element)?);
            return Ok(());
        };
        if generator.is_async {
            return Err(self.refusal(generator));
        }
        let iterable = self.value(&generator.iter)?;
        let bound = self.bound.len();
        for item in at(&generator.iter, iterable.elements(&self.budget))? {
            self.bind(&generator.target, item)?;
            if self.all_true(&generator.ifs)? {
                self.generate(element, inner, items)?;
            }
            self.bound.truncate(bound);
        }
        Ok(())
    }

    fn all_true(&mut self, conditions: &[Expr]) -> Result<bool, Fault> {
        for condition in conditions {
            if !self.value(condition)?.is_true() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Binds the names of a comprehension's target: one name, or a tuple or list of targets to take a value apart.
    fn bind(&mut self, target: &Expr, value: Value) -> Result<(), Fault> {
        let targets = match target {
            Expr::Name(name) => {
                self.bound.push((name.id.to_string(), value));
                return Ok(());
            }
            Expr::Tuple(tuple) => &tuple.elts,
            Expr::List(list) => &list.elts,
            _ => return Err(self.refusal(target)),
        };
        let values = at(target, value.elements(&self.budget))?;
        if values.len() != targets.len() {
            let message = format!("cannot unpack {} values into {} names", values.len(), targets.len());
            return at(target, Err(message));
        }
        targets.iter().zip(values).try_for_each(|(target, value)| self.bind(target, value))
    }

    fn call(&mut self, expression: &Expr, function: &Expr, written: &Written) -> Outcome {
        let callee = self.value(function)?;
        if !matches!(callee, Value::Function(_) | Value::Method(..)) {
            return at(expression, Err(format!("'{}' object is not callable", callee.type_name())));
        }
        let arguments = self.arguments(written)?;
        let result = match &callee {
            Value::Method(value, name) => methods::call_method(value, name, &arguments, &self.budget),
            Value::Function(function) => self.call_function(*function, &arguments),
            _ => Ok(Value::None),
        };
        at(expression, result)
    }

    fn arguments(&mut self, written: &Written) -> Result<Arguments, Fault> {
        let positional = self.values(&written.args)?;
        let mut named = Vec::new();
        for keyword in &written.keywords {
            let Some(name) = &keyword.arg else { return Err(self.refusal(keyword)) };
            named.push((name.to_string(), self.value(&keyword.value)?));
        }
        Ok(Arguments { positional, named })
    }

    fn call_function(&self, function: Function, arguments: &Arguments) -> Result<Value, String> {
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

fn compare(left: &Value, operator: CmpOp, right: &Value, budget: &Budget) -> Result<bool, String> {
    let order = || left.order(right, operator.as_str(), budget);
    match operator {
        CmpOp::Eq => left.equals(right, budget),
        CmpOp::NotEq => left.equals(right, budget).map(|equal| !equal),
        CmpOp::Lt => order().map(|order| order.is_lt()),
        CmpOp::LtE => order().map(|order| order.is_le()),
        CmpOp::Gt => order().map(|order| order.is_gt()),
        CmpOp::GtE => order().map(|order| order.is_ge()),
        CmpOp::In => right.contains(left, budget),
        CmpOp::NotIn => right.contains(left, budget).map(|found| !found),
        CmpOp::Is => identical(left, right),
        CmpOp::IsNot => identical(left, right).map(|same| !same),
    }
}

/// `is`, where the answer is one of the language: values of different types, `None`, `True` and `False`. Whether two
/// others are the same object is an accident of the Python that runs.
fn identical(left: &Value, right: &Value) -> Result<bool, String> {
    match (left, right) {
        (Value::Boolean(left), Value::Boolean(right)) => Ok(left == right),
        (Value::None, Value::None) => Ok(true),
        _ if left.type_name() != right.type_name() => Ok(false),
        _ => Err("`is` tells only None, True and False apart in a condition: use ==".into()),
    }
}
