//! The signature file next to a component file: written and verified.

use std::path::{Path, PathBuf};

use super::bytes::{Component, ComponentOrigin};
use super::error::SignatureError;
use base::digest::Digest;
use base::files;
use registry::oci::MOST_SIGNATURES;
use registry::signature::{FileSignature, PrivateKey, PublicKey};

/// The name of a signature file: `FILE.sig`.
pub fn signature_path(component: &Path) -> PathBuf {
    let mut name = component.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// What happens to the signatures that a signature file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// They are replaced.
    Replace,
    /// They stay, except that of the same key for the same component.
    Keep,
}

/// The result of [`sign_file`].
#[derive(Clone, Copy, Debug)]
pub struct Signed {
    /// The component's digest.
    pub digest: Digest,
    /// How many other signatures were replaced.
    pub replaced: usize,
}

/// Signs a component file and writes the signature.
///
/// # Errors
/// When the file is not a component, the signatures to keep are damaged, or the signature cannot be written.
pub fn sign_file(
    component: &Path,
    key: &PrivateKey,
    output: &Path,
    earlier: Earlier,
) -> Result<Signed, SignatureError> {
    let path = component;
    let component = Component::read(path, "", ComponentOrigin::Path(path.to_owned()))?;
    let others = match read_signatures(path, output) {
        Err(SignatureError::Missing { .. }) => Vec::new(),
        // What is not a signature is replaced like one.
        Err(SignatureError::Malformed(_)) if earlier == Earlier::Replace => Vec::new(),
        signatures => signatures?,
    };
    let is_of_other = |signature: &FileSignature| !signature.is_by(&key.public(), &component.digest);
    let others: Vec<_> = others.into_iter().filter(is_of_other).collect();
    let kept = if earlier == Earlier::Keep { others.as_slice() } else { &[] };
    if kept.len() >= MOST_SIGNATURES {
        return Err(SignatureError::TooMany(output.to_owned()));
    }
    let mut text: String = kept.iter().map(|signature| signature.text() + "\n").collect();
    text.push_str(&FileSignature::of(&component.bytes()?, key).text());
    files::replace(output, text.as_bytes())?;
    Ok(Signed { digest: component.digest, replaced: others.len() - kept.len() })
}

/// The keys (by number) that signed a component file.
///
/// # Errors
/// When the file is not a component, or none of the keys signed it.
pub fn verify_file(
    component: &Path,
    signature: &Path,
    keys: &[(String, PublicKey)],
) -> Result<(Digest, usize), SignatureError> {
    let digest = Component::read(component, "", ComponentOrigin::Path(component.to_owned()))?.digest;
    let found = read_signatures(component, signature)?;
    let by = keys.iter().position(|(_, key)| found.iter().any(|signature| signature.is_by(key, &digest)));
    let by = by.ok_or_else(|| SignatureError::OfOthers {
        component: component.to_owned(),
        signature: signature.to_owned(),
        keys: keys.iter().map(|(name, key)| format!("{name} ({key})")).collect::<Vec<_>>().join(", "),
    })?;
    Ok((digest, by))
}

/// The signatures of a component: usually one; those of several signers are on separate lines.
pub(super) fn read_signatures(component: &Path, signature: &Path) -> Result<Vec<FileSignature>, SignatureError> {
    let missing = || SignatureError::Missing { component: component.to_owned(), signature: signature.to_owned() };
    let text = files::read(signature)?.ok_or_else(missing)?;
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let found: Option<Vec<_>> = lines.take(MOST_SIGNATURES).map(FileSignature::parse).collect();
    found.filter(|found| !found.is_empty()).ok_or_else(|| SignatureError::Malformed(signature.to_owned()))
}
