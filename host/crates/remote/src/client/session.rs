//! A connection to a server, and what the server says that it can do.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prost::Message as _;
use tonic::metadata::{BinaryMetadataValue, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use super::breaker::Breaker;
use super::failure::CallFailure;
use super::headers::Headers;
use crate::blob::BlobDigest;
use crate::protocol::v2::capabilities_client::CapabilitiesClient;
use crate::protocol::{rpc_source, v2};
use crate::settings::{CallLimits, ServerSettings, TlsSettings};

/// The largest message that servers accept unless they are configured otherwise.
const LARGEST_MESSAGE: u64 = 4 << 20;
/// The part of it that is left free: the instance name, the framing; and buildbox-casd reserves 64 KiB itself.
const RESERVED: u64 = 128 << 10;
/// The largest message that is accepted from a server.
pub(super) const LARGEST_ANSWER: usize = 16 << 20;
/// The largest file with keys or certificates.
const LARGEST_PEM: u64 = 1 << 20;
/// How often a connection in use is checked.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// What a server may send before it waits for the client.
const WINDOW: u32 = 8 << 20;

/// The first call.
pub(super) const CAPABILITIES: &str = "GetCapabilities";

/// A connection in use.
pub(crate) struct ServerSession {
    pub(super) channel: Channel,
    pub(super) instance: String,
    pub(super) limits: CallLimits,
    pub(super) headers: Headers,
    pub(super) breaker: Arc<Breaker>,
    pub(super) request_metadata: BinaryMetadataValue,
    pub(super) capabilities: ServerAbilities,
    /// Contents that the server has, as it said in this run.
    pub(super) present: Mutex<HashSet<BlobDigest>>,
}

/// What the server can do, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServerAbilities {
    /// The size of a batch, as serialized.
    pub(super) batch: u64,
    /// Whether contents can be compressed, and the user wants that.
    pub(super) zstd: bool,
    /// Whether this user may store results.
    pub(super) update: bool,
    /// Whether it runs actions.
    pub(super) execution: bool,
}

impl ServerSession {
    pub(super) async fn open(settings: &ServerSettings, breaker: &Arc<Breaker>) -> Result<Self, CallFailure> {
        let endpoint = endpoint(settings)?;
        let mut session = Self {
            channel: connect(&endpoint, &settings.limits).await?,
            instance: settings.instance.clone(),
            limits: settings.limits,
            headers: Headers::new(settings),
            breaker: Arc::clone(breaker),
            request_metadata: request_metadata(),
            capabilities: ServerAbilities {
                batch: LARGEST_MESSAGE - RESERVED,
                zstd: false,
                update: false,
                execution: false,
            },
            present: Mutex::default(),
        };
        let request = v2::GetCapabilitiesRequest { instance_name: settings.instance.clone() };
        // A server that accepts connections and never answers must not cost more than one that is not there.
        let longest = settings.limits.connect.min(settings.limits.call);
        let answer = session.call(CAPABILITIES, longest, request, |channel, request| async move {
            CapabilitiesClient::new(channel).get_capabilities(request).await
        });
        let answer = answer.await.map_err(|failure| match failure {
            CallFailure::TooSlow { .. } => CallFailure::Silent(longest),
            other => other,
        })?;
        session.capabilities = ServerAbilities::of(&answer, settings)?;
        Ok(session)
    }

    /// Whether results can be stored.
    pub(crate) fn can_update(&self) -> bool {
        self.capabilities.update && !self.breaker.is_writing_ended()
    }

    /// Ends writing for this run. Returns whether that is new.
    pub(crate) fn end_writing(&self) -> bool {
        self.breaker.end_writing()
    }

    /// What the server had, it may have lost.
    pub(crate) fn forget_present(&self) {
        self.present().clear();
    }
}

