//! Which signatures are valid for what, and what is reported if they are not.

use std::collections::HashMap;

use super::*;
use crate::signature::PrivateKey;

/// Named keys in files.
struct Ring {
    directory: tempfile::TempDir,
    keys: HashMap<&'static str, PrivateKey>,
    entries: Vec<KeyEntry>,
}

impl Ring {
    fn new(names: &[&'static str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut ring = Self { directory, keys: HashMap::new(), entries: Vec::new() };
        for name in names {
            ring.add(name, PrivateKey::generate().unwrap());
        }
        ring
    }

    fn add(&mut self, name: &'static str, key: PrivateKey) {
        let file = self.directory.path().join(name);
        std::fs::write(&file, key.public().pem()).unwrap();
        self.entries.push(KeyEntry { name: name.into(), file, revoked: None });
        self.keys.insert(name, key);
    }

    fn revoke(&mut self, name: &str) {
        let entry = self.entries.iter_mut().find(|entry| entry.name == name).unwrap();
        entry.revoked = Some("2026-01-01".into());
    }

    fn trusted(&self, names: &[&str], at_least: usize) -> Trusted {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Trusted::of(&SignedBy::Some { names, at_least }, &self.entries).unwrap().unwrap()
    }

    fn sign(&self, name: &str, payload: &str) -> ArtifactSignature {
        let base64 = STANDARD.encode(self.keys[name].sign(payload.as_bytes()));
        ArtifactSignature { payload: payload.into(), base64 }
    }
}

fn reference() -> Reference {
    "registry.example/acme/recipes:1.2".parse().unwrap()
}

fn manifest() -> Digest {
    Digest::of(b"manifest")
}

fn payload(name: &str) -> String {
    Payload { reference: name.into(), manifest: manifest() }.text()
}

/// The signers' names, or the message.
fn verify(trusted: &Trusted, signatures: &[ArtifactSignature]) -> Result<Vec<String>, String> {
    let verified = trusted.verify_artifact(&reference(), manifest(), signatures);
    verified
        .map(|signers| signers.into_iter().map(|signer| signer.name).collect())
        .map_err(|error| error.to_string().replace(&manifest().to_string(), "MANIFEST"))
}

const NAME: &str = "registry.example/acme/recipes:1.2";

#[test]
fn accepts_a_signature_by_a_required_key() {
    let ring = Ring::new(&["acme", "other"]);
    let signed = [ring.sign("other", &payload(NAME)), ring.sign("acme", &payload(NAME))];
    assert_eq!(verify(&ring.trusted(&["acme"], 1), &signed), Ok(vec!["acme".into()]));
    assert_eq!(verify(&ring.trusted(&["other", "acme"], 2), &signed), Ok(vec!["acme".into(), "other".into()]));
    assert!(Trusted::of(&SignedBy::NotRequired, &ring.entries).unwrap().is_none());
}

#[test]
fn reports_who_signed_and_who_must_sign() {
    let ring = Ring::new(&["acme", "other", "third"]);
    let stranger = Ring::new(&["stranger"]);
    let acme = ring.trusted(&["acme", "third"], 1);
    let t = |trusted: &Trusted, signatures: &[ArtifactSignature], expected: &str| {
        assert_eq!(verify(trusted, signatures), Err(expected.to_owned()));
    };
    t(
        &acme,
        &[],
        "registry.example/acme/recipes:1.2 is not signed; recipes.toml requires a signature by acme or third",
    );
    t(
        &acme,
        &[ring.sign("other", &payload(NAME))],
        "registry.example/acme/recipes:1.2 is signed by other, not by acme or third",
    );
    t(
        &acme,
        &[stranger.sign("stranger", &payload(NAME))],
        "registry.example/acme/recipes:1.2 is signed by a key that is not in recipes.toml, not by acme or third",
    );
    let both = ring.trusted(&["acme", "other"], 2);
    let expected =
        "registry.example/acme/recipes:1.2 is signed only by acme; recipes.toml requires 2 of acme and other";
    t(&both, &[ring.sign("acme", &payload(NAME)), ring.sign("acme", &payload(NAME))], expected);
}

#[test]
fn a_signature_is_valid_only_for_what_was_signed() {
    let ring = Ring::new(&["acme"]);
    let trusted = ring.trusted(&["acme"], 1);
    let objection = |payload: &str, expected: &str| {
        let expected = format!("The signature of acme for {NAME} is not valid: {expected}");
        assert_eq!(verify(&trusted, &[ring.sign("acme", payload)]), Err(expected));
    };
    let other = Digest::of(b"other");
    let text = Payload { reference: NAME.into(), manifest: other }.text();
    objection(&text, &format!("it is for another artifact, sha256:{other}, not for sha256:MANIFEST"));
    for name in [
        "registry.example/acme/others:1.2",
        "evil.example/acme/recipes:1.2",
        "acme/recipes:1.2",
        "",
        "/",
        NAME.split_at(9).0,
    ] {
        objection(&payload(name), &format!("it is for the name {name}"));
    }
    objection(&payload("registry.example/acme/recipes:1.1"), "it is for the name registry.example/acme/recipes:1.1");
    objection("{}", "the signed text is not usable: it is not a statement about an artifact (critical and optional)");
}

#[test]
fn accepts_names_with_and_without_tag() {
    for name in [NAME, "registry.example/acme/recipes", "Registry.Example/acme/recipes"] {
        assert!(is_name_of(name, &reference()), "{name}");
    }
    let pinned: Reference = format!("registry.example/acme/recipes@sha256:{}", manifest()).parse().unwrap();
    assert!(is_name_of(NAME, &pinned) && is_name_of("registry.example/acme/recipes", &pinned));
    let port: Reference = "127.0.0.1:5000/a:1".parse().unwrap();
    assert!(is_name_of("127.0.0.1:5000/a", &port) && !is_name_of("127.0.0.1/a", &port));
    let docker: Reference = "docker.io/acme/recipes:1".parse().unwrap();
    assert!(
        is_name_of("index.docker.io/acme/recipes", &docker) && !is_name_of("registry.example/acme/recipes", &docker)
    );
}

#[test]
fn rejects_changed_bytes_and_swapped_signatures() {
    let ring = Ring::new(&["acme", "other"]);
    let trusted = ring.trusted(&["acme"], 1);
    let good = ring.sign("acme", &payload(NAME));
    let spaced = ArtifactSignature { payload: format!("{} ", payload(NAME)).into(), ..good.clone() };
    let other = Payload { reference: NAME.into(), manifest: Digest::of(b"other") }.text();
    let swapped = ArtifactSignature { payload: payload(NAME).into(), ..ring.sign("acme", &other) };
    let garbled = ArtifactSignature { base64: "*".into(), ..good.clone() };
    for bad in [spaced, swapped, garbled] {
        let error = verify(&trusted, std::slice::from_ref(&bad)).unwrap_err();
        assert!(error.contains("a key that is not in recipes.toml"), "{error}");
        assert_eq!(verify(&trusted, &[bad, good.clone()]), Ok(vec!["acme".into()]));
    }
}

#[test]
fn a_revoked_key_is_not_accepted() {
    let mut ring = Ring::new(&["acme", "new"]);
    ring.revoke("acme");
    let old = [ring.sign("acme", &payload(NAME))];
    let expected = format!("The signature of acme for {NAME} is not valid: the key was revoked (2026-01-01)");
    assert_eq!(verify(&ring.trusted(&["acme", "new"], 1), &old), Err(expected));
    let both = [old[0].clone(), ring.sign("new", &payload(NAME))];
    assert_eq!(verify(&ring.trusted(&["acme", "new"], 1), &both), Ok(vec!["new".into()]));
}

#[test]
fn one_key_under_two_names_is_one_signer() {
    let mut ring = Ring::new(&[]);
    let key = PrivateKey::generate().unwrap();
    let again = PrivateKey::unseal(key.sealed(b"").unwrap().as_bytes(), b"").unwrap();
    ring.add("a", key);
    ring.add("b", again);
    let signed = [ring.sign("a", &payload(NAME)), ring.sign("b", &payload(NAME))];
    let error = verify(&ring.trusted(&["a", "b"], 2), &signed).unwrap_err();
    assert!(error.contains("is signed only by a"), "{error}");
}

#[test]
fn a_key_is_revoked_under_each_of_its_names() {
    let mut ring = Ring::new(&["acme"]);
    let again = PrivateKey::unseal(ring.keys["acme"].sealed(b"").unwrap().as_bytes(), b"").unwrap();
    ring.add("twin", again);
    let signed = [ring.sign("acme", &payload(NAME)), ring.sign("acme", &payload(NAME))];
    let error = verify(&Ring::new(&["beta"]).trusted(&["beta"], 1), &signed).unwrap_err();
    assert!(error.contains("is signed by keys that are not in recipes.toml (2 signatures), not by beta"), "{error}");
    for revoked in ["acme", "twin"] {
        ring.entries.iter_mut().for_each(|entry| entry.revoked = None);
        ring.revoke(revoked);
        for names in [&["acme"][..], &["twin"], &["acme", "twin"], &["twin", "acme"]] {
            let error = verify(&ring.trusted(names, 1), &signed).unwrap_err();
            assert!(error.contains("the key was revoked (2026-01-01)"), "{revoked} {names:?}: {error}");
        }
    }
    // A revoked key that cannot be read could be any key.
    std::fs::remove_file(ring.directory.path().join("twin")).unwrap();
    let names = vec!["acme".to_owned()];
    assert!(Trusted::of(&SignedBy::Some { names, at_least: 1 }, &ring.entries).is_err());
}

#[test]
fn a_signer_of_two_signatures_is_named_once() {
    let ring = Ring::new(&["acme", "beta"]);
    let signed = [ring.sign("acme", &payload(NAME)), ring.sign("acme", &payload(NAME))];
    let error = verify(&ring.trusted(&["beta"], 1), &signed).unwrap_err();
    assert!(error.ends_with("is signed by acme, not by beta"), "{error}");
}

#[test]
fn files_are_verified_by_their_digest() {
    let ring = Ring::new(&["acme"]);
    let trusted = ring.trusted(&["acme"], 1);
    let signature = FileSignature::of(b"component", &ring.keys["acme"]);
    let verify =
        |content: &[u8]| trusted.verify_file("a.wasm".into(), &Digest::of(content), std::slice::from_ref(&signature));
    assert_eq!(verify(b"component").unwrap()[0].name, "acme");
    let error = verify(b"other").unwrap_err().to_string();
    assert_eq!(error, "a.wasm is signed by a key that is not in recipes.toml, not by acme");
}
