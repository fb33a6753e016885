//! Key files in PEM format (RFC 7468): reading them, and finding the one key in them.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use p256::pkcs8::der::pem;
use zeroize::Zeroizing;

use super::error::{InvalidKey, KeyError};
use base::files::{open_input, read_open};

/// The largest key file, in bytes.
const LARGEST_FILE: u64 = 64 << 10;

/// Reads a key file, up to a limit; the bytes may be secret. A pipe is accepted: a private key can come from a secret
/// store, as `<(COMMAND)`.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    match open_input(path).and_then(|file| read_open(&file, LARGEST_FILE)) {
        Ok(bytes) => Ok(Zeroizing::new(bytes)),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            Err(KeyError::Invalid { path: path.to_owned(), reason: InvalidKey::TooLarge(LARGEST_FILE) })
        }
        Err(error) => Err(KeyError::Read { path: path.to_owned(), error: Arc::new(error) }),
    }
}

/// Whether other users may read or write a file: a private key should be closed to them.
pub fn is_open_to_others(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o077 != 0)
}

/// A decoded PEM block.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) label: &'static str,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

/// The key in a text, with one of `labels`. `expected` describes it for messages. Blocks that are not keys (`openssl
/// ecparam -genkey` also writes parameters) are ignored.
pub(super) fn decode(text: &[u8], labels: &[&'static str], expected: &'static str) -> Result<Decoded, InvalidKey> {
    let text = with_line_feeds(text);
    // Blocks with headers, as in old encrypted keys, cannot be decoded, but their label can be read.
    let blocks = blocks(&text).map(|block| Ok((pem::decode_label(block).map_err(|_| InvalidKey::NotPem)?, block)));
    let blocks: Vec<(&str, &[u8])> = blocks.collect::<Result<_, InvalidKey>>()?;
    let keys: Vec<_> = blocks.iter().filter(|(label, _)| label.ends_with("KEY")).collect();
    let (label, block) = match (keys[..].first(), blocks.first()) {
        _ if keys.len() > 1 => return Err(InvalidKey::Several(keys.len())),
        (Some(key), _) => key,
        (None, Some((label, _))) => return Err(InvalidKey::Label { found: described(label), expected }),
        (None, None) => return Err(InvalidKey::NotPem),
    };
    let Some(label) = labels.iter().find(|known| *known == label) else {
        return Err(InvalidKey::Label { found: described(label), expected });
    };
    let (_, bytes) = pem::decode_vec(block).map_err(|_| InvalidKey::Encoding)?;
    Ok(Decoded { label, bytes: Zeroizing::new(bytes) })
}

/// The text with Unix line ends, and without a byte order mark.
fn with_line_feeds(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    Zeroizing::new(text.iter().copied().filter(|byte| *byte != b'\r').collect())
}

/// The PEM blocks of a text.
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

/// A label with its article, shortened for display.
fn described(label: &str) -> String {
    let label: String = label.chars().take(60).collect();
    let article = if label.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    format!("{article} {label}")
}
