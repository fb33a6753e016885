//! The caches of compiled recipes, of copies from registries, of parts, and of downloads.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::cli::commands::FurtherCache;
use base::source::size;
use recipe::component::{CacheEntry, CompileCache};
use registry::oci::ArtifactCache;
use remote::{BlobStore, StoreUsage};

/// One line.
pub(in crate::cli) fn copies_text(copies: &ArtifactCache, directory: &str, sizes: &[u64]) -> String {
    let (number, all, most) = (sizes.len(), size(sizes.iter().sum()), size(copies.capacity()));
    format!("{directory}: {number} copies from registries, {all} of at most {most}")
}

pub(in crate::cli) fn copies_json(copies: &ArtifactCache, directory: &str, sizes: &[u64]) -> Value {
    let bytes: u64 = sizes.iter().sum();
    json!({ "directory": directory, "size": bytes, "limit": copies.capacity(), "number": sizes.len() })
}

/// One line, after the others.
pub(in crate::cli) fn parts_text(store: &BlobStore) -> String {
    let StoreUsage { blobs, results, bytes } = store.usage();
    // A part that does not contain its location has two results.
    let counted = format!("{} of parts in {}", counted(results, "result"), counted(blobs, "file"));
    let most = size(store.capacity());
    format!("\n{}: {counted}, {} of at most {most}", store.directory().display(), size(bytes))
}

pub(in crate::cli) fn parts_json(store: &BlobStore) -> Value {
    let StoreUsage { blobs, results, bytes } = store.usage();
    let limit = store.capacity();
    json!({ "directory": store.directory(), "size": bytes, "limit": limit, "results": results, "files": blobs })
}

fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// One line for each.
pub(in crate::cli) fn further_text(caches: &[FurtherCache]) -> String {
    let line =
        |cache: &FurtherCache| format!("\n{}: {}, {}", cache.directory.display(), cache.contents, size(cache.size()));
    caches.iter().map(line).collect()
}

pub(in crate::cli) fn further_json(caches: &[FurtherCache]) -> Value {
    caches.iter().map(|cache| json!({ "directory": cache.directory, "size": cache.size() })).collect()
}

fn total(entries: &[CacheEntry]) -> u64 {
    entries.iter().map(|entry| entry.size).sum()
}

/// One line for each recipe.
pub(in crate::cli) fn text(cache: &CompileCache, directory: &str, entries: &[CacheEntry]) -> String {
    let (number, all, most) = (entries.len(), size(total(entries)), size(cache.capacity()));
    let mut text = format!("{directory}: {number} compiled, {all} of at most {most}\n");
    let now = SystemTime::now();
    for CacheEntry { digest, size: bytes, used } in entries {
        let ago = now.duration_since(*used).unwrap_or_default();
        text.push_str(&format!("  sha256:{digest}  {:>9}  used {}\n", size(*bytes), since(ago)));
    }
    text
}

pub(in crate::cli) fn json(
    cache: &CompileCache,
    directory: &str,
    entries: &[CacheEntry],
    [copies, parts, further]: [Value; 3],
) -> String {
    let entry = |entry: &CacheEntry| {
        let used = entry.used.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        json!({ "digest": format!("sha256:{}", entry.digest), "size": entry.size, "used": used })
    };
    json!({
        "directory": directory,
        "size": total(entries),
        "limit": cache.capacity(),
        "entries": entries.iter().map(entry).collect::<Vec<_>>(),
        "copies": copies,
        "parts": parts,
        "further": further,
    })
    .to_string()
}

/// Approximate time since then.
fn since(ago: Duration) -> String {
    match ago.as_secs() {
        0..60 => "just now".to_owned(),
        seconds @ 60..3_600 => format!("{} min ago", seconds / 60),
        seconds @ 3_600..86_400 => format!("{} h ago", seconds / 3_600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}
