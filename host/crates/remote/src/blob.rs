//! Names of blobs: SHA-256 and size, as the Remote Execution API has them.
//!
//! Knows nothing of where a blob is.

use std::fmt;
use std::str::FromStr;

use base::digest::Digest;
use prost::Message;

use crate::protocol::v2;

/// SHA-256 and size of some bytes. Prints as `HASH/SIZE`, and parses from that.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobDigest {
    hash: Digest,
    size: u64,
}

impl BlobDigest {
    /// Of bytes whose hash and size are known.
    pub fn new(hash: Digest, size: u64) -> Self {
        Self { hash, size }
    }

    /// Hashes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self { hash: Digest::of(bytes), size: bytes.len() as u64 }
    }

    /// The SHA-256.
    pub fn hash(&self) -> &Digest {
        &self.hash
    }

    /// The number of bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The message's digest in its canonical encoding, and that encoding.
    pub(crate) fn of_message(message: &impl Message) -> (Self, Vec<u8>) {
        let bytes = message.encode_to_vec();
        (Self::of(&bytes), bytes)
    }

    pub(crate) fn to_message(self) -> v2::Digest {
        v2::Digest { hash: self.hash.to_string(), size_bytes: i64::try_from(self.size).unwrap_or(i64::MAX) }
    }

    /// From a message of a server: 64 lowercase digits, and a size that is not negative.
    pub(crate) fn from_message(message: &v2::Digest) -> Result<Self, InvalidBlobDigest> {
        let invalid = || InvalidBlobDigest(format!("{}/{}", message.hash, message.size_bytes));
        let hash = strict_hash(&message.hash).ok_or_else(invalid)?;
        Ok(Self { hash, size: u64::try_from(message.size_bytes).map_err(|_| invalid())? })
    }
}

/// A hash in the only form that counts; two forms would be two names for one blob.
fn strict_hash(text: &str) -> Option<Digest> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    text.parse().ok()
}

impl fmt::Display for BlobDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.hash, self.size)
    }
}

impl fmt::Debug for BlobDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The string is not the digest of a blob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not the digest of a blob, which is 64 lowercase hexadecimal digits, a slash, and the number of bytes", .0.escape_debug())]
pub struct InvalidBlobDigest(pub String);

impl FromStr for BlobDigest {
    type Err = InvalidBlobDigest;

    fn from_str(text: &str) -> Result<Self, InvalidBlobDigest> {
        let parsed = || {
            let (hash, size) = text.split_once('/')?;
            let number: i64 = size.parse().ok()?;
            let is_plain = size == "0" || size.starts_with(|c: char| ('1'..='9').contains(&c));
            Some(Self { hash: strict_hash(hash)?, size: u64::try_from(number).ok().filter(|_| is_plain)? })
        };
        parsed().ok_or_else(|| InvalidBlobDigest(text.chars().take(100).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_form() {
        let digest = BlobDigest::of(b"abc");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(BlobDigest::from_message(&digest.to_message()), Ok(digest));
        let hash = digest.hash().to_string();
        for size in ["", "+3", "03", "-3", "3 ", "9223372036854775808", "3/3"] {
            assert!(format!("{hash}/{size}").parse::<BlobDigest>().is_err(), "{size}");
        }
        assert!(format!("{}/3", hash.to_uppercase()).parse::<BlobDigest>().is_err());
        let negative = v2::Digest { hash, size_bytes: -1 };
        assert!(BlobDigest::from_message(&negative).is_err());
    }
}
