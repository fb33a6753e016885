//! The commands that share recipe components, in a real registry, and what other programs make of what they publish:
//! `skopeo` verifies our signatures, and we verify what it signs.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buildout_host::component::registry::{Artefact, Reference, Remote, RemoteSettings, Signature, signatures};
use buildout_host::component::signature::{Payload, PublicKey};
use buildout_host::environment::Environment;
use buildout_host::event::Silent;
use support::lying::{Liar, Said};
use support::registry::{Registry, USER};
use support::{Space, target_directory};

/// A recipe that `cargo xtask test` builds.
fn recipe(name: &str) -> PathBuf {
    let component = target_directory().join(format!("wasm32-wasip2/guest/recipe_{name}.wasm"));
    assert!(component.exists(), "{} is not built: run `cargo xtask test` once", component.display());
    component
}

/// A buildout directory with the component `acme.wasm`, and the keys `acme` and `other`.
fn space() -> Space {
    let space = Space::new();
    std::fs::copy(recipe("mkdir"), space.buildout().join("acme.wasm")).unwrap();
    for key in ["acme", "other"] {
        done(&space, &format!("COSIGN_PASSWORD={key}-pw buildout-host key generate --output {key}"));
    }
    space
}

/// What a shell command prints; it must succeed.
fn done(space: &Space, command: &str) -> String {
    let (printed, code) = space.shell(command);
    assert_eq!(code, 0, "{command}\n{printed}");
    printed
}

/// What a shell command prints; it must fail as a user's mistake does.
fn refused(space: &Space, command: &str) -> String {
    let (printed, code) = space.shell(command);
    assert_eq!(code, 1, "{command}\n{printed}");
    printed
}

fn push(space: &Space, reference: &str, key: &str) -> String {
    done(
        space,
        &format!(
            "COSIGN_PASSWORD={key}-pw buildout-host recipe push acme.wasm {reference} --sign {key}.key --annotation licenses=MIT"
        ),
    )
}

fn signatures_of(reference: &Reference) -> (Artefact, Vec<Signature>) {
    let remote = Remote::new(&Environment::default(), RemoteSettings::default(), Arc::new(Silent));
    let artefact = Artefact::of(&remote, reference).unwrap();
    let found = signatures(&remote, reference, artefact.manifest.digest).unwrap();
    (artefact, found)
}

