//! A server of the Remote Execution API that fails in the way that a test wants.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use bazel_remote_apis::build::bazel::remote::execution::v2;
use bazel_remote_apis::google::bytestream;
use bazel_remote_apis::google::longrunning::Operation;
use bazel_remote_apis::google::rpc;
use remote::{BlobDigest, ServerSettings};
use tokio::runtime::Runtime;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Code, Request, Response, Status, Streaming};

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// There is never an answer.
    Stall,
    /// This status, so many times.
    Status(Code, u32),
    /// The content comes a few bytes at a time.
    Trickle,
    /// The stream breaks after some bytes, so many times.
    Break(u32),
    /// The stream stalls after some bytes.
    StallLater,
}

/// The limit of messages that the server enforces, as casd does.
const LARGEST_MESSAGE: usize = 4 << 20;

/// What becomes of a content on its way.
pub(crate) type ContentDamage = fn(&mut Vec<u8>);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) blobs: Mutex<HashMap<String, Vec<u8>>>,
    pub(crate) results: Mutex<HashMap<String, v2::ActionResult>>,
    pub(crate) faults: Mutex<HashMap<&'static str, Fault>>,
    /// The calls so far.
    pub(crate) calls: Mutex<Vec<&'static str>>,
    /// Contents that the server says it has.
    pub(crate) lost: Mutex<HashSet<String>>,
    /// What becomes of contents on their way.
    pub(crate) damage: Mutex<Option<ContentDamage>>,
    /// The only token that is accepted.
    pub(crate) token: Mutex<Option<String>>,
    /// What each further look at a running action sends: how it is run is up to the test.
    pub(crate) executions: Mutex<Vec<Vec<Result<Operation, Status>>>>,
    pub(crate) uploads: Mutex<HashMap<String, Vec<u8>>>,
    pub(crate) read_only: Mutex<bool>,
}

pub(crate) struct FaultyServer {
    pub(crate) state: Arc<State>,
    address: String,
    _runtime: Runtime,
}

impl FaultyServer {
    pub(crate) fn start() -> Self {
        Self::start_with("grpc", Server::builder())
    }

    /// One that expects TLS, and a certificate of the client.
    pub(crate) fn start_with_tls(certificate: &[u8], key: &[u8]) -> Self {
        let tls = ServerTlsConfig::new().identity(Identity::from_pem(certificate, key));
        let tls = tls.client_ca_root(Certificate::from_pem(certificate));
        Self::start_with("grpcs", Server::builder().tls_config(tls).unwrap())
    }

    fn start_with(scheme: &str, mut server: Server) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("{scheme}://{}", listener.local_addr().unwrap());
        let state = Arc::new(State::default());
        let service = Service(Arc::clone(&state));
        let cas = v2::content_addressable_storage_server::ContentAddressableStorageServer::new(service.clone());
        let stream = bytestream::byte_stream_server::ByteStreamServer::new(service.clone());
        let server = server
            .add_service(v2::capabilities_server::CapabilitiesServer::new(service.clone()))
            .add_service(cas.max_decoding_message_size(LARGEST_MESSAGE).max_encoding_message_size(LARGEST_MESSAGE))
            .add_service(v2::action_cache_server::ActionCacheServer::new(service.clone()))
            .add_service(v2::execution_server::ExecutionServer::new(service.clone()))
            .add_service(super::operations::server(&service))
            .add_service(stream);
        runtime.spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Self { state, address, _runtime: runtime }
    }

    /// Settings under which faults end soon.
    pub(crate) fn settings(&self) -> ServerSettings {
        let mut settings = ServerSettings::new(self.address.parse().unwrap());
        settings.write = true;
        settings.limits.call = std::time::Duration::from_secs(2);
        settings.limits.back_off = std::time::Duration::from_millis(10);
        settings
    }

    pub(crate) fn fail(&self, call: &'static str, fault: Fault) {
        self.state.faults.lock().unwrap().insert(call, fault);
    }

    pub(crate) fn count(&self, call: &str) -> usize {
        self.state.calls.lock().unwrap().iter().filter(|made| **made == call).count()
    }

    pub(crate) fn calls(&self) -> usize {
        self.state.calls.lock().unwrap().len()
    }

    pub(crate) fn insert(&self, bytes: Vec<u8>) -> v2::Digest {
        let digest = BlobDigest::of(&bytes);
        self.state.blobs.lock().unwrap().insert(digest.hash().to_string(), bytes);
        message(&digest)
    }
}

pub(crate) fn message(digest: &BlobDigest) -> v2::Digest {
    v2::Digest { hash: digest.hash().to_string(), size_bytes: i64::try_from(digest.size()).unwrap() }
}

#[derive(Clone)]
pub(crate) struct Service(pub(crate) Arc<State>);

