//! Errors of resolving options.

use std::sync::Arc;

use base::remedy::Remedy;
use base::source::{Blame, Explain, Place};

/// An option that cannot be resolved. Cheap to clone, so that one failure can be returned to many callers.
#[derive(Clone, Debug)]
pub struct OptionError(Arc<OptionErrorInner>);

#[derive(Debug)]
struct OptionErrorInner {
    problem: OptionProblem,
    place: Option<Place>,
    hints: Vec<String>,
    /// The operations in progress, outermost first.
    doing: Vec<String>,
    /// How many lines were omitted in the middle of `doing`.
    left_out: usize,
}

/// How many operations are kept at either end: references may be nested a thousand deep.
const ENDS: usize = 6;

/// The kind of error.
#[derive(Clone, Debug)]
pub enum OptionProblem {
    /// The section does not exist.
    UnknownSection {
        /// Its name.
        section: String,
    },
    /// The section does not have this option.
    UnknownOption {
        /// The section.
        section: String,
        /// The option.
        option: String,
    },
    /// A reference that is not of the form `${section:option}`, or references that expand beyond the limit, with the
    /// message.
    Reference(String),
    /// References that form a cycle, with the message.
    Circle(String),
    /// References or initializations nested too deep, with the message. The same option may have a value if it is
    /// requested from a lower depth.
    TooDeep(String),
    /// The recipe of a section could not be initialized.
    Recipe(Arc<dyn Explain + Send + Sync>),
}

impl OptionError {
    pub(super) fn new(problem: OptionProblem) -> Self {
        Self(Arc::new(OptionErrorInner { problem, place: None, hints: Vec::new(), doing: Vec::new(), left_out: 0 }))
    }

    /// The problem without its context.
    pub fn problem(&self) -> &OptionProblem {
        &self.0.problem
    }

    fn with(self, change: impl FnOnce(&mut OptionErrorInner)) -> Self {
        let inner = &self.0;
        let mut inner = OptionErrorInner {
            problem: inner.problem.clone(),
            place: inner.place.clone(),
            hints: inner.hints.clone(),
            doing: inner.doing.clone(),
            left_out: inner.left_out,
        };
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// Sets the place, unless it is already known: the innermost one caused the error.
    #[must_use]
    pub fn at(self, place: Option<Place>) -> Self {
        if self.place().is_some() || place.is_none() { self } else { self.with(|inner| inner.place = place) }
    }

    /// Adds hints.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        self.with(|inner| inner.hints.push(hint.into()))
    }

    /// Adds an enclosing operation.
    pub(super) fn doing(self, what: impl Into<String>) -> Self {
        self.with(|inner| {
            if inner.doing.len() == 2 * ENDS {
                inner.doing.remove(ENDS - 1);
                inner.left_out += 1;
            }
            inner.doing.insert(0, what.into());
        })
    }
}

impl std::fmt::Display for OptionError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0.problem {
            OptionProblem::UnknownSection { section } => {
                write!(formatter, "The referenced section, '{section}', was not defined.")
            }
            OptionProblem::UnknownOption { section, option } => write!(formatter, "Missing option: {section}:{option}"),
            OptionProblem::Reference(message) | OptionProblem::Circle(message) | OptionProblem::TooDeep(message) => {
                formatter.write_str(message)
            }
            OptionProblem::Recipe(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for OptionError {}

impl Explain for OptionError {
    fn place(&self) -> Option<Place> {
        match &self.0.problem {
            OptionProblem::Recipe(error) => error.place().or_else(|| self.0.place.clone()),
            _ => self.0.place.clone(),
        }
    }

    fn doing(&self) -> Vec<String> {
        let inner = match &self.0.problem {
            OptionProblem::Recipe(error) => error.doing(),
            _ => Vec::new(),
        };
        let (outer, rest) = self.0.doing.split_at(self.0.doing.len().min(ENDS));
        let left_out = (self.0.left_out > 0).then(|| format!("(and {} more)", self.0.left_out));
        outer.iter().cloned().chain(left_out).chain(rest.iter().cloned()).chain(inner).collect()
    }

    fn details(&self) -> Vec<String> {
        match &self.0.problem {
            OptionProblem::Recipe(error) => error.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let inner = match &self.0.problem {
            OptionProblem::Recipe(error) => error.hints(),
            _ => Vec::new(),
        };
        self.0.hints.iter().cloned().chain(inner).collect()
    }

    fn blame(&self) -> Blame {
        match &self.0.problem {
            OptionProblem::Recipe(error) => error.blame(),
            _ => Blame::User,
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match &self.0.problem {
            OptionProblem::Recipe(error) => error.remedies(),
            _ => Vec::new(),
        }
    }
}
