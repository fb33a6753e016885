//! `buildout:recipe/types`: has no functions, only the conversion of a failed lookup.

use wasmtime::component::HasData;

use super::bindings::LookupFailure;
use super::bindings::buildout::recipe::types::{Host, LookupError};

/// Marks the interface in the linker.
pub(crate) struct Types;

/// Has no state.
pub(crate) struct TypesView;

impl HasData for Types {
    type Data<'a> = TypesView;
}

impl Host for TypesView {
    fn convert_lookup_error(&mut self, failure: LookupFailure) -> wasmtime::Result<LookupError> {
        failure.downcast()
    }
}
