//! What decides where a shared part lies: its options, as JSON, and the digest of that.

use std::fmt::Write as _;

use buildout_recipe::{Error, Init};
use sha2::{Digest as _, Sha256};

/// Counted up when recipes make something else of the same options.
const GENERATION: &str = "1";

/// What decides where a shared part lies.
pub(crate) struct Signature {
    /// Two buildouts with the same digest can use the same part.
    pub(crate) digest: String,
    /// The part's options as a JSON object, without credentials: others can read it.
    pub(crate) shown: String,
}

/// The signature of the part, of all its options as they are now.
pub(crate) fn of(init: &Init<'_>) -> Result<Signature, Error> {
    let part = init.part();
    let mut all = Vec::new();
    for name in init.options().keys()? {
        // Not read, only looked at: an option that nothing uses is still told.
        let value = init.buildout().require(&part, &name)?;
        let value = if name == "patches" { without_places(&value) } else { value };
        all.push((name, value));
    }
    all.sort();
    // Other credentials make another part.
    Ok(Signature { digest: digest(&object(&all, str::to_owned)), shown: object(&all, redacted) })
}

/// A JSON object, of what `show` makes of the values.
fn object(options: &[(String, String)], show: impl Fn(&str) -> String) -> String {
    let mut lines = vec![format!("  {}: {}", quoted("(generation)"), quoted(GENERATION))];
    lines.extend(options.iter().map(|(name, value)| format!("  {}: {}", quoted(name), quoted(&show(value)))));
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// Where a file with a digest comes from decides nothing: patches lie beside a profile, of which there are copies.
fn without_places(files: &str) -> String {
    let name = |word: &str| match word.split_once('#') {
        Some((address, digest)) => {
            format!("{}#{digest}", address.rsplit('/').next().unwrap_or_default())
        }
        None => word.to_owned(),
    };
    files.split_whitespace().map(name).collect::<Vec<_>>().join("\n")
}

/// A part of the path, and so of every `#!` line beneath it: 128 bits are enough, and short.
fn digest(signature: &str) -> String {
    Sha256::digest(signature).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// `text` without the credentials of the URLs in it: what stands between `://` and `@` becomes `***`.
fn redacted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let ends = |c: char| matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>') || c.is_whitespace();
        let (authority, after) = after.split_at(after.find(ends).unwrap_or(after.len()));
        let host = authority.rfind('@').filter(|at| *at > 0).map_or(0, |at| {
            shown.push_str("***");
            at
        });
        shown.push_str(&authority[host..]);
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {
                // Writing to a text does not fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_as_json_wants() {
        assert_eq!(quoted("a \"b\"\\\n\t\u{e9}"), "\"a \\\"b\\\"\\\\\\n\\u0009\u{e9}\"");
    }

    #[test]
    fn credentials_are_not_shown() {
        let t = |text: &str, expected: &str| assert_eq!(redacted(text), expected);
        t("https://user:s3cret@host/a@b", "https://***@host/a@b");
        t("http://u:p\\@s@h\nhttp://h\n", "http://***@h\nhttp://h\n");
        t("no url ://", "no url ://");
    }

    #[test]
    fn a_patch_with_a_digest_counts_by_its_name() {
        let one = without_places("/a/b/fix.patch#123\n  https://example.com/other.patch");
        assert_eq!(one, "fix.patch#123\nhttps://example.com/other.patch");
        assert_eq!(without_places("/c/fix.patch#123 https://example.com/other.patch"), one);
    }
}
