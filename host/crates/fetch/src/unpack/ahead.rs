//! Decompression ahead of use: one thread decompresses while another writes files, as in `xz -dc | tar x`.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

const CHUNK: usize = 128 << 10;
/// Chunks that wait at most, so that memory is bounded.
const WAITING: usize = 8;

/// The bytes that another thread decompresses.
pub(super) struct DecompressedBytes {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    used: usize,
    failed: Option<(io::ErrorKind, String)>,
}

/// The stream, and the work of its thread, which ends at the end of the stream, or if that is dropped.
pub(super) fn ahead<'a>(source: Box<dyn Read + Send + 'a>) -> (DecompressedBytes, impl FnOnce() + Send + 'a) {
    let (sender, chunks) = sync_channel(WAITING);
    (DecompressedBytes { chunks, chunk: Vec::new(), used: 0, failed: None }, move || produce(source, &sender))
}

fn produce(mut source: Box<dyn Read + Send + '_>, sender: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        let outcome = (&mut source).take(CHUNK as u64).read_to_end(&mut chunk);
        // The bytes before a fault are good and come first: the fault may be behind an entry that is refused anyway.
        if !chunk.is_empty() && sender.send(Ok(chunk)).is_err() {
            return;
        }
        match outcome {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                let _ = sender.send(Err(error));
                return;
            }
        }
    }
}

impl Read for DecompressedBytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.used == self.chunk.len() {
            if let Some((kind, cause)) = &self.failed {
                return Err(io::Error::new(*kind, cause.clone()));
            }
            match self.chunks.recv() {
                Ok(Ok(chunk)) => (self.chunk, self.used) = (chunk, 0),
                Ok(Err(error)) => {
                    self.failed = Some((error.kind(), error.to_string()));
                    return Err(error);
                }
                // The thread is done.
                Err(_) => return Ok(0),
            }
        }
        let count = buffer.len().min(self.chunk.len() - self.used);
        buffer[..count].copy_from_slice(&self.chunk[self.used..self.used + count]);
        self.used += count;
        Ok(count)
    }
}
