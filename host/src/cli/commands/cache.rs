//! `cache`: shows and clears the cache of compiled recipes.

use std::io;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::program::Program;
use crate::cli::render;
use crate::run::RunError;
use base::source::{Explain, size};
use recipe::component::CompileCache;

const EXAMPLES: &str = "\
Examples:
  buildout-host cache          Show what is in the cache, and where it is
  buildout-host cache clear    Remove all of it; recipes are compiled again when they are needed";

/// `buildout-host cache`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct CacheArguments {
    #[command(subcommand)]
    command: Option<CacheCommand>,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum CacheCommand {
    /// Show what is in the cache (default)
    #[command(after_help = "Example:\n  buildout-host cache show --json")]
    Show,
    /// Remove everything
    #[command(after_help = "Example:\n  buildout-host cache clear")]
    Clear,
}

/// The cache cannot be read or cleared.
#[derive(Debug, thiserror::Error)]
#[error("Cannot {operation} the cache {directory}: {cause}")]
struct CacheError {
    operation: &'static str,
    directory: String,
    cause: io::Error,
}

impl Explain for CacheError {}

pub(super) fn execute(program: &Program, arguments: &CacheArguments) -> Result<(), RunError> {
    let cache = CompileCache::open(&program.environment);
    let directory = cache.directory().map(|directory| directory.display().to_string()).unwrap_or_default();
    let text = match arguments.command.unwrap_or(CacheCommand::Show) {
        CacheCommand::Show => show(&cache, directory, arguments.json)?,
        CacheCommand::Clear => clear(&cache, directory, arguments.json)?,
    };
    program.printer.text(&text);
    Ok(())
}

fn show(cache: &CompileCache, directory: String, as_json: bool) -> Result<String, CacheError> {
    match cache.entries() {
        Ok(entries) if as_json => Ok(render::cache::json(cache, &directory, &entries)),
        Ok(entries) => Ok(render::cache::text(cache, &directory, &entries)),
        Err(cause) => Err(CacheError { operation: "read", directory, cause }),
    }
}

fn clear(cache: &CompileCache, directory: String, as_json: bool) -> Result<String, CacheError> {
    match cache.clear() {
        Ok(freed) if as_json => Ok(json!({ "directory": directory, "freed": freed }).to_string()),
        Ok(freed) => Ok(format!("Removed {} from {directory}", size(freed))),
        Err(cause) => Err(CacheError { operation: "clear", directory, cause }),
    }
}
