//! The keys that a buildout trusts.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use registry::TrustedKey;

/// Some lines for each key.
pub(in crate::cli) fn text(keys: &[TrustedKey], directory: &Path) -> String {
    if keys.is_empty() {
        return "No keys; to add one: buildout-host key import FILE.pub".to_owned();
    }
    let mut text = String::new();
    for key in keys {
        let revoked = key.revoked.as_ref().map(|date| format!(" (revoked: {date})")).unwrap_or_default();
        let fingerprint = key.key.as_ref().map_or_else(ToString::to_string, ToString::to_string);
        let recipes = if key.recipes.is_empty() { "none".to_owned() } else { key.recipes.join(", ") };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}{revoked}\n  key      {fingerprint}", key.name);
        let _ = writeln!(text, "  file     {}\n  recipes  {recipes}", relative(key, directory));
    }
    text.trim_end().to_owned()
}

pub(in crate::cli) fn json(keys: &[TrustedKey], directory: &Path) -> String {
    let one = |key: &TrustedKey| {
        json!({
            "name": key.name,
            "fingerprint": key.key.as_ref().ok().map(ToString::to_string),
            "error": key.key.as_ref().err().map(ToString::to_string),
            "file": relative(key, directory),
            "revoked": key.revoked,
            "recipes": key.recipes,
        })
    };
    json!({ "keys": keys.iter().map(one).collect::<Vec<_>>() }).to_string()
}

/// The key's file, relative to the directory of `recipes.toml`.
fn relative(key: &TrustedKey, directory: &Path) -> String {
    key.file.strip_prefix(directory).unwrap_or(&key.file).display().to_string()
}
