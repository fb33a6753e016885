//! The steps of a plan, and their reasons.

use std::fmt::Write as _;

use serde_json::json;

use base::source::size;

use crate::run::{Authority, CacheOutlook, DistributionStep, Outlook, PartForecast, PartIdentity, Switch};
use state::plan::{Reason, Step};

/// One step per line, with its reasons below.
pub(in crate::cli) fn text(outlook: &Outlook) -> String {
    let Outlook { put_back, steps, distributions, switch, authorities, cached, warnings } = outlook;
    if put_back.is_empty() && steps.is_empty() && switch.is_none() {
        return "Nothing to do: there are no parts".into();
    }
    let mut text = String::new();
    for path in put_back {
        let _ = writeln!(text, "Put back {}\n  an interrupted run moved it aside", path.display());
    }
    let switched = |text: &mut String, at: usize| {
        if let Some(Switch { to, from, .. }) = switch.as_ref().filter(|switch| switch.after == at) {
            let _ = writeln!(text, "Continue with Python {to}\n  it replaces {from}, also in bin/buildout");
        }
    };
    for (number, step) in steps.iter().enumerate() {
        switched(&mut text, number);
        let (what, part, reasons) = parts_of(step);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{what} {part}");
        match reasons {
            [] => {
                let _ = writeln!(
                    text,
                    "  unchanged{}",
                    if again(step) { "; the recipe has no update, so its install runs again" } else { "" }
                );
            }
            reasons => {
                for reason in reasons {
                    let _ = writeln!(text, "  {reason}");
                }
            }
        }
        if let Some(forecast) = cached.iter().find(|known| known.part == part && !is_uninstall(step)) {
            in_cache(&forecast.outlook).iter().for_each(|clause| text.push_str(&format!("  {clause}\n")));
        }
        if let Some(authority) = authorities.iter().find(|known| known.part == part && !is_uninstall(step)) {
            text.push_str(&rights(authority));
        }
    }
    switched(&mut text, steps.len());
    distributions.iter().for_each(|step| text.push_str(&distribution(step)));
    for warning in warnings {
        let _ = writeln!(text, "{warning}");
    }
    text
}

/// Whether the cache has a part, as a clause.
fn in_cache(outlook: &CacheOutlook) -> Option<String> {
    Some(match outlook {
        CacheOutlook::Hit { is_remote: true, bytes } => format!("in the remote cache ({})", size(*bytes)),
        CacheOutlook::Hit { is_remote: false, bytes } => format!("in the local cache ({})", size(*bytes)),
        CacheOutlook::Miss(why) => format!("not in the cache{why}"),
        CacheOutlook::DependsOn(part) => format!("not known yet: depends on part {part}, which is made first"),
        CacheOutlook::NotCached(why) => format!("not from the cache: {why}"),
        CacheOutlook::Installed => return None,
    })
}

/// What the recipe of a part may do, one line for each place that says so.
fn rights(authority: &Authority) -> String {
    let mut text = String::new();
    if let Some(defaults) = &authority.defaults {
        let rights = if defaults.is_empty() { "nothing".to_owned() } else { defaults.join("; ") };
        let _ = writeln!(text, "  as a Python recipe, it may: {rights}");
    }
    if let Some((grant, place)) = &authority.granted {
        let place = place.as_deref().unwrap_or("recipes.toml");
        let _ = writeln!(text, "  {place} grants: {grant}");
    }
    text
}

/// A change of a distribution, with its reason below.
fn distribution(step: &DistributionStep) -> String {
    let DistributionStep { name, before, after, installs, reason } = step;
    let (old, new) = (before.join(", "), after.join(", "));
    let what = match (before.is_empty(), after.is_empty(), installs) {
        (true, _, true) => format!("Get {name} {new}"),
        (true, _, false) => format!("Use {name} {new}"),
        (false, true, _) => format!("No longer use {name} {old}"),
        (false, false, _) if old == new => format!("Get {name} {new} again"),
        (false, false, true) => format!("Get {name} {new} in place of {old}"),
        (false, false, false) => format!("Use {name} {new} in place of {old}"),
    };
    format!("{what}\n  {reason}\n")
}

