//! Private keys: generated, decrypted with a passphrase, stored encrypted, and used. Secrets are wiped from memory.

use std::fmt;
use std::path::Path;

use p256::SecretKey;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::elliptic_curve::Generate as _;
use p256::pkcs8::der::Decode as _;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, PrivateKeyInfoRef};

use super::error::{InvalidKey, KeyError};
use super::pem::{decode, read};
use super::public::{PublicKey, check_algorithm};
use super::sealed;
use base::digest::Digest;

/// The signing half of a key pair.
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// Generates a new key.
    ///
    /// # Errors
    /// If the system's random number generator fails.
    pub fn generate() -> Result<Self, KeyError> {
        let secret = SecretKey::try_generate().map_err(|error| KeyError::Random(error.to_string()))?;
        Ok(Self(SigningKey::from(&secret)))
    }

    /// Reads an encrypted key, as [`Self::sealed`] and cosign write it.
    ///
    /// # Errors
    /// If the file cannot be read, is not such a key, or the passphrase is wrong.
    pub fn open(path: &Path, passphrase: &[u8]) -> Result<Self, KeyError> {
        let opened = Self::unseal(&read(path)?, passphrase);
        opened.map_err(KeyError::of(path))
    }

    /// Checks that [`Self::open`] only needs the right passphrase, so that the user is not asked for it in vain.
    ///
    /// # Errors
    /// If the file cannot be read, or is not such a key.
    pub fn check(path: &Path) -> Result<(), KeyError> {
        Self::check_bytes(&read(path)?).map_err(KeyError::of(path))
    }

    /// As [`Self::check`], for the bytes of a file.
    ///
    /// # Errors
    /// If they are not such a key.
    pub fn check_bytes(text: &[u8]) -> Result<(), InvalidKey> {
        sealed::check(text)
    }

    /// Decrypts a key.
    ///
    /// # Errors
    /// If it is not such a key, or the passphrase is wrong.
    pub(crate) fn unseal(text: &[u8], passphrase: &[u8]) -> Result<Self, InvalidKey> {
        Self::of_pkcs8(&sealed::open(text, passphrase)?)
    }

    /// Reads a key that is not encrypted: PEM of PKCS #8 (RFC 5958) or SEC 1 (RFC 5915).
    ///
    /// # Errors
    /// If the file cannot be read, or is not such a key.
    pub fn import(path: &Path) -> Result<Self, KeyError> {
        Self::parse_plain(&read(path)?).map_err(KeyError::of(path))
    }

    fn parse_plain(text: &[u8]) -> Result<Self, InvalidKey> {
        const LABELS: [&str; 2] = ["PRIVATE KEY", "EC PRIVATE KEY"];
        let decoded = decode(text, &LABELS, "an unencrypted private key")?;
        if decoded.label == LABELS[0] {
            return Self::of_pkcs8(&decoded.bytes);
        }
        SecretKey::from_sec1_der(&decoded.bytes).map(Self::of_secret).map_err(|_| InvalidKey::Encoding)
    }

    fn of_pkcs8(der: &[u8]) -> Result<Self, InvalidKey> {
        let info = PrivateKeyInfoRef::from_der(der).map_err(|_| InvalidKey::Encoding)?;
        check_algorithm(info.algorithm.oid, info.algorithm.parameters_oid().ok())?;
        SecretKey::from_pkcs8_der(der).map(Self::of_secret).map_err(|_| InvalidKey::Encoding)
    }

    fn of_secret(secret: SecretKey) -> Self {
        Self(SigningKey::from(&secret))
    }

    /// The key, encrypted with a passphrase: PEM with the label `ENCRYPTED SIGSTORE PRIVATE KEY`.
    ///
    /// # Errors
    /// If the system's random number generator fails.
    pub fn sealed(&self, passphrase: &[u8]) -> Result<String, KeyError> {
        let secret = SecretKey::from(self.0.as_nonzero_scalar());
        let der = secret.to_pkcs8_der().map_err(|error| KeyError::Random(error.to_string()))?;
        sealed::seal(der.as_bytes(), passphrase)
    }

    /// The verifying half.
    pub fn public(&self) -> PublicKey {
        PublicKey::new(*self.0.verifying_key())
    }

    /// Signs a message: ECDSA over its SHA-256 digest, DER-encoded.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        // Deterministic by RFC 6979; cannot fail for a digest of the curve's size.
        let signature: Option<DerSignature> = self.0.sign_prehash(Digest::of(message).as_bytes()).ok();
        signature.map(|signature| signature.as_bytes().to_vec()).unwrap_or_default()
    }
}

/// Shows only the public half.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PrivateKey({})", self.public())
    }
}
