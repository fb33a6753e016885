//! `cache`: shows and clears what was compiled.

use std::io;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use serde_json::json;

use super::Program;
use crate::run::RunError;
use base::source::{Explain, size};
use recipe::component::{CacheEntry, CompileCache};

const EXAMPLES: &str = "\
Examples:
  buildout-host cache          What is kept, and where
  buildout-host cache clear    Remove all of it; recipes are compiled again when they are needed";

/// `buildout-host cache`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CacheArguments {
    #[command(subcommand)]
    command: Option<CacheCommand>,
    /// One JSON object instead of text.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum CacheCommand {
    /// Show what is kept (default).
    Show,
    /// Remove everything.
    Clear,
}

/// A cache that cannot be read or cleared.
#[derive(Debug, thiserror::Error)]
#[error("The cache {directory}: {error}")]
struct CacheError {
    directory: String,
    error: io::Error,
}

impl Explain for CacheError {}

impl Program {
    pub(super) fn cache(&self, arguments: &CacheArguments) -> Result<(), RunError> {
        let cache = CompileCache::open(&self.environment);
        let directory = cache.directory().map(|directory| directory.display().to_string()).unwrap_or_default();
        let failed = |error| CacheError { directory: directory.clone(), error };
        let text = match arguments.command.unwrap_or(CacheCommand::Show) {
            CacheCommand::Show => {
                let entries = cache.entries().map_err(failed)?;
                if arguments.json {
                    as_json(&cache, &directory, &entries)
                } else {
                    as_text(&cache, &directory, &entries)
                }
            }
            CacheCommand::Clear => {
                let freed = cache.clear().map_err(failed)?;
                if arguments.json {
                    json!({ "directory": directory, "freed": freed }).to_string()
                } else {
                    format!("Removed {} from {directory}", size(freed))
                }
            }
        };
        self.printer.text(&text);
        Ok(())
    }
}

fn total(entries: &[CacheEntry]) -> u64 {
    entries.iter().map(|entry| entry.size).sum()
}

fn as_text(cache: &CompileCache, directory: &str, entries: &[CacheEntry]) -> String {
    let (number, all, most) = (entries.len(), size(total(entries)), size(cache.capacity()));
    let mut text = format!("{directory}: {number} compiled, {all} of at most {most}\n");
    let now = SystemTime::now();
    for CacheEntry { digest, size: bytes, used } in entries {
        let ago = now.duration_since(*used).unwrap_or_default();
        text.push_str(&format!("  sha256:{digest}  {:>9}  used {}\n", size(*bytes), since(ago)));
    }
    text
}

fn as_json(cache: &CompileCache, directory: &str, entries: &[CacheEntry]) -> String {
    let entry = |entry: &CacheEntry| {
        let used = entry.used.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        json!({ "digest": format!("sha256:{}", entry.digest), "size": entry.size, "used": used })
    };
    json!({
        "directory": directory,
        "size": total(entries),
        "limit": cache.capacity(),
        "entries": entries.iter().map(entry).collect::<Vec<_>>(),
    })
    .to_string()
}

fn since(ago: Duration) -> String {
    match ago.as_secs() {
        0..60 => "just now".to_owned(),
        seconds @ 60..3_600 => format!("{} min ago", seconds / 60),
        seconds @ 3_600..86_400 => format!("{} h ago", seconds / 3_600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}