/// What of the signatures that key made.
fn payloads_by(key: &Path, signatures: &[Signature]) -> Vec<Payload> {
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

#[test]
fn push_and_pull() {
    let registry = Registry::start();
    let space = space();
    let reference = format!("oci://{}/acme/recipes:1.2", registry.host());
    let pushed = push(&space, &reference, "acme");
    assert!(pushed.starts_with("Pushed mkdir ") && pushed.contains("/acme/recipes:1.2@sha256:"), "{pushed}");
    assert!(pushed.contains("\nSigned by key sha256:"), "{pushed}");
    let pulled = done(&space, &format!("buildout-host recipe pull {reference}"));
    for text in ["recipes.wasm", "title: mkdir", "version: ", "licence: MIT", "1 signature, which was not verified"] {
        assert!(pulled.contains(text), "no {text:?} in:\n{pulled}");
    }
    let component = std::fs::read(recipe("mkdir")).unwrap();
    assert_eq!(std::fs::read(space.buildout().join("recipes.wasm")).unwrap(), component);

    // The same file makes the same artefact.
    assert_eq!(pushed, push(&space, &reference, "acme"));
    // A file that nobody named is not replaced; one that was named is.
    space.write("recipes.wasm", "something else");
    let told = refused(&space, &format!("buildout-host recipe pull {reference}"));
    assert!(told.ends_with("Error: recipes.wasm is there already, and is another file.\n"), "{told}");
    done(&space, &format!("buildout-host recipe pull {reference} --output recipes.wasm"));
    assert_eq!(std::fs::read(space.buildout().join("recipes.wasm")).unwrap(), component);

    let told = refused(&space, &format!("buildout-host recipe pull oci://{}/acme/recipes:9", registry.host()));
    assert!(told.contains("Error: There is no 127.0.0.1:") && told.contains("Hint: Check the name"), "{told}");
}

#[test]
fn what_cannot_be_pushed_is_told() {
    let space = space();
    let told = refused(&space, "printf x > no.wasm; buildout-host recipe push no.wasm oci://127.0.0.1:1/a:1");
    assert!(told.contains("is not a component: it is not a WebAssembly file."), "{told}");
    let told = refused(&space, "buildout-host recipe push absent.wasm oci://127.0.0.1:1/a:1");
    assert!(told.contains("absent.wasm: No such file"), "{told}");
    let told = refused(&space, "buildout-host recipe push acme.wasm oci://127.0.0.1:1/a:1");
    assert!(told.contains("Cannot write 127.0.0.1:1/a:1: ") && told.contains("While:"), "{told}");
    let told = refused(
        &space,
        "COSIGN_PASSWORD=wrong buildout-host recipe push acme.wasm oci://127.0.0.1:1/a:1 --sign acme.key",
    );
    assert!(!told.contains("Cannot write"), "a wrong passphrase is told before anything is sent: {told}");
    for (arguments, expected) in [
        ("acme.wasm acme/recipes:1", "it names no registry."),
        ("acme.wasm oci://127.0.0.1:1/a", "it names neither a tag nor a digest."),
        (
            "acme.wasm oci://127.0.0.1:1/a@sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "has no tag",
        ),
        ("acme.wasm oci://127.0.0.1:1/a:1 --annotation colour=red", "there are title, version"),
    ] {
        let (told, code) = space.shell(&format!("buildout-host recipe push {arguments}"));
        assert_eq!((code, told.contains(expected)), (2, true), "{told}");
    }
}

#[test]
fn a_credential_helper_is_asked() {
    use std::os::unix::fs::PermissionsExt as _;
    let registry = Registry::start_with_password();
    let space = space();
    let reference = format!("oci://{}/acme/recipes:1", registry.host());
    let told = refused(&space, &format!("buildout-host recipe push acme.wasm {reference}"));
    assert!(told.contains("wants credentials.") && told.contains("Hint: Log in with `docker login HOST`"), "{told}");

    let helper = space.root().join("docker-credential-test");
    let (user, password) = USER;
    let answer = format!("{{\"ServerURL\":\"\",\"Username\":\"{user}\",\"Secret\":\"{password}\"}}");
    let script = format!("#!/bin/sh\nread server\necho \"$1 $server\" > {}.asked\necho '{answer}'\n", helper.display());
    std::fs::write(&helper, script).unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!("{{\"credHelpers\": {{\"{}\": \"test\"}}}}", registry.host());
    std::fs::create_dir_all(space.root().join("home/.docker")).unwrap();
    std::fs::write(space.root().join("home/.docker/config.json"), config).unwrap();
    let path = "PATH=/tmp/:$PATH";
    done(&space, &format!("{path} buildout-host recipe push acme.wasm {reference}"));
    let asked = std::fs::read_to_string(space.root().join("docker-credential-test.asked")).unwrap();
    assert_eq!(asked, format!("get {}\n", registry.host()));
    done(&space, &format!("{path} buildout-host recipe pull {reference}"));
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
    let (told, code) = space.shell(&copy("acme"));
    if knows_no_sigstore(&told) {
        return;
    }
    assert_eq!(code, 0, "{told}");
    let told = refused(&space, &copy("other"));
    assert!(told.contains("Source image rejected"), "{told}");
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
    let (told, code) = space.shell(&format!(
        "{skopeo} --registries.d registries.d --insecure-policy copy --src-tls-verify=false --dest-tls-verify=false \
         --sign-by-sigstore-private-key acme.key --sign-passphrase-file passphrase docker://{pushed} docker://{signed}"
    ));
    if knows_no_sigstore(&told) {
        return;
    }
    assert_eq!(code, 0, "{told}");
    let (artefact, found) = signatures_of(&signed.parse().unwrap());
    let expected = Payload { reference: signed.clone(), manifest: artefact.manifest.digest };
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
fn knows_no_sigstore(told: &str) -> bool {
    told.contains("Debian-local change: sigstore disabled")
}

#[test]
fn what_skopeo_signed_with_a_key_of_ours_is_verified() {
    let read = |name: &str| std::fs::read(support::repository().join("tests/keys/skopeo").join(name)).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&read("manifest.json")).unwrap();
    let base64 = manifest["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"].as_str().unwrap();
    let found = Signature { payload: read("payload.json"), base64: base64.to_owned() };
    let digest = "1a5137d225295cc95ffce22452f5321c435b760ea89596e9dc1701f667211c37".parse().unwrap();
    let expected = Payload { reference: "127.0.0.1:5917/signed/recipes:1.2".into(), manifest: digest };
    let keys = support::repository().join("tests/keys");
    assert_eq!(payloads_by(&keys.join("skopeo/acme.pub"), std::slice::from_ref(&found)), [expected]);
    assert_eq!(payloads_by(&keys.join("p256.pub"), &[found]), []);
}

/// Copies a buildout as `git clone` would: what was made and what was cached stays behind.
fn cloned(from: &Space) -> Space {
    let clone = Space::new();
    for name in ["buildout.cfg", "recipes.toml", "recipes.lock", "keys", "vendor"] {
        let source = from.buildout().join(name);
        let status = Command::new("cp").arg("-r").arg(&source).arg(clone.buildout()).status().unwrap();
        assert!(status.success(), "{name}");
    }
    clone
}

/// The whole way: a publisher makes, builds, signs and pushes a recipe; another buildout locks, pulls, verifies and runs
/// it, sees what an upgrade changes, carries it along, and runs with the registry gone.
#[test]
fn from_a_new_recipe_to_an_offline_run() {
    let registry = Registry::start();
    let reference = format!("{}/acme/recipes:1", registry.host());
    let publisher = space();
    done(&publisher, "buildout-host recipe new acme-shared");
    let publish = || {
        let built = done(&publisher, "buildout-host recipe build acme-shared");
        let file = built
            .lines()
            .find_map(|line| line.strip_prefix("Recipe package acme-shared ")?.split_once(": "))
            .unwrap()
            .1;
        done(&publisher, &format!("cp {file} acme.wasm"));
        done(&publisher, "COSIGN_PASSWORD=acme-pw buildout-host recipe sign acme.wasm --key acme.key");
        done(&publisher, "buildout-host recipe verify acme.wasm --key acme.pub");
        push(&publisher, &format!("oci://{reference}"), "acme")
    };
    let pushed = publish();
    assert!(pushed.starts_with("Pushed acme-shared 0.1.0 "), "{pushed}");

    let user = Space::new();
    user.write("buildout.cfg", "[buildout]\nparts = one\n[one]\nrecipe = acme-shared\npath = made\n");
    std::fs::copy(publisher.buildout().join("acme.pub"), user.buildout().join("acme.pub")).unwrap();
    done(&user, "buildout-host key import acme.pub");
    let key = user.read("recipes.toml");
    user.write(
        "recipes.toml",
        &format!("{key}\n[recipe.acme-shared]\noci = \"{reference}\"\nsigned-by = [\"acme\"]\n"),
    );
    let locked = done(&user, "buildout-host recipe lock");
    assert!(locked.contains("acme-shared 0.1.0") && locked.contains("acme"), "{locked}");
    let ran = done(&user, "buildout-host run --locked");
    assert!(ran.contains("Installing one") && user.exists("parts/one/made"), "{ran}");

    // The tag moves; the lock wins until it is told otherwise.
    let manifest = publisher.read("acme-shared/Cargo.toml").replacen("version = \"0.1.0\"", "version = \"0.2.0\"", 1);
    publisher.write("acme-shared/Cargo.toml", &manifest);
    let pushed = publish();
    assert!(pushed.starts_with("Pushed acme-shared 0.2.0 "), "{pushed}");
    assert!(done(&user, "buildout-host recipe lock").contains("up to date"));
    let upgraded = done(&user, "buildout-host recipe lock --upgrade");
    for text in ["acme-shared 0.1.0", "→ acme-shared 0.2.0", "manifest", "component"] {
        assert!(upgraded.contains(text), "no {text:?} in:\n{upgraded}");
    }
    let ran = done(&user, "buildout-host run --locked");
    assert!(ran.contains("Uninstalling one") && ran.contains("Installing one"), "another component: {ran}");

    let vendored = done(&user, "buildout-host recipe vendor vendor");
    assert!(vendored.contains("Vendored recipe acme-shared: 127.0.0.1:"), "{vendored}");
    assert!(vendored.ends_with("begin recipes.toml with the line: vendor = \"vendor\"\n"), "{vendored}");
    let toml = user.read("recipes.toml");
    user.write("recipes.toml", &format!("vendor = \"vendor\"\n{toml}"));
    // Others read the directory too.
    let inspected = done(&user, &format!("skopeo inspect --raw oci:vendor:{reference}"));
    assert!(inspected.contains("application/vnd.wasm.config.v0+json"), "{inspected}");

    registry.stop();
    let offline = cloned(&user);
    let traced = "strace -f -e trace=socket,connect -o trace buildout-host run -o --locked";
    let ran = done(&offline, traced);
    assert!(ran.contains("Installing one") && offline.exists("parts/one/made"), "{ran}");
    assert!(!offline.read("trace").contains("AF_INET"), "{}", offline.read("trace"));
    // What is carried along is verified like anything else.
    let tampered = cloned(&user);
    done(&tampered, "for blob in vendor/blobs/sha256/*; do printf x >> $blob; done");
    let told = refused(&tampered, "buildout-host run -o --locked");
    assert!(told.contains("has the digest sha256:") && !tampered.exists("parts/one/made"), "{told}");
}

#[test]
fn what_is_not_locked_cannot_be_vendored() {
    let space = Space::new();
    space.write("buildout.cfg", "[buildout]\nparts =\n");
    space.write("recipes.toml", "[recipe.acme]\noci = \"127.0.0.1:1/acme:1\"\nsigned-by = \"unsigned\"\n");
    let told = refused(&space, "buildout-host recipe vendor vendor");
    assert!(told.contains("Error: recipes.lock does not have recipe \"acme\"") && !space.exists("vendor"), "{told}");
    space.write("recipes.toml", "");
    let told = done(&space, "buildout-host recipe vendor vendor");
    assert_eq!(told, "No recipe of recipes.toml comes from a registry.\n");
}

#[test]
fn a_run_does_not_believe_a_registry_that_lies() {
    let component = std::fs::read(recipe("mkdir")).unwrap();
    let name = "registry.example/acme:1".parse().unwrap();
    let (artefact, _) = Artefact::describe(&name, &component, &Default::default()).unwrap();
    let manifest = artefact.manifest.bytes;
    let other = std::fs::read(recipe("debug")).unwrap();
    let registry = Liar::start(move |asked| match asked.path.as_str() {
        path if path.ends_with("/manifests/1") => Said::ok(manifest.clone()),
        path if path.contains("/blobs/") => Said::ok(other.clone()),
        _ => Said::status(404),
    });
    let space = Space::new();
    space.write("buildout.cfg", "[buildout]\nparts = one\n[one]\nrecipe = acme\n");
    let source = format!("{}/acme:1", registry.host());
    space.write("recipes.toml", &format!("[recipe.acme]\noci = \"{source}\"\nsigned-by = \"unsigned\"\n"));
    let told = refused(&space, "buildout-host run");
    assert!(told.contains(&format!("The component of {source}")) && told.contains("recipes.toml:2"), "{told}");
    assert!(!space.exists("recipes.lock") && !space.root().join("home/.cache/buildout-host/compiled").exists());
}
