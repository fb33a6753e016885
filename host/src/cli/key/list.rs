//! `key list`: the keys that a buildout trusts.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::Program;
use crate::cli::arguments::DEFAULT_FILE;
use crate::run::RunError;
use registry::{TrustedKey, trusted_keys};

const EXAMPLES: &str = "\
Examples:
  buildout-host key list          Names, fingerprints, files, and the recipes that each key may sign
  buildout-host key list --json   The same for programs";

/// `buildout-host key list`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ListArguments {
    /// The configuration file, beside which recipes.toml is.
    #[arg(short, long = "config", value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Program {
    pub(super) fn key_list(&self, arguments: &ListArguments) -> Result<(), RunError> {
        let directory = self.beside(&arguments.config);
        let keys = trusted_keys(&directory.join("recipes.toml"))?;
        self.printer.text(&if arguments.json { json(&keys, &directory) } else { text(&keys, &directory) });
        Ok(())
    }
}

fn text(keys: &[TrustedKey], directory: &Path) -> String {
    if keys.is_empty() {
        return "No keys: `buildout-host key import FILE.pub` adds one.".to_owned();
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

fn json(keys: &[TrustedKey], directory: &Path) -> String {
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

/// The key's file, as seen from `recipes.toml`.
fn relative(key: &TrustedKey, directory: &Path) -> String {
    key.file.strip_prefix(directory).unwrap_or(&key.file).display().to_string()
}
