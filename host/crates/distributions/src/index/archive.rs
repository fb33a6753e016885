//! Archives on this machine: the directories and paths of `index` and `find-links`.

use std::path::Path;

use url::Url;

use super::pages::Page;
use super::{Link, html};

/// The most entries of a directory that are read.
const MOST_ENTRIES: usize = 200_000;

/// The longest page that is read, in bytes.
const LONGEST_PAGE: u64 = 64 << 20;

/// The archives in a directory of an index; `None` if it does not exist. An `index.html` in it lists them.
pub(super) fn directory(path: &Path) -> Option<Vec<Link>> {
    if !path.is_dir() {
        return None;
    }
    let page = path.join("index.html");
    if page.is_file() {
        let url = Url::from_file_path(&page).ok()?;
        return listed(&page, url);
    }
    Some(entries(path))
}

/// The archives of a path of `find-links`: one archive, or those of a directory.
pub(super) fn found(path: &Path) -> Option<Vec<Link>> {
    match path.metadata().ok()? {
        metadata if metadata.is_dir() => Some(entries(path)),
        _ if path.extension().is_some_and(|extension| extension == "html" || extension == "htm") => {
            let url = Url::from_file_path(path).ok()?;
            listed(path, url)
        }
        _ => Some(Link::of_path(path.to_owned()).into_iter().collect()),
    }
}

/// The archives that a page in a file lists.
fn listed(path: &Path, url: Url) -> Option<Vec<Link>> {
    let body = base::files::read_at_most(path, LONGEST_PAGE).ok()?;
    html::links(&Page { url, content_type: "text/html; charset=utf-8".to_owned(), body }).ok()
}

fn entries(path: &Path) -> Vec<Link> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let entries = std::fs::read_dir(&real).into_iter().flatten().take(MOST_ENTRIES).flatten();
    entries.filter_map(|entry| Link::of_path(entry.path())).collect()
}
