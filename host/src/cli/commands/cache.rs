//! `cache`: shows and clears the caches of compiled recipes, of copies from registries, of parts, and of downloads.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::program::Program;
use crate::cli::render;
use crate::run::{RunError, local_store, store_size};
use base::files::{FileError, remove_directory};
use base::source::{Explain, size};
use recipe::component::CompileCache;
use registry::oci::ArtifactCache;
use remote::{BlobStore, BlobStoreError, DEFAULT_CAPACITY};

const EXAMPLES: &str = "\
Examples:
  buildout-host cache                Show what is in the caches, and where they are
  buildout-host cache clear          Remove compiled recipes, copies from registries, and parts; they are
                                     compiled, downloaded, and fetched or built again when they are needed
  buildout-host cache clear --all    Also remove downloads, Python distributions, and modules of Python
                                     recipes; no run may use them meanwhile";

/// `buildout-host cache`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct CacheArguments {
    #[command(subcommand)]
    command: Option<CacheCommand>,
    /// Print one JSON object
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// The directory of cached parts (default: BUILDOUT_REMOTE_CACHE_DIRECTORY, or ~/.cache/buildout-host/parts)
    #[arg(long, global = true, value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// `buildout-host cache clear`.
#[derive(Clone, Copy, Debug, Args)]
struct ClearArguments {
    /// Also remove downloads, Python distributions, and modules of Python recipes
    #[arg(long)]
    all: bool,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum CacheCommand {
    /// Show what is in the cache (default)
    #[command(after_help = "Example:\n  buildout-host cache show --json")]
    Show,
    /// Remove compiled recipes, copies from registries, and parts
    #[command(after_help = "Example:\n  buildout-host cache clear --all")]
    Clear(ClearArguments),
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
    #[error(transparent)]
    File(#[from] FileError),
}

impl Explain for CacheError {}

pub(super) fn execute(program: &Program, arguments: &CacheArguments) -> Result<(), RunError> {
    let caches = Caches {
        compiled: CompileCache::open(&program.environment),
        copies: ArtifactCache::open(&program.environment, Arc::clone(&program.printer) as _),
        parts: parts(program, arguments.directory.as_deref())?,
        further: further(program.environment.cache_directory()),
    };
    let text = match arguments.command.unwrap_or(CacheCommand::Show) {
        CacheCommand::Show => caches.show(arguments.json)?,
        CacheCommand::Clear(ClearArguments { all }) => caches.clear(all, arguments.json)?,
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
    further: Vec<FurtherCache>,
}

/// A cache that is only shown as a whole, and cleared only if all are.
pub(in crate::cli) struct FurtherCache {
    /// What it holds.
    pub(in crate::cli) contents: &'static str,
    pub(in crate::cli) directory: PathBuf,
}

/// Directories of runs. What they hold takes longest to get again.
const FURTHER: [(&str, &str); 3] = [
    ("distributions", "Python distributions, their index, and environments of builds"),
    ("downloads", "downloads"),
    ("python-recipes", "modules of Python recipes"),
];

fn further(kept: Option<PathBuf>) -> Vec<FurtherCache> {
    let all = kept
        .into_iter()
        .flat_map(|kept| FURTHER.map(|(name, contents)| FurtherCache { contents, directory: kept.join(name) }));
    all.filter(|further| further.directory.is_dir()).collect()
}

impl FurtherCache {
    /// The bytes of its files. What another run removes meanwhile does not count.
    pub(in crate::cli) fn size(&self) -> u64 {
        let mut waiting = vec![self.directory.clone()];
        let mut bytes = 0;
        while let Some(directory) = waiting.pop() {
            for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => waiting.push(entry.path()),
                    Ok(metadata) => bytes += metadata.len(),
                    Err(_) => {}
                }
            }
        }
        bytes
    }

    /// Removes it; returns the bytes that were freed.
    fn clear(&self) -> Result<u64, FileError> {
        let bytes = self.size();
        remove_directory(&self.directory).map(|()| bytes)
    }
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
            let further = render::cache::further_json(&self.further);
            return Ok(render::cache::json(&self.compiled, &directory, &entries, [copies, parts.into(), further]));
        }
        let compiled = render::cache::text(&self.compiled, &directory, &entries);
        let parts = self.parts.as_ref().map(render::cache::parts_text).unwrap_or_default();
        let further = render::cache::further_text(&self.further);
        Ok(compiled + &render::cache::copies_text(&self.copies, &copied, &sizes) + &parts + &further)
    }

    fn clear(&self, all: bool, as_json: bool) -> Result<String, CacheError> {
        let (directory, copied) = self.directories()?;
        let freed = self.compiled.clear().map_err(unusable("clear", &directory))?;
        let copies = self.copies.clear().map_err(unusable("clear", &copied))?;
        let parts = self.parts.as_ref().map(|store| (store.directory().display().to_string(), clear(store)));
        let chosen = self.further.iter().filter(|_| all);
        let further = chosen.map(|further| Ok((further.directory.display().to_string(), further.clear()?)));
        let further = further.collect::<Result<Vec<_>, FileError>>()?;
        if as_json {
            let copies = json!({ "directory": copied, "freed": copies });
            let freed_from = |(directory, freed)| json!({ "directory": directory, "freed": freed });
            let (parts, further) = (parts.map(freed_from), further.into_iter().map(freed_from).collect::<Vec<_>>());
            let all = json!({
                "directory": directory, "freed": freed, "copies": copies, "parts": parts, "further": further,
            });
            return Ok(all.to_string());
        }
        let others = parts.into_iter().chain(further);
        let removed = [(directory, freed), (copied, copies)].into_iter().chain(others);
        let lines = removed.map(|(directory, freed)| format!("Removed {} from {directory}", size(freed)));
        Ok(lines.collect::<Vec<_>>().join("\n"))
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
