//! Connections to a forwarding proxy: each request contains the full URL (RFC 9112, section 3.2.2), as proxies expect
//! for `http` URLs. Many refuse a tunnel to a port other than that of TLS.

use std::fmt;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport};
use ureq::{Agent, Error};

use super::names::RememberedNames;
use super::proxy::ForwardProxy;

/// An agent that sends all requests through `proxy`.
pub(super) fn agent(config: Config, proxy: &ForwardProxy, names: RememberedNames) -> Agent {
    let resolver = ProxyResolver { proxy: proxy.url.clone(), inner: names };
    Agent::with_parts(config, ForwardConnector { proxy: proxy.clone(), inner: DefaultConnector::new() }, resolver)
}

/// Resolves the proxy's name instead of the server's: the latter may be known only to the proxy.
#[derive(Debug)]
struct ProxyResolver {
    proxy: Uri,
    inner: RememberedNames,
}

impl Resolver for ProxyResolver {
    fn resolve(&self, _uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        self.inner.resolve(&self.proxy, config, timeout)
    }
}

#[derive(Debug)]
struct ForwardConnector {
    proxy: ForwardProxy,
    inner: DefaultConnector,
}

impl Connector<()> for ForwardConnector {
    type Out = ForwardTransport;

    fn connect(&self, details: &ConnectionDetails<'_>, _chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        let to_proxy = ConnectionDetails {
            uri: &self.proxy.url,
            addrs: details.addrs.clone(),
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        let Some(inner) = self.inner.connect(&to_proxy, None)? else { return Ok(None) };
        let authority = details.uri.authority().map(ToString::to_string).unwrap_or_default();
        let authorization = self.proxy.authorization.clone();
        Ok(Some(ForwardTransport { inner, target: Some(format!("http://{authority}")), authorization }))
    }
}

/// A connection for one request.
struct ForwardTransport {
    inner: Box<dyn Transport>,
    /// Scheme, host and port of the server, until the request line is sent.
    target: Option<String>,
    authorization: Option<String>,
}

impl fmt::Debug for ForwardTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ForwardTransport({:?})", self.inner)
    }
}

impl Transport for ForwardTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let Some(target) = self.target.take() else { return self.inner.transmit_output(amount, timeout) };
        let head = absolute(&self.inner.buffers().output()[..amount], &target, self.authorization.as_deref());
        let mut rest = head.as_slice();
        while !rest.is_empty() {
            let output = self.inner.buffers().output();
            let count = rest.len().min(output.len());
            output[..count].copy_from_slice(&rest[..count]);
            self.inner.transmit_output(count, timeout)?;
            rest = &rest[count..];
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout)
    }

    /// Not reused: another request on this connection would not be rewritten.
    fn is_open(&mut self) -> bool {
        false
    }
}

/// The head of a request, with the full URL in the first line, and the credentials for the proxy in the second.
fn absolute(head: &[u8], target: &str, authorization: Option<&str>) -> Vec<u8> {
    let method = head.iter().position(|byte| *byte == b' ').map_or(0, |space| space + 1);
    let line = head.windows(2).position(|bytes| bytes == b"\r\n").map_or(head.len(), |end| end + 2);
    let authorization = authorization.map(|value| format!("Proxy-Authorization: {value}\r\n")).unwrap_or_default();
    [&head[..method], target.as_bytes(), &head[method..line], authorization.as_bytes(), &head[line..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_names_the_whole_url() {
        let t = |authorization, expected: &str| {
            let head = absolute(b"GET /a?b HTTP/1.1\r\nHost: h:81\r\n\r\n", "http://h:81", authorization);
            assert_eq!(String::from_utf8(head).unwrap(), expected);
        };
        t(None, "GET http://h:81/a?b HTTP/1.1\r\nHost: h:81\r\n\r\n");
        t(Some("Basic eA=="), "GET http://h:81/a?b HTTP/1.1\r\nProxy-Authorization: Basic eA==\r\nHost: h:81\r\n\r\n");
    }
}
