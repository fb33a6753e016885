//! Recipe components in a real registry (Debian's `docker-registry` on the loopback interface), and what other tools
//! (`skopeo`) make of what we push.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use base::digest::Digest;
use base::environment::Environment;
use base::event::Silent;
use base::source::Explain as _;
use fetch::NetworkUse;
use registry::oci::{
    Artifact, ArtifactDescription, ArtifactSignature, Artifacts as _, ImageLayout, Reference, RegistryError, Remote,
    RemoteSettings, add_signature, annotation, signatures,
};
use test_support::registry::Registry;

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

fn reference(registry: &Registry, rest: &str) -> Reference {
    format!("oci://{}/{rest}", registry.host()).parse().unwrap()
}

fn remote() -> Remote {
    Remote::new(&Environment::default(), RemoteSettings::default(), Arc::new(Silent))
}

/// For a user whose Docker configuration is in `directory`.
fn remote_of(directory: &Path) -> Remote {
    let variables = [("DOCKER_CONFIG".to_owned(), directory.display().to_string())].into();
    let environment = Environment { variables, ..Environment::default() };
    Remote::new(&environment, RemoteSettings::default(), Arc::new(Silent))
}

fn description() -> ArtifactDescription {
    ArtifactDescription {
        created: "2026-01-02T03:04:05Z".into(),
        imports: vec!["wasi:io/poll@0.2.6".into()],
        exports: vec!["buildout:recipe/package@0.1.0".into()],
        annotations: [(annotation::TITLE.to_owned(), "acme".to_owned())].into(),
    }
}

/// What a command prints; it must succeed.
fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}:\n{text}");
    text
}

fn skopeo(arguments: &[&str]) -> String {
    printed(Command::new("skopeo").args(arguments))
}

#[test]
fn what_is_pushed_is_pulled() {
    let registry = Registry::start();
    let remote = remote();
    let reference = reference(&registry, "acme/recipes:1.2");
    let pushed = Artifact::publish(&remote, &reference, COMPONENT, &description()).unwrap();
    for reference in [reference.clone(), reference.with_digest(pushed.manifest.digest)] {
        let found = Artifact::of(&remote, &reference).unwrap();
        assert_eq!(found, pushed);
        assert_eq!(found.component(&remote, &reference).unwrap(), COMPONENT);
        assert!(found.config(&remote, &reference).is_ok());
        assert_eq!(found.annotations[annotation::TITLE], "acme");
    }
    // Again, and under another tag: nothing new, the same digest.
    let again = Artifact::publish(&remote, &reference.with_tag("1").unwrap(), COMPONENT, &description()).unwrap();
    assert_eq!(again.manifest.digest, pushed.manifest.digest);
}

#[test]
fn signatures_are_kept_next_to_the_component() {
    let registry = Registry::start();
    let remote = remote();
    let reference = reference(&registry, "acme/recipes:1.2");
    let digest = Artifact::publish(&remote, &reference, COMPONENT, &description()).unwrap().manifest.digest;
    assert_eq!(signatures(&remote, &reference, digest).unwrap(), []);
    let of = |name: &str| ArtifactSignature {
        payload: format!("{{\"of\":\"{name}\"}}").into_bytes(),
        base64: name.to_owned(),
    };
    for name in ["a", "b", "a"] {
        add_signature(&remote, &reference, digest, &of(name)).unwrap();
    }
    assert_eq!(signatures(&remote, &reference, digest).unwrap(), [of("a"), of("b")]);
}

#[test]
fn what_is_not_there_is_reported() {
    let registry = Registry::start();
    let remote = remote();
    let digest = Digest::of(b"nothing");
    for reference in [reference(&registry, "acme/recipes:1.2"), reference(&registry, "a:1").with_digest(digest)] {
        let error = Artifact::of(&remote, &reference).unwrap_err();
        assert!(matches!(error, RegistryError::NotFound { .. }), "{error}");
        assert!(error.to_string().contains(&reference.to_string()) && !error.hints().is_empty(), "{error}");
    }
    let gone = reference(&registry, "a:1");
    registry.stop();
    let error = Artifact::of(&remote, &gone).unwrap_err();
    assert!(matches!(error, RegistryError::Call { .. }) && error.to_string().contains("refused"), "{error}");
}

