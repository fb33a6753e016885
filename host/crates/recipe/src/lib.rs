//! Runs recipes: from a recipe reference to the bytes of a component ([`component`]), to an instance that makes parts
//! ([`Runtime`]). The only crate that uses the WebAssembly engine.
//!
//! The modules, lowest first: `component`, `grants` (what a recipe may do), `native` (what its commands may do), `call` (one
//! call of a guest), `interfaces` (what the host offers to guests), `instance`, `compile`, `runtime`.

mod call;
mod check;
mod compile;
pub mod component;
mod described;
pub mod distributions;
mod error;
mod grants;
mod inputs;
mod instance;
mod interfaces;
mod limits;
mod locked;
mod native;
mod ownership;
mod plain;
mod runtime;
pub mod sdk;

pub use described::{Described, DescribedOption, Presence, RecipePackage, ValueType};
pub use error::{PART_NAME, RecipeError};
pub use grants::locations::{Locations, Written, is_part_name};
pub use grants::unconfined_programs::unconfined_environment;
pub use inputs::{PartInput, PartInputs};
pub use locked::describe_published;
pub use native::command_log::is_command_log;
pub use native::shared::NativeSettings;
pub use native::temporary::Temporaries;
pub use ownership::Unfinished;
pub use runtime::{PartLog, PartSource, PlaceOutcome, Runtime, RuntimeSettings};
