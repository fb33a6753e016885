//! Parts from a cache: what decides a part ([`facts`], [`decide`]), its key ([`key`]), and what happens in a run ([`part_cache`]).
//!
//! Knows the interfaces of recipes and the Remote Execution API only through the crates `recipe` and `remote`. A run without a
//! cache, and one that installs nothing, does not get here.

mod decide;
mod elsewhere;
mod facts;
mod forecast;
mod key;
mod known;
mod missed;
mod part_cache;
mod platform;
mod prefix;
mod settings;
mod tally;
mod trees;

pub(crate) use elsewhere::{INPUTS, MakeFailure, MakeOrder, WorkerVerdict};
pub(crate) use forecast::{CacheOutlook, PartForecast, PartIdentity};
pub(crate) use settings::{CacheFlags, local_store, store_size};

pub(super) use part_cache::{OpenCache, PartCache, check_settings, install};
pub(super) use tally::CacheTally;
