//! Whether the cache has the parts that a run would install: for `plan`.

use std::cell::RefCell;

use base::collections::Set;
use remote::{CacheLookup, HitOrigin};

use super::super::view::ResolvedBuildout;
use super::key::{OUTPUT, PartKey};
use super::missed::PartMiss;
use super::part_cache::PartCache;
use crate::error::RunError;

/// Whether the cache has a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CacheOutlook {
    /// It has it.
    Hit {
        /// Whether it is fetched from the server.
        is_remote: bool,
        /// The size of the part in bytes.
        bytes: u64,
    },
    /// It does not have it.
    Miss(PartMiss),
    /// That depends on this part, which is made first.
    DependsOn(String),
    /// The part cannot be cached, for this reason.
    NotCached(String),
    /// The part is installed already, so it is not looked up.
    Installed,
}

/// Whether the cache has a part that a run would make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartForecast {
    /// The part.
    pub(crate) part: String,
    /// Whether the cache has it.
    pub(crate) outlook: CacheOutlook,
    /// What it is looked up with, if that is known.
    pub(crate) identity: Option<PartIdentity>,
}

/// The key of a part, and all that decides it: to compare two machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartIdentity {
    /// The digest of the part's action.
    pub(crate) key: String,
    /// Names and values, in the order in which they are compared.
    pub(crate) facts: Vec<(String, String)>,
}

impl PartCache {
    /// Whether the cache has these parts, which a run would install in this order. Fetches nothing.
    pub(in crate::run) fn forecast(
        &self,
        view: &ResolvedBuildout,
        parts: &[&str],
    ) -> Result<Vec<PartForecast>, RunError> {
        let runtime = view.recipes.runtime()?;
        let mut pending: Set<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        let mut forecasts = Vec::new();
        for part in parts.iter().filter(|part| runtime.is_cacheable(part)) {
            let forecast = self.look(view, part, &pending);
            if matches!(forecast.outlook, CacheOutlook::Hit { .. }) {
                pending.remove(*part);
            }
            forecasts.push(forecast);
        }
        self.report_warnings(view);
        Ok(forecasts)
    }

    /// What parts are looked up with that are installed and unchanged: another machine may not find them.
    pub(in crate::run) fn identify(
        &self,
        view: &ResolvedBuildout,
        parts: &[&str],
    ) -> Result<Vec<PartForecast>, RunError> {
        let runtime = view.recipes.runtime()?;
        let mut forecasts = Vec::new();
        for part in parts.iter().filter(|part| runtime.is_cacheable(part)) {
            if let Ok(key) = self.key(view, part, &|reference| self.trees.of(view, reference)) {
                let (part, identity) = ((*part).to_owned(), Some(PartIdentity::of(&key)));
                forecasts.push(PartForecast { part, outlook: CacheOutlook::Installed, identity });
            }
        }
        Ok(forecasts)
    }

    fn look(&self, view: &ResolvedBuildout, part: &str, pending: &Set<String>) -> PartForecast {
        let waits_for = RefCell::new(None);
        let trees = |reference: &str| {
            if pending.contains(reference) {
                waits_for.replace(Some(reference.to_owned()));
                return Err(format!("part {reference} is made first"));
            }
            self.trees.of(view, reference)
        };
        let key = self.key(view, part, &trees);
        let outlook = match (&key, waits_for.take()) {
            (Ok(key), _) => self.outlook(part, key),
            (Err(_), Some(first)) => CacheOutlook::DependsOn(first),
            (Err(why), None) => CacheOutlook::NotCached(why.clone()),
        };
        PartForecast { part: part.to_owned(), outlook, identity: key.ok().map(|key| PartIdentity::of(&key)) }
    }

    fn outlook(&self, part: &str, key: &PartKey) -> CacheOutlook {
        let mut why = None;
        for action in [&key.located, &key.free] {
            match self.results.lookup(action) {
                CacheLookup::Hit(hit) => {
                    let Some(node) = hit.outputs.paths.get(OUTPUT) else { continue };
                    self.trees.set(part, key.decision.location.clone(), node);
                    let (_, bytes) = hit.outputs.extent();
                    return CacheOutlook::Hit { is_remote: hit.origin == HitOrigin::Remote, bytes };
                }
                CacheLookup::Miss(reason) => why = PartMiss::of_lookup(&reason).or(why),
            }
        }
        CacheOutlook::Miss(why.unwrap_or_else(|| self.known.explain(part, &key.decision.facts)))
    }
}

impl PartIdentity {
    fn of(key: &PartKey) -> Self {
        Self { key: key.located.key.hash().to_string(), facts: key.decision.facts.shown() }
    }
}
