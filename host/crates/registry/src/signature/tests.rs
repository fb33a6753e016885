//! Keys and signatures of other programs, and ours; invalid ones.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use base::digest::Digest;

/// A file in `tests/keys`, whose README describes how it was created.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/keys/", $name))
    };
}

fn public() -> PublicKey {
    PublicKey::parse(fixture!("p256.pub")).unwrap()
}

/// Imports a key of another program from a file.
fn import(text: &[u8]) -> Result<PrivateKey, KeyError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("k.pem");
    std::fs::write(&path, text).unwrap();
    PrivateKey::import(&path)
}

#[test]
fn keys_of_other_programs_are_understood() {
    assert_eq!(public().to_string(), "sha256:5d9237433a6c14c991a73bb974fd466c85d0528387c42bd797ec9b6f287e6247");
    assert_eq!(public().pem().as_bytes(), fixture!("p256.pub"));
    for text in [&fixture!("sec1.pem")[..], fixture!("pkcs8.pem")] {
        assert_eq!(import(text).unwrap().public(), public());
    }
    assert_eq!(PrivateKey::unseal(fixture!("old.key"), b"buildout").unwrap().public(), public());
    assert_eq!(PrivateKey::unseal(fixture!("new.key"), "pâté".as_bytes()).unwrap().public(), public());
}

#[test]
fn keys_with_the_line_ends_of_windows_are_understood() {
    let with_returns = |text: &[u8]| {
        let text = String::from_utf8(text.to_vec()).unwrap().replace('\n', "\r\n");
        [b"\xef\xbb\xbf", text.as_bytes()].concat()
    };
    assert_eq!(PublicKey::parse(&with_returns(fixture!("p256.pub"))).unwrap(), public());
    for text in [&fixture!("sec1.pem")[..], fixture!("pkcs8.pem")] {
        assert_eq!(import(&with_returns(text)).unwrap().public(), public());
    }
    assert_eq!(PrivateKey::unseal(&with_returns(fixture!("old.key")), b"buildout").unwrap().public(), public());
}

#[test]
fn a_file_with_two_keys_is_refused() {
    let twice = |text: &[u8]| [text, text].concat();
    assert_eq!(PublicKey::parse(&twice(fixture!("p256.pub"))).unwrap_err(), InvalidKey::Several(2));
    let other = [&fixture!("p256.pub")[..], PrivateKey::generate().unwrap().public().pem().as_bytes()].concat();
    assert_eq!(PublicKey::parse(&other).unwrap_err(), InvalidKey::Several(2));
    let both = [&fixture!("p256.pub")[..], fixture!("pkcs8.pem")].concat();
    assert_eq!(PublicKey::parse(&both).unwrap_err(), InvalidKey::Several(2));
    assert_eq!(PrivateKey::check_bytes(&twice(fixture!("old.key"))).unwrap_err(), InvalidKey::Several(2));
    assert!(
        import(&twice(fixture!("sec1.pem"))).unwrap_err().to_string().ends_with("it contains 2 keys instead of one")
    );
}

#[test]
fn a_private_key_that_others_may_read_is_noticed() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("k.key");
    std::fs::write(&path, "").unwrap();
    for (mode, expected) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o644, true)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(is_open_to_others(&path), expected, "{mode:o}");
    }
    assert!(!is_open_to_others(Path::new("/dev/null")));
}

#[test]
fn signatures_of_openssl_verify() {
    let text = std::str::from_utf8(fixture!("openssl.sigs")).unwrap();
    for line in text.lines() {
        let signature = STANDARD.decode(line).unwrap();
        assert!(public().verifies(b"buildout", &signature));
        assert!(!public().verifies(b"buildouT", &signature));
        assert!(!public().verifies(b"buildout", &signature[..signature.len() - 1]));
    }
    assert_eq!(text.lines().count(), 8);
}

#[test]
fn a_generated_key_is_sealed_opened_and_signs() {
    let key = PrivateKey::generate().unwrap();
    let text = key.sealed(b"secret").unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"), "{text}");
    let opened = PrivateKey::unseal(text.as_bytes(), b"secret").unwrap();
    assert_eq!(opened.public(), key.public());
    assert!(PublicKey::parse(key.public().pem().as_bytes()).unwrap().verifies(b"a", &opened.sign(b"a")));
    assert_ne!(text, key.sealed(b"secret").unwrap(), "salt and nonce are new each time");
    assert!(!public().verifies(b"a", &key.sign(b"a")));
}

