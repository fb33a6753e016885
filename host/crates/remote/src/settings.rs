//! How servers are reached, as values. Reads no file and no environment.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The address of a server: `grpc://HOST[:PORT]`, or `grpcs://HOST[:PORT]` with TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    pub(crate) secure: bool,
    /// The host and the port, as in a URL.
    pub(crate) authority: String,
}

/// The string is not the address of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not the address of a remote cache: {problem}", .address.escape_debug())]
pub struct InvalidServerAddress {
    address: String,
    problem: String,
}

/// What an address looks like.
const EXPECTED: &str = "write grpc://HOST[:PORT], or grpcs://HOST[:PORT] for TLS";

impl ServerAddress {
    /// Whether the connection uses TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }
}

impl FromStr for ServerAddress {
    type Err = InvalidServerAddress;

    fn from_str(text: &str) -> Result<Self, InvalidServerAddress> {
        let because = |problem: String| InvalidServerAddress { address: base::source::redact(text), problem };
        let invalid = || because(EXPECTED.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(invalid)?;
        let secure = match scheme {
            "grpc" => false,
            "grpcs" => true,
            _ => return Err(invalid()),
        };
        let authority: http::uri::Authority = rest.strip_suffix('/').unwrap_or(rest).parse().map_err(|_| invalid())?;
        if authority.as_str().contains('@') {
            let problem = "it must not contain a user name or a password; use remote-header-file or credential-helper";
            return Err(because(problem.to_owned()));
        }
        let port = authority.as_str().strip_prefix(authority.host()).and_then(|rest| rest.strip_prefix(':'));
        if let Some(port) = port.filter(|_| authority.port_u16().is_none()) {
            return Err(because(format!("`{}` is not a port", port.escape_debug())));
        }
        if authority.host().is_empty() {
            return Err(invalid());
        }
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self { secure, authority: format!("{}:{port}", authority.host()) })
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "grpc{}://{}", if self.secure { "s" } else { "" }, self.authority)
    }
}

/// Where the headers come from that identify the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderSource {
    /// A file with lines `Name: value`. It is read again when a server refuses what it had.
    File(PathBuf),
    /// A program that speaks Bazel's protocol for credential helpers. It is asked again before its answer expires.
    Helper(PathBuf),
}

/// What protects a connection (`grpcs://`). The system's certificate authorities are trusted as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// A PEM file with certificates of more authorities.
    pub authorities: Option<PathBuf>,
    /// PEM files with the client's certificate and its private key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// How long calls may take, and how often they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// For a connection.
    pub(crate) connect: Duration,
    /// For a call without content; a call with content gets the time for it at the lowest rate in addition.
    pub call: Duration,
    /// The lowest rate of a transfer, in bytes per second.
    pub(crate) lowest_rate: u64,
    /// How often a call is tried, if its failure may be temporary.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles for each one after.
    pub back_off: Duration,
    /// After this many calls that failed, one after the other, the server is no longer used.
    pub(crate) failures: u32,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            call: Duration::from_secs(20),
            lowest_rate: 64 << 10,
            attempts: 4,
            back_off: Duration::from_millis(200),
            failures: 2,
        }
    }
}

/// A server and how it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Its address.
    pub address: ServerAddress,
    /// The name that it gives to this use of it; may be empty.
    pub instance: String,
    /// Who the user is.
    pub headers: Option<HeaderSource>,
    /// TLS.
    pub tls: TlsSettings,
    /// Whether results are looked up.
    pub read: bool,
    /// Whether results are stored.
    pub write: bool,
    /// Whether contents are compressed on their way, if the server can do that.
    pub compression: bool,
    /// Deadlines and attempts.
    pub limits: CallLimits,
}

impl ServerSettings {
    /// The address with the instance, as users write it.
    pub fn url(&self) -> String {
        let slash = if self.instance.is_empty() { "" } else { "/" };
        format!("{}{slash}{}", self.address, self.instance)
    }

    /// A server that is read from, with all else as it usually is.
    pub fn new(address: ServerAddress) -> Self {
        Self {
            address,
            instance: String::new(),
            headers: None,
            tls: TlsSettings::default(),
            read: true,
            write: false,
            compression: false,
            limits: CallLimits::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_grpc_with_or_without_tls() {
        let shown = |text: &str| text.parse::<ServerAddress>().map(|address| address.to_string());
        assert_eq!(shown("grpc://cache:9092").unwrap(), "grpc://cache:9092");
        assert_eq!(shown("grpcs://cache.example/").unwrap(), "grpcs://cache.example:443");
        assert_eq!(shown("grpc://[::1]:1").unwrap(), "grpc://[::1]:1");
        for text in
            ["", "cache:9092", "http://cache", "grpc://", "grpc://a/b", "grpc://a:b", "grpc://a:99999", "grpc://a:"]
        {
            assert!(shown(text).is_err(), "{text}");
        }
        let error = shown("grpc://user:secret@cache").unwrap_err().to_string();
        assert!(!error.contains("secret") && error.contains("user name or a password"), "{error}");
        let error = shown("grpc://cache:99999").unwrap_err().to_string();
        assert!(error.ends_with("`99999` is not a port"), "{error}");
    }
}
