//! All clients through a real proxy, Debian's `tinyproxy`, which refuses tunnels to ports other than TLS's, as squid does.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use base::environment::Environment;
use base::event::Silent;
use fetch::{
    Conversation, CopySettings, DownloadError, DownloadRequest, Downloader, Fetcher, HttpRequest, TransferFault,
    TransferLimits,
};
use test_support::http::{ScriptedAnswer, Server};
use test_support::wait_until;

use super::space::DownloadSpace;

/// A running proxy that demands a user and password.
struct Proxy {
    process: Child,
    _directory: tempfile::TempDir,
    port: u16,
}

impl Proxy {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = directory.path().join("tinyproxy.conf");
        let configuration = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nBasicAuth user secret\nConnectPort 443\nMaxClients 10\n"
        );
        std::fs::write(&path, configuration).unwrap();
        let mut process = Command::new("tinyproxy")
            .args(["-d", "-c"])
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tinyproxy starts (Debian's package tinyproxy; .ci/run installs it)");
        wait_until("the proxy accepts connections", || {
            assert!(process.try_wait().unwrap().is_none(), "tinyproxy ended");
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self { process, _directory: directory, port }
    }

    /// An environment with this proxy, and these variables.
    fn environment(&self, more: &[(&str, &str)]) -> Environment {
        let proxy = format!("http://user:secret@127.0.0.1:{}", self.port);
        let variables = [("http_proxy", proxy.as_str()), ("https_proxy", &proxy)];
        let variables = variables.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Environment { variables: variables.collect(), ..Environment::default() }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn server() -> Server {
    Server::start(|_| ScriptedAnswer::ok("content"))
}

/// Whether each request came through the proxy.
fn through_proxy(server: &Server) -> Vec<bool> {
    let via = |value: &str| value.contains("tinyproxy");
    server.requests().iter().map(|request| request.header("via").is_some_and(via)).collect()
}

#[test]
fn plain_urls_are_read_through_the_proxy_by_each_client() {
    let (proxy, server) = (Proxy::start(), server());
    let environment = proxy.environment(&[]);
    let url = server.url("/a.tar?b");
    let downloader = Downloader::new(&environment, DownloadSpace::new().settings.clone());
    downloader.download(&DownloadRequest::new(&url), &Silent, &|| false).unwrap();
    let fetcher = Fetcher::new(&environment, Arc::new(Silent));
    assert_eq!(fetcher.url(&url, &CopySettings::default(), &|_| Ok(())).unwrap(), b"content");
    let conversation = Conversation::new(&environment, TransferLimits::for_registries());
    let response = conversation.call(&HttpRequest::get(url.parse().unwrap(), 100), &mut |_, _| {}, &|| false).unwrap();
    assert_eq!(response.body, b"content");
    assert_eq!(through_proxy(&server), [true; 3]);
    for request in server.requests() {
        assert_eq!((request.path.as_str(), request.header("proxy-authorization")), ("/a.tar?b", None));
    }
}

#[test]
fn an_exception_is_reached_directly() {
    let (proxy, server) = (Proxy::start(), server());
    let port = format!("127.0.0.1:{}", server.port());
    for (no_proxy, expected) in
        [("127.0.0.1", false), ("10.0.0.0/8 127.0.0.0/8", false), (&*port, false), ("*", false), ("localhost", true)]
    {
        let environment = proxy.environment(&[("no_proxy", no_proxy)]);
        let fetcher = Fetcher::new(&environment, Arc::new(Silent));
        fetcher.url(&server.url("/"), &CopySettings::default(), &|_| Ok(())).unwrap();
        assert_eq!(through_proxy(&server).last(), Some(&expected), "{no_proxy}");
    }
}

#[test]
fn a_tunnel_is_requested_for_tls_alone_and_its_refusal_is_reported() {
    let (proxy, server) = (Proxy::start(), server());
    let space = DownloadSpace::new();
    let downloader = Downloader::new(&proxy.environment(&[]), space.settings.clone());
    let url = server.url("/").replace("http:", "https:");
    let error = downloader.download(&DownloadRequest::new(url), &Silent, &|| false).unwrap_err();
    assert!(matches!(&error, DownloadError::Transfer { fault: TransferFault::Unreachable(_), .. }), "{error}");
    assert!(error.to_string().contains("proxy") && error.to_string().contains("403"), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(server.requests().is_empty());
}
