//! The HTTP client: what a request looks like, by which proxy it goes, and which certificates count.
//!
//! Causes that this module tells hold no credentials: they are sent in a header and stay out of the request's URL.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine;
use ureq::http::{HeaderName, Method, Request, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Proxy};
use url::Url;

use super::exchange::Exchange;
use super::fault::TransferFault;
use super::limits::Limits;
use base::environment::Environment;

/// An HTTP client. Nothing is opened before the first request.
pub(super) struct Client {
    environment: Environment,
    /// The certificates that the system trusts, read when the first `https` URL is.
    certificates: OnceLock<Arc<Vec<Certificate<'static>>>>,
}

/// One request.
pub(super) struct Asked<'a> {
    pub(super) method: Method,
    pub(super) url: &'a Url,
    pub(super) headers: &'a [(HeaderName, String)],
    pub(super) body: Option<Arc<[u8]>>,
}

impl Client {
    pub(super) fn new(environment: &Environment) -> Self {
        Self { environment: environment.clone(), certificates: OnceLock::new() }
    }

    /// Asks for one URL, without following redirects, for at most the time that is `left`.
    pub(super) fn ask<'a>(
        &self,
        url: &Url,
        headers: &[(HeaderName, String)],
        limits: &Limits,
        left: Duration,
        cancelled: &'a dyn Fn() -> bool,
    ) -> Result<Exchange<'a>, TransferFault> {
        self.send(&Asked { method: Method::GET, url, headers, body: None }, limits, left, cancelled)
    }

    /// Sends one request, without following redirects, for at most the time that is `left`.
    pub(super) fn send<'a>(
        &self,
        asked: &Asked<'_>,
        limits: &Limits,
        left: Duration,
        cancelled: &'a dyn Fn() -> bool,
    ) -> Result<Exchange<'a>, TransferFault> {
        let url = asked.url;
        let mut plain = url.clone();
        plain.set_fragment(None);
        let _ = plain.set_username("");
        let _ = plain.set_password(None);
        let mut request = Request::builder().method(asked.method.clone()).uri(plain.as_str());
        for (name, value) in asked.headers {
            request = request.header(name, value);
        }
        if let Some(credentials) = credentials(url) {
            request = request.header(header::AUTHORIZATION, credentials);
        }
        let request = request.body(()).map_err(|error| TransferFault::NotUrl(error.to_string()))?;
        Ok(Exchange::start(self.agent(url, limits, left)?, request, asked.body.clone(), cancelled))
    }

    fn agent(&self, url: &Url, limits: &Limits, left: Duration) -> Result<Agent, TransferFault> {
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("buildout-host/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(left))
            .timeout_resolve(Some(limits.connect))
            .timeout_connect(Some(limits.connect))
            .timeout_recv_response(Some(limits.stall))
            .timeout_per_read(Some(limits.stall))
            .proxy(self.proxy(url)?);
        if url.scheme() == "http" {
            return Ok(config.build().into());
        }
        let certificates = self.certificates.get_or_init(|| Arc::new(system_certificates()));
        if certificates.is_empty() {
            return Err(TransferFault::NoCertificates);
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::clone(certificates)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        Ok(config.tls_config(tls).build().into())
    }

    /// The proxy that the environment names for `url` (`https_proxy`, `http_proxy`, `no_proxy`, in either case).
    fn proxy(&self, url: &Url) -> Result<Option<Proxy>, TransferFault> {
        let variable = |name: &str| {
            let found = [name.to_owned(), name.to_uppercase()].into_iter();
            found.filter_map(|name| self.environment.variables.get(&name)).find(|value| !value.is_empty())
        };
        let host = url.host_str().unwrap_or_default();
        let Some(proxy) = variable(&format!("{}_proxy", url.scheme())).or_else(|| variable("all_proxy")) else {
            return Ok(None);
        };
        if variable("no_proxy").is_some_and(|hosts| without_proxy(host, hosts)) {
            return Ok(None);
        }
        Proxy::new(proxy).map(Some).map_err(|_| TransferFault::Proxy)
    }
}

/// The `Authorization` header that the credentials of a URL make.
fn credentials(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair = percent_encoding::percent_decode_str(url.username()).collect::<Vec<u8>>();
    pair.push(b':');
    pair.extend(percent_encoding::percent_decode_str(url.password().unwrap_or_default()));
    Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
}

/// Whether `no_proxy` (`host,.domain,*`) names the host.
fn without_proxy(host: &str, no_proxy: &str) -> bool {
    no_proxy
        .split(',')
        .map(|name| name.trim().trim_start_matches('.'))
        .filter(|name| !name.is_empty())
        .any(|name| name == "*" || host == name || host.strip_suffix(name).is_some_and(|before| before.ends_with('.')))
}

/// What the system trusts. A certificate that cannot be read is left out: it then simply is not trusted.
fn system_certificates() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs().certs;
    found.iter().map(|certificate| Certificate::from_der(certificate.as_ref()).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_names_hosts_and_domains() {
        assert!(without_proxy("a.example.com", "x, .example.com"));
        assert!(without_proxy("example.com", "example.com"));
        assert!(without_proxy("anything", "*"));
        assert!(!without_proxy("badexample.com", "example.com"));
        assert!(!without_proxy("a", ""));
    }

    #[test]
    fn credentials_become_a_header() {
        let header = |url: &str| credentials(&Url::parse(url).unwrap());
        assert_eq!(header("http://host/"), None);
        assert_eq!(header("http://u%40x:p%3Aw@host/").as_deref(), Some("Basic dUB4OnA6dw=="));
    }
}