impl Service {
    /// Notes the call, and fails if it is to fail at its start.
    pub(crate) async fn enter<T>(&self, call: &'static str, request: Request<T>) -> Result<(T, Option<Fault>), Status> {
        self.0.calls.lock().unwrap().push(call);
        if let Some(token) = self.0.token.lock().unwrap().as_ref() {
            let sent = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
            if sent != Some(token.as_str()) {
                return Err(Status::unauthenticated("the token expired"));
            }
        }
        let fault = self.0.faults.lock().unwrap().get(call).copied();
        match fault {
            Some(Fault::Stall) => std::future::pending().await,
            Some(Fault::Status(code, times)) if times > 0 => {
                self.0.faults.lock().unwrap().insert(call, Fault::Status(code, times - 1));
                Err(Status::new(code, "as the test wants"))
            }
            Some(Fault::Break(times)) if times > 0 => {
                self.0.faults.lock().unwrap().insert(call, Fault::Break(times - 1));
                Ok((request.into_inner(), fault))
            }
            Some(Fault::Break(_)) => Ok((request.into_inner(), None)),
            _ => Ok((request.into_inner(), fault)),
        }
    }

    fn blobs(&self) -> MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.0.blobs.lock().unwrap()
    }

    /// A content as it is sent.
    fn content(&self, hash: &str) -> Option<Vec<u8>> {
        let mut bytes = self.blobs().get(hash).cloned().filter(|_| !self.0.lost.lock().unwrap().contains(hash))?;
        if let Some(damage) = *self.0.damage.lock().unwrap() {
            damage(&mut bytes);
        }
        Some(bytes)
    }
}

#[tonic::async_trait]
impl v2::capabilities_server::Capabilities for Service {
    async fn get_capabilities(
        &self,
        request: Request<v2::GetCapabilitiesRequest>,
    ) -> Result<Response<v2::ServerCapabilities>, Status> {
        self.enter("GetCapabilities", request).await?;
        let update_enabled = !*self.0.read_only.lock().unwrap();
        let cache = v2::CacheCapabilities {
            digest_functions: vec![v2::digest_function::Value::Sha256 as i32],
            action_cache_update_capabilities: Some(v2::ActionCacheUpdateCapabilities { update_enabled }),
            max_batch_total_size_bytes: 0,
            ..v2::CacheCapabilities::default()
        };
        let execution = v2::ExecutionCapabilities { exec_enabled: true, ..v2::ExecutionCapabilities::default() };
        Ok(Response::new(v2::ServerCapabilities {
            cache_capabilities: Some(cache),
            execution_capabilities: Some(execution),
            ..v2::ServerCapabilities::default()
        }))
    }
}

#[tonic::async_trait]
impl v2::action_cache_server::ActionCache for Service {
    async fn get_action_result(
        &self,
        request: Request<v2::GetActionResultRequest>,
    ) -> Result<Response<v2::ActionResult>, Status> {
        let (request, _) = self.enter("GetActionResult", request).await?;
        let result = self.0.results.lock().unwrap().get(&request.action_digest.unwrap_or_default().hash).cloned();
        result.map(Response::new).ok_or_else(|| Status::not_found("no result"))
    }

    async fn update_action_result(
        &self,
        request: Request<v2::UpdateActionResultRequest>,
    ) -> Result<Response<v2::ActionResult>, Status> {
        let (request, _) = self.enter("UpdateActionResult", request).await?;
        let result = request.action_result.unwrap_or_default();
        self.0.results.lock().unwrap().insert(request.action_digest.unwrap_or_default().hash, result.clone());
        Ok(Response::new(result))
    }
}

type PieceStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl v2::content_addressable_storage_server::ContentAddressableStorage for Service {
    async fn find_missing_blobs(
        &self,
        request: Request<v2::FindMissingBlobsRequest>,
    ) -> Result<Response<v2::FindMissingBlobsResponse>, Status> {
        let (request, _) = self.enter("FindMissingBlobs", request).await?;
        let blobs = self.blobs();
        let missing_blob_digests =
            request.blob_digests.into_iter().filter(|digest| !blobs.contains_key(&digest.hash)).collect();
        Ok(Response::new(v2::FindMissingBlobsResponse { missing_blob_digests }))
    }

    async fn batch_update_blobs(
        &self,
        request: Request<v2::BatchUpdateBlobsRequest>,
    ) -> Result<Response<v2::BatchUpdateBlobsResponse>, Status> {
        let (request, _) = self.enter("BatchUpdateBlobs", request).await?;
        let store = |request: v2::batch_update_blobs_request::Request| {
            let digest = request.digest.clone().unwrap_or_default();
            assert_eq!(message(&BlobDigest::of(&request.data)), digest, "a client never sends something else");
            self.blobs().insert(digest.hash, request.data);
            v2::batch_update_blobs_response::Response { digest: request.digest, status: None }
        };
        let responses = request.requests.into_iter().map(store).collect();
        Ok(Response::new(v2::BatchUpdateBlobsResponse { responses }))
    }

    async fn batch_read_blobs(
        &self,
        request: Request<v2::BatchReadBlobsRequest>,
    ) -> Result<Response<v2::BatchReadBlobsResponse>, Status> {
        let (request, _) = self.enter("BatchReadBlobs", request).await?;
        let read = |digest: v2::Digest| {
            let content = self.content(&digest.hash);
            let code = if content.is_some() { Code::Ok } else { Code::NotFound };
            let status = rpc::Status { code: code as i32, ..rpc::Status::default() };
            let (digest, status) = (Some(digest), Some(status));
            v2::batch_read_blobs_response::Response { digest, data: content.unwrap_or_default(), compressor: 0, status }
        };
        let responses = request.digests.into_iter().map(read).collect();
        Ok(Response::new(v2::BatchReadBlobsResponse { responses }))
    }

    type GetTreeStream = PieceStream<v2::GetTreeResponse>;

    async fn get_tree(&self, _: Request<v2::GetTreeRequest>) -> Result<Response<Self::GetTreeStream>, Status> {
        Err(Status::unimplemented("not used"))
    }

    async fn split_blob(&self, _: Request<v2::SplitBlobRequest>) -> Result<Response<v2::SplitBlobResponse>, Status> {
        Err(Status::unimplemented("not used"))
    }

    type GetChunkMappingStream = PieceStream<v2::GetChunkMappingResponse>;

    async fn get_chunk_mapping(
        &self,
        _: Request<v2::GetChunkMappingRequest>,
    ) -> Result<Response<Self::GetChunkMappingStream>, Status> {
        Err(Status::unimplemented("not used"))
    }

    async fn splice_blob(&self, _: Request<v2::SpliceBlobRequest>) -> Result<Response<v2::SpliceBlobResponse>, Status> {
        Err(Status::unimplemented("not used"))
    }

    async fn register_chunk_mapping(
        &self,
        _: Request<Streaming<v2::RegisterChunkMappingRequest>>,
    ) -> Result<Response<v2::RegisterChunkMappingResponse>, Status> {
        Err(Status::unimplemented("not used"))
    }
}

