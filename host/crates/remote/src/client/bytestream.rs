//! Large contents, each in a separate stream. A stream that breaks is continued where it broke.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::compression::{MOST_COMPRESSED, compressed, unpack};
use super::contents::{Content, blocking, of_store};
use super::failure::{CallFailure, StatusVerdict, judge};
use super::pace::Pace;
use super::session::{LARGEST_ANSWER, ServerSession};
use crate::blob::BlobDigest;
use crate::protocol::bytestream::byte_stream_client::ByteStreamClient;
use crate::protocol::bytestream::{QueryWriteStatusRequest, ReadRequest, WriteRequest};
use crate::store::{BlobStore, IncomingBlob};

/// The size of the pieces that are sent.
const PIECE: usize = 512 << 10;
/// How often a stream is continued that moves a little each time.
const MOST_CONTINUED: u32 = 50;

/// How an attempt failed.
pub(super) enum BrokenTransfer {
    Status(Status),
    /// The stream ended before the content did.
    Early,
    Failure(CallFailure),
}

impl From<CallFailure> for BrokenTransfer {
    fn from(failure: CallFailure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Status> for BrokenTransfer {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

/// How often a transfer was tried without moving anything, and at all.
#[derive(Default)]
struct Attempts {
    in_vain: u32,
    all: u32,
}

impl ServerSession {
    /// Waits if another attempt is worth it, else returns the failure.
    async fn again(
        &self,
        call: &'static str,
        attempts: &mut Attempts,
        moved: bool,
        broken: BrokenTransfer,
    ) -> Result<(), CallFailure> {
        attempts.all += 1;
        attempts.in_vain = if moved { 1 } else { attempts.in_vain + 1 };
        let is_last = attempts.in_vain >= self.limits.attempts || attempts.all >= MOST_CONTINUED;
        match broken {
            BrokenTransfer::Failure(failure) => return Err(failure),
            BrokenTransfer::Early if is_last => return Err(CallFailure::TooSlow { call }),
            BrokenTransfer::Early => {}
            BrokenTransfer::Status(status) => match judge(&status) {
                StatusVerdict::Again if !is_last => {}
                StatusVerdict::Identify if attempts.all == 1 => self.headers.forget().await,
                _ => return Err(CallFailure::of_status(call, &status)),
            },
        }
        self.wait(attempts.in_vain.max(1)).await;
        Ok(())
    }

    /// `INSTANCE/KIND`, where an empty instance has no slash.
    fn resource(&self, rest: &str) -> String {
        if self.instance.is_empty() { rest.to_owned() } else { format!("{}/{rest}", self.instance) }
    }

    /// Fetches one content into the store.
    pub(super) async fn read_stream(&self, digest: BlobDigest, store: &Arc<BlobStore>) -> Result<(), CallFailure> {
        let outcome = match self.capabilities.zstd {
            true => self.read_compressed(digest, store).await,
            false => self.read_plain(digest, store).await,
        };
        match self.count(outcome) {
            Err(CallFailure::NotFound { .. }) => Err(CallFailure::Lost(digest)),
            other => other,
        }
    }

    async fn read_plain(&self, digest: BlobDigest, store: &BlobStore) -> Result<(), CallFailure> {
        let mut incoming = store.incoming(digest).map_err(of_store)?;
        let mut attempts = Attempts::default();
        loop {
            let before = incoming.length();
            match self.read_on(&digest, &mut incoming).await {
                Ok(()) => return incoming.keep().map_err(of_store),
                Err(broken) => self.again("Read", &mut attempts, incoming.length() > before, broken).await?,
            }
        }
    }

    async fn read_on(&self, digest: &BlobDigest, incoming: &mut IncomingBlob<'_>) -> Result<(), BrokenTransfer> {
        let resource = self.resource(&format!("blobs/{digest}"));
        let offset = incoming.length();
        let read = self.read_resource(resource, offset, async |data: Bytes| incoming.write(&data).map_err(of_store));
        read.await?;
        if incoming.length() < digest.size() { Err(BrokenTransfer::Early) } else { Ok(()) }
    }

    /// Passes on the output of a command that runs, which comes as slowly as the command writes it.
    pub(super) async fn read_log(
        &self,
        resource_name: String,
        mut take: impl AsyncFnMut(Bytes) -> Result<(), CallFailure>,
    ) -> Result<(), BrokenTransfer> {
        let request = self.request(ReadRequest { resource_name, read_offset: 0, read_limit: 0 }).await?;
        let mut client = ByteStreamClient::new(self.channel.clone()).max_decoding_message_size(LARGEST_ANSWER);
        let mut stream = client.read(request).await?.into_inner();
        while let Some(piece) = stream.message().await? {
            take(piece.data.into()).await?;
        }
        Ok(())
    }

    /// Passes on the content of a resource, from an offset on.
    pub(super) async fn read_resource(
        &self,
        resource_name: String,
        offset: u64,
        mut take: impl AsyncFnMut(Bytes) -> Result<(), CallFailure>,
    ) -> Result<(), BrokenTransfer> {
        let read_offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let request = self.request(ReadRequest { resource_name, read_offset, read_limit: 0 }).await?;
        let pace = Pace::default();
        let reading = async {
            let mut client = ByteStreamClient::new(self.channel.clone()).max_decoding_message_size(LARGEST_ANSWER);
            let mut stream = client.read(request).await?.into_inner();
            while let Some(piece) = stream.message().await? {
                pace.moved(piece.data.len() as u64);
                take(piece.data.into()).await?;
            }
            Ok(())
        };
        tokio::select! {
            outcome = reading => outcome,
            () = pace.too_slow(&self.limits) => Err(CallFailure::TooSlow { call: "Read" }.into()),
        }
    }

    /// Compressed streams are not continued, but started again.
    async fn read_compressed(&self, digest: BlobDigest, store: &Arc<BlobStore>) -> Result<(), CallFailure> {
        let mut attempts = Attempts::default();
        loop {
            match self.read_compressed_once(digest, store).await {
                Ok(()) => return Ok(()),
                Err(broken) => self.again("Read", &mut attempts, false, broken).await?,
            }
        }
    }

    async fn read_compressed_once(&self, digest: BlobDigest, store: &Arc<BlobStore>) -> Result<(), BrokenTransfer> {
        let (sender, receiver) = channel(4);
        let unpacking = {
            let store = Arc::clone(store);
            blocking(move || {
                let mut incoming = store.incoming(digest).map_err(of_store)?;
                let mut failed = None;
                let unpacked = unpack(receiver, |bytes| {
                    incoming.write(bytes).map_err(|error| {
                        failed = Some(of_store(error));
                        io::ErrorKind::Other.into()
                    })
                });
                match (unpacked, failed) {
                    (Ok(()), _) => incoming.keep().map_err(of_store),
                    (Err(_), Some(failure)) => Err(failure),
                    (Err(_), None) => Err(CallFailure::Damaged(digest)),
                }
            })
        };
        let resource = self.resource(&format!("compressed-blobs/zstd/{digest}"));
        let reading = async {
            // When unpacking failed, nothing receives the rest.
            let read = self.read_resource(resource, 0, async |data| {
                sender.send(data).await.map_err(|_| CallFailure::Damaged(digest))
            });
            let outcome = read.await;
            drop(sender);
            outcome
        };
        let (unpacked, read) = tokio::join!(unpacking, reading);
        match read {
            // Why unpacking failed is what it returns.
            Ok(()) | Err(BrokenTransfer::Failure(CallFailure::Damaged(_))) => Ok(unpacked??),
            Err(broken) => Err(broken),
        }
    }

    /// Sends one content.
    pub(super) async fn write_stream(
        &self,
        digest: BlobDigest,
        content: Content,
        store: &Arc<BlobStore>,
    ) -> Result<(), CallFailure> {
        let outcome = self.write_all(digest, content, store).await;
        self.count(outcome)
    }

    async fn write_all(&self, digest: BlobDigest, content: Content, store: &Arc<BlobStore>) -> Result<(), CallFailure> {
        let identifier = identifier();
        let (resource, content, length) = if self.capabilities.zstd && digest.size() <= MOST_COMPRESSED {
            let store = Arc::clone(store);
            let packed = blocking(move || content.load(&digest, &store).map(|bytes| compressed(&bytes))).await??;
            let length = packed.len() as u64;
            (format!("uploads/{identifier}/compressed-blobs/zstd/{digest}"), Content::Bytes(packed), length)
        } else {
            (format!("uploads/{identifier}/blobs/{digest}"), content, digest.size())
        };
        let upload = Arc::new(OutgoingBlob { resource: self.resource(&resource), content, digest, length });
        let (mut attempts, mut offset) = (Attempts::default(), 0);
        loop {
            let broken = match self.write_from(&upload, offset, store).await {
                Ok(()) => return Ok(()),
                Err(broken) => broken,
            };
            let before = offset;
            self.again("Write", &mut attempts, false, broken).await?;
            offset = self.committed(&upload).await.unwrap_or(0);
            if offset == upload.length {
                return Ok(());
            }
            if offset > before {
                attempts.in_vain = 0;
            }
        }
    }

    /// How much of an upload the server has; `None` if it cannot say.
    async fn committed(&self, upload: &OutgoingBlob) -> Option<u64> {
        let request = QueryWriteStatusRequest { resource_name: upload.resource.clone() };
        let answer = self.call("QueryWriteStatus", self.deadline(0), request, |channel, request| async move {
            ByteStreamClient::new(channel).query_write_status(request).await
        });
        let answer = answer.await.ok()?;
        if answer.complete {
            return Some(upload.length);
        }
        u64::try_from(answer.committed_size).ok().filter(|size| *size < upload.length)
    }

    async fn write_from(
        &self,
        upload: &Arc<OutgoingBlob>,
        offset: u64,
        store: &Arc<BlobStore>,
    ) -> Result<(), BrokenTransfer> {
        let (sender, receiver) = channel(2);
        let pace = Pace::default();
        let request = self.request(ReceiverStream::new(receiver)).await?;
        let feeding = {
            let (upload, store, pace) = (Arc::clone(upload), Arc::clone(store), pace.clone());
            blocking(move || upload.feed(offset, &store, &sender, &pace))
        };
        let writing = async {
            let answer = ByteStreamClient::new(self.channel.clone()).write(request).await?;
            Ok(answer.into_inner().committed_size)
        };
        let both = async { tokio::join!(feeding, writing) };
        let (fed, written): (_, Result<i64, Status>) = tokio::select! {
            outcome = both => outcome,
            () = pace.too_slow(&self.limits) => return Err(CallFailure::TooSlow { call: "Write" }.into()),
        };
        fed??;
        // A server that has the content already ends the stream early, and says that all of it is there; -1 for a
        // compressed one.
        match written? {
            size if size == -1
                || u64::try_from(size).is_ok_and(|size| size == upload.length || size == upload.digest.size()) =>
            {
                Ok(())
            }
            _ => Err(BrokenTransfer::Early),
        }
    }
}

/// A content on its way to the server.
struct OutgoingBlob {
    resource: String,
    content: Content,
    digest: BlobDigest,
    /// The number of bytes that are sent.
    length: u64,
}

impl OutgoingBlob {
    /// Sends the pieces from `offset` on, until all are sent or the call has ended.
    fn feed(
        &self,
        offset: u64,
        store: &BlobStore,
        sender: &Sender<WriteRequest>,
        pace: &Pace,
    ) -> Result<(), CallFailure> {
        let failed = |error: io::Error| CallFailure::Local(format!("Cannot read the content {}: {error}", self.digest));
        let mut source = self.open(offset, store).map_err(failed)?;
        let mut at = offset;
        loop {
            let most = usize::try_from(self.length - at).map_or(PIECE, |left| left.min(PIECE));
            let mut data = vec![0; most];
            source.read_exact(&mut data).map_err(failed)?;
            let next = at + most as u64;
            let request = WriteRequest {
                resource_name: self.resource.clone(),
                write_offset: i64::try_from(at).unwrap_or(i64::MAX),
                finish_write: next == self.length,
                data,
            };
            if sender.blocking_send(request).is_err() || next == self.length {
                return Ok(());
            }
            pace.moved(most as u64);
            at = next;
        }
    }

    fn open(&self, offset: u64, store: &BlobStore) -> io::Result<Box<dyn io::Read>> {
        let mut file: File = match &self.content {
            Content::Bytes(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                return Ok(Box::new(io::Cursor::new(bytes.slice(from..))));
            }
            Content::File(path) => base::files::open_regular(path)?,
            Content::Stored => crate::tree::BlobReader::open(store, &self.digest)?,
        };
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(file))
    }
}

/// A random UUID (RFC 9562, version 4).
fn identifier() -> String {
    let mut bytes = [0; 16];
    // Without randomness, the digest in the name still distinguishes uploads.
    let _ = getrandom::fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
