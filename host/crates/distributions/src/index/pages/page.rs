//! A page as it was received.

use std::borrow::Cow;

use url::Url;

/// The longest page that is read, in bytes.
pub(super) const LONGEST_PAGE: u64 = 128 << 20;

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its final address; links are relative to it.
    pub(crate) url: Url,
    /// Its content type.
    pub(crate) content_type: String,
    /// Its bytes.
    pub(crate) body: Vec<u8>,
}

impl Page {
    /// Whether it is a listing in JSON.
    pub(in crate::index) fn is_json(&self) -> bool {
        self.content_type.contains("json")
    }

    /// Its text. Invalid characters of the encoding are replaced.
    pub(in crate::index) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}
