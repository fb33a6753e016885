//! Public keys: PEM of a SubjectPublicKeyInfo (RFC 5280), ECDSA P-256.

use std::fmt;
use std::path::Path;

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::pkcs8::der::Decode as _;
use p256::pkcs8::spki::SubjectPublicKeyInfoRef;
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _, LineEnding, ObjectIdentifier};

use super::error::{InvalidKey, KeyError};
use super::pem;
use base::digest::Digest;

const LABEL: &str = "PUBLIC KEY";

/// SHA-256 of a public key's SubjectPublicKeyInfo: identifies a key, regardless of its file name.
pub(crate) type Fingerprint = Digest;

/// Verifies signatures by the matching private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    fingerprint: Fingerprint,
}

impl PublicKey {
    pub(super) fn new(key: VerifyingKey) -> Self {
        let der = key.to_public_key_der().map(|der| Digest::of(der.as_bytes()));
        // A curve point can always be encoded: the error exists only in the trait's signature.
        Self { key, fingerprint: der.unwrap_or_else(|_| Digest::of(&[])) }
    }

    /// Parses PEM.
    ///
    /// # Errors
    /// If it is not PEM, does not contain exactly one public key, or that is for another algorithm.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidKey> {
        let der = pem::decode(text, &[LABEL], "a public key")?.bytes;
        let info = SubjectPublicKeyInfoRef::from_der(&der).map_err(|_| InvalidKey::Encoding)?;
        check_algorithm(info.algorithm.oid, info.algorithm.parameters_oid().ok())?;
        VerifyingKey::from_public_key_der(&der).map(Self::new).map_err(|_| InvalidKey::Encoding)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or is not such a key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        Self::parse(&pem::read(path)?).map_err(KeyError::of(path))
    }

    /// The key as PEM, with a line end.
    pub fn pem(&self) -> String {
        self.key.to_public_key_pem(LineEnding::LF).unwrap_or_default()
    }

    /// Identifies the key.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Whether `signature` (DER) is a signature of `message` by this key.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifies_digest(&Digest::of(message), signature)
    }

    /// Whether `signature` (DER) is a signature of the message with this SHA-256 digest.
    pub(super) fn verifies_digest(&self, digest: &Digest, signature: &[u8]) -> bool {
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

/// Refuses a key for another algorithm, naming the algorithm.
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
