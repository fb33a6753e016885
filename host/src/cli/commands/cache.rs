//! `cache`: shows and clears the caches of compiled recipes, of copies from registries, and of parts.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::program::Program;
use crate::cli::render;
use crate::run::{RunError, local_store, store_size};
use base::source::{Explain, size};
use recipe::component::CompileCache;
use registry::oci::ArtifactCache;
use remote::{BlobStore, BlobStoreError, DEFAULT_CAPACITY};

const EXAMPLES: &str = "\
Examples:
  buildout-host cache          Show what is in the cache, and where it is
  buildout-host cache clear    Remove compiled recipes, copies from registries, and parts; they are
                               compiled, downloaded, and fetched or built again when they are needed

The caches shown here do not include downloads, Python distributions, or modules of Python recipes.";

/// `buildout-host cache`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct CacheArguments {
    #[command(subcommand)]
    command: Option<CacheCommand>,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
    /// The directory of cached parts (default: BUILDOUT_REMOTE_CACHE_DIRECTORY, or ~/.cache/buildout-host/parts)
    #[arg(long, global = true, value_name = "DIR")]
    directory: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum CacheCommand {
    /// Show what is in the cache (default)
    #[command(after_help = "Example:\n  buildout-host cache show --json")]
    Show,
    /// Remove compiled recipes, copies from registries, and parts
    #[command(after_help = "Example:\n  buildout-host cache clear")]
    Clear,
}

/// The cache cannot be read or cleared.
#[derive(Debug, thiserror::Error)]
enum CacheError {
    #[error("There is no cache: neither XDG_CACHE_HOME nor HOME is set")]
    NoDirectory,
    #[error("{directory} is not a cache of parts")]
    NoParts { directory: String },
    #[error("Cannot {operation} the cache {directory}: {cause}")]
    Unusable { operation: &'static str, directory: String, cause: io::Error },
}

impl Explain for CacheError {}

pub(super) fn execute(program: &Program, arguments: &CacheArguments) -> Result<(), RunError> {
    let caches = Caches {
        compiled: CompileCache::open(&program.environment),
        copies: ArtifactCache::open(&program.environment, Arc::clone(&program.printer) as _),
        parts: parts(program, arguments.directory.as_deref())?,
    };
    let text = match arguments.command.unwrap_or(CacheCommand::Show) {
        CacheCommand::Show => caches.show(arguments.json)?,
        CacheCommand::Clear => caches.clear(arguments.json)?,
    };
    program.printer.text(&text);
    Ok(())
}

/// What this user's host keeps.
struct Caches {
    compiled: CompileCache,
    copies: ArtifactCache,
    /// `None` if there is none yet.
    parts: Option<BlobStore>,
}

/// The parts that this machine keeps: where a run keeps them, as far as the configuration does not say so.
fn parts(program: &Program, directory: Option<&Path>) -> Result<Option<BlobStore>, RunError> {
    let variable = |name: &str| program.environment.variables.get(name).filter(|value| !value.trim().is_empty());
    let named = directory.or_else(|| variable("BUILDOUT_REMOTE_CACHE_DIRECTORY").map(|path| Path::new(path.trim())));
    let usual = || local_store(program.environment.cache_directory());
    let Some(directory) = named.map(|named| program.path(named)).or_else(usual) else { return Ok(None) };
    let store = directory.join("store");
    if !store.is_dir() {
        let missing = named.map(|_| CacheError::NoParts { directory: directory.display().to_string() }.into());
        return missing.map_or(Ok(None), Err);
    }
    let capacity = variable("BUILDOUT_REMOTE_CACHE_SIZE").and_then(|size| store_size(size)).unwrap_or(DEFAULT_CAPACITY);
    BlobStore::open(&store, capacity).map(Some).map_err(|error| UnusableStore(error).into())
}

impl Caches {
    fn show(&self, as_json: bool) -> Result<String, CacheError> {
        let (directory, copied) = self.directories()?;
        let entries = self.compiled.entries().map_err(unusable("read", &directory))?;
        let sizes = self.copies.sizes().map_err(unusable("read", &copied))?;
        if as_json {
            let copies = render::cache::copies_json(&self.copies, &copied, &sizes);
            let parts = self.parts.as_ref().map(render::cache::parts_json);
            return Ok(render::cache::json(&self.compiled, &directory, &entries, &copies, &parts));
        }
        let compiled = render::cache::text(&self.compiled, &directory, &entries);
        let parts = self.parts.as_ref().map(render::cache::parts_text).unwrap_or_default();
        Ok(compiled + &render::cache::copies_text(&self.copies, &copied, &sizes) + &parts)
    }

    fn clear(&self, as_json: bool) -> Result<String, CacheError> {
        let (directory, copied) = self.directories()?;
        let freed = self.compiled.clear().map_err(unusable("clear", &directory))?;
        let copies = self.copies.clear().map_err(unusable("clear", &copied))?;
        let parts = self.parts.as_ref().map(|store| (store.directory().display().to_string(), clear(store)));
        if as_json {
            let copies = json!({ "directory": copied, "freed": copies });
            let parts = parts.map(|(directory, freed)| json!({ "directory": directory, "freed": freed }));
            let all = json!({ "directory": directory, "freed": freed, "copies": copies, "parts": parts });
            return Ok(all.to_string());
        }
        let parts = parts.map(|(directory, freed)| format!("\nRemoved {} from {directory}", size(freed)));
        let removed = format!("Removed {} from {directory}\nRemoved {} from {copied}", size(freed), size(copies));
        Ok(removed + &parts.unwrap_or_default())
    }

    fn directories(&self) -> Result<(String, String), CacheError> {
        let directories = self.compiled.directory().zip(self.copies.directory());
        let (compiled, copies) = directories.ok_or(CacheError::NoDirectory)?;
        Ok((compiled.display().to_string(), copies.display().to_string()))
    }
}

/// Removes all parts; returns the bytes that were freed.
fn clear(store: &BlobStore) -> u64 {
    let before = store.usage().bytes;
    store.clear();
    before.saturating_sub(store.usage().bytes)
}

/// The store of parts cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct UnusableStore(BlobStoreError);

impl Explain for UnusableStore {}

fn unusable(operation: &'static str, directory: &str) -> impl FnOnce(io::Error) -> CacheError {
    let directory = directory.to_owned();
    move |cause| CacheError::Unusable { operation, directory, cause }
}
