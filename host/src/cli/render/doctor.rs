//! The checks of `doctor`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::doctor::Check;

/// A line for each check, and below it what to do.
pub(in crate::cli) fn text(checks: &[Check]) -> String {
    let names = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Check { name, verdict, found, remedies } in checks {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<10}  {name:<names$}  {found}", verdict.name());
        for remedy in remedies {
            let _ = writeln!(text, "{:<10}  {:names$}  → {remedy}", "", "");
        }
    }
    text
}

/// One object.
pub(in crate::cli) fn json(checks: &[Check]) -> String {
    let check = |check: &Check| {
        json!({
            "name": check.name,
            "status": check.verdict.name(),
            "found": check.found,
            "remedies": check.remedies,
        })
    };
    let object: Value = json!({ "checks": checks.iter().map(check).collect::<Vec<_>>() });
    serde_json::to_string_pretty(&object).unwrap_or_default()
}
