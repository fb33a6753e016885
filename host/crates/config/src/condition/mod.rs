//! Conditions in section headers: whether `[name:expression]` applies on this machine and with this Python.
//!
//! An expression is a PEP 508 marker (`python_version < "3.11"`) or else a Python expression (`linux and
//! platform.machine() == "x86_64"`). The latter is parsed as Python and evaluated here, by a small interpreter that
//! cannot write or start anything. Does not know about configuration files, or how the facts about Python and machine
//! are determined ([`Facts`]).

mod arithmetic;
mod expression;
mod facts;
pub mod marker;
mod methods;
mod names;
mod python;
#[cfg(test)]
mod tests;
mod value;

use std::ops::Range;

use value::{Budget, Value};

pub use facts::{Facts, PathKind, PythonFacts, System, VersionInfo};

/// Maximum length of an expression in bytes: a header is one hand-written line.
const LONGEST: usize = 4096;

/// Why a condition cannot be evaluated.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{message}")]
pub struct ConditionError {
    /// One cause, without the place.
    pub(crate) message: String,
    /// The part of the expression that caused the error, in bytes of the original expression.
    pub span: Range<usize>,
    /// What the user can do about it.
    pub(crate) hint: Option<String>,
}

/// Whether the section applies: `expression` is the text between `[name:` and the `]` that closes the header, with
/// `\x23` and `\x3b` still escaped (zc.buildout's notation for `#` and `;` in a header).
///
/// zc.buildout (`configparser.parse`) tries a marker first. Anything else is put in brackets and evaluated by Python,
/// and the truth value of the first element decides. So `[name:]` has no condition, and in `[name:a, b]` only `a`
/// matters.
///
/// # Errors
/// When the expression is not valid Python, uses an unsupported construct, fails as it would in Python, or when a fact
/// cannot be determined.
pub fn evaluate(expression: &str, facts: &dyn Facts) -> Result<bool, ConditionError> {
    if expression.is_empty() {
        return Ok(true);
    }
    let whole = |message: String| ConditionError { message, span: 0..expression.len(), hint: None };
    if expression.len() > LONGEST {
        return Err(whole(format!("the condition is longer than {LONGEST} bytes")));
    }
    let unescaped = Unescaped::new(expression);
    if let Some(marker) = marker::Marker::parse(unescaped.expression()) {
        return marker.evaluate(&OfFacts(facts)).map_err(whole);
    }
    evaluate_python(&unescaped, facts)
}

/// The values of marker variables in conditions.
struct OfFacts<'a>(&'a dyn Facts);

impl marker::MarkerVariables for OfFacts<'_> {
    fn value(&self, name: &str) -> Result<String, String> {
        let facts = self.0;
        Ok(match name {
            "python_version" => facts.python()?.python_version.split('.').take(2).collect::<Vec<_>>().join("."),
            "python_full_version" => {
                let version = &facts.python()?.python_version;
                // A Python built between two releases reports its version as `3.14.0+`, which is not valid.
                if version.ends_with('+') { format!("{version}local") } else { version.clone() }
            }
            "platform_python_implementation" => facts.python()?.implementation.clone(),
            "implementation_name" => facts.python()?.implementation_name.clone(),
            "implementation_version" => facts.python()?.implementation_version.clone(),
            "os_name" => facts.system().os_name,
            "sys_platform" => facts.system().platform,
            "platform_release" => facts.system().release,
            "platform_system" => facts.system().system,
            "platform_version" => facts.system().version,
            "platform_machine" => facts.system().machine,
            "extra" => String::new(),
            other => return Err(format!("'{other}' has no value in a condition")),
        })
    }
}

/// Evaluates a condition that is a Python expression.
fn evaluate_python(unescaped: &Unescaped, facts: &dyn Facts) -> Result<bool, ConditionError> {
    let fail = |message: String, span: Range<usize>, hint: Option<String>| ConditionError {
        message,
        span: unescaped.span(span),
        hint,
    };
    let parsed = python::parse(&unescaped.text).map_err(|error| {
        fail(format!("the condition is not a Python expression: {}", error.message), error.span, None)
    })?;
    let value = expression::evaluate(&parsed, &unescaped.text, facts).map_err(|stop| {
        let hint = stop.not_offered.then(|| {
            let written = &unescaped.text[stop.span.clone()];
            if marker::is_variable(written) { MIXED.to_owned() } else { OFFERED.to_owned() }
        });
        fail(stop.message, stop.span, hint)
    })?;
    let first = arithmetic::subscript(&value, &Value::Integer(0), &Budget::new());
    first.map(|first| first.is_true()).map_err(|message| fail(message, 0..unescaped.text.len(), None))
}

/// The hint for unsupported constructs.
const OFFERED: &str = "conditions can use zc.buildout's names (python3, linux, bits64 …), sys.version_info, \
    sys.platform, os.name, os.path.isdir/isfile/exists, platform.machine() and the like, int, str, len, and methods \
    of strings";

/// The hint for a marker variable in a Python expression.
const MIXED: &str = "this is a name of PEP 508 markers, but the condition is not a marker: a marker contains only \
    comparisons of such names with strings (in Python, write sys.platform, os.name, platform.machine() …)";

/// An expression in the brackets that zc.buildout adds, with its two escapes replaced.
struct Unescaped {
    /// `[expression]`
    text: String,
    /// For each byte of `text`, and its end, the offset in the original expression.
    origins: Vec<usize>,
}

impl Unescaped {
    fn new(expression: &str) -> Self {
        let (mut text, mut origins) = (String::from("["), vec![0]);
        let mut rest = expression;
        while let Some(next) = rest.chars().next() {
            let at = expression.len() - rest.len();
            let (character, width) = match rest.get(..4) {
                Some(r"\x23") => ('#', 4),
                Some(r"\x3b") => (';', 4),
                _ => (next, next.len_utf8()),
            };
            text.push(character);
            origins.resize(text.len(), at);
            rest = &rest[width..];
        }
        text.push(']');
        origins.resize(text.len() + 1, expression.len());
        Self { text, origins }
    }

    /// The expression without the brackets.
    fn expression(&self) -> &str {
        &self.text[1..self.text.len() - 1]
    }

    /// Maps a span of `text` to the original expression.
    fn span(&self, span: Range<usize>) -> Range<usize> {
        let origin = |offset: usize| self.origins.get(offset).or(self.origins.last()).copied().unwrap_or(0);
        let start = origin(span.start);
        start..origin(span.end).max(start)
    }
}
