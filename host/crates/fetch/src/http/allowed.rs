//! Which URLs may be downloaded (the grant `fetch`).

use std::path::Path;
use std::sync::Arc;

use url::Url;

/// The prefix of every URL of a server.
const ANY_SERVER: &str = "*";

/// Which URLs may be downloaded, and be redirected to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Allowed {
    /// Any URL.
    #[default]
    Any,
    /// Those below one of these URLs: same scheme, host and port, and a path that starts with its path, up to a slash.
    /// A URL that is allowed over `http` is also allowed over `https`. `*` stands for every URL of a server; in a host, it stands
    /// for any characters, and for any port. Local files need a `file:` URL.
    Beneath(Vec<String>),
    /// Local files, and those URLs of servers that this accepts.
    Accepted(UrlFilter),
}

/// Decides which URLs are accepted.
#[derive(Clone)]
pub struct UrlFilter(Arc<dyn Fn(&Url) -> bool + Send + Sync>);

impl UrlFilter {
    /// Accepts the URLs for which `accepts` returns true.
    pub fn new(accepts: impl Fn(&Url) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(accepts))
    }
}

impl std::fmt::Debug for UrlFilter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("UrlFilter")
    }
}

/// Functions cannot be compared: equal are only clones of one filter.
impl PartialEq for UrlFilter {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for UrlFilter {}

impl Allowed {
    /// Whether `url` may be downloaded.
    pub fn allows(&self, url: &Url) -> bool {
        match self {
            Self::Any => true,
            Self::Accepted(filter) => filter.0(url),
            Self::Beneath(prefixes) => {
                let is_of_server = url.scheme() != "file";
                let prefixed = |prefix: &String| Url::parse(prefix).is_ok_and(|prefix| is_below(&prefix, url));
                prefixes.iter().any(|prefix| if prefix == ANY_SERVER { is_of_server } else { prefixed(prefix) })
            }
        }
    }

    /// Whether the URL of a server may be downloaded. One that cannot be read is refused later, with the reason.
    pub(crate) fn allows_remote(&self, url: &str) -> bool {
        match (Url::parse(url), self) {
            (Ok(url), _) => self.allows(&url),
            (Err(_), Self::Any | Self::Accepted(_)) => true,
            (Err(_), Self::Beneath(prefixes)) => prefixes.iter().any(|prefix| prefix == ANY_SERVER),
        }
    }

    /// Whether the file `path`, without symbolic links, may be read.
    pub(crate) fn allows_file(&self, path: &Path) -> bool {
        matches!(self, Self::Any | Self::Accepted(_)) || Url::from_file_path(path).is_ok_and(|url| self.allows(&url))
    }
}

/// Whether the host of `url` is one that a host with `*` stands for.
fn matches_host(prefix: &Url, url: &Url) -> bool {
    let (Some(pattern), Some(host)) = (prefix.host_str(), url.host_str()) else { return false };
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| host.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return false };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

fn is_below(prefix: &Url, url: &Url) -> bool {
    let upgraded = prefix.scheme() == "http" && url.scheme() == "https";
    let any_port = prefix.port().is_none() && prefix.host_str().is_some_and(|host| host.contains('*'));
    let same_port = any_port || prefix.port_or_known_default() == url.port_or_known_default();
    let same_host = prefix.host() == url.host() || matches_host(prefix, url);
    let same_origin = same_host
        && (upgraded && (any_port || prefix.port() == url.port()) || prefix.scheme() == url.scheme() && same_port);
    same_origin && is_path_below(prefix.path(), url.path())
}

fn is_path_below(prefix: &str, path: &str) -> bool {
    // A server may decode these and then escape from the directory.
    let hidden = path.to_ascii_lowercase();
    if hidden.contains("..") && (hidden.contains("%2f") || hidden.contains("%5c")) {
        return false;
    }
    path.strip_prefix(prefix).is_some_and(|rest| prefix.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_urls_below_a_prefix() {
        let t = |prefix: &str, url: &str, expected| {
            let allowed = Allowed::Beneath(vec![prefix.to_owned()]);
            assert_eq!(allowed.allows(&Url::parse(url).unwrap()), expected, "{prefix} {url}");
        };
        t("https://example.com/", "https://example.com/a/b", true);
        t("https://example.com", "https://example.com/a", true);
        t("https://example.com", "https://example.com.evil.net/a", false);
        t("https://example.com", "https://example.com@evil.net/a", false);
        t("https://example.com/pub", "https://example.com/pub/a", true);
        t("https://example.com/pub", "https://example.com/public", false);
        t("https://example.com/pub/", "https://example.com/pub/../a", false);
        t("https://example.com/pub/", "https://example.com/pub/%2e%2e/a", false);
        t("https://example.com/pub/", "https://example.com/pub/..%2fa", false);
        t("https://example.com/", "http://example.com/a", false);
        t("http://example.com/", "https://example.com/a", true);
        t("http://example.com:8000/", "https://example.com/a", false);
        t("https://example.com/", "https://example.com:8443/a", false);
        t("file:///opt/sources/", "file:///opt/sources/a", true);
        t("file:///opt/sources/", "file:///etc/passwd", false);
        t("http://*.example.com/", "https://a.b.example.com/x", true);
        t("http://*.example.com/", "https://example.com/x", false);
        t("http://*example.com/", "http://example.com/x", true);
        t("http://py*.example.*/", "http://pypi.example.org/x", true);
        t("http://*.example.com/", "http://a.example.com.evil.net/x", false);
        t("http://*/", "http://127.0.0.1:8000/x", true);
        t("http://*/", "https://example.com:8443/x", true);
        t("http://*/", "file:///etc/passwd", false);
        t("not a url", "https://example.com/", false);
        t("*", "https://example.com/a", true);
        t("*", "ftp://example.com/a", true);
        t("*", "file:///home/me/.ssh/id_ed25519", false);
        assert!(!Allowed::Beneath(vec![]).allows(&Url::parse("https://example.com/").unwrap()));
    }
}
