//! The error of a command: its cause, and the operations in progress.

use base::remedy::Remedy;
use base::source::{Blame, Explain, Place};

/// A command that failed. `Display` is the cause alone; the rest comes from the methods of `Explain`.
#[derive(Debug)]
pub(crate) struct RunError {
    /// The operations around the cause, outermost first.
    operations: Vec<String>,
    /// The place of the cause, if the cause does not contain it.
    place: Option<Place>,
    cause: Box<dyn Explain + Send + Sync>,
    /// Errors of other parts in the same run.
    further: Vec<RunError>,
}

impl RunError {
    /// Combines several errors in this order; `Ok` if there are none.
    pub(crate) fn all(failures: Vec<Self>) -> Result<(), Self> {
        let mut failures = failures.into_iter();
        match failures.next() {
            None => Ok(()),
            Some(first) => Err(Self { further: first.further.into_iter().chain(failures).collect(), ..first }),
        }
    }

    /// Every error separately: one, unless several parts failed.
    pub(crate) fn failures(mut self) -> Vec<Explained> {
        let further = std::mem::take(&mut self.further);
        std::iter::once(self).chain(further).map(Explained).collect()
    }

    /// The same, with the signal that had arrived when it failed: what waits is canceled then, and fails for that reason.
    pub(crate) fn or_interrupted(mut self, signal: Option<i32>) -> Self {
        let all = || std::iter::once(&self).chain(&self.further);
        let is_known = all().any(|error| matches!(error.cause.blame(), Blame::Signal(_)));
        self.further.extend(signal.filter(|_| !is_known).map(|signal| InterruptedBySignal { signal }.into()));
        self
    }

    /// Wraps an error of any type.
    pub(crate) fn of(cause: Box<dyn Explain + Send + Sync>) -> Self {
        Self { operations: Vec::new(), place: None, cause, further: Vec::new() }
    }

    /// The cause, in one sentence.
    pub(crate) fn message(&self) -> String {
        self.cause.to_string()
    }

    /// Sets the place, for a cause that does not contain it.
    pub(crate) fn at(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    /// Adds an enclosing operation: the outermost is added last.
    #[must_use]
    pub(crate) fn doing(mut self, what: impl Into<String>) -> Self {
        self.operations.insert(0, what.into());
        self
    }
}

impl<E: Explain + Send + Sync + 'static> From<E> for RunError {
    fn from(cause: E) -> Self {
        Self::of(Box::new(cause))
    }
}

/// A `RunError` that implements `Explain`. (`RunError` itself cannot: `From` converts every such error into it.)
#[derive(Debug)]
pub(crate) struct Explained(RunError);

impl From<RunError> for Explained {
    fn from(error: RunError) -> Self {
        Self(error)
    }
}

impl std::fmt::Display for Explained {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.cause.fmt(formatter)
    }
}

impl std::error::Error for Explained {}

impl Explain for Explained {
    fn place(&self) -> Option<Place> {
        self.0.cause.place().or_else(|| self.0.place.clone())
    }

    fn doing(&self) -> Vec<String> {
        self.0.operations.iter().cloned().chain(self.0.cause.doing()).collect()
    }

    fn details(&self) -> Vec<String> {
        self.0.cause.details()
    }

    fn hints(&self) -> Vec<String> {
        self.0.cause.hints()
    }

    fn remedies(&self) -> Vec<Remedy> {
        self.0.cause.remedies()
    }

    fn blame(&self) -> Blame {
        self.0.cause.blame()
    }
}

/// Adds context to a result's error.
pub(crate) trait Doing<T> {
    /// Adds the operation that failed.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, RunError>;
}

impl<T, E: Into<RunError>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, RunError> {
        self.map_err(|error| error.into().doing(what()))
    }
}

/// A signal interrupted the operation.
#[derive(Debug, thiserror::Error)]
#[error("Interrupted")]
pub(crate) struct InterruptedBySignal {
    /// Its number.
    pub(crate) signal: i32,
}

impl Explain for InterruptedBySignal {
    fn hints(&self) -> Vec<String> {
        vec!["What was made is recorded; the next run continues from there.".into()]
    }

    fn blame(&self) -> Blame {
        Blame::Signal(u8::try_from(self.signal).unwrap_or(u8::MAX))
    }
}
