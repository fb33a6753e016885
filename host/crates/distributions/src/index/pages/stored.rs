//! Cached pages, with what the server needs to decide whether they are still current.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use base::digest::Digest;
use serde::{Deserialize, Serialize};
use url::Url;

use super::page::{LONGEST_PAGE, Page};

/// Increased when the format of cached pages changes.
const FORM: u32 = 1;

/// The longest header line that is read, in bytes.
const LONGEST_HEAD: usize = 64 << 10;

/// A cached page: a line of JSON, then the body.
#[derive(Clone)]
pub(super) struct Stored {
    head: StoredHead,
    /// The server's identifier of this version of the page.
    pub(super) etag: Option<String>,
    body: Vec<u8>,
}

#[derive(Clone, Serialize, Deserialize)]
struct StoredHead {
    form: u32,
    url: String,
    content_type: String,
    etag: Option<String>,
    /// Until when the server need not be asked again, in seconds since 1970.
    #[serde(default)]
    fresh_until: u64,
    digest: String,
}

/// The longest time for which a page is used without a question, in seconds.
const LONGEST_FRESH: u64 = 3600;

/// The end of the time for which an answer says that it is valid (`Cache-Control: max-age`). If it says nothing, the
/// server is asked each time, as pip and uv do: no one knows when its next release appears.
fn fresh_until(answer: &fetch::Response) -> u64 {
    let Some(control) = answer.header("cache-control") else { return 0 };
    let control = control.to_ascii_lowercase();
    let mut directives = control.split(',').map(str::trim);
    if directives.clone().any(|directive| matches!(directive, "no-cache" | "no-store" | "must-understand")) {
        return 0;
    }
    let seconds = directives.find_map(|directive| directive.strip_prefix("max-age=")?.parse::<u64>().ok());
    let age = answer.header("age").and_then(|age| age.trim().parse().ok()).unwrap_or(0);
    seconds.map_or(0, |seconds| now() + seconds.saturating_sub(age).min(LONGEST_FRESH))
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The path where the page at `url` is cached. It depends on the credentials: with others, the page may differ.
pub(super) fn place(cache: &Path, url: &str) -> PathBuf {
    let digest = Digest::of(url.as_bytes()).to_string();
    cache.join("pages").join(&digest[..2]).join(&digest[2..])
}

impl Stored {
    /// A page from the server.
    pub(super) fn of(answer: fetch::Response) -> Result<Self, String> {
        let content_type = answer.header("content-type").unwrap_or("text/html").to_ascii_lowercase();
        if !["html", "json"].iter().any(|kind| content_type.contains(kind)) {
            return Err(format!("it is not a page of links: its type is {content_type:?}"));
        }
        let etag = answer.header("etag").map(str::to_owned);
        let digest = Digest::of(&answer.body).to_string();
        let fresh_until = fresh_until(&answer);
        let url = answer.url.to_string();
        let head = StoredHead { form: FORM, url, content_type, etag: etag.clone(), fresh_until, digest };
        Ok(Self { head, etag, body: answer.body })
    }

    /// The cached page at `place`, if it is whole and belongs to this user.
    pub(super) fn read(place: &Path) -> Option<Self> {
        let metadata = place.symlink_metadata().ok()?;
        if !metadata.is_file()
            || metadata.uid() != rustix::process::geteuid().as_raw()
            || metadata.len() > LONGEST_PAGE + LONGEST_HEAD as u64
        {
            return None;
        }
        let mut bytes = std::fs::read(place).ok()?;
        let end = bytes.iter().take(LONGEST_HEAD).position(|byte| *byte == b'\n')?;
        let head: StoredHead = serde_json::from_slice(&bytes[..end]).ok()?;
        let body = bytes.split_off(end + 1);
        let whole = head.form == FORM && head.digest == Digest::of(&body).to_string();
        whole.then(|| Self { etag: head.etag.clone(), head, body })
    }

    /// Whether the server need not be asked whether it is current. A clock that was set back makes no page older.
    pub(super) fn is_fresh(&self) -> bool {
        let now = now();
        (now..=now + LONGEST_FRESH).contains(&self.head.fresh_until)
    }

    /// The same after the server has said that it is current.
    pub(super) fn confirmed(mut self, answer: &fetch::Response) -> Self {
        self.head.fresh_until = fresh_until(answer);
        self
    }

    /// Stores it. If that fails, it is downloaded again next time.
    pub(super) fn write(&self, place: &Path) {
        let (Some(directory), Ok(head)) = (place.parent(), serde_json::to_vec(&self.head)) else { return };
        if (self.etag.is_some() || self.is_fresh()) && std::fs::create_dir_all(directory).is_ok() {
            let _ = base::files::write_private(directory, &[&head, b"\n", &self.body], |temporary| {
                std::fs::rename(temporary, place)
            });
        }
    }

    /// The page.
    pub(super) fn into_page(self) -> Option<Page> {
        Some(Page { url: Url::parse(&self.head.url).ok()?, content_type: self.head.content_type, body: self.body })
    }
}
