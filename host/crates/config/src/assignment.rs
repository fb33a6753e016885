//! Command-line assignments: `section:option=value`, also with `+=` and `-=`.

use std::sync::Arc;

use base::source::{Blame, Explain, Place, Source};

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The section; `buildout` if none was specified.
    pub section: String,
    /// The option.
    pub option: String,
    /// The operator.
    pub(crate) operator: Operator,
    /// The value.
    pub value: String,
    /// The command-line argument.
    pub(crate) written: Arc<str>,
}

/// The operator of an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `=`
    Set,
    /// `+=`
    Add,
    /// `-=`
    Remove,
}

/// An invalid assignment.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("Invalid option: {0}")]
pub struct AssignmentError(pub String);

impl Explain for AssignmentError {
    fn hints(&self) -> Vec<String> {
        vec!["An assignment is `section:option=value`, or `option=value` for the section buildout.".into()]
    }

    fn blame(&self) -> Blame {
        Blame::Usage
    }
}

impl Assignment {
    /// Sets an option, as requested by the argument `written` (e.g. `-o`).
    pub fn set(section: &str, option: &str, value: &str, written: &str) -> Self {
        let (section, option, value) = (section.into(), option.into(), value.into());
        Self { section, option, operator: Operator::Set, value, written: written.into() }
    }

    /// The place of the value in the argument.
    pub(crate) fn place(&self) -> Place {
        let source = Source::argument(&*self.written);
        let start = source.text.rfind(&self.value).filter(|_| !self.value.is_empty());
        let span = start.map_or(0..source.text.len(), |start| start..start + self.value.len());
        Place::new(&source, span)
    }

    /// Parses an argument; `None` if it contains no `=` and so is not an assignment.
    ///
    /// # Errors
    /// When the part before `=` is not an option, or has more than one colon.
    pub fn parse(argument: &str) -> Result<Option<Self>, AssignmentError> {
        let Some((target, value)) = argument.split_once('=') else { return Ok(None) };
        let (target, operator) = match (target.strip_suffix('+'), target.strip_suffix('-')) {
            (Some(target), _) => (target, Operator::Add),
            (_, Some(target)) => (target, Operator::Remove),
            _ => (target, Operator::Set),
        };
        let (section, option) = target.split_once(':').unwrap_or(("buildout", target));
        let (section, option, value) = (section.trim(), option.trim(), value.trim());
        if section.is_empty() || option.is_empty() || option.contains(':') {
            return Err(AssignmentError(argument.to_owned()));
        }
        let (section, option, value) = (section.into(), option.into(), value.into());
        Ok(Some(Self { section, option, operator, value, written: argument.into() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_name_section_option_and_operator() {
        let t = |argument: &str, section: &str, option: &str, operator, value: &str| {
            let expected = Assignment { operator, ..Assignment::set(section, option, value, argument) };
            assert_eq!(Assignment::parse(argument), Ok(Some(expected)), "{argument}");
        };
        t("debug:op1=foo", "debug", "op1", Operator::Set, "foo");
        t("parts = a b ", "buildout", "parts", Operator::Set, "a b");
        t("parts+=a", "buildout", "parts", Operator::Add, "a");
        t("x:y -= a=b", "x", "y", Operator::Remove, "a=b");
        t("x:y=", "x", "y", Operator::Set, "");
    }

    #[test]
    fn what_is_no_assignment() {
        assert_eq!(Assignment::parse("install"), Ok(None));
        for wrong in ["=a", "a:b:c=d", ":x=1", "a:=1"] {
            assert!(Assignment::parse(wrong).is_err(), "{wrong}");
        }
    }
}
