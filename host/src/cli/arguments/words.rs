//! Arguments of commands in 1.0's grammar: assignments and names, in any order.

use base::remedy::Remedy;
use base::source::{Blame, Explain, did_you_mean, nearest};
use config::{Assignment, AssignmentError};

/// The sorted arguments.
#[derive(Debug, Default)]
pub(in crate::cli) struct AssignmentsAndNames {
    pub(in crate::cli) assignments: Vec<Assignment>,
    /// The others, in order.
    pub(in crate::cli) names: Vec<String>,
}

impl AssignmentsAndNames {
    /// Sorts arguments: an assignment contains a `=`.
    pub(in crate::cli) fn parse(words: &[String]) -> Result<Self, UsageError> {
        let mut parsed = Self::default();
        for word in words {
            match Assignment::parse(word)? {
                Some(assignment) => parsed.assignments.push(assignment),
                None => parsed.names.push(word.clone()),
            }
        }
        Ok(parsed)
    }
}

/// An invalid command line: exit code 2.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(in crate::cli) enum UsageError {
    #[error("Invalid command: `{name}`; the commands are {}", all(known))]
    UnknownCommand { name: String, known: &'static [&'static str] },
    #[error("`{0}` takes no argument, but got `{1}`")]
    Unexpected(&'static str, String),
    #[error("The query command requires a single argument.")]
    Query,
    #[error(transparent)]
    Assignment(#[from] AssignmentError),
}

fn all(names: &[&str]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        names => names.join(""),
    }
}

impl Explain for UsageError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::UnknownCommand { name, known } => {
                let near = nearest(name, known.iter().copied()).map(did_you_mean);
                near.into_iter().chain([format!("To make only the part {name}, write `install {name}`.")]).collect()
            }
            Self::Assignment(error) => error.hints(),
            Self::Query => vec!["Specify one option: section:option.".to_owned()],
            Self::Unexpected(..) => Vec::new(),
        }
    }

    fn blame(&self) -> Blame {
        Blame::Usage
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::Assignment(error) => error.remedies(),
            _ => Vec::new(),
        }
    }
}
