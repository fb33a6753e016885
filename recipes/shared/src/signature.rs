//! What decides where a shared part lies: its options, as JSON, and the digest of that.

use std::fmt::Write as _;

use buildout_recipe::{Error, Options};
use sha2::{Digest as _, Sha256};

/// Counted up when recipes make something else of the same options.
const GENERATION: &str = "1";

/// The part's options as a JSON object, sorted by name. Two buildouts with the same signature can use the same part.
pub(crate) fn of(options: &Options) -> Result<String, Error> {
    let mut names = options.keys()?;
    names.sort();
    let mut lines = vec![format!("  {}: {}", quoted("(generation)"), quoted(GENERATION))];
    for name in names {
        let value = options.require(&name)?;
        let value = if name == "patches" { without_places(&value) } else { value };
        lines.push(format!("  {}: {}", quoted(&name), quoted(&value)));
    }
    Ok(format!("{{\n{}\n}}\n", lines.join(",\n")))
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
pub(crate) fn digest(signature: &str) -> String {
    Sha256::digest(signature).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
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
    fn a_patch_with_a_digest_counts_by_its_name() {
        let one = without_places("/a/b/fix.patch#123\n  https://example.com/other.patch");
        assert_eq!(one, "fix.patch#123\nhttps://example.com/other.patch");
        assert_eq!(without_places("/c/fix.patch#123 https://example.com/other.patch"), one);
    }
}
