//! Signatures of files, stored next to them: base64 of a DER-encoded ECDSA signature over the file's SHA-256. `cosign
//! sign-blob --key` prints it, `cosign verify-blob --key --signature` reads it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::private::PrivateKey;
use super::public::PublicKey;
use base::digest::Digest;

/// A signature, DER-encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSignature(Vec<u8>);

/// Maximum length of the text, in bytes: a signature has at most 72 bytes.
const LONGEST: usize = 1024;

impl FileSignature {
    /// Signs a file's bytes.
    pub fn of(content: &[u8], key: &PrivateKey) -> Self {
        Self(key.sign(content))
    }

    /// Parses base64; whitespace around it is ignored.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        if text.is_empty() || text.len() > LONGEST {
            return None;
        }
        STANDARD.decode(text).ok().map(Self)
    }

    /// Base64 without line end, as cosign writes it.
    pub fn text(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// Whether this key made it, for the file with that digest.
    pub fn is_by(&self, key: &PublicKey, digest: &Digest) -> bool {
        key.verifies_digest(digest, &self.0)
    }
}
