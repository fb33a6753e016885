//! What other programs make of the keys and signatures here, and we of theirs: `skopeo`, `openssl`, and the crate `sigstore`
//! in the program `tests/cross-check`.
//!
//! Debian builds skopeo without sigstore. Where it is that one, its policies and its own signing are left out, which is said;
//! what it signed and accepted when it was another one is recorded in `tests/keys/skopeo`, and always held against ours.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use base::environment::Environment;
use base::event::Silent;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use registry::oci::{Artifact, ArtifactSignature, Reference, Remote, RemoteSettings, signatures};
use registry::signature::{Payload, PublicKey};
use serde_json::Value;
use test_support::publisher::{done, push, refused, space};
use test_support::registry::Registry;
use test_support::{Space, repository, target_directory};

/// A shell command of the program that asks the crate `sigstore`.
fn cross_check(arguments: &str) -> String {
    let program = target_directory().join("cross-check/release/cross-check");
    assert!(program.exists(), "{} is not built: run `cargo xtask test` once", program.display());
    format!("'{}' {arguments}", program.display())
}

/// Fails as a program that refuses does.
fn denied(space: &Space, command: &str) {
    let (printed, code) = space.shell(command);
    assert_eq!(code, 1, "{command}\n{printed}");
}

#[test]
fn the_crate_sigstore_reads_our_keys_and_we_verify_what_it_signs_with_them() {
    let space = space();
    let sign = cross_check("sign acme.key acme.wasm");
    done(&space, &format!("COSIGN_PASSWORD=acme-pw {sign} > signature && base64 -w0 signature > acme.wasm.sig"));
    let printed = done(&space, "buildout-host recipe verify acme.wasm --key acme.pub");
    assert!(printed.contains("is signed by acme.pub (sha256:"), "{printed}");
    refused(&space, "buildout-host recipe verify acme.wasm --key other.pub");
    denied(&space, &format!("COSIGN_PASSWORD=wrong {sign}"));
    done(&space, "printf x >> acme.wasm");
    refused(&space, "buildout-host recipe verify acme.wasm --key acme.pub");
}

#[test]
fn the_crate_sigstore_verifies_what_we_sign() {
    let space = space();
    done(&space, "COSIGN_PASSWORD=acme-pw buildout-host recipe sign acme.wasm --key acme.key");
    done(&space, &cross_check("verify acme.pub acme.wasm acme.wasm.sig"));
    denied(&space, &cross_check("verify other.pub acme.wasm acme.wasm.sig"));
    done(&space, "printf x >> acme.wasm");
    denied(&space, &cross_check("verify acme.pub acme.wasm acme.wasm.sig"));

    // In a registry too.
    let registry = Registry::start();
    done(&space, "truncate -s -1 acme.wasm");
    let reference = format!("{}/acme/recipes:1.2", registry.host());
    push(&space, &format!("oci://{reference}"), "acme");
    let [found] = &signatures_of(&reference.parse().unwrap()).1[..] else { panic!("one signature") };
    std::fs::write(space.buildout().join("payload"), &found.payload).unwrap();
    space.write("payload.sig", &found.base64);
    done(&space, &cross_check("verify acme.pub payload payload.sig"));
    denied(&space, &cross_check("verify other.pub payload payload.sig"));
}

#[test]
fn we_read_the_keys_of_the_crate_sigstore() {
    let space = space();
    done(&space, &format!("COSIGN_PASSWORD=theirs-pw {}", cross_check("generate theirs")));
    done(&space, "COSIGN_PASSWORD=theirs-pw buildout-host recipe sign acme.wasm --key theirs.key");
    done(&space, &cross_check("verify theirs.pub acme.wasm acme.wasm.sig"));
    done(&space, "buildout-host recipe verify acme.wasm --key theirs.pub");
    refused(&space, "buildout-host recipe verify acme.wasm --key acme.pub");
    refused(&space, "COSIGN_PASSWORD=wrong buildout-host recipe sign acme.wasm --key theirs.key");
    // What it signs with its own key.
    let sign = cross_check("sign theirs.key acme.wasm");
    done(&space, &format!("COSIGN_PASSWORD=theirs-pw {sign} > signature && base64 -w0 signature > acme.wasm.sig"));
    done(&space, "buildout-host recipe verify acme.wasm --key theirs.pub");
    // And a buildout can trust it.
    done(&space, "buildout-host key import theirs.pub");
    assert!(space.read("recipes.toml").contains("[key.theirs]"));
}

fn signatures_of(reference: &Reference) -> (Artifact, Vec<ArtifactSignature>) {
    let remote = Remote::new(&Environment::default(), RemoteSettings::default(), Arc::new(Silent));
    let artifact = Artifact::of(&remote, reference).unwrap();
    let found = signatures(&remote, reference, artifact.manifest.digest).unwrap();
    (artifact, found)
}