#[test]
fn another_passphrase_or_byte_opens_nothing() {
    for passphrase in [&b""[..], b"Buildout", b"buildout\n"] {
        assert_eq!(PrivateKey::unseal(fixture!("old.key"), passphrase).unwrap_err(), InvalidKey::Passphrase);
    }
    let changed = resealed(|json| json["kdf"]["salt"] = STANDARD.encode([0; 32]).into());
    assert_eq!(PrivateKey::unseal(&changed, b"buildout").unwrap_err(), InvalidKey::Passphrase);
}

/// `old.key` with its JSON changed.
fn resealed(change: impl Fn(&mut Value)) -> Vec<u8> {
    let (_, bytes) = p256::pkcs8::der::pem::decode_vec(fixture!("old.key")).unwrap();
    let mut json = serde_json::from_slice(&bytes).unwrap();
    change(&mut json);
    let label = "ENCRYPTED COSIGN PRIVATE KEY";
    p256::pkcs8::der::pem::encode_string(label, p256::pkcs8::LineEnding::LF, json.to_string().as_bytes())
        .unwrap()
        .into_bytes()
}

#[test]
fn a_key_cannot_ask_for_any_amount_of_memory() {
    for (n, r, p) in
        [(1_u64 << 30, 8, 1), (1 << 14, 8, 1), (65537, 8, 1), (0, 8, 1), (1 << 16, 1024, 1), (1 << 16, 8, 64)]
    {
        let key = resealed(|json| json["kdf"]["params"] = json!({"N": n, "r": r, "p": p}));
        assert_eq!(PrivateKey::unseal(&key, b"buildout").unwrap_err(), InvalidKey::Parameters { n, r, p });
    }
}

