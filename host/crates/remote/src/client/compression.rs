//! Contents as zstd (RFC 8878) on their way. The receiver limits what they unpack to.

use std::io::{self, BufRead, BufReader, Read};

use bytes::Bytes;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// The largest content that is compressed before it is sent: it is done in memory.
pub(super) const MOST_COMPRESSED: u64 = 64 << 20;
/// The most memory that a sender may ask for, as the format recommends for all decoders.
const WINDOW: usize = 8 << 20;

pub(super) fn compressed(content: &[u8]) -> Bytes {
    compress_to_vec(content, CompressionLevel::Fastest).into()
}

/// Unpacks pieces as they arrive, and passes on what comes out. Ends with the pieces.
pub(super) fn unpack(
    pieces: tokio::sync::mpsc::Receiver<Bytes>,
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut source = BufReader::new(PackedPieces { pieces, current: Bytes::new() });
    let mut buffer = vec![0; 128 << 10];
    while !source.fill_buf()?.is_empty() {
        let damaged = |error: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
        let mut frame =
            StreamingDecoder::new_with_max_window_size(&mut source, WINDOW as u64).map_err(|error| damaged(&error))?;
        loop {
            match frame.read(&mut buffer)? {
                0 => break,
                length => write(&buffer[..length])?,
            }
        }
    }
    Ok(())
}

struct PackedPieces {
    pieces: tokio::sync::mpsc::Receiver<Bytes>,
    current: Bytes,
}

impl Read for PackedPieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.current = piece,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.current.len());
        buffer[..length].copy_from_slice(&self.current.split_to(length));
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_compressed_comes_back_from_pieces() {
        let content: Vec<u8> = (0..300_000_u32).flat_map(|number| (number / 7).to_le_bytes()).collect();
        let packed = compressed(&content);
        assert!(packed.len() < content.len());
        let (sender, receiver) = tokio::sync::mpsc::channel(10_000);
        packed.chunks(1000).for_each(|piece| sender.try_send(Bytes::copy_from_slice(piece)).unwrap());
        drop(sender);
        let mut unpacked = Vec::new();
        let mut keep = |bytes: &[u8]| {
            unpacked.extend_from_slice(bytes);
            Ok(())
        };
        unpack(receiver, &mut keep).unwrap();
        assert!(unpacked == content);
    }
}
