//! NaCl's secretbox: XSalsa20 and Poly1305 ("Cryptography in NaCl", section 10). The first 32 bytes of the key stream
//! are the key of the tag; the message is encrypted with the following bytes.

use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit as _;
use salsa20::XSalsa20;
use salsa20::cipher::{KeyIvInit as _, StreamCipher as _};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Length of a key, in bytes.
pub(super) const KEY: usize = 32;
/// Length of a nonce, in bytes.
pub(super) const NONCE: usize = 24;
/// Length of a tag, in bytes.
pub(super) const TAG: usize = 16;

/// Encrypts `message` in place; returns the tag.
pub(super) fn seal(key: &[u8; KEY], nonce: &[u8; NONCE], message: &mut [u8]) -> [u8; TAG] {
    let (mut stream, tag) = start(key, nonce);
    stream.apply_keystream(message);
    tag.compute_unpadded(message).into()
}

/// Decrypts `message` in place if the tag is valid; otherwise returns false and leaves it unchanged.
pub(super) fn open(key: &[u8; KEY], nonce: &[u8; NONCE], tag: &[u8; TAG], message: &mut [u8]) -> bool {
    let (mut stream, right) = start(key, nonce);
    let right: [u8; TAG] = right.compute_unpadded(message).into();
    let is_right: bool = right.ct_eq(tag).into();
    if is_right {
        stream.apply_keystream(message);
    }
    is_right
}

fn start(key: &[u8; KEY], nonce: &[u8; NONCE]) -> (XSalsa20, Poly1305) {
    let mut stream = XSalsa20::new(key.into(), nonce.into());
    let mut tag_key = Zeroizing::new([0; KEY]);
    stream.apply_keystream(&mut *tag_key);
    (stream, Poly1305::new((&*tag_key).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(digits: &str) -> Vec<u8> {
        let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    /// The example in "Cryptography in NaCl".
    #[test]
    fn the_example_of_nacl() {
        let key = bytes("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389").try_into().unwrap();
        let nonce = bytes("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37").try_into().unwrap();
        let message = bytes(
            "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561\
             f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c6090\
             2e52f0a089bc76897040e082f937763848645e0705",
        );
        let expected = bytes(
            "8e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928f\
             e2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5\
             f9b37973f622a43d14a6599b1f654cb45a74e355a5",
        );
        let mut sealed = message.clone();
        let tag = seal(&key, &nonce, &mut sealed);
        assert_eq!((tag.to_vec(), &sealed), (bytes("f3ffc7703f9400e52a7dfb4b3d3305d9"), &expected));
        let mut opened = sealed.clone();
        assert!(open(&key, &nonce, &tag, &mut opened));
        assert_eq!(opened, message);
        let mut changed = sealed;
        changed[0] ^= 1;
        let before = changed.clone();
        assert!(!open(&key, &nonce, &tag, &mut changed));
        assert_eq!(changed, before);
    }
}