/// What of the signatures that key made.
fn payloads_by(key: &Path, signatures: &[ArtifactSignature]) -> Vec<Payload> {
    let key = PublicKey::parse(&std::fs::read(key).unwrap()).unwrap();
    let by_key =
        signatures.iter().filter(|found| key.verifies(&found.payload, &STANDARD.decode(&found.base64).unwrap()));
    by_key.map(|found| Payload::parse(&found.payload).unwrap()).collect()
}

/// Writes what makes skopeo demand signatures by the key.
fn write_policy(space: &Space, registry: &Registry, key: &str) {
    let path = space.buildout().join(format!("{key}.pub"));
    std::fs::write(
        space.buildout().join(format!("{key}-policy.json")),
        format!(
            "{{\"default\": [{{\"type\": \"reject\"}}], \"transports\": {{\"docker\": {{\"{}\": \
             [{{\"type\": \"sigstoreSigned\", \"keyPath\": {path:?}}}]}}}}}}",
            registry.host()
        ),
    )
    .unwrap();
    space.write(
        "registries.d/default.yaml",
        &format!("docker:\n  {}:\n    use-sigstore-attachments: true\n", registry.host()),
    );
}

/// Signatures as others find them: skopeo brings the manifest that the tag leads to and those of its payloads, openssl
/// verifies. Gives the payloads that the key signed.
fn verified_by_others(space: &Space, reference: &str, key: &str) -> Vec<String> {
    let name = reference.rsplit_once(':').unwrap().0;
    let digest = done(space, &format!("skopeo inspect --tls-verify=false --raw docker://{reference} | sha256sum"));
    let digest = &digest[..64];
    let signatures = format!("docker://{name}:sha256-{digest}.sig");
    done(
        space,
        &format!("rm -rf theirs; skopeo --insecure-policy copy --src-tls-verify=false {signatures} dir:theirs"),
    );
    let manifest: serde_json::Value = serde_json::from_str(&space.read("theirs/manifest.json")).unwrap();
    let mut payloads = Vec::new();
    for layer in manifest["layers"].as_array().unwrap() {
        assert_eq!(layer["mediaType"], "application/vnd.dev.cosign.simplesigning.v1+json");
        let signature = layer["annotations"]["dev.cosignproject.cosign/signature"].as_str().unwrap();
        std::fs::write(space.buildout().join("signature"), STANDARD.decode(signature).unwrap()).unwrap();
        let payload = format!("theirs/{}", layer["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap());
        let (_, code) = space.shell(&format!("openssl dgst -sha256 -verify {key}.pub -signature signature {payload}"));
        if code == 0 {
            payloads.push(space.read(&payload));
        }
    }
    payloads
}

#[test]
fn skopeo_and_openssl_find_what_we_signed() {
    let registry = Registry::start();
    let space = space();
    let reference = format!("{}/acme/recipes:1.2", registry.host());
    push(&space, &format!("oci://{reference}"), "acme");
    let digest = signatures_of(&reference.parse().unwrap()).0.manifest.digest;
    // What containers/image and cosign read, member by member.
    let expected = format!(
        "{{\"critical\":{{\"identity\":{{\"docker-reference\":\"{reference}\"}},\"image\":{{\"docker-manifest-digest\":\
         \"sha256:{digest}\"}},\"type\":\"cosign container image signature\"}},\"optional\":null}}"
    );
    let expected = [expected];
    assert_eq!(verified_by_others(&space, &reference, "acme"), expected);
    assert!(verified_by_others(&space, &reference, "other").is_empty());
    // Both sign it: the first signature is still there.
    push(&space, &format!("oci://{reference}"), "other");
    assert_eq!(verified_by_others(&space, &reference, "acme"), expected);
    assert_eq!(verified_by_others(&space, &reference, "other"), expected);
}

#[test]
fn a_policy_of_skopeos_accepts_our_signature_under_our_key_alone() {
    let skopeo = skopeo();
    let registry = Registry::start();
    let space = space();
    let reference = format!("{}/acme/recipes:1.2", registry.host());
    push(&space, &format!("oci://{reference}"), "acme");
    for key in ["acme", "other"] {
        write_policy(&space, &registry, key);
    }
    let copy = |key: &str| {
        format!(
            "{skopeo} --registries.d registries.d --policy {key}-policy.json copy --remove-signatures --src-tls-verify=false \
             docker://{reference} oci:copied:1.2"
        )
    };
    let (printed, code) = space.shell(&copy("acme"));
    if knows_no_sigstore(&printed) {
        return left_out("whether a policy of skopeo's accepts our signatures");
    }
    assert_eq!(code, 0, "{printed}");
    let printed = refused(&space, &copy("other"));
    assert!(printed.contains("Source image rejected"), "{printed}");
    push(&space, &format!("oci://{reference}"), "other");
    done(&space, &copy("acme"));
    done(&space, &copy("other"));
}

#[test]
fn we_accept_what_skopeo_signs_with_our_key() {
    let skopeo = skopeo();
    let registry = Registry::start();
    let space = space();
    let pushed = format!("{}/acme/recipes:1.2", registry.host());
    done(&space, &format!("buildout-host recipe push acme.wasm oci://{pushed} --annotation licenses=MIT"));
    write_policy(&space, &registry, "acme");
    let signed = format!("{}/signed/recipes:1.2", registry.host());
    space.write("passphrase", "acme-pw");
    let (printed, code) = space.shell(&format!(
        "{skopeo} --registries.d registries.d --insecure-policy copy --src-tls-verify=false --dest-tls-verify=false \
         --sign-by-sigstore-private-key acme.key --sign-passphrase-file passphrase docker://{pushed} docker://{signed}"
    ));
    if knows_no_sigstore(&printed) {
        return left_out("whether we accept what skopeo signs now");
    }
    assert_eq!(code, 0, "{printed}");
    let (artifact, found) = signatures_of(&signed.parse().unwrap());
    let expected = Payload { reference: signed.clone(), manifest: artifact.manifest.digest };
    assert_eq!(payloads_by(&space.buildout().join("acme.pub"), &found), [expected]);
    assert_eq!(payloads_by(&space.buildout().join("other.pub"), &found), []);
    // A signature of ours joins skopeo's.
    push(&space, &format!("oci://{signed}"), "other");
    assert_eq!(signatures_of(&signed.parse().unwrap()).1.len(), 2);
}

/// The program to test with: `$SKOPEO`, else `skopeo`.
fn skopeo() -> String {
    std::env::var("SKOPEO").unwrap_or_else(|_| "skopeo".to_owned())
}

/// Whether skopeo says that it was built without what is tested, as Debian builds it. What one that was built with it signed
/// and verified is in `tests/keys/skopeo` (see its README).
fn knows_no_sigstore(printed: &str) -> bool {
    printed.contains("Debian-local change: sigstore disabled")
}

/// Says so past the test harness, which keeps what successful tests print to itself.
fn left_out(what: &str) {
    let text =
        format!("\nLEFT OUT, as this skopeo was built without sigstore: {what}. Set SKOPEO to one that has it.\n");
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

#[test]
fn what_skopeo_signed_with_a_key_of_ours_is_verified() {
    let read = |name: &str| std::fs::read(repository().join("tests/keys/skopeo").join(name)).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&read("manifest.json")).unwrap();
    let base64 = manifest["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"].as_str().unwrap();
    let found = ArtifactSignature { payload: read("payload.json"), base64: base64.to_owned() };
    let digest = "1a5137d225295cc95ffce22452f5321c435b760ea89596e9dc1701f667211c37".parse().unwrap();
    let expected = Payload { reference: "127.0.0.1:5917/signed/recipes:1.2".into(), manifest: digest };
    let keys = repository().join("tests/keys");
    assert_eq!(payloads_by(&keys.join("skopeo/acme.pub"), std::slice::from_ref(&found)), [expected]);
    assert_eq!(payloads_by(&keys.join("p256.pub"), &[found]), []);
}

/// The names of an object's members, sorted.
fn members(object: &Value) -> BTreeSet<&String> {
    object.as_object().unwrap().keys().collect()
}

#[test]
fn our_signatures_have_the_form_of_those_that_skopeo_makes() {
    let recorded = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(repository().join("tests/keys/skopeo").join(name)).unwrap()).unwrap()
    };
    let (their_manifest, their_payload) = (recorded("manifest.json"), recorded("payload.json"));
    let registry = Registry::start();
    let space = space();
    let reference = format!("{}/acme/recipes:1.2", registry.host());
    push(&space, &format!("oci://{reference}"), "acme");
    let [payload] = &verified_by_others(&space, &reference, "acme")[..] else { panic!("one payload") };
    let payload: Value = serde_json::from_str(payload).unwrap();
    assert_eq!(members(&payload), members(&their_payload));
    let (ours, theirs) = (&payload["critical"], &their_payload["critical"]);
    assert_eq!(members(ours), members(theirs));
    assert_eq!(ours["type"], theirs["type"]);
    assert_eq!(ours["identity"]["docker-reference"], reference);
    assert_eq!(members(&ours["image"]), members(&theirs["image"]));

    let manifest: Value = serde_json::from_str(&space.read("theirs/manifest.json")).unwrap();
    assert_eq!(members(&manifest), members(&their_manifest));
    for pointer in ["/schemaVersion", "/mediaType", "/config/mediaType", "/layers/0/mediaType"] {
        assert_eq!(manifest.pointer(pointer), their_manifest.pointer(pointer), "{pointer}");
    }
    let annotations = |manifest: &Value| manifest["layers"][0]["annotations"].clone();
    assert_eq!(members(&annotations(&manifest)), members(&annotations(&their_manifest)));
}
