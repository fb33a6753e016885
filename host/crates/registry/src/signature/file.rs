//! The signature of a file, kept beside it: base64 of ECDSA over the file's SHA-256, in DER. `cosign sign-blob --key`
//! prints it, `cosign verify-blob --key --signature` reads it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{PrivateKey, PublicKey};
use base::digest::Digest;

/// A signature, as bytes in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSignature(Vec<u8>);

/// The longest text that can be one, in bytes: a signature is 72 bytes long at most.
const LONGEST: usize = 1024;

impl FileSignature {
    /// Signs a file's bytes.
    pub fn of(content: &[u8], key: &PrivateKey) -> Self {
        Self(key.sign(content))
    }

    /// Understands base64 text; white space around it does not matter.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        if text.is_empty() || text.len() > LONGEST {
            return None;
        }
        STANDARD.decode(text).ok().map(Self)
    }

    /// Base64, without line end, as cosign writes it.
    pub fn text(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// Whether it is this key's, of the file with that digest.
    pub fn is_by(&self, key: &PublicKey, digest: &Digest) -> bool {
        key.verifies_digest(digest, &self.0)
    }
}
