//! Challenges of a registry that responds with `401 Unauthorized`, and whether to answer them.

use url::{Host, Url};

/// A challenge in `WWW-Authenticate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password.
    Basic,
    /// A token of `realm` for `service`.
    Bearer {
        /// URL of the token server.
        realm: String,
        /// The service that the token is for.
        service: Option<String>,
    },
}

impl Challenge {
    /// The first supported challenge; tokens are preferred.
    pub(super) fn read<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut basic = None;
        for header in headers {
            let (scheme, parameters) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
            if scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Self::Basic);
            } else if scheme.eq_ignore_ascii_case("bearer") {
                let parameters = parse_parameters(parameters);
                let value = |name: &str| {
                    parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
                };
                if let Some(realm) = value("realm") {
                    return Some(Self::Bearer { realm, service: value("service") });
                }
            }
        }
        basic
    }
}

/// `key="value",key=value` (RFC 9110, section 11.2), up to the first parameter with another form.
fn parse_parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some((key, after)) = rest.split_once('=') {
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => match unquote(quoted) {
                Some(unquoted) => unquoted,
                None => break,
            },
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        found.push((key.trim().to_owned(), value));
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    found
}

/// The content of a quoted string, and the rest of the text.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// Whether credentials for the registry `registry` may be sent to the token server `realm`: over TLS (or plain HTTP on
/// the loopback interface if the registry is used in that way), on the registry's host or in its domain.
pub(super) fn may_ask(registry: &Url, realm: &Url) -> bool {
    let secure = realm.scheme() == "https" || registry.scheme() == "http" && is_loopback(realm);
    let bare = realm.username().is_empty() && realm.password().is_none();
    secure && bare && (realm.host() == registry.host() || is_relative(registry, realm))
}

/// Whether the URL is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether both are in the same registered domain: `hub.example` for `registry.hub.example` and `auth.hub.example`.
fn is_relative(registry: &Url, realm: &Url) -> bool {
    let (Some(Host::Domain(registry)), Some(Host::Domain(realm))) = (registry.host(), realm.host()) else {
        return false;
    };
    let inside = |name: &str, domain: &str| {
        name == domain || name.strip_suffix(domain).is_some_and(|before| before.ends_with('.'))
    };
    let parent = registry.split_once('.').map_or("", |(_, parent)| parent);
    [registry, parent].into_iter().any(|domain| is_registrable(domain) && inside(realm, domain))
}

/// Whether a domain has one owner, i.e. is not a public suffix: it has two labels, or three below a country with
/// second-level suffixes (`co.uk`, `com.au`). Without a list of public suffixes, any name of two or three letters below
/// a country may be one.
fn is_registrable(domain: &str) -> bool {
    let labels: Vec<_> = domain.rsplit('.').collect();
    match labels[..] {
        [country, second] => !(country.len() == 2 && second.len() <= 3),
        _ => labels.len() > 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_challenges() {
        let t = |headers: &[&str], expected: Option<Challenge>| {
            assert_eq!(Challenge::read(headers.iter().copied()), expected, "{headers:?}");
        };
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.into(), service: service.map(str::to_owned) })
        };
        t(&["Basic realm=\"x\""], Some(Challenge::Basic));
        t(&["basic"], Some(Challenge::Basic));
        t(
            &["Bearer realm=\"https://a/t\",service=\"s, \\\"x\",scope=\"repository:a:pull,push\""],
            bearer("https://a/t", Some("s, \"x")),
        );
        t(&["Basic realm=x", "bearer REALM=https://a/t , service=s"], bearer("https://a/t", Some("s")));
        t(&["Bearer service=\"s\""], None);
        t(&["Bearer realm=\"unclosed"], None);
        t(&["Negotiate"], None);
        t(&[""], None);
        t(&[], None);
    }

    #[test]
    fn sends_credentials_only_to_the_registrys_domain() {
        let t = |registry: &str, realm: &str, expected: bool| {
            assert_eq!(may_ask(&registry.parse().unwrap(), &realm.parse().unwrap()), expected, "{registry} {realm}");
        };
        t("https://registry.example", "https://registry.example/token", true);
        t("https://registry.example", "https://registry.example:8443/token", true);
        t("https://registry-1.hub.example", "https://auth.hub.example/token", true);
        t("https://registry.hub.example", "https://hub.example/jwt", true);
        t("https://hub.example", "https://auth.hub.example/jwt", true);
        t("https://registry.hub.example", "http://registry.hub.example/token", false);
        t("https://registry.hub.example", "https://evil.example/token", false);
        t("https://registry.hub.example", "https://evilhub.example/token", false);
        t("https://registry.hub.example", "https://hub.example.evil.net/token", false);
        t("https://registry.hub.example", "https://user@hub.example/token", false);
        t("https://registry.hub.example", "ftp://hub.example/token", false);
        t("https://hub.example", "https://other.example/token", false);
        t("https://acme.co.uk", "https://evil.co.uk/token", false);
        t("https://registry.acme.co.uk", "https://auth.acme.co.uk/token", true);
        t("https://10.0.0.1", "https://10.0.0.2/token", false);
        t("http://127.0.0.1:5000", "http://127.0.0.1:5001/token", true);
        t("http://127.0.0.1:5000", "http://127.0.0.2/token", false);
        t("https://registry.example", "http://127.0.0.1/token", false);
        t("http://registry.example", "http://registry.example/token", false);
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(text in "(Bearer |Basic )?.{0,60}") {
            let _ = Challenge::read([text.as_str()].into_iter());
        }
    }
}
