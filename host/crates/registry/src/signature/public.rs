//! Public keys: PEM of a SubjectPublicKeyInfo (RFC 5280), ECDSA P-256.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::pkcs8::der::{Decode as _, pem};
use p256::pkcs8::spki::SubjectPublicKeyInfoRef;
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _, LineEnding, ObjectIdentifier};
use zeroize::Zeroizing;

use super::{InvalidKey, KeyError};
use base::digest::Digest;

/// The largest file that is read as a key, in bytes.
pub(super) const LARGEST_FILE: u64 = 64 << 10;

const LABEL: &str = "PUBLIC KEY";

/// SHA-256 of a public key's SubjectPublicKeyInfo: names a key whatever its file is called.
pub type Fingerprint = Digest;

/// Whose signatures it verifies is known by who keeps the other half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    fingerprint: Fingerprint,
}

impl PublicKey {
    pub(super) fn new(key: VerifyingKey) -> Self {
        let der = key.to_public_key_der().map(|der| Digest::of(der.as_bytes()));
        // A point of the curve can be encoded: the error is one of the trait's form only.
        Self { key, fingerprint: der.unwrap_or_else(|_| Digest::of(&[])) }
    }

    /// Understands PEM.
    ///
    /// # Errors
    /// When it is no PEM, no public key, or one for another algorithm.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidKey> {
        let (label, der) = decode(text, &[LABEL], "a public key")?;
        debug_assert_eq!(label, LABEL);
        let info = SubjectPublicKeyInfoRef::from_der(&der).map_err(|_| InvalidKey::Encoding)?;
        check_algorithm(info.algorithm.oid, info.algorithm.parameters_oid().ok())?;
        VerifyingKey::from_public_key_der(&der).map(Self::new).map_err(|_| InvalidKey::Encoding)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or holds no such key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        Self::parse(&read(path)?).map_err(KeyError::of(path))
    }

    /// The key as PEM, with a line end.
    pub fn pem(&self) -> String {
        self.key.to_public_key_pem(LineEnding::LF).unwrap_or_default()
    }

    /// What the key is called where its file's name does not matter.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Whether `signature` (DER) is one of `message` by this key.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifies_digest(&Digest::of(message), signature)
    }

    /// Whether `signature` (DER) is one of the message that has this SHA-256 digest.
    pub fn verifies_digest(&self, digest: &Digest, signature: &[u8]) -> bool {
        let Ok(signature) = DerSignature::from_bytes(signature) else { return false };
        self.key.verify_prehash(digest.as_bytes(), &signature).is_ok()
    }
}

/// As `sha256:…`.
impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sha256:{}", self.fingerprint)
    }
}

/// Reads a key's file, within a limit; the bytes may be secret.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let unreadable = |error| KeyError::Read { path: path.to_owned(), error: Arc::new(error) };
    let mut bytes = Zeroizing::new(Vec::new());
    // A pipe is fine here: the private key may come from a secret store, through the shell's `<(…)`.
    let file = File::open(path).map_err(unreadable)?;
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(KeyError::Invalid { path: path.to_owned(), reason: InvalidKey::TooLarge });
    }
    Ok(bytes)
}

/// The bytes of the first PEM block with one of `labels`.
pub(super) fn decode<'a>(
    text: &'a [u8],
    labels: &[&str],
    wanted: &'static str,
) -> Result<(&'a str, Zeroizing<Vec<u8>>), InvalidKey> {
    let mut first = None;
    for block in blocks(text) {
        // A block with headers, as old encrypted keys have them, cannot be decoded; but its label can be told.
        let label = pem::decode_label(block).map_err(|_| InvalidKey::NotPem)?;
        if labels.contains(&label) {
            let (label, bytes) = pem::decode_vec(block).map_err(|_| InvalidKey::Encoding)?;
            return Ok((label, Zeroizing::new(bytes)));
        }
        first.get_or_insert(label);
    }
    Err(first.map_or(InvalidKey::NotPem, |found| InvalidKey::Label { found: described(found), wanted }))
}

/// The PEM blocks of a text, each from its first line to its last: `openssl ecparam -genkey` writes two.
fn blocks(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = find(rest, b"-----BEGIN ")?;
        let from = &rest[start..];
        let end = find(from, b"-----END ")?;
        let line = from[end..].iter().position(|byte| *byte == b'\n').map_or(from.len(), |at| end + at + 1);
        rest = &from[line..];
        Some(&from[..line])
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// A label with its article; short enough to be shown.
fn described(label: &str) -> String {
    let label: String = label.chars().take(60).collect();
    let article = if label.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    format!("{article} {label}")
}

/// Refuses a key for another algorithm, by its name.
pub(super) fn check_algorithm(oid: ObjectIdentifier, parameters: Option<ObjectIdentifier>) -> Result<(), InvalidKey> {
    let name = match (oid.to_string().as_str(), parameters.map(|oid| oid.to_string()).as_deref()) {
        ("1.2.840.10045.2.1", Some("1.2.840.10045.3.1.7")) => return Ok(()),
        ("1.2.840.10045.2.1", Some("1.3.132.0.34")) => "ECDSA P-384".to_owned(),
        ("1.2.840.10045.2.1", Some("1.3.132.0.35")) => "ECDSA P-521".to_owned(),
        ("1.2.840.10045.2.1", Some("1.3.132.0.10")) => "ECDSA secp256k1".to_owned(),
        ("1.2.840.10045.2.1", _) => "another elliptic curve".to_owned(),
        ("1.2.840.113549.1.1.1", _) => "RSA".to_owned(),
        ("1.3.101.112", _) => "Ed25519".to_owned(),
        (oid, _) => format!("the algorithm {oid}"),
    };
    Err(InvalidKey::Algorithm(name))
}
