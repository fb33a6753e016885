//! The signature file next to a component's file: written and verified.

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

/// Signs a component's file and writes the signature; returns the component's digest.
///
/// # Errors
/// When the file is not a component, or the signature cannot be written.
pub fn sign_file(component: &Path, key: &PrivateKey, output: &Path) -> Result<Digest, SignatureError> {
    let component = Component::read(component, "", ComponentOrigin::Path(component.to_owned()))?;
    files::replace(output, FileSignature::of(&component.bytes()?, key).text().as_bytes())?;
    Ok(component.digest)
}

/// The keys (by number) that signed a component's file.
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
