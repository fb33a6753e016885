//! Operators on values: arithmetic, concatenation, subscripts and slices, with Python's semantics.
//!
//! Does not know syntax: the caller adds positions in the expression.

use std::rc::Rc;

use super::python::{Binary, Unary};
use super::value::{Budget, Value};

/// `left operator right`.
pub(super) fn binary(left: &Value, operator: Binary, right: &Value, budget: &Budget) -> Result<Value, String> {
    if let (Some(a), Some(b)) = (left.number(), right.number()) {
        let both_boolean = matches!((left, right), (Value::Boolean(_), Value::Boolean(_)));
        return numbers(a, operator, b, both_boolean);
    }
    match (left, operator, right) {
        (Value::Text(a), Binary::Add, Value::Text(b)) => {
            budget.make(a.len().saturating_add(b.len()))?;
            Ok(Value::text(format!("{a}{b}")))
        }
        (Value::List(a), Binary::Add, Value::List(b)) => Ok(Value::List(concatenate(a, b, budget)?)),
        (Value::Tuple(a) | Value::VersionInfo(a), Binary::Add, Value::Tuple(b) | Value::VersionInfo(b)) => {
            Ok(Value::Tuple(concatenate(a, b, budget)?))
        }
        (sequence, Binary::Multiply, count) if count.number().is_some() => repeat(sequence, count, budget),
        (count, Binary::Multiply, sequence) if count.number().is_some() => repeat(sequence, count, budget),
        (Value::Text(_), Binary::Modulo, _) => Err("strings cannot be formatted with % in a condition".into()),
        _ => Err(format!(
            "unsupported operand type(s) for {}: '{}' and '{}'",
            operator.sign(),
            left.type_name(),
            right.type_name()
        )),
    }
}

/// `operator operand`, except `not`, which accepts any value.
pub(super) fn unary(operator: Unary, operand: &Value) -> Result<Value, String> {
    let number = operand
        .number()
        .ok_or_else(|| format!("bad operand type for unary {}: '{}'", operator.sign(), operand.type_name()))?;
    let result = match operator {
        Unary::Invert => Some(!number),
        Unary::Plus => Some(number),
        Unary::Minus => number.checked_neg(),
    };
    result.map(Value::Integer).ok_or_else(too_large)
}

fn numbers(a: i128, operator: Binary, b: i128, both_boolean: bool) -> Result<Value, String> {
    let result = match operator {
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        Binary::FloorDivide | Binary::Modulo if b == 0 => return Err("integer division or modulo by zero".into()),
        Binary::FloorDivide => floor_division(a, b),
        Binary::Modulo => floor_division(a, b).and_then(|quotient| a.checked_sub(quotient.checked_mul(b)?)),
        Binary::Power if b < 0 => return Err("conditions calculate with integers only".into()),
        Binary::Power => power(a, b),
        Binary::ShiftLeft | Binary::ShiftRight if b < 0 => return Err("negative shift count".into()),
        Binary::ShiftLeft => power(2, b).and_then(|factor| a.checked_mul(factor)),
        Binary::ShiftRight => Some(a >> b.min(127)),
        Binary::And => return Ok(bits(a & b, both_boolean)),
        Binary::Or => return Ok(bits(a | b, both_boolean)),
        Binary::Xor => return Ok(bits(a ^ b, both_boolean)),
        Binary::Divide => return Err("conditions calculate with integers only: use // to divide".into()),
        Binary::MatrixMultiply => return Err("unsupported operand type(s) for @: 'int' and 'int'".into()),
    };
    result.map(Value::Integer).ok_or_else(too_large)
}

/// `True & False` is a `bool` in Python, `True & 1` an `int`.
fn bits(result: i128, both_boolean: bool) -> Value {
    if both_boolean { Value::Boolean(result != 0) } else { Value::Integer(result) }
}

/// Division rounded toward minus infinity, as `//` does.
fn floor_division(a: i128, b: i128) -> Option<i128> {
    let quotient = a.checked_div(b)?;
    if a % b != 0 && (a < 0) != (b < 0) { quotient.checked_sub(1) } else { Some(quotient) }
}

fn power(base: i128, exponent: i128) -> Option<i128> {
    match base {
        0 | 1 => Some(if exponent == 0 { 1 } else { base }),
        -1 => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        _ => base.checked_pow(u32::try_from(exponent).ok()?),
    }
}

/// The message for a number outside the supported range.
pub(super) fn too_large() -> String {
    "the number is too large for a condition (127 bits)".into()
}

fn concatenate(a: &[Value], b: &[Value], budget: &Budget) -> Result<Rc<[Value]>, String> {
    budget.make(a.len().saturating_add(b.len()))?;
    Ok(a.iter().chain(b).cloned().collect())
}

