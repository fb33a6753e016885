//! The HTTP client: the headers of a request, the route by which it is sent, and the trusted certificates.
//!
//! No message of this module contains credentials: they are sent in a header, and are not part of the request's URL.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ureq::Agent;
use ureq::http::{HeaderName, Method, Request, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use url::Url;

use super::allowed::Allowed;
use super::exchange::{Exchange, ResponseHead};
use super::fault::TransferFault;
use super::names::RememberedNames;
use super::proxy::{Proxies, Route, basic};
use super::retry::{AttemptError, Patience};
use super::{forward, redirect};
use base::environment::Environment;

/// Maximum number of idle connections.
const MOST_IDLE: usize = 16;

/// An HTTP client, which can be shared between threads. Opens nothing before the first request.
pub(crate) struct Client {
    proxies: Proxies,
    /// The system's trusted certificates, read before the first request over TLS.
    certificates: OnceLock<Arc<Vec<Certificate<'static>>>>,
    names: RememberedNames,
    /// Agents whose last exchange is complete, with their connections.
    idle: Mutex<Vec<(Way, Agent)>>,
}

/// The properties by which agents differ.
#[derive(Clone, PartialEq, Eq)]
struct Way {
    route: Route,
    has_certificates: bool,
}

/// A response whose body has not been read yet.
pub(super) struct UnreadResponse<'p> {
    /// The URL after all redirects.
    pub(super) url: Url,
    way: Way,
    pub(super) exchange: Exchange<'p>,
    pub(super) head: Box<ResponseHead>,
}

/// One request.
#[derive(Clone)]
pub(super) struct Outgoing<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: &'a [(HeaderName, String)],
    /// The value of the header `Authorization`, never sent to another host.
    pub(super) authorization: Option<&'a str>,
    pub(super) body: Option<Arc<[u8]>>,
    pub(super) redirects: Redirects<'a>,
}

/// Which redirects are followed.
#[derive(Clone, Copy)]
pub(super) enum Redirects<'a> {
    /// Those to allowed URLs.
    To(&'a Allowed),
    /// All, but to another host only over TLS.
    Secure,
    /// None: they are returned as responses.
    Reported,
}

