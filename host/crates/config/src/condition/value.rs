//! Values of expressions, with Python's truth values, equality and order.
//!
//! Does not know syntax or facts. Values are immutable and can be shared.

use std::cell::Cell;
use std::cmp::Ordering;
use std::rc::Rc;

/// Maximum length of strings, in bytes, and of lists that an expression may create.
pub(super) const LONGEST: usize = 64 * 1024;

/// Maximum work for an expression: one step for each evaluated node, compared element or 64 copied bytes.
const STEPS: u64 = 200_000;

/// A value. Integers are limited to 127 bits, unlike Python's: overflow is an error, never a wrong number.
#[derive(Clone, Debug)]
pub(super) enum Value {
    None,
    Boolean(bool),
    Integer(i128),
    Text(Rc<str>),
    Tuple(Rc<[Value]>),
    List(Rc<[Value]>),
    /// `sys.version_info`: a tuple with named elements.
    VersionInfo(Rc<[Value]>),
    /// `platform.freedesktop_os_release()`.
    Mapping(Rc<[(Rc<str>, Rc<str>)]>),
    Module(Module),
    Function(Function),
    /// A bound method of a value.
    Method(Rc<Value>, &'static str),
}

/// The modules that zc.buildout provides for conditions. (Except `re`: no profile is known that uses it.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Module {
    Sys,
    Os,
    OsPath,
    Platform,
}

/// Functions that are not methods of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Int,
    Str,
    Bool,
    Len,
    Tuple,
    List,
    IsDirectory,
    IsFile,
    Exists,
    Machine,
    Release,
    System,
    Version,
    Node,
    PythonVersion,
    PythonVersionTuple,
    PythonImplementation,
    OsRelease,
}

/// Counts down the remaining work of an expression.
#[derive(Debug)]
pub(super) struct Budget(Cell<u64>);

impl Budget {
    pub(super) fn new() -> Self {
        Self(Cell::new(STEPS))
    }

    /// Spends `steps`.
    pub(super) fn spend(&self, steps: usize) -> Result<(), String> {
        let left = self.0.get().checked_sub(steps as u64).ok_or("the condition takes too long to evaluate")?;
        self.0.set(left);
        Ok(())
    }

    /// Spends the cost of creating a string or list of `length`, or refuses one that is too long.
    pub(super) fn make(&self, length: usize) -> Result<(), String> {
        if length > LONGEST {
            return Err(format!("a value of the condition grows beyond {LONGEST} characters or elements"));
        }
        self.spend(1 + length / 64)
    }
}

impl Value {
    pub(super) fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Python's truth value: empty values, zero and `None` are false, everything else is true.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::None => false,
            Self::Boolean(value) => *value,
            Self::Integer(value) => *value != 0,
            Self::Text(text) => !text.is_empty(),
            Self::Tuple(items) | Self::List(items) | Self::VersionInfo(items) => !items.is_empty(),
            Self::Mapping(items) => !items.is_empty(),
            Self::Module(_) | Self::Function(_) | Self::Method(..) => true,
        }
    }

    /// The name of the value's type in Python's messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Boolean(_) => "bool",
            Self::Integer(_) => "int",
            Self::Text(_) => "str",
            Self::Tuple(_) => "tuple",
            Self::List(_) => "list",
            Self::VersionInfo(_) => "sys.version_info",
            Self::Mapping(_) => "dict",
            Self::Module(_) => "module",
            Self::Function(_) | Self::Method(..) => "function",
        }
    }

    /// The value as a number, which includes Python's `bool`.
    pub(super) fn number(&self) -> Option<i128> {
        match self {
            Self::Boolean(value) => Some(i128::from(*value)),
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The elements of a tuple (`sys.version_info` is one).
    fn tuple(&self) -> Option<&Rc<[Self]>> {
        match self {
            Self::Tuple(items) | Self::VersionInfo(items) => Some(items),
            _ => None,
        }
    }

    /// The elements of two values of the same kind of sequence.
    fn sequences<'a>(left: &'a Self, right: &'a Self) -> Option<(&'a [Self], &'a [Self])> {
        match (left, right) {
            (Self::List(left), Self::List(right)) => Some((left, right)),
            _ => Some((left.tuple()?, right.tuple()?)),
        }
    }

    /// The elements that `for` iterates over.
    pub(super) fn elements(&self, budget: &Budget) -> Result<Vec<Self>, String> {
        let elements: Vec<Self> = match self {
            Self::Tuple(items) | Self::List(items) | Self::VersionInfo(items) => items.to_vec(),
            Self::Text(text) => text.chars().map(|c| Self::text(String::from(c))).collect(),
            Self::Mapping(items) => items.iter().map(|(key, _)| Self::Text(Rc::clone(key))).collect(),
            other => return Err(format!("'{}' object is not iterable", other.type_name())),
        };
        budget.make(elements.len())?;
        Ok(elements)
    }

    /// `==`.
    pub(super) fn equals(&self, other: &Self, budget: &Budget) -> Result<bool, String> {
        budget.spend(1)?;
        if let (Some(left), Some(right)) = (self.number(), other.number()) {
            return Ok(left == right);
        }
        if let Some((left, right)) = Self::sequences(self, other) {
            return Ok(left.len() == right.len() && first_difference(left, right, budget)?.is_none());
        }
        Ok(match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::Mapping(left), Self::Mapping(right)) => left == right,
            (Self::Module(left), Self::Module(right)) => left == right,
            (Self::Function(left), Self::Function(right)) => left == right,
            _ => false,
        })
    }

    /// The order of two values; `operator` is used in the message of a `TypeError`.
    pub(super) fn order(&self, other: &Self, operator: &str, budget: &Budget) -> Result<Ordering, String> {
        budget.spend(1)?;
        if let (Some(left), Some(right)) = (self.number(), other.number()) {
            return Ok(left.cmp(&right));
        }
        if let (Self::Text(left), Self::Text(right)) = (self, other) {
            return Ok(left.cmp(right));
        }
        if let Some((left, right)) = Self::sequences(self, other) {
            return match first_difference(left, right, budget)? {
                Some(index) => left[index].order(&right[index], operator, budget),
                None => Ok(left.len().cmp(&right.len())),
            };
        }
        let (left, right) = (self.type_name(), other.type_name());
        Err(format!("'{operator}' not supported between instances of '{left}' and '{right}'"))
    }

    /// `needle in self`.
    pub(super) fn contains(&self, needle: &Self, budget: &Budget) -> Result<bool, String> {
        match (self, needle) {
            (Self::Text(text), Self::Text(part)) => {
                budget.make(text.len())?;
                Ok(text.contains(&**part))
            }
            (Self::Text(_), other) => {
                Err(format!("'in <string>' requires string as left operand, not {}", other.type_name()))
            }
            (Self::Mapping(items), Self::Text(name)) => Ok(items.iter().any(|(key, _)| key == name)),
            (Self::Mapping(_), _) => Ok(false),
            (Self::Tuple(items) | Self::List(items) | Self::VersionInfo(items), _) => {
                for item in items.iter() {
                    if item.equals(needle, budget)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (other, _) => Err(format!("argument of type '{}' is not iterable", other.type_name())),
        }
    }
}

/// The first position where two sequences differ.
fn first_difference(left: &[Value], right: &[Value], budget: &Budget) -> Result<Option<usize>, String> {
    for (index, (left, right)) in left.iter().zip(right).enumerate() {
        if !left.equals(right, budget)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}
