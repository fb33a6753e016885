//! Components of `buildout:recipe@0.1`, adapted to the current world. Besides it, only the checks of
//! imports and the linker know that version.
//!
//! [`imports`] implements the interfaces of 0.1 with the current ones, [`exports`] calls what a component of 0.1 exports,
//! and [`values`] converts between the types of both. The texts of 0.1 are in `wit/0.1` of this crate, and never change.

pub(crate) mod bindings;
pub(crate) mod exports;
mod imports;
mod values;