#[test]
fn reports_an_unknown_encryption() {
    type JsonEdit = fn(&mut Value);
    let changes: [(JsonEdit, &str); 6] = [
        (|json| json["kdf"]["name"] = "argon2".into(), "a key derivation other than"),
        (|json| json["cipher"]["name"] = "aes".into(), "a cipher other than"),
        (|json| json["cipher"]["nonce"] = "AAAA".into(), "nonce"),
        (|json| json["ciphertext"] = "AAAA".into(), "ciphertext"),
        (|json| json["ciphertext"] = "*".into(), "ciphertext"),
        (|json| *json = json!([]), "not JSON"),
    ];
    for (change, expected) in changes {
        let error = PrivateKey::unseal(&resealed(change), b"buildout").unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn says_why_bytes_are_not_a_key() {
    let public = |text: &[u8]| PublicKey::parse(text).unwrap_err().to_string();
    for (text, expected) in [
        (&fixture!("rsa.pub")[..], "it is a key for RSA; only ECDSA P-256 is supported"),
        (fixture!("p384.pub"), "it is a key for ECDSA P-384; only ECDSA P-256 is supported"),
        (fixture!("ed25519.pub"), "it is a key for Ed25519; only ECDSA P-256 is supported"),
        (fixture!("old.key"), "it contains an ENCRYPTED COSIGN PRIVATE KEY, not a public key"),
        (fixture!("sec1.pem"), "it contains an EC PRIVATE KEY, not a public key"),
        (b"", "it is not in PEM format (no -----BEGIN … KEY-----)"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "the bytes in it are not a key"),
        (b"-----BEGIN PUBLIC KEY-----\n!!\n-----END PUBLIC KEY-----\n", "the bytes in it are not a key"),
    ] {
        assert_eq!(public(text), expected);
    }
    let import = |text: &[u8]| import(text).unwrap_err().to_string();
    assert!(import(fixture!("p384.pem")).ends_with("the bytes in it are not a key"));
    assert!(import(fixture!("new.key")).ends_with(", not an unencrypted private key"));
    let huge = vec![b'-'; 1 << 20];
    assert!(import(&huge).ends_with("it is larger than 64 KiB"));
    assert!(
        PublicKey::read(Path::new("/nonexistent")).unwrap_err().to_string().starts_with("Cannot read /nonexistent: ")
    );
}

#[test]
fn signatures_of_files_are_base64_in_one_line() {
    let key = PrivateKey::generate().unwrap();
    let signature = FileSignature::of(b"content", &key);
    let text = signature.text();
    assert!(!text.contains('\n'));
    assert_eq!(FileSignature::parse(format!("{text}\n").as_bytes()), Some(signature.clone()));
    assert!(signature.is_by(&key.public(), &Digest::of(b"content")));
    assert!(!signature.is_by(&public(), &Digest::of(b"content")));
    for text in [&b""[..], b"\n", b"a b", b"{}", &[b'A'; 4096]] {
        assert_eq!(FileSignature::parse(text), None);
    }
}

const MANIFEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn payload() -> Payload {
    Payload { reference: "registry.example/acme/recipes:1.2".into(), manifest: MANIFEST.parse().unwrap() }
}

#[test]
fn a_payload_has_one_form() {
    let text = payload().text();
    let expected = format!(
        "{{\"critical\":{{\"identity\":{{\"docker-reference\":\"registry.example/acme/recipes:1.2\"}},\
         \"image\":{{\"docker-manifest-digest\":\"sha256:{MANIFEST}\"}},\
         \"type\":\"cosign container image signature\"}},\"optional\":null}}"
    );
    assert_eq!(text, expected);
    assert_eq!(Payload::parse(text.as_bytes()), Ok(payload()));
    // As written by containers/image.
    let other = text.replace("null", r#"{"creator":"containers/image 5.22.0","timestamp":1790000000}"#);
    assert_eq!(Payload::parse(other.as_bytes()), Ok(payload()));
}

#[test]
fn a_payload_of_another_form_is_refused() {
    let text = payload().text();
    for (from, to, expected) in [
        ("cosign container image signature", "atomic container signature", "its type is \"atomic"),
        ("\"optional\":null", "\"more\":null", "(critical and optional)"),
        (",\"optional\":null", "", "(critical and optional)"),
        ("\"optional\":null", "\"optional\":null,\"optional\":{}", "(not JSON)"),
        ("\"type\":", "\"type\":\"\",\"type\":", "(not JSON)"),
        ("\"type\":", "\"until\":1,\"type\":", "(identity, image and type)"),
        ("sha256:", "sha512:", "not a SHA-256 digest"),
        ("\"registry.example/acme/recipes:1.2\"", "1", "docker-reference is not a string"),
        ("{\"critical\"", "{\"critical\":{},\"critical\"", "(not JSON)"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        let error = Payload::parse(changed.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{changed}\n{error}");
    }
    let padded = format!("{text}{}", " ".repeat(20 << 10));
    assert_eq!(Payload::parse(padded.as_bytes()), Err(InvalidPayload::TooLong));
    let deep = "[".repeat(10_000);
    assert_eq!(Payload::parse(deep.as_bytes()), Err(InvalidPayload::Form("not JSON")));
}

proptest! {
    #[test]
    fn any_payload_is_read_as_it_was_written(reference in "\\PC{0,100}", digest in any::<[u8; 32]>()) {
        let payload = Payload { reference, manifest: digest.into() };
        prop_assert_eq!(Payload::parse(payload.text().as_bytes()), Ok(payload));
    }

    #[test]
    fn no_bytes_make_the_parsers_panic(bytes in any::<Vec<u8>>(), at in 0..600_usize, byte in any::<u8>()) {
        let _ = (Payload::parse(&bytes), PublicKey::parse(&bytes), FileSignature::parse(&bytes));
        let mut key = fixture!("old.key").to_vec();
        let at = at % key.len();
        key[at] = byte;
        let _ = sealed::check(&key);
        let mut key = fixture!("p256.pub").to_vec();
        let at = at % key.len();
        key[at] = byte;
        let _ = PublicKey::parse(&key);
    }

    #[test]
    fn a_signature_with_another_byte_is_none(at in 0..70_usize, flip in 1..=255_u8) {
        let line = fixture!("openssl.sigs").split(|byte| *byte == b'\n').next().unwrap();
        let mut signature = STANDARD.decode(line).unwrap();
        signature[at] ^= flip;
        prop_assert!(!public().verifies(b"buildout", &signature));
    }
}
