//! Conditions of section headers: whether `[name:expression]` counts on this machine and for this Python.
//!
//! An expression is a PEP 508 marker (`python_version < "3.11"`) or, where it is none, a Python expression
//! (`linux and platform.machine() == "x86_64"`). The latter is parsed as Python and evaluated here, by a small
//! interpreter that can neither write nor start anything. Knows nothing of files of configuration, nor of how the
//! answers about Python and machine are found ([`Facts`]).

mod facts;

use std::ops::Range;

pub use facts::{Facts, Kind, Python, System, VersionInfo};

/// Why a condition has no answer.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{message}")]
pub struct ConditionError {
    /// One cause, without the place.
    pub message: String,
    /// The part of the expression that is to blame, in bytes of the expression as it was given.
    pub span: Range<usize>,
    /// What the person can do about it.
    pub hint: Option<String>,
}

/// Whether the section counts: `expression` is what stands between `[name:` and the `]` that closes the header, with
/// `\x23` and `\x3b` still as they were written (zc.buildout's way to say `#` and `;` in a header).
///
/// # Errors
/// When the expression is no Python, asks for something conditions do not offer, fails as it would in Python, or when a
/// fact cannot be found out.
pub fn evaluate(expression: &str, facts: &dyn Facts) -> Result<bool, ConditionError> {
    let _ = facts;
    Err(ConditionError {
        message: format!("conditions are not evaluated yet: {expression}"),
        span: 0..expression.len(),
        hint: None,
    })
}
