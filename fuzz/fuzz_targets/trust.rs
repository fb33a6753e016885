//! Any bytes as what strangers give: keys, signed payloads, signatures, `recipes.lock`. Nothing panics, and what is read is
//! written so that it is read again.
#![no_main]

use std::path::Path;

use registry::RecipesLock;
use registry::signature::{FileSignature, Payload, PrivateKey, PublicKey};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(payload) = Payload::parse(bytes) {
        assert_eq!(Payload::parse(payload.text().as_bytes()), Ok(payload));
    }
    if let Ok(key) = PublicKey::parse(bytes) {
        assert_eq!(PublicKey::parse(key.pem().as_bytes()), Ok(key));
    }
    if let Some(signature) = FileSignature::parse(bytes) {
        assert_eq!(FileSignature::parse(signature.text().as_bytes()), Some(signature));
    }
    if let Ok(lock) = RecipesLock::parse(Path::new("fuzz"), bytes) {
        assert_eq!(RecipesLock::parse(Path::new("fuzz"), lock.text().as_bytes()).ok(), Some(lock));
    }
    let _ = PrivateKey::check_bytes(bytes);
});
