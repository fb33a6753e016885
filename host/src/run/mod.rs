//! A run: from a configuration to installed parts and a saved state.
//!
//! A run is a list of stages ([`stage`]): usually one, two if the buildout makes its Python. [`Session`] works out one
//! stage after the other, and executes each in the same way ([`execute`]) or plans it ([`Outlook`]).
//!
//! Does not know about the terminal: progress is reported as events.

mod authority;
mod cache;
mod context;
mod distributions;
mod execute;
mod extend;
mod fault;
mod locking;
mod outlook;
mod prepare;
mod python;
mod python_recipes;
mod reading;
mod rebootstrap;
mod session;
mod settings;
mod stage;
mod stages;
mod view;

pub use crate::error::{Explained, RunError};
pub use authority::Authority;
pub use cache::{CacheFlags, CacheOutlook, INPUTS, MakeFailure, MakeOrder, PartForecast, WorkerVerdict, local_store};
pub use distributions::DistributionStep;
pub use outlook::{Outlook, PartGraph, Switch};
pub use prepare::first_configuration::{write_configuration, write_new_configuration};
pub use reading::load::{Loaded, Loader};
pub(crate) use reading::reader::editor_reader;
pub use registry::locking::LockMode;
pub use session::Session;
pub use settings::{AfterFailure, RunSettings};
