//! The links of an HTML page: the simple API (PEP 503, 592, 658, 714), and any page in `find-links`.

use html5gum::{HtmlString, Spanned, Token, Tokenizer};
use std::collections::BTreeMap;
use url::Url;

use super::links::checksum;
use super::{Link, Page};

/// The most links of a page: the largest projects have some ten thousand files.
pub(super) const MOST_LINKS: usize = 100_000;

/// The links of a page.
///
/// # Errors
/// When it has more links than any real index.
pub(super) fn links(page: &Page) -> Result<Vec<Link>, String> {
    let mut links = Vec::new();
    let mut base = page.url.clone();
    let text = page.text();
    for token in Tokenizer::new(&*text) {
        let Ok(Token::StartTag(tag)) = token else { continue };
        let attributes = TagAttributes(&tag.attributes);
        match tag.name.as_slice() {
            b"base" => {
                if let Some(url) = attributes.get("href").and_then(|href| page.url.join(&href).ok()) {
                    base = url;
                }
            }
            b"a" => links.extend(attributes.get("href").and_then(|href| link(&base, &href, &attributes))),
            _ => {}
        }
        if links.len() > MOST_LINKS {
            return Err(format!("the page has more than {MOST_LINKS} links"));
        }
    }
    Ok(links)
}

struct TagAttributes<'a>(&'a BTreeMap<HtmlString, Spanned<HtmlString, ()>>);

impl TagAttributes<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(key, _)| key.as_slice() == name.as_bytes())?;
        Some(String::from_utf8_lossy(value).into_owned())
    }
}

fn link(base: &Url, href: &str, attributes: &TagAttributes<'_>) -> Option<Link> {
    let url = base.join(href.trim()).ok()?;
    if !is_followed(base, &url) {
        return None;
    }
    let mut link = Link::of_url(url.as_str());
    link.requires_python = attributes.get("data-requires-python").filter(|text| !text.is_empty());
    link.yanked = attributes.get("data-yanked");
    let metadata = attributes.get("data-core-metadata").or_else(|| attributes.get("data-dist-info-metadata"));
    link.metadata = metadata.filter(|value| value != "false").map(|value| checksum(value.split_once('=')?));
    Some(link)
}

/// A page from the network cannot link to a file of this machine.
pub(super) fn is_followed(base: &Url, url: &Url) -> bool {
    match url.scheme() {
        "http" | "https" => true,
        "file" => base.scheme() == "file",
        _ => false,
    }
}
