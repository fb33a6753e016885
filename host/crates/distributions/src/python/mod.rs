//! The Python that distributions are for: what it reports about itself, requested once and stored.
//!
//! The caller decides how it is started ([`StartPython`]): a Python that a part made may only run confined.

mod interpreter;
pub(crate) mod memory;
mod pyenv;
pub(crate) mod tags;
#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use config::facts::StartPython;
pub use interpreter::Python;
use interpreter::QUESTION;
pub use pyenv::behind_shim;
pub use tags::{Tag, Tags};

/// The time that it has to answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// Precedes and follows the answer.
const SEPARATOR: char = '\u{1f}';

/// Why a Python cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Cannot ask the Python {} what it is: {cause}", .executable.display())]
pub struct PythonError {
    /// The interpreter.
    pub executable: PathBuf,
    /// The cause.
    pub cause: String,
}

impl base::source::Explain for PythonError {
    fn hints(&self) -> Vec<String> {
        vec!["[buildout] executable names the Python that distributions are installed for.".to_owned()]
    }
}

impl Python {
    /// Asks the Python at `executable`, or returns its stored answer: the file in `cache` is valid while the
    /// interpreter's files are unchanged.
    ///
    /// # Errors
    /// When it cannot be started, or does not answer like a Python.
    pub fn ask(executable: &Path, start: &StartPython, cache: Option<&Path>) -> Result<Self, PythonError> {
        let failed = |cause: String| PythonError { executable: executable.to_owned(), cause };
        let place = cache.and_then(|cache| memory::AnswerFile::of(executable, cache));
        if let Some(known) = place.as_ref().and_then(memory::AnswerFile::read) {
            return Ok(known);
        }
        let path = executable.to_str().ok_or_else(|| failed("its path is not valid UTF-8".into()))?;
        let answer = start(path, &["-E", "-s", "-B", "-c", QUESTION], DEADLINE).map_err(failed)?;
        let python = Self::of_answer(&String::from_utf8_lossy(&answer))
            .ok_or_else(|| failed("it answered something that a Python would not".into()))?;
        if let Some(place) = place {
            place.write(&python);
        }
        Ok(python)
    }

    fn of_answer(answer: &str) -> Option<Self> {
        let mut parts = answer.split(SEPARATOR).skip(1);
        let text = parts.next()?;
        // The text after the second separator: without it, the answer is incomplete.
        parts.next()?;
        serde_json::from_str(text).ok()
    }

    /// The tags of the wheels that it can use, best first.
    pub fn tags(&self) -> Tags {
        tags::of(self)
    }
}