#[test]
fn a_password_is_taken_from_dockers_configuration_and_never_shown() {
    let registry = Registry::start_with_password();
    let reference = reference(&registry, "acme/recipes:1.2");
    let home = tempfile::tempdir().unwrap();

    let error = Artifact::publish(&remote_of(home.path()), &reference, COMPONENT, &description()).unwrap_err();
    assert!(matches!(error, RegistryError::Unauthorized { known: false, .. }), "{error}");
    assert!(error.hints()[0].contains("docker login"), "{:?}", error.hints());

    registry.log_in(home.path());
    let remote = remote_of(home.path());
    let pushed = Artifact::publish(&remote, &reference, COMPONENT, &description()).unwrap();
    assert_eq!(pushed.component(&remote, &reference).unwrap(), COMPONENT);

    let config = home.path().join("config.json");
    // The password is another, but no less base64: acme:wrongpassword
    let text = std::fs::read_to_string(&config).unwrap().replace("YWNtZTpzM2NyZXQ=", "YWNtZTp3cm9uZ3Bhc3N3b3Jk");
    std::fs::write(&config, text).unwrap();
    let error = Artifact::of(&remote_of(home.path()), &reference).unwrap_err();
    assert!(matches!(error, RegistryError::Unauthorized { known: true, .. }), "{error}");
    let shown = format!("{error} {error:?} {:?}", error.hints());
    assert!(!shown.contains("wrongpassword") && !shown.contains("YWNtZ"), "{shown}");
}

#[test]
fn offline_nothing_is_asked() {
    let registry = Registry::start();
    let reference = reference(&registry, "acme/recipes:1.2");
    Artifact::publish(&remote(), &reference, COMPONENT, &description()).unwrap();
    let settings = RemoteSettings { network: NetworkUse::Offline, ..RemoteSettings::default() };
    let offline = Remote::new(&Environment::default(), settings, Arc::new(Silent));
    let error = Artifact::of(&offline, &reference).unwrap_err();
    assert!(matches!(error, RegistryError::Offline { .. }), "{error}");
}

#[test]
fn skopeo_copies_and_inspects_what_we_push_and_we_read_what_it_copies() {
    let registry = Registry::start();
    let remote = remote();
    let reference = reference(&registry, "acme/recipes:1.2");
    let pushed = Artifact::publish(&remote, &reference, COMPONENT, &description()).unwrap();
    let ours = format!("docker://{reference}");
    let raw = skopeo(&["inspect", "--tls-verify=false", "--raw", &ours]);
    assert_eq!(raw.as_bytes(), pushed.manifest.bytes);

    let directory = tempfile::tempdir().unwrap();
    let layout = format!("oci:{}:1.2", directory.path().join("layout").display());
    skopeo(&["--insecure-policy", "copy", "--src-tls-verify=false", &ours, &layout]);
    let layout = ImageLayout::open(&directory.path().join("layout")).unwrap();
    let copied = Artifact::of(&layout, &reference).unwrap();
    assert_eq!(copied, pushed);
    assert_eq!(copied.component(&layout, &reference).unwrap(), COMPONENT);

    // And back from a layout of ours into the registry.
    let vendored = ImageLayout::create(&directory.path().join("vendored")).unwrap();
    Artifact::publish(&vendored, &reference, COMPONENT, &description()).unwrap();
    let from = format!("oci:{}:{reference}", directory.path().join("vendored").display());
    let other = format!("docker://{}/other:1", registry.host());
    skopeo(&["--insecure-policy", "copy", "--dest-tls-verify=false", &from, &other]);
    let found = remote.manifest(&format!("{}/other:1", registry.host()).parse().unwrap()).unwrap();
    assert_eq!(found, pushed.manifest);
}
