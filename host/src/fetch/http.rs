//! Downloads small files over HTTP, within limits of time, size, redirects and attempts.
//!
//! Causes that this module tells hold no credentials: they are sent in a header and stay out of the request's URL.

use std::io::Read;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use base64::Engine;
use ureq::http::{Response, StatusCode, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};
use url::Url;

use super::redirect;
use crate::environment::Environment;

/// How much a download may ask of time and memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest file, in bytes.
    pub size: u64,
    /// How long a connection may take to be made.
    pub connect: Duration,
    /// How long the other side may be silent.
    pub stall: Duration,
    /// How long one attempt may take as a whole, redirects and all.
    pub total: Duration,
    /// How often a download is tried whose failure may pass.
    pub attempts: u32,
    /// How long to wait before the second attempt; twice as long before each further one.
    pub pause: Duration,
    /// Longest wait that a server may ask for (`Retry-After`); one that asks for more is not tried again.
    pub longest_pause: Duration,
}

impl Default for Limits {
    /// Generous for a configuration, which is a text that people write.
    fn default() -> Self {
        Self {
            size: 16 * 1024 * 1024,
            connect: Duration::from_secs(15),
            stall: Duration::from_secs(30),
            total: Duration::from_secs(300),
            attempts: 3,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
        }
    }
}

/// An HTTP client. Nothing is opened before the first [`get`](Self::get).
pub(super) struct Client {
    environment: Environment,
    limits: Limits,
    /// The certificates that the system trusts, read when the first `https` URL is.
    certificates: OnceLock<Arc<Vec<Certificate<'static>>>>,
}

/// Why one attempt failed.
struct Failure {
    cause: String,
    /// How long to wait before another attempt makes sense; `None` if it makes none.
    retry: Option<Option<Duration>>,
}

impl Failure {
    fn permanent(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), retry: None }
    }

    fn passing(cause: impl Into<String>, after: Option<Duration>) -> Self {
        Self { cause: cause.into(), retry: Some(after) }
    }
}

impl Client {
    pub(super) fn new(environment: &Environment, limits: Limits) -> Self {
        Self { environment: environment.clone(), limits, certificates: OnceLock::new() }
    }

    /// The content of an `http` or `https` URL, or the cause why it cannot be had.
    pub(super) fn get(&self, url: &str) -> Result<Vec<u8>, String> {
        let url = Url::parse(url).map_err(|error| format!("not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{}: URLs cannot be read, only file:, http: and https: ones", url.scheme()));
        }
        let mut pause = self.limits.pause;
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(url.clone()) {
                Ok(bytes) => return Ok(bytes),
                Err(failure) => failure,
            };
            let wait = match failure.retry {
                Some(asked) if attempt < self.limits.attempts => asked.unwrap_or(pause),
                _ => return Err(failure.cause),
            };
            if wait > self.limits.longest_pause {
                return Err(failure.cause);
            }
            std::thread::sleep(wait);
            pause = pause.saturating_mul(2);
            attempt += 1;
        }
    }

    fn attempt(&self, mut url: Url) -> Result<Vec<u8>, Failure> {
        let deadline = Instant::now() + self.limits.total;
        for _ in 0..=redirect::MOST {
            let left = deadline.saturating_duration_since(Instant::now());
            let response = self.request(&url, left)?;
            let target = response.headers().get(header::LOCATION).and_then(|target| target.to_str().ok());
            match (response.status().is_redirection(), target) {
                (true, Some(target)) => url = redirect::follow(&url, target).map_err(Failure::permanent)?,
                _ => return self.body(response),
            }
        }
        Err(Failure::permanent(format!("more than {} redirects", redirect::MOST)))
    }

    /// Asks for one URL, without following redirects.
    fn request(&self, url: &Url, left: Duration) -> Result<Response<Body>, Failure> {
        let mut plain = url.clone();
        plain.set_fragment(None);
        let _ = plain.set_username("");
        let _ = plain.set_password(None);
        let mut request = self.agent(url, left)?.get(plain.as_str());
        if let Some(credentials) = credentials(url) {
            request = request.header(header::AUTHORIZATION, credentials);
        }
        request.call().map_err(|error| failure_of(&error))
    }

    fn agent(&self, url: &Url, left: Duration) -> Result<Agent, Failure> {
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("buildout-host/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(left))
            .timeout_connect(Some(self.limits.connect))
            .timeout_recv_response(Some(self.limits.stall))
            .timeout_per_read(Some(self.limits.stall))
            .proxy(self.proxy(url)?);
        if url.scheme() == "http" {
            return Ok(config.build().into());
        }
        let certificates = self.certificates.get_or_init(|| Arc::new(system_certificates()));
        if certificates.is_empty() {
            return Err(Failure::permanent("this system has no certificates to trust (install ca-certificates)"));
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::clone(certificates)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        Ok(config.tls_config(tls).build().into())
    }

    /// The proxy that the environment names for `url` (`https_proxy`, `http_proxy`, `no_proxy`, in either case).
    fn proxy(&self, url: &Url) -> Result<Option<Proxy>, Failure> {
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
        Proxy::new(proxy).map(Some).map_err(|_| Failure::permanent("the environment names a proxy that is no URL"))
    }

    fn body(&self, mut response: Response<Body>) -> Result<Vec<u8>, Failure> {
        let status = response.status();
        if status != StatusCode::OK {
            return Err(failure_of_status(status, response.headers().get(header::RETRY_AFTER)));
        }
        let too_long = || Failure::permanent(format!("the file is larger than {} bytes", self.limits.size));
        if response.body().content_length().is_some_and(|length| length > self.limits.size) {
            return Err(too_long());
        }
        let mut bytes = Vec::new();
        // The announced length may be a lie, and a chunked body announces none.
        let mut reader = response.body_mut().as_reader().take(self.limits.size.saturating_add(1));
        reader
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::passing(format!("the answer broke off: {error}"), None))?;
        if bytes.len() as u64 > self.limits.size { Err(too_long()) } else { Ok(bytes) }
    }
}

/// Whether another attempt may do better, by the kind of the error.
fn failure_of(error: &ureq::Error) -> Failure {
    match error {
        ureq::Error::Io(_) | ureq::Error::Timeout(_) | ureq::Error::ConnectionFailed => {
            Failure::passing(error.to_string(), None)
        }
        _ => Failure::permanent(error.to_string()),
    }
}

/// `Retry-After` counts only in seconds: a date would make the wait depend on two clocks.
fn failure_of_status(status: StatusCode, retry_after: Option<&header::HeaderValue>) -> Failure {
    let cause = format!("HTTP {status}");
    let seconds = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    match status.as_u16() {
        429 | 503 => Failure::passing(cause, seconds.map(Duration::from_secs)),
        502 | 504 => Failure::passing(cause, None),
        _ => Failure::permanent(cause),
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
