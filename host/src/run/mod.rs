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
mod launcher;
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

pub(crate) use crate::error::RunError;
pub(crate) use authority::Authority;
pub(crate) use cache::{
    CacheFlags, CacheOutlook, INPUTS, MakeFailure, MakeOrder, PartForecast, PartIdentity, WorkerVerdict, local_store,
    store_size,
};
pub(crate) use distributions::DistributionStep;
pub(crate) use outlook::{Outlook, PartGraph, Switch};
pub(crate) use prepare::first_configuration::{write_configuration, write_new_configuration};
pub(crate) use reading::load::{Loaded, Loader};
pub(crate) use reading::reader::editor_reader;
pub(crate) use registry::locking::LockMode;
pub(crate) use session::Session;
pub(crate) use settings::{AfterFailure, RunSettings};
