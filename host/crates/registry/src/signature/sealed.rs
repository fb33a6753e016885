//! The encrypted format of a private key: PEM around a JSON object with the encryption parameters, using scrypt
//! (RFC 7914) and NaCl's secretbox, with all bytes in base64. Defined by go-securesystemslib's package
//! `encrypted`, written by cosign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::pkcs8::LineEnding;
use p256::pkcs8::der::pem::encode_string;
use scrypt::Params;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::{InvalidKey, KeyError};
use super::{pem, secretbox};

/// The label that is written, and that of older versions of cosign.
const LABELS: [&str; 2] = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"];

/// log2 of the costs N that go-securesystemslib accepts, with r = 8 and p = 1: 32 to 128 MiB. No other value in a file
/// is accepted, so that no file can exhaust memory.
const COSTS: std::ops::RangeInclusive<u32> = 15..=17;
const BLOCK: u32 = 8;

const KDF: &str = "scrypt";
const CIPHER: &str = "nacl/secretbox";
const SALT: usize = 32;

#[derive(Serialize, Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: ScryptCost,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct ScryptCost {
    #[serde(rename = "N")]
    n: u64,
    r: u64,
    p: u64,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// The decoded content of a file.
struct SealedContent {
    cost: u8,
    salt: Vec<u8>,
    nonce: [u8; secretbox::NONCE],
    ciphertext: Vec<u8>,
}

/// Decrypts the PKCS #8 key in it.
pub(super) fn open(text: &[u8], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, InvalidKey> {
    let SealedContent { cost, salt, nonce, ciphertext } = parts(text)?;
    let key = derive(passphrase, &salt, cost).ok_or(InvalidKey::Sealing("scrypt"))?;
    // The tag precedes the message.
    let (tag, rest) = ciphertext.split_first_chunk().ok_or(InvalidKey::Sealing("ciphertext"))?;
    let mut secret = Zeroizing::new(rest.to_vec());
    if secretbox::open(&key, &nonce, tag, &mut secret) { Ok(secret) } else { Err(InvalidKey::Passphrase) }
}

/// Checks that this is an encrypted key, as far as possible without its passphrase.
pub(super) fn check(text: &[u8]) -> Result<(), InvalidKey> {
    parts(text).map(drop)
}

fn parts(text: &[u8]) -> Result<SealedContent, InvalidKey> {
    let json = pem::decode(text, &LABELS, "an encrypted private key")?.bytes;
    let sealed: Sealed =
        serde_json::from_slice(&json).map_err(|_| InvalidKey::Sealing("not JSON in the expected format"))?;
    if sealed.kdf.name != KDF {
        return Err(InvalidKey::Sealing("a key derivation other than scrypt"));
    }
    if sealed.cipher.name != CIPHER {
        return Err(InvalidKey::Sealing("a cipher other than nacl/secretbox"));
    }
    let bytes = |text: &str, what| STANDARD.decode(text).map_err(|_| InvalidKey::Sealing(what));
    Ok(SealedContent {
        cost: checked_cost(&sealed.kdf.params)?,
        salt: bytes(&sealed.kdf.salt, "salt")?,
        nonce: bytes(&sealed.cipher.nonce, "nonce")?.try_into().map_err(|_| InvalidKey::Sealing("nonce"))?,
        ciphertext: bytes(&sealed.ciphertext, "ciphertext")?,
    })
}

fn checked_cost(cost: &ScryptCost) -> Result<u8, InvalidKey> {
    let ScryptCost { n, r, p } = *cost;
    let known = n.is_power_of_two() && COSTS.contains(&n.ilog2()) && r == u64::from(BLOCK) && p == 1;
    if known { Ok(u8::try_from(n.ilog2()).unwrap_or_default()) } else { Err(InvalidKey::Parameters { n, r, p }) }
}

fn derive(passphrase: &[u8], salt: &[u8], cost: u8) -> Option<Zeroizing<[u8; secretbox::KEY]>> {
    let mut key = Zeroizing::new([0; secretbox::KEY]);
    scrypt::scrypt(passphrase, salt, &Params::new(cost, BLOCK, 1).ok()?, &mut *key).ok()?;
    Some(key)
}

/// log2 of the cost in written files.
const COST: u8 = 16;

/// Encrypts a PKCS #8 key.
pub(super) fn seal(secret: &[u8], passphrase: &[u8]) -> Result<String, KeyError> {
    let random = |error: getrandom::Error| KeyError::Random(error.to_string());
    let (mut salt, mut nonce) = ([0; SALT], [0; secretbox::NONCE]);
    getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut nonce)).map_err(random)?;
    let failed = || KeyError::Random("encryption failed".to_owned());
    let key = derive(passphrase, &salt, COST).ok_or_else(failed)?;
    let mut body = Zeroizing::new(secret.to_vec());
    let tag = secretbox::seal(&key, &nonce, &mut body);
    let sealed = Sealed {
        kdf: Kdf {
            name: KDF.to_owned(),
            params: ScryptCost { n: 1 << COST, r: BLOCK.into(), p: 1 },
            salt: STANDARD.encode(salt),
        },
        cipher: Cipher { name: CIPHER.to_owned(), nonce: STANDARD.encode(nonce) },
        ciphertext: STANDARD.encode([&tag[..], &body[..]].concat()),
    };
    let json = serde_json::to_vec(&sealed).map_err(|_| failed())?;
    encode_string(LABELS[0], LineEnding::LF, &json).map_err(|_| failed())
}