/// The steps as one JSON object.
pub(in crate::cli) fn json(outlook: &Outlook) -> String {
    let steps: Vec<_> = outlook
        .steps
        .iter()
        .map(|step| {
            let (what, part, reasons) = parts_of(step);
            json!({"step": what.to_lowercase().replace(' ', "-"), "part": part, "reasons": reasons.iter().map(reason).collect::<Vec<_>>()})
        })
        .collect();
    let mut object = json!({ "steps": steps });
    if let Some(Switch { after, from, to }) = &outlook.switch {
        object["switch"] = json!({ "after": after, "from": from, "to": to });
    }
    if !outlook.distributions.is_empty() {
        let change = |step: &DistributionStep| {
            let DistributionStep { name, before, after, installs, reason } = step;
            json!({"name": name, "before": before, "after": after, "installs": installs, "reason": reason})
        };
        object["distributions"] = outlook.distributions.iter().map(change).collect();
    }
    if !outlook.put_back.is_empty() {
        object["put-back"] = json!(outlook.put_back);
    }
    if !outlook.cached.is_empty() {
        object["cache"] = outlook.cached.iter().map(forecast).collect();
    }
    if !outlook.authorities.is_empty() {
        let one = |authority: &Authority| {
            let (grant, place) = authority.granted.clone().unzip();
            json!({"part": authority.part, "python": authority.defaults, "grant": grant, "place": place.flatten()})
        };
        object["rights"] = outlook.authorities.iter().map(one).collect();
    }
    if !outlook.warnings.is_empty() {
        object["warnings"] = json!(outlook.warnings);
    }
    object.to_string()
}

fn forecast(PartForecast { part, outlook, identity }: &PartForecast) -> serde_json::Value {
    let mut object = match outlook {
        CacheOutlook::Hit { is_remote, bytes } => {
            json!({"part": part, "hit": if *is_remote { "remote" } else { "local" }, "bytes": bytes})
        }
        CacheOutlook::Miss(why) => json!({"part": part, "hit": false, "why": why.reason()}),
        CacheOutlook::Installed => json!({"part": part, "installed": true}),
        CacheOutlook::DependsOn(first) => json!({"part": part, "hit": null, "depends-on": first}),
        CacheOutlook::NotCached(why) => json!({"part": part, "hit": false, "cacheable": false, "why": why}),
    };
    if let Some(PartIdentity { key, facts }) = identity {
        let fact = |(name, value): &(String, String)| json!({ "name": name, "value": value });
        object["key"] = json!(key);
        object["facts"] = facts.iter().map(fact).collect();
    }
    object
}

fn parts_of(step: &Step) -> (&'static str, &str, &[Reason]) {
    match step {
        Step::Uninstall(part, reasons) => ("Uninstall", part, reasons),
        Step::Install(part, reasons) => ("Install", part, reasons),
        Step::InstallAgain(part) => ("Install again", part, &[]),
        Step::Update(part) => ("Update", part, &[]),
    }
}

fn is_uninstall(step: &Step) -> bool {
    matches!(step, Step::Uninstall(..))
}

fn again(step: &Step) -> bool {
    matches!(step, Step::InstallAgain(_))
}

fn reason(reason: &Reason) -> serde_json::Value {
    match reason {
        Reason::New => json!({"reason": "new"}),
        Reason::Unwanted => json!({"reason": "unwanted"}),
        Reason::Recipe { old, new } => json!({"reason": "recipe", "old": old, "new": new}),
        Reason::References { parts } => json!({"reason": "references", "parts": parts}),
        Reason::Changed { option, old, new } => json!({"reason": "changed", "option": option, "old": old, "new": new}),
        Reason::Added { option, new } => json!({"reason": "added", "option": option, "new": new}),
        Reason::Dropped { option, old } => json!({"reason": "dropped", "option": option, "old": old}),
        Reason::Missing { path } => json!({"reason": "missing", "path": path}),
    }
}
