//! `buildout:recipe/python`: the properties of the buildout's Python.
//!
//! They say nothing of the machine that commands do not see. The run provides them.

use std::path::Path;
use std::sync::Arc;

use wasmtime::component::HasData;

use super::bindings::PythonFailure;
use super::bindings::buildout::recipe::python::{Host, Interpreter, PythonError};
use crate::call::Call;
use crate::distributions::{Distributions, Refusal, Requester};
use crate::native::shared::Native;

/// Marks the interface in the linker.
pub(crate) struct ThePython;

/// The state that its functions see.
pub(crate) struct PythonView<'a> {
    pub(crate) call: &'a mut Call,
    pub(crate) native: &'a Arc<Native>,
}

impl HasData for ThePython {
    type Data<'a> = PythonView<'a>;
}

impl Host for PythonView<'_> {
    fn convert_python_error(&mut self, failure: PythonFailure) -> wasmtime::Result<PythonError> {
        failure.downcast()
    }

    fn describe_interpreter(&mut self) -> Result<Interpreter, PythonFailure> {
        self.call.note("python.describe-interpreter", &[]);
        self.ask(|provider, requester| provider.interpreter(requester))
    }

    fn compatible_tags(&mut self) -> Result<Vec<String>, PythonFailure> {
        self.call.note("python.compatible-tags", &[]);
        self.ask(|provider, requester| provider.compatible_tags(requester))
    }
}

impl PythonView<'_> {
    /// Asks the provider. Starting the Python is not the recipe's work: its time does not count.
    fn ask<T>(
        &mut self,
        question: impl FnOnce(&dyn Distributions, &Requester<'_>) -> Result<T, Refusal<PythonError>>,
    ) -> Result<T, PythonFailure> {
        let (Some(provider), Some(buildout)) = (self.native.distributions.clone(), self.call.buildout.clone()) else {
            return Err(PythonError::Missing("this call has no buildout, and therefore no Python".to_owned()).into());
        };
        let (part, is_program) = (Arc::clone(&self.call.part), self.call.rights.is_program);
        let environment = self.native.variables(&self.call.rights);
        // A question makes nothing.
        let (is_foreign, will_make) = (|_: &Path| true, |_: &Path| Ok(()));
        let requester = Requester {
            part: &part,
            buildout: &buildout,
            is_program,
            environment,
            is_foreign: &is_foreign,
            will_make: &will_make,
        };
        let outcome = self.call.pausing(|| question(&*provider, &requester));
        self.call.check().map_err(PythonFailure::trap)?;
        outcome.map_err(|Refusal { error, hints, remedies, place }| {
            (self.call.advice, self.call.remedies, self.call.cause) =
                (hints, remedies.into_vec(), place.map(|place| *place));
            error.into()
        })
    }
}