async fn connect(endpoint: &Endpoint, limits: &CallLimits) -> Result<Channel, CallFailure> {
    let mut wait = limits.back_off;
    for attempt in 1.. {
        match tokio::time::timeout(limits.connect, endpoint.connect()).await {
            Ok(Ok(channel)) => return Ok(channel),
            Ok(Err(error)) if attempt >= limits.attempts => return Err(CallFailure::Connect(rpc_source(&error))),
            Ok(Err(_)) => tokio::time::sleep(wait).await,
            Err(_) => break,
        }
        wait *= 2;
    }
    Err(CallFailure::Silent(limits.connect))
}

fn endpoint(settings: &ServerSettings) -> Result<Endpoint, CallFailure> {
    let scheme = if settings.address.secure { "https" } else { "http" };
    let invalid = |error: tonic::transport::Error| CallFailure::Settings(rpc_source(&error));
    let endpoint = Endpoint::from_shared(format!("{scheme}://{}", settings.address.authority)).map_err(invalid)?;
    let endpoint = endpoint
        .connect_timeout(settings.limits.connect)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(settings.limits.call)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(4 * WINDOW);
    match settings.address.secure {
        true => endpoint.tls_config(tls(&settings.tls)?).map_err(invalid),
        false => Ok(endpoint),
    }
}

fn tls(settings: &TlsSettings) -> Result<ClientTlsConfig, CallFailure> {
    let mut config = ClientTlsConfig::new().with_native_roots();
    if let Some(path) = &settings.authorities {
        config = config.ca_certificate(Certificate::from_pem(pem(path)?));
    }
    if let Some((certificate, key)) = &settings.client {
        config = config.identity(Identity::from_pem(pem(certificate)?, pem(key)?));
    }
    Ok(config)
}

pub(super) fn pem(path: &Path) -> Result<Vec<u8>, CallFailure> {
    let read = base::files::read_at_most(path, LARGEST_PEM);
    read.map_err(|error| CallFailure::Settings(format!("cannot read {}: {error}", path.display())))
}

/// Which program calls; servers have it in their logs.
fn request_metadata() -> BinaryMetadataValue {
    let details =
        v2::ToolDetails { tool_name: "buildout-host".to_owned(), tool_version: env!("CARGO_PKG_VERSION").to_owned() };
    let metadata = v2::RequestMetadata { tool_details: Some(details), ..v2::RequestMetadata::default() };
    MetadataValue::from_bytes(&metadata.encode_to_vec())
}

impl ServerAbilities {
    fn of(answer: &v2::ServerCapabilities, settings: &ServerSettings) -> Result<Self, CallFailure> {
        let unsuitable = |what: &str| Err(CallFailure::Unsuitable(what.to_owned()));
        let is_too_new = answer.low_api_version.as_ref().is_some_and(|lowest| lowest.major > 2);
        if is_too_new || answer.high_api_version.as_ref().is_some_and(|highest| highest.major < 2) {
            return unsuitable("it does not speak version 2 of the protocol");
        }
        let Some(cache) = &answer.cache_capabilities else {
            return unsuitable("it is not a cache");
        };
        let sha256 = v2::digest_function::Value::Sha256 as i32;
        if !cache.digest_functions.contains(&sha256) {
            return unsuitable("it does not support SHA-256 digests");
        }
        // 0 means that the protocol's limit for messages counts. Larger ones may be cut on their way.
        let batch = u64::try_from(cache.max_batch_total_size_bytes).ok().filter(|size| *size > 0);
        let batch = batch.map_or(LARGEST_MESSAGE - RESERVED, |size| size.min(LARGEST_MESSAGE - RESERVED));
        let zstd = v2::compressor::Value::Zstd as i32;
        Ok(Self {
            batch,
            zstd: settings.compression && cache.supported_compressors.contains(&zstd),
            update: cache.action_cache_update_capabilities.is_some_and(|update| update.update_enabled),
            execution: answer.execution_capabilities.as_ref().is_some_and(|execution| execution.exec_enabled),
        })
    }
}
