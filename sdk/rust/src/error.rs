//! How a recipe fails.

use std::fmt;

use crate::bindings::buildout::recipe::types as wit;

/// The error of a recipe.
///
/// `?` converts errors of options and of `std::io` to it. The latter do not contain the path, so add
/// [`context`](Context::context).
#[derive(Debug, Clone)]
pub struct Error {
    kind: Kind,
    message: String,
    hints: Vec<String>,
}

#[derive(Debug, Clone)]
enum Kind {
    User,
    Fault,
    Lookup(LookupError),
}

/// An option that could not be read.
#[derive(Debug, Clone)]
pub struct LookupError {
    reason: Reason,
    message: String,
    reference: u32,
}

/// Why an option could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The section does not exist.
    UnknownSection,
    /// The section does not have the option.
    UnknownOption,
    /// The option depends on the section that is being initialized.
    Cycle,
    /// A section that the option references failed.
    Failed,
    /// A limit of the host was exceeded.
    Limit,
    /// A reason that this version of the crate does not know.
    Other,
}

impl Error {
    /// A user error, printed as `Error: <message>`, without a trace.
    pub fn user(message: impl Into<String>) -> Self {
        Self { kind: Kind::User, message: message.into(), hints: Vec::new() }
    }

    /// A failure of the recipe or its environment.
    pub fn fault(message: impl Into<String>) -> Self {
        Self { kind: Kind::Fault, message: message.into(), hints: Vec::new() }
    }

    /// Adds what the user can do, in one sentence. Not for an option that could not be read: the host has its own hints then.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// What the user can do.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Whether it is a user error.
    pub fn is_user(&self) -> bool {
        matches!(self.kind, Kind::User)
    }

    /// The option that could not be read, if that is the cause.
    pub fn lookup(&self) -> Option<&LookupError> {
        match &self.kind {
            Kind::Lookup(lookup) => Some(lookup),
            _ => None,
        }
    }
}

impl LookupError {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), reference: 0 }
    }

    /// The reason.
    pub fn reason(&self) -> Reason {
        self.reason
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl fmt::Display for LookupError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl From<LookupError> for Error {
    fn from(lookup: LookupError) -> Self {
        Self { message: lookup.message.clone(), kind: Kind::Lookup(lookup), hints: Vec::new() }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::fault(error.to_string())
    }
}

impl From<std::fmt::Error> for Error {
    fn from(error: std::fmt::Error) -> Self {
        Self::fault(error.to_string())
    }
}

impl From<std::num::ParseIntError> for Error {
    fn from(error: std::num::ParseIntError) -> Self {
        Self::fault(error.to_string())
    }
}

impl From<wit::LookupError> for Error {
    fn from(error: wit::LookupError) -> Self {
        let reason = match error.reason {
            wit::LookupReason::UnknownSection => Reason::UnknownSection,
            wit::LookupReason::UnknownOption => Reason::UnknownOption,
            wit::LookupReason::Cycle => Reason::Cycle,
            wit::LookupReason::Failed => Reason::Failed,
            wit::LookupReason::Limit => Reason::Limit,
            wit::LookupReason::Other(_) => Reason::Other,
        };
        LookupError { reason, message: error.message, reference: error.reference }.into()
    }
}

impl From<Error> for wit::Failure {
    fn from(error: Error) -> Self {
        match error.kind {
            Kind::User | Kind::Fault if !error.hints.is_empty() => Self::Explained(wit::ExplainedFailure {
                user_error: error.is_user(),
                message: error.message,
                code: None,
                trace: Vec::new(),
                hints: error.hints,
            }),
            Kind::User => Self::UserError(error.message),
            Kind::Fault => Self::Fault(error.message),
            Kind::Lookup(lookup) => Self::Lookup(wit::LookupError {
                reason: match lookup.reason {
                    Reason::UnknownSection => wit::LookupReason::UnknownSection,
                    Reason::UnknownOption => wit::LookupReason::UnknownOption,
                    Reason::Cycle => wit::LookupReason::Cycle,
                    Reason::Limit => wit::LookupReason::Limit,
                    Reason::Failed | Reason::Other => wit::LookupReason::Failed,
                },
                message: error.message,
                reference: lookup.reference,
            }),
        }
    }
}

/// Adds what the recipe was doing to an error.
///
/// ```
/// use buildout_recipe::{Context, Error};
///
/// fn read(path: &str) -> Result<String, Error> {
///     std::fs::read_to_string(path).context(format!("reading {path}"))
/// }
///
/// assert!(read("/missing").unwrap_err().to_string().starts_with("reading /missing: "));
/// ```
pub trait Context<T> {
    /// Prefixes the error's message with `doing`. The kind of the error does not change.
    ///
    /// # Errors
    /// The original error, with `doing`.
    fn context(self, doing: impl fmt::Display) -> Result<T, Error>;
}

impl<T, E: Into<Error>> Context<T> for Result<T, E> {
    fn context(self, doing: impl fmt::Display) -> Result<T, Error> {
        self.map_err(|error| {
            let error: Error = error.into();
            match error.kind {
                // The host prints its own message for a lookup error.
                Kind::Lookup(_) => error,
                kind => Error { message: format!("{doing}: {}", error.message), kind, hints: error.hints },
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_keeps_the_kind_of_the_error() {
        let user: Result<(), Error> = Err(Error::user("Invalid Path"));
        let error = user.context("making a directory").unwrap_err();
        assert!(error.is_user());
        assert_eq!(error.to_string(), "making a directory: Invalid Path");
    }

    #[test]
    fn hints_are_returned_with_the_error() {
        let failed: Result<(), Error> = Err(Error::user("no compiler").hint("Install gcc."));
        match wit::Failure::from(failed.context("building").unwrap_err()) {
            wit::Failure::Explained(explained) => {
                assert!(explained.user_error);
                assert_eq!(explained.message, "building: no compiler");
                assert_eq!(explained.hints, ["Install gcc."]);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn returns_a_lookup_error_to_the_host_unchanged() {
        let from_host =
            wit::LookupError { reason: wit::LookupReason::UnknownOption, message: "no path".into(), reference: 7 };
        let failed: Result<(), Error> = Err(from_host.into());
        match wit::Failure::from(failed.context("reading").unwrap_err()) {
            wit::Failure::Lookup(lookup) => assert_eq!((lookup.message.as_str(), lookup.reference), ("no path", 7)),
            other => panic!("{other:?}"),
        }
    }
}
