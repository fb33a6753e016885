//! The buildout's Python: the interpreter in `${buildout:executable}`.
//!
//! ```no_run
//! use buildout_recipe::{Error, python};
//!
//! # fn init() -> Result<(), Error> {
//! let python = python::interpreter()?;
//! println!("{} is Python {}", python.executable, python.version_info.major);
//! # Ok(())
//! # }
//! ```
//!
//! In tests without a host, each function fails.

use crate::bindings::buildout::recipe::python as wit;
use crate::error::Error;

pub use wit::{Interpreter, VersionInfo};

#[cfg(target_arch = "wasm32")]
use wit as lent;

#[cfg(not(target_arch = "wasm32"))]
use no_host as lent;

/// The properties of the buildout's Python. The host asks the interpreter once, and stores its answer.
///
/// # Errors
/// If the buildout has no Python, or it does not answer.
pub fn interpreter() -> Result<Interpreter, Error> {
    lent::describe_interpreter().map_err(failure)
}

/// The tags of the wheels that it supports, most preferred first.
///
/// # Errors
/// If the buildout has no Python, or it does not answer.
pub fn compatible_tags() -> Result<Vec<String>, Error> {
    lent::compatible_tags().map_err(failure)
}

fn failure(error: wit::PythonError) -> Error {
    match error {
        wit::PythonError::Missing(message) | wit::PythonError::Broken(message) => Error::user(message),
        wit::PythonError::Other(other) => Error::fault(other.message),
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod no_host {
    //! Without a host, there is no buildout with a Python.

    use super::wit::{Interpreter, PythonError};

    fn fail<T>() -> Result<T, PythonError> {
        Err(PythonError::Missing("the buildout's Python is not available in tests without a host".to_owned()))
    }

    pub(super) fn describe_interpreter() -> Result<Interpreter, PythonError> {
        fail()
    }

    pub(super) fn compatible_tags() -> Result<Vec<String>, PythonError> {
        fail()
    }
}
