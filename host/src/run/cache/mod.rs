//! Parts from a cache: what decides a part ([`facts`], [`decide`]), its key ([`key`]), and what happens in a run ([`part_cache`]).
//!
//! Knows the interfaces of recipes and the Remote Execution API only through the crates `recipe` and `remote`. A run without a
//! cache, and one that installs nothing, does not get here.

mod decide;
mod elsewhere;
mod facts;
mod key;
mod known;
mod part_cache;
mod platform;
mod prefix;
mod settings;
mod tally;
mod trees;

pub(crate) use elsewhere::{INPUTS, MakeFailure, MakeOrder, WorkerVerdict};
pub(crate) use part_cache::{CacheOutlook, PartForecast};
pub(crate) use settings::{CacheFlags, local_store};

pub(super) use part_cache::{OpenCache, PartCache, install};
pub(super) use tally::CacheTally;