/// The hash in the name of a resource: `…blobs/HASH/SIZE`.
fn hash_of(resource: &str) -> String {
    resource.rsplit('/').nth(1).unwrap_or_default().to_owned()
}

#[tonic::async_trait]
impl bytestream::byte_stream_server::ByteStream for Service {
    type ReadStream = PieceStream<bytestream::ReadResponse>;

    async fn read(&self, request: Request<bytestream::ReadRequest>) -> Result<Response<Self::ReadStream>, Status> {
        let (request, fault) = self.enter("Read", request).await?;
        let content = self.content(&hash_of(&request.resource_name)).ok_or_else(|| Status::not_found("no content"))?;
        let rest = content[usize::try_from(request.read_offset).unwrap()..].to_vec();
        let size = if matches!(fault, Some(Fault::Trickle)) { 10 } else { 100_000 };
        let pieces: Vec<_> =
            rest.chunks(size).map(|piece| Ok(bytestream::ReadResponse { data: piece.to_vec() })).collect();
        let pieces = tokio_stream::iter(pieces);
        let broken = Status::unavailable("the stream breaks");
        Ok(Response::new(match fault {
            Some(Fault::Break(_)) => Box::pin(pieces.take(3).chain(tokio_stream::once(Err(broken)))),
            Some(Fault::StallLater) => Box::pin(pieces.take(3).chain(tokio_stream::pending())),
            Some(Fault::Trickle) => Box::pin(pieces.throttle(std::time::Duration::from_millis(20))),
            _ => Box::pin(pieces),
        }))
    }

    async fn write(
        &self,
        request: Request<Streaming<bytestream::WriteRequest>>,
    ) -> Result<Response<bytestream::WriteResponse>, Status> {
        let (mut pieces, fault) = self.enter("Write", request).await?;
        let (mut name, mut is_finished) = (String::new(), false);
        while let Some(piece) = pieces.message().await? {
            if !piece.resource_name.is_empty() {
                name = piece.resource_name;
            }
            let mut uploads = self.0.uploads.lock().unwrap();
            let upload = uploads.entry(name.clone()).or_default();
            assert_eq!(upload.len(), usize::try_from(piece.write_offset).unwrap(), "a client continues where it was");
            upload.extend(piece.data);
            is_finished = piece.finish_write;
            if matches!(fault, Some(Fault::Break(_))) {
                return Err(Status::unavailable("the stream breaks"));
            }
        }
        let upload = self.0.uploads.lock().unwrap().remove(&name).unwrap_or_default();
        if !is_finished || BlobDigest::of(&upload).hash().to_string() != hash_of(&name) {
            return Err(Status::invalid_argument("not what it should be"));
        }
        let committed_size = i64::try_from(upload.len()).unwrap();
        self.blobs().insert(hash_of(&name), upload);
        Ok(Response::new(bytestream::WriteResponse { committed_size }))
    }

    async fn query_write_status(
        &self,
        request: Request<bytestream::QueryWriteStatusRequest>,
    ) -> Result<Response<bytestream::QueryWriteStatusResponse>, Status> {
        let (request, _) = self.enter("QueryWriteStatus", request).await?;
        let size = self.0.uploads.lock().unwrap().get(&request.resource_name).map_or(0, Vec::len);
        let committed_size = i64::try_from(size).unwrap();
        Ok(Response::new(bytestream::QueryWriteStatusResponse { committed_size, complete: false }))
    }
}
