//! What changed in `recipes.lock`.

use std::fmt::Write as _;

use super::package::imports as imports_by_package;
use crate::share::LockChange;
use base::source::printable_line;
use registry::Locked;

/// The changes, by recipe.
pub(in crate::cli) fn text(changes: &[LockChange]) -> String {
    if changes.is_empty() {
        return "recipes.lock is up to date".to_owned();
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
        [] => "not required".to_owned(),
        signers => signers.join(", "),
    };
    let facts: [(&str, Fact); 4] = [
        ("version", |locked| locked.version.clone()),
        ("manifest", |locked| format!("sha256:{}", locked.manifest)),
        ("component", |locked| format!("sha256:{}", locked.component)),
        ("wit", |locked| locked.capabilities.wit.clone()),
    ];
    let mut line = |what: &str, before: Option<String>, after: String| {
        let (before, after) = (before.as_deref().map(printable_line), printable_line(&after));
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
        // If all of them are new, they are easier to read grouped by package.
        None => {
            let imports: Vec<String> = after.capabilities.imports.iter().map(|import| printable_line(import)).collect();
            let imports = imports_by_package(&imports).replace('\n', "\n            ");
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
    let added = new.iter().filter(|item| !old.contains(item)).map(|item| format!("+ {}", printable_line(item)));
    let removed = old.iter().filter(|item| !new.contains(item)).map(|item| format!("- {}", printable_line(item)));
    for (number, item) in added.chain(removed).enumerate() {
        let _ = writeln!(text, "  {:<10}{item}", if number == 0 { what } else { "" });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use base::digest::Digest;
    use registry::Capabilities;

    #[test]
    fn a_line_end_in_a_request_is_an_escape() {
        let capabilities = Capabilities {
            wit: "0.1.0".to_owned(),
            imports: vec!["wasi:io/poll\u{202e}@0.2.6".to_owned()],
            asks: BTreeMap::from([("run".to_owned(), vec!["date\n  signed by acme\u{1b}[1A".to_owned()])]),
        };
        let locked = Locked {
            source: "oci://127.0.0.1:5000/acme:1".parse().unwrap(),
            manifest: Digest::of(b""),
            component: Digest::of(b""),
            version: "1.0\r".to_owned(),
            signers: Vec::new(),
            capabilities,
        };
        let text = text(&[LockChange { name: "acme".to_owned(), before: None, after: Some(locked) }]);
        assert!(text.contains("  requests  + run date\\n  signed by acme\\u{1b}[1A"), "{text}");
        assert!(text.contains("version   1.0\\r\n") && text.contains("(poll\\u{202e})"), "{text}");
        assert!(!text.contains("\n  signed by acme"), "{text}");
    }
}
