//! Parts that a run has begun to install and has not recorded yet, with the time when each was begun.
//!
//! If the run is killed, what such a part has made is still its own: without this record, the next run would take it for
//! something that existed before the part (`docs/decisions/140-ownership.md`).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use state::{InstalledState, StateChange, UNFINISHED};

/// The parts, and for each the nanoseconds since the Unix epoch.
type Times = BTreeMap<String, u64>;

/// The parts with the times when they were begun.
pub(super) fn all(installed: &InstalledState) -> Vec<(String, SystemTime)> {
    times(installed)
        .into_iter()
        .map(|(part, nanoseconds)| (part, UNIX_EPOCH + Duration::from_nanos(nanoseconds)))
        .collect()
}

/// The change when parts are begun; `None` if an earlier run has begun all of them.
pub(super) fn begin<'a>(installed: &InstalledState, parts: impl Iterator<Item = &'a str>) -> Option<StateChange> {
    let mut times = times(installed);
    let before = times.len();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    for part in parts {
        times.entry(part.to_owned()).or_insert(u64::try_from(now).unwrap_or(u64::MAX));
    }
    (times.len() != before).then(|| change(&times))
}

/// The change when nothing of these parts needs to be recorded any more; `None` if none of them was begun.
pub(super) fn end(installed: &InstalledState, is_ended: impl Fn(&str) -> bool) -> Option<StateChange> {
    let mut times = times(installed);
    let before = times.len();
    times.retain(|part, _| !is_ended(part));
    (times.len() != before).then(|| change(&times))
}

/// An option that cannot be read counts as missing: what its parts made is kept, and owned by no part.
fn times(installed: &InstalledState) -> Times {
    let option = installed.buildout.get(UNFINISHED);
    option.and_then(|value| serde_json::from_str(value).ok()).unwrap_or_default()
}

fn change(times: &Times) -> StateChange {
    let name = UNFINISHED.to_owned();
    // Strings and numbers can always be serialized as JSON.
    match times.is_empty() {
        true => StateChange::NoOption { name },
        false => StateChange::Option { name, value: serde_json::to_string(times).unwrap_or_default() },
    }
}
