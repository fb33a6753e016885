//! The simple API as JSON (PEP 691, 700, 714).

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use super::html::{MOST_LINKS, is_followed};
use super::links::checksum;
use super::{Link, Page};

/// A page about one project: the fields that are used.
#[derive(Deserialize)]
struct Listing {
    meta: Meta,
    #[serde(default)]
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "api-version")]
    api_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Listed {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    requires_python: Option<String>,
    yanked: Option<Yanked>,
    core_metadata: Option<Sidecar>,
    dist_info_metadata: Option<Sidecar>,
    data_dist_info_metadata: Option<Sidecar>,
    size: Option<u64>,
}

/// Whether a file was yanked, or why.
#[derive(Deserialize)]
#[serde(untagged)]
enum Yanked {
    Is(bool),
    Because(String),
}

/// Whether the index has the metadata of a file, or its digests.
#[derive(Deserialize)]
#[serde(untagged)]
enum Sidecar {
    Is(bool),
    Hashes(BTreeMap<String, String>),
}

/// The links of a page.
///
/// # Errors
/// When it is not a listing of a known API version.
pub(super) fn links(page: &Page) -> Result<Vec<Link>, String> {
    let listing: Listing =
        serde_json::from_slice(&page.body).map_err(|error| format!("it is not a listing of files: {error}"))?;
    if listing.meta.api_version.split('.').next() != Some("1") {
        return Err(format!("its API has version {:?}, but only version 1 is supported", listing.meta.api_version));
    }
    if listing.files.len() > MOST_LINKS {
        return Err(format!("it lists more than {MOST_LINKS} files"));
    }
    Ok(listing.files.into_iter().filter_map(|file| link(&page.url, file)).collect())
}

fn link(base: &Url, listed: Listed) -> Option<Link> {
    let url = base.join(&listed.url).ok()?;
    if !is_followed(base, &url) {
        return None;
    }
    let mut link = Link::of_parsed_url(&url);
    link.name = listed.filename;
    link.checksums.extend(listed.hashes.iter().filter_map(|(algorithm, digest)| checksum((algorithm, digest))));
    link.requires_python = listed.requires_python.filter(|text| !text.is_empty());
    link.yanked = match listed.yanked {
        Some(Yanked::Because(reason)) => Some(reason),
        Some(Yanked::Is(true)) => Some(String::new()),
        Some(Yanked::Is(false)) | None => None,
    };
    let sidecar = listed.core_metadata.or(listed.dist_info_metadata).or(listed.data_dist_info_metadata);
    link.metadata = match sidecar {
        Some(Sidecar::Hashes(hashes)) => Some(hashes.get("sha256").and_then(|digest| checksum(("sha256", digest)))),
        Some(Sidecar::Is(true)) => Some(None),
        Some(Sidecar::Is(false)) | None => None,
    };
    link.size = listed.size;
    Some(link)
}