impl Outgoing<'_> {
    /// Whether the request is idempotent, judging by its method.
    pub(super) fn is_repeatable(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

impl Client {
    pub(crate) fn new(environment: &Environment) -> Self {
        let (certificates, names, idle) = Default::default();
        Self { proxies: Proxies::of(environment), certificates, names, idle }
    }

    /// Sends a request, follows redirects, and returns the final response.
    pub(super) fn answer<'p>(
        &self,
        mut outgoing: Outgoing<'_>,
        patience: Patience<'p>,
    ) -> Result<UnreadResponse<'p>, AttemptError> {
        let mut headers = outgoing.headers.to_vec();
        for _ in 0..=redirect::MOST {
            let way = self.way(&outgoing.url)?;
            let exchange = self.send(&Outgoing { headers: &headers, ..outgoing.clone() }, &way, patience)?;
            let head = exchange.head().map_err(|error| match error {
                // The server may have acted on the request before the connection was closed.
                AttemptError::Passing(fault, _) if !outgoing.is_repeatable() => fault.into(),
                error => error,
            })?;
            let target = head.headers.get(header::LOCATION).and_then(|target| target.to_str().ok());
            let next = match (target.filter(|_| head.status.is_redirection()), outgoing.redirects) {
                (None, _) | (_, Redirects::Reported) => {
                    return Ok(UnreadResponse { url: outgoing.url, way, exchange, head });
                }
                (Some(target), Redirects::Secure) => redirect::follow_securely(&outgoing.url, target)?,
                (Some(target), Redirects::To(allowed)) => redirect::follow_within(&outgoing.url, target, allowed)?,
            };
            if !redirect::same_place(&outgoing.url, &next) {
                outgoing.authorization = None;
                headers.retain(|(name, _)| !matches!(*name, header::AUTHORIZATION | header::COOKIE));
            }
            outgoing.url = next;
        }
        Err(TransferFault::TooManyRedirects(redirect::MOST).into())
    }

    /// Keeps the connection of a completely read response for a further request.
    pub(super) fn reuse(&self, answer: UnreadResponse<'_>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = answer.exchange.into_agent().filter(|_| idle.len() < MOST_IDLE) {
            idle.push((answer.way, agent));
        }
    }

    fn send<'p>(
        &self,
        outgoing: &Outgoing<'_>,
        way: &Way,
        patience: Patience<'p>,
    ) -> Result<Exchange<'p>, TransferFault> {
        let url = &outgoing.url;
        let mut plain = url.clone();
        plain.set_fragment(None);
        // Both fail only for URLs without a host, and http(s) URLs have one.
        let _ = plain.set_username("");
        let _ = plain.set_password(None);
        let mut request = Request::builder().method(outgoing.method.clone()).uri(plain.as_str());
        for (name, value) in outgoing.headers {
            request = request.header(name, value);
        }
        if let Some(value) = outgoing.authorization.map(str::to_owned).or_else(|| basic(url)) {
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request.body(()).map_err(|error| TransferFault::NotUrl(error.to_string()))?;
        let agent = self.agent(way, outgoing.is_repeatable())?;
        let request = with_timeouts(&agent, request, patience);
        Ok(Exchange::start(agent, request, outgoing.body.clone(), patience))
    }

    fn way(&self, url: &Url) -> Result<Way, TransferFault> {
        let route = self.proxies.route(url)?;
        let proxy_has_tls = match &route {
            Route::Direct => false,
            Route::Forward(proxy) => proxy.url.scheme_str() == Some("https"),
            Route::Tunnel(proxy) => proxy.protocol() == ureq::ProxyProtocol::Https,
        };
        Ok(Way { route, has_certificates: proxy_has_tls || url.scheme() == "https" })
    }

    /// An agent for one exchange. A reused connection may have been closed by the server: only requests that may be
    /// repeated are sent over it.
    fn agent(&self, way: &Way, may_reuse: bool) -> Result<Agent, TransferFault> {
        if may_reuse {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = idle.iter().position(|(other, _)| other == way) {
                return Ok(idle.swap_remove(at).1);
            }
        }
        let mut config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("buildout-host/", env!("CARGO_PKG_VERSION")))
            .proxy(None);
        if way.has_certificates {
            config = config.tls_config(self.tls()?);
        }
        let config = match &way.route {
            Route::Tunnel(proxy) => config.proxy(Some(proxy.clone())).build(),
            Route::Direct | Route::Forward(_) => config.build(),
        };
        let names = self.names.clone();
        Ok(match &way.route {
            Route::Direct | Route::Tunnel(_) => Agent::with_parts(config, DefaultConnector::default(), names),
            Route::Forward(proxy) => forward::agent(config, proxy, names),
        })
    }

    fn tls(&self) -> Result<TlsConfig, TransferFault> {
        let certificates = self.certificates.get_or_init(|| Arc::new(system_certificates()));
        if certificates.is_empty() {
            return Err(TransferFault::NoCertificates);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = RootCerts::Specific(Arc::clone(certificates));
        Ok(TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build())
    }
}

/// Sets the timeouts of the socket. [`Exchange`] measures how long the caller waits.
fn with_timeouts(agent: &Agent, request: Request<()>, patience: Patience<'_>) -> Request<()> {
    let limits = patience.limits;
    agent
        .configure_request(request)
        .timeout_global(Some(patience.left()))
        .timeout_resolve(Some(limits.connect))
        .timeout_connect(Some(limits.connect))
        .timeout_recv_response(Some(limits.stall))
        .timeout_per_read(Some(limits.stall))
        .timeout_per_write(Some(limits.stall))
        .build()
}

/// The system's trusted certificates. One that cannot be read is skipped, and so not trusted.
fn system_certificates() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs().certs;
    found.iter().map(|certificate| Certificate::from_der(certificate.as_ref()).to_owned()).collect()
}
