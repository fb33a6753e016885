//! What changed in `recipes.lock`.

use std::fmt::Write as _;

use super::package::imports;
use crate::share::LockChange;
use registry::Locked;

/// What changed, recipe by recipe.
pub(in crate::cli) fn text(changes: &[LockChange]) -> String {
    if changes.is_empty() {
        return "recipes.lock is up to date.".to_owned();
    }
    let mut text = String::new();
    for LockChange { name, before, after } in changes {
        // Writing to a String cannot fail.
        let _ = match (before, after) {
            (_, None) => writeln!(text, "{name}: no longer in recipes.toml"),
            (None, Some(after)) => writeln!(text, "{name}: {}", after.source),
            (Some(before), Some(after)) if before.source != after.source => {
                writeln!(text, "{name}: {} → {}", before.source, after.source)
            }
            (_, Some(after)) => writeln!(text, "{name}: {}", after.source),
        };
        if let Some(after) = after {
            facts(&mut text, before.as_ref(), after);
        }
    }
    text.trim_end().to_owned()
}

/// One value of a lock entry, as text.
type Fact = fn(&Locked) -> String;

fn facts(text: &mut String, before: Option<&Locked>, after: &Locked) {
    let signers = |locked: &Locked| match &locked.signers[..] {
        [] => "no one has to".to_owned(),
        signers => signers.join(", "),
    };
    let facts: [(&str, Fact); 4] = [
        ("version", |locked| locked.version.clone()),
        ("manifest", |locked| format!("sha256:{}", locked.manifest)),
        ("component", |locked| format!("sha256:{}", locked.component)),
        ("wit", |locked| locked.capabilities.wit.clone()),
    ];
    let mut line = |what: &str, before: Option<String>, after: String| {
        let _ = match before {
            None => writeln!(text, "  {what:<10}{after}"),
            Some(before) if before != after => writeln!(text, "  {what:<10}{before}\n  {:<8}→ {after}", ""),
            Some(_) => Ok(()),
        };
    };
    for (what, fact) in facts {
        line(what, before.map(fact), fact(after));
    }
    line("signed by", before.map(signers), signers(after));
    match before {
        Some(_) => differences(text, "imports", before, after, |locked| locked.capabilities.imports.clone()),
        // If all of them are new, they are easier to read by package.
        None => {
            let imports = imports(&after.capabilities.imports).replace('\n', "\n            ");
            let _ = writeln!(text, "  {:<10}{imports}", "imports");
        }
    }
    differences(text, "requests", before, after, |locked| {
        let requests = &locked.capabilities.asks;
        requests.iter().flat_map(|(key, values)| values.iter().map(move |value| format!("{key} {value}"))).collect()
    });
}

/// Items of a list that were added (`+`) and removed (`-`).
fn differences(
    text: &mut String,
    what: &str,
    before: Option<&Locked>,
    after: &Locked,
    list: impl Fn(&Locked) -> Vec<String>,
) {
    let (old, new) = (before.map(&list).unwrap_or_default(), list(after));
    let added = new.iter().filter(|item| !old.contains(item)).map(|item| format!("+ {item}"));
    let removed = old.iter().filter(|item| !new.contains(item)).map(|item| format!("- {item}"));
    for (number, item) in added.chain(removed).enumerate() {
        let _ = writeln!(text, "  {:<10}{item}", if number == 0 { what } else { "" });
    }
}
