//! The route to a URL: direct or through a proxy, as configured by environment variables.
//!
//! `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` are interpreted as in curl and Python: names in upper or
//! lower case, proxies with or without scheme, exceptions separated by commas or whitespace.

use std::net::IpAddr;

use base64::Engine as _;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::fault::TransferFault;
use base::environment::Environment;

/// The route to a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Direct,
    /// Through a tunnel: `CONNECT`, or SOCKS.
    Tunnel(ureq::Proxy),
    /// Through a proxy that receives the full URL and forwards the request, as proxies expect for `http` URLs.
    Forward(ForwardProxy),
}

/// A proxy that forwards requests.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ForwardProxy {
    /// Its URL, without credentials.
    pub(super) url: ureq::http::Uri,
    /// The value of the header `Proxy-Authorization`.
    pub(super) authorization: Option<String>,
}

/// Omits the credentials.
impl std::fmt::Debug for ForwardProxy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ForwardProxy({})", self.url)
    }
}

/// The proxies configured in the environment.
pub(super) struct Proxies {
    http: Option<String>,
    https: Option<String>,
    exceptions: Vec<Exception>,
}

impl Proxies {
    pub(super) fn of(environment: &Environment) -> Self {
        let variables = &environment.variables;
        let value = |name: &str| variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let either = |name: &str| value(name).or_else(|| value(&name.to_uppercase()));
        // A client can set HTTP_PROXY of a CGI program, by sending a header `Proxy`.
        let http = value("http_proxy").or_else(|| value("HTTP_PROXY").filter(|_| value("REQUEST_METHOD").is_none()));
        let any = either("all_proxy");
        Self {
            http: http.or(any).map(str::to_owned),
            https: either("https_proxy").or(any).map(str::to_owned),
            exceptions: exceptions(either("no_proxy").unwrap_or_default()),
        }
    }

    /// The route to `url`, an `http` or `https` URL.
    pub(super) fn route(&self, url: &Url) -> Result<Route, TransferFault> {
        let is_tls = url.scheme() == "https";
        let Some(proxy) = (if is_tls { &self.https } else { &self.http }) else { return Ok(Route::Direct) };
        if self.exceptions.iter().any(|exception| exception.applies(url)) {
            return Ok(Route::Direct);
        }
        let with_scheme = if proxy.contains("://") { proxy.clone() } else { format!("http://{proxy}") };
        let forwards = with_scheme.starts_with("http://") || with_scheme.starts_with("https://");
        if forwards && !is_tls {
            return forward(&with_scheme).map(Route::Forward).ok_or(TransferFault::Proxy);
        }
        ureq::Proxy::new(&with_scheme).map(Route::Tunnel).map_err(|_| TransferFault::Proxy)
    }
}

fn forward(proxy: &str) -> Option<ForwardProxy> {
    let mut url = Url::parse(proxy).ok()?;
    let authorization = basic(&url);
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_path("/");
    Some(ForwardProxy { url: url.as_str().parse().ok()?, authorization })
}

/// The value of `Authorization` for the credentials of a URL (RFC 7617).
pub(super) fn basic(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair = percent_decode_str(url.username()).collect::<Vec<u8>>();
    pair.push(b':');
    pair.extend(percent_decode_str(url.password().unwrap_or_default()));
    Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
}

/// An exception in `no_proxy`.
#[derive(Debug, PartialEq, Eq)]
enum Exception {
    /// `*`
    All,
    /// An address, or all addresses with this prefix length.
    Addresses { address: IpAddr, bits: u8, port: Option<u16> },
    /// A host, and all hosts in the domain of that name.
    Domain { name: String, port: Option<u16> },
}

fn exceptions(no_proxy: &str) -> Vec<Exception> {
    let separates = |c: char| c == ',' || c.is_whitespace();
    no_proxy.split(separates).filter(|name| !name.is_empty()).filter_map(exception).collect()
}

/// Parses an entry: `*`, `host`, `.domain`, `*.domain`, an address, or one with `/bits`; optionally with a port.
fn exception(entry: &str) -> Option<Exception> {
    if entry == "*" {
        return Some(Exception::All);
    }
    if let Some((address, bits)) = entry.split_once('/') {
        let address: IpAddr = bare(address).parse().ok()?;
        let bits = bits.parse().ok().filter(|bits| *bits <= width(address))?;
        return Some(Exception::Addresses { address, bits, port: None });
    }
    let (name, port) = split_port(entry);
    if let Ok(address) = bare(name).parse::<IpAddr>() {
        return Some(Exception::Addresses { address, bits: width(address), port });
    }
    let name = name.strip_prefix('*').unwrap_or(name).trim_matches('.').to_ascii_lowercase();
    (!name.is_empty()).then_some(Exception::Domain { name, port })
}

/// Splits off a port. The colons of an IPv6 address without brackets do not separate a port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((name, port)) if name.ends_with(']') || !name.contains(':') => {
            port.parse().map_or((entry, None), |port| (name, Some(port)))
        }
        _ => (entry, None),
    }
}