fn repeat(sequence: &Value, count: &Value, budget: &Budget) -> Result<Value, String> {
    let count = usize::try_from(count.number().unwrap_or(0).max(0)).unwrap_or(usize::MAX);
    let items = |items: &[Value]| -> Result<Rc<[Value]>, String> {
        let length = items.len().saturating_mul(count);
        budget.make(length)?;
        Ok(items.iter().cycle().take(length).cloned().collect())
    };
    match sequence {
        Value::Text(text) => {
            budget.make(text.len().saturating_mul(count))?;
            // An empty string may be repeated any number of times: the result is still empty.
            Ok(Value::text(if text.is_empty() { String::new() } else { text.repeat(count) }))
        }
        Value::List(list) => Ok(Value::List(items(list)?)),
        Value::Tuple(tuple) | Value::VersionInfo(tuple) => Ok(Value::Tuple(items(tuple)?)),
        other => Err(format!("can't multiply sequence by non-int of type '{}'", other.type_name())),
    }
}

/// `container[index]`.
pub(super) fn subscript(container: &Value, index: &Value, budget: &Budget) -> Result<Value, String> {
    match (container, index) {
        (Value::Mapping(items), Value::Text(name)) => {
            let found = items.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| Value::Text(Rc::clone(value))).ok_or_else(|| format!("there is no key '{name}'"))
        }
        (Value::Mapping(_), _) => Err("there is no such key".into()),
        (Value::Tuple(items) | Value::List(items) | Value::VersionInfo(items), _) => {
            let position = position(index, items.len(), container)?;
            Ok(items[position].clone())
        }
        (Value::Text(text), _) => {
            budget.make(text.len())?;
            let position = position(index, text.chars().count(), container)?;
            Ok(text.chars().nth(position).map_or(Value::None, |c| Value::text(String::from(c))))
        }
        _ => Err(format!("'{}' object is not subscriptable", container.type_name())),
    }
}

/// The position of `index`, which may be negative, in a sequence of `length`.
fn position(index: &Value, length: usize, container: &Value) -> Result<usize, String> {
    let kind = container.type_name();
    let index = index
        .number()
        .ok_or_else(|| format!("{kind} indices must be integers or slices, not {}", index.type_name()))?;
    let from_start = if index < 0 { index.saturating_add(length as i128) } else { index };
    let found = usize::try_from(from_start).ok().filter(|position| *position < length);
    found.ok_or_else(|| format!("{kind} index out of range"))
}

/// `container[lower:upper:step]`; omitted bounds are `None`.
pub(super) fn slice(container: &Value, bounds: [&Value; 3], budget: &Budget) -> Result<Value, String> {
    let bounds = bounds.map(slice_bound);
    let [lower, upper, step] = bounds;
    let bounds = (lower?, upper?, step?);
    match container {
        Value::Text(text) => {
            let characters: Vec<char> = text.chars().collect();
            budget.make(characters.len())?;
            let chosen = positions(characters.len(), bounds)?;
            Ok(Value::text(chosen.into_iter().map(|position| characters[position]).collect::<String>()))
        }
        Value::List(items) => Ok(Value::List(pick(items, bounds, budget)?)),
        Value::Tuple(items) | Value::VersionInfo(items) => Ok(Value::Tuple(pick(items, bounds, budget)?)),
        other => Err(format!("'{}' object cannot be sliced", other.type_name())),
    }
}

fn slice_bound(bound: &Value) -> Result<Option<i128>, String> {
    match bound {
        Value::None => Ok(None),
        other => other
            .number()
            .map(Some)
            .ok_or_else(|| "slice indices must be integers or None or have an __index__ method".to_owned()),
    }
}

type Bounds = (Option<i128>, Option<i128>, Option<i128>);

fn pick(items: &[Value], bounds: Bounds, budget: &Budget) -> Result<Rc<[Value]>, String> {
    budget.make(items.len())?;
    Ok(positions(items.len(), bounds)?.into_iter().map(|position| items[position].clone()).collect())
}

/// The positions that a slice selects from a sequence of `length`, in order.
fn positions(length: usize, (lower, upper, step): Bounds) -> Result<Vec<usize>, String> {
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err("slice step cannot be zero".into());
    }
    let end = length as i128;
    // The limits to which bounds are clamped depend on the direction.
    let (least, most) = if step > 0 { (0, end) } else { (-1, end - 1) };
    let cut = |bound: i128| (if bound < 0 { bound.saturating_add(end) } else { bound }).clamp(least, most);
    let lower = lower.map_or(if step > 0 { least } else { most }, cut);
    let upper = upper.map_or(if step > 0 { most } else { least }, cut);
    let mut chosen = Vec::new();
    let mut at = lower;
    while (step > 0 && at < upper) || (step < 0 && at > upper) {
        chosen.extend(usize::try_from(at).ok());
        at = at.saturating_add(step);
    }
    Ok(chosen)
}
