//! Python distributions in a run: the settings of `[buildout]`, and what installs, builds and develops with them.
//!
//! [`BuildoutDistributions`] exists once per run; the crate `recipe` gets it as its trait `Distributions`. Knows nothing of
//! parts, except for the one that requests something.

mod absent;
mod aside;
mod convert;
mod error;
mod lock;
mod needs;
mod once;
mod outlook;
mod picked;
mod pinned;
mod provider;
mod serve;
mod settings;
mod tools;

pub(super) use error::NoDistributions;
pub(super) use needs::of_part;
pub(crate) use outlook::DistributionStep;
pub(super) use provider::{BuildoutDistributions, Found};
