//! The signature of a shared part: its options as JSON, and their digest, which determines its location.

use std::fmt::Write as _;

use buildout_recipe::{Error, Init};
use sha2::{Digest as _, Sha256};

/// Incremented when recipes make a different result from the same options.
const GENERATION: &str = "1";

/// The signature of a shared part.
pub(crate) struct PartSignature {
    /// Buildouts with the same digest can use the same part.
    pub(crate) digest: String,
    /// The part's options as a JSON object, without credentials, because other users can read it.
    pub(crate) shown: String,
}

/// The signature of the part, from the current values of all its options.
pub(crate) fn of(init: &Init<'_>) -> Result<PartSignature, Error> {
    let part = init.part();
    let mut all = Vec::new();
    for name in init.options().keys()? {
        // This read does not mark the option as used, so unused options are still reported.
        let value = init.buildout().require(&part, &name)?;
        let value = if name == "patches" { without_directories(&value) } else { value };
        all.push((name, value));
    }
    all.sort();
    // The digest includes credentials: other credentials make another part.
    Ok(PartSignature { digest: digest(&object(&all, str::to_owned)), shown: object(&all, redacted) })
}

/// A JSON object of the options, with `show` applied to the values.
fn object(options: &[(String, String)], show: impl Fn(&str) -> String) -> String {
    let mut lines = vec![format!("  {}: {}", quoted("(generation)"), quoted(GENERATION))];
    lines.extend(options.iter().map(|(name, value)| format!("  {}: {}", quoted(name), quoted(&show(value)))));
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// Removes the directories of files with a digest: profiles, and the patches next to them, can be copied.
fn without_directories(files: &str) -> String {
    let name = |word: &str| match word.split_once('#') {
        Some((address, digest)) => {
            format!("{}#{digest}", address.rsplit('/').next().unwrap_or_default())
        }
        None => word.to_owned(),
    };
    files.split_whitespace().map(name).collect::<Vec<_>>().join("\n")
}

/// The digest is in the path, and so in every `#!` line below it. 128 bits are enough and keep these short.
fn digest(signature: &str) -> String {
    Sha256::digest(signature).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// `text` without the credentials of URLs: the text between `://` and `@` is replaced by `***`.
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
                // Writing to a string does not fail.
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
    fn quotes_strings_for_json() {
        assert_eq!(quoted("a \"b\"\\\n\t\u{e9}"), "\"a \\\"b\\\"\\\\\\n\\u0009\u{e9}\"");
    }

    #[test]
    fn hides_credentials() {
        let t = |text: &str, expected: &str| assert_eq!(redacted(text), expected);
        t("https://user:s3cret@host/a@b", "https://***@host/a@b");
        t("http://u:p\\@s@h\nhttp://h\n", "http://***@h\nhttp://h\n");
        t("no url ://", "no url ://");
    }

    #[test]
    fn ignores_the_directory_of_a_patch_with_a_digest() {
        let one = without_directories("/a/b/fix.patch#123\n  https://example.com/other.patch");
        assert_eq!(one, "fix.patch#123\nhttps://example.com/other.patch");
        assert_eq!(without_directories("/c/fix.patch#123 https://example.com/other.patch"), one);
    }
}