/// Removes the brackets of an IPv6 address.
fn bare(address: &str) -> &str {
    address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address)
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address as a number, with the network in the most significant bits.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Exception {
    fn applies(&self, url: &Url) -> bool {
        let is_port = |port: &Option<u16>| port.is_none() || *port == url.port_or_known_default();
        match (self, url.host()) {
            (Self::All, _) => true,
            (Self::Domain { name, port }, Some(Host::Domain(host))) => {
                let host = host.trim_end_matches('.');
                let inside =
                    host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                inside && is_port(port)
            }
            (Self::Addresses { address, bits, port }, Some(Host::Ipv4(host))) => {
                includes(*address, *bits, host.into()) && is_port(port)
            }
            (Self::Addresses { address, bits, port }, Some(Host::Ipv6(host))) => {
                includes(*address, *bits, host.into()) && is_port(port)
            }
            _ => false,
        }
    }
}

fn includes(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    let differ = number(network) ^ number(address);
    network.is_ipv4() == address.is_ipv4() && differ.leading_zeros() >= u32::from(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Proxies::of(&Environment { variables, ..Environment::default() })
    }

    fn route(variables: &[(&str, &str)], url: &str) -> Result<Route, TransferFault> {
        proxies(variables).route(&Url::parse(url).unwrap())
    }

    /// The URL and the authorization of the forwarding proxy.
    fn forwards(variables: &[(&str, &str)], url: &str) -> Option<(String, Option<String>)> {
        match route(variables, url).unwrap() {
            Route::Forward(proxy) => Some((proxy.url.to_string(), proxy.authorization)),
            _ => None,
        }
    }

    #[test]
    fn plain_urls_are_forwarded_and_others_tunneled() {
        let http = [("http_proxy", "http://u%40x:p%3Aw@proxy:3128")];
        let authorization = Some("Basic dUB4OnA6dw==".to_owned());
        assert_eq!(forwards(&http, "http://a/"), Some(("http://proxy:3128/".into(), authorization)));
        assert_eq!(route(&http, "https://a/"), Ok(Route::Direct));
        for proxy in ["proxy:3128", "http://proxy:3128/", "https://proxy", "socks5h://proxy:1080"] {
            let tunnel = route(&[("https_proxy", proxy)], "https://a/").unwrap();
            assert!(matches!(tunnel, Route::Tunnel(_)), "{proxy}: {tunnel:?}");
        }
        assert!(matches!(route(&[("http_proxy", "socks5://proxy")], "http://a/"), Ok(Route::Tunnel(_))));
        assert_eq!(forwards(&[("http_proxy", "proxy:3128")], "http://a/").unwrap().0, "http://proxy:3128/");
        for proxy in ["gopher://proxy", "http://"] {
            assert_eq!(route(&[("http_proxy", proxy)], "http://a/"), Err(TransferFault::Proxy), "{proxy}");
        }
    }

    #[test]
    fn small_letters_come_first_and_a_request_sets_no_proxy() {
        let t = |variables: &[(&str, &str)], expected: Option<&str>| {
            assert_eq!(forwards(variables, "http://a/").map(|(url, _)| url).as_deref(), expected, "{variables:?}");
        };
        t(&[("HTTP_PROXY", "http://b/")], Some("http://b/"));
        t(&[("HTTP_PROXY", "http://b/"), ("http_proxy", "http://c/")], Some("http://c/"));
        t(&[("HTTP_PROXY", "http://b/"), ("REQUEST_METHOD", "GET")], None);
        t(&[("all_proxy", "http://b/")], Some("http://b/"));
        t(&[("ALL_PROXY", "http://b/"), ("http_proxy", " ")], Some("http://b/"));
        t(&[], None);
    }

    #[test]
    fn exceptions_are_read_as_curl_and_python_read_them() {
        let t = |no_proxy: &str, url: &str, expected: bool| {
            let direct = route(&[("http_proxy", "http://proxy/"), ("no_proxy", no_proxy)], url) == Ok(Route::Direct);
            assert_eq!(direct, expected, "{no_proxy} {url}");
        };
        t("x, .example.com", "http://a.example.com/", true);
        t("x .example.com", "http://a.example.com/", true);
        t("*.example.com", "http://a.example.com/", true);
        t(".example.com", "http://example.com/", true);
        t("example.com", "http://example.com/", true);
        t("Example.COM.", "http://a.example.com./", true);
        t("example.com", "http://badexample.com/", false);
        t("example.com:8080", "http://example.com:8080/", true);
        t("example.com:80", "http://example.com/", true);
        t("example.com:8080", "http://example.com/", false);
        t("*", "http://anything/", true);
        t("localhost,127.0.0.1,::1", "http://127.0.0.1:5000/", true);
        t("localhost,127.0.0.1,::1", "http://[::1]:5000/", true);
        t("[::1]", "http://[::1]/", true);
        t("[::1]:5000", "http://[::1]:5000/", true);
        t("[::1]:5000", "http://[::1]/", false);
        t("10.0.0.0/8", "http://10.1.2.3/", true);
        t("10.0.0.0/8", "http://11.1.2.3/", false);
        t("192.168.1.128/25", "http://192.168.1.200/", true);
        t("192.168.1.128/25", "http://192.168.1.100/", false);
        t("0.0.0.0/0", "http://1.2.3.4/", true);
        t("fd00::/8", "http://[fd12::1]/", true);
        t("fd00::/8", "http://[fe80::1]/", false);
        t("10.0.0.0/99,/,:,.", "http://10.0.0.1/", false);
        t("0.1", "http://10.0.0.1/", false);
        t("", "http://a/", false);
    }
}
