//! The commands that share recipe components, in a real registry, and in registries that do what a test wants.

use std::process::Command;

use registry::oci::Artifact;
use test_support::http::{ReceivedRequest, ScriptedAnswer, Server};
use test_support::publisher::{done, push, refused, space};
use test_support::registry::{Registry, USER};
use test_support::{Space, component};

#[test]
fn push_and_pull() {
    let registry = Registry::start();
    let space = space();
    let reference = format!("oci://{}/acme/recipes:1.2", registry.host());
    let pushed = push(&space, &reference, "acme");
    assert!(pushed.starts_with("Pushed mkdir ") && pushed.contains("/acme/recipes:1.2@sha256:"), "{pushed}");
    assert!(pushed.contains("\nSigned by key sha256:"), "{pushed}");
    let pulled = done(&space, &format!("buildout-host recipe pull {reference}"));
    for text in ["recipes.wasm", "title: mkdir", "version: ", "license: MIT", "1 signature, which was not verified"] {
        assert!(pulled.contains(text), "no {text:?} in:\n{pulled}");
    }
    let component = std::fs::read(component("recipe_mkdir")).unwrap();
    assert_eq!(std::fs::read(space.buildout().join("recipes.wasm")).unwrap(), component);

    // The same file makes the same artifact.
    assert_eq!(pushed, push(&space, &reference, "acme"));
    // A file is replaced only if it was named.
    space.write("recipes.wasm", "something else");
    let printed = refused(&space, &format!("buildout-host recipe pull {reference}"));
    assert!(printed.ends_with("Error: recipes.wasm already exists with different contents\n"), "{printed}");
    done(&space, &format!("buildout-host recipe pull {reference} --output recipes.wasm"));
    assert_eq!(std::fs::read(space.buildout().join("recipes.wasm")).unwrap(), component);

    let printed = refused(&space, &format!("buildout-host recipe pull oci://{}/acme/recipes:9", registry.host()));
    assert!(printed.contains("Error: There is no 127.0.0.1:") && printed.contains("Hint: Check the name"), "{printed}");
}

#[test]
fn what_cannot_be_pushed_is_reported() {
    let space = space();
    let printed = refused(&space, "printf x > no.wasm; buildout-host recipe push no.wasm oci://127.0.0.1:1/a:1");
    assert!(printed.contains("is not a component: it is not a WebAssembly file"), "{printed}");
    let printed = refused(&space, "buildout-host recipe push absent.wasm oci://127.0.0.1:1/a:1");
    assert!(printed.contains("absent.wasm: No such file"), "{printed}");
    let printed = refused(&space, "buildout-host recipe push acme.wasm oci://127.0.0.1:1/a:1");
    assert!(printed.contains("Cannot write 127.0.0.1:1/a:1: ") && printed.contains("While:"), "{printed}");
    let printed = refused(
        &space,
        "COSIGN_PASSWORD=wrong buildout-host recipe push acme.wasm oci://127.0.0.1:1/a:1 --sign acme.key",
    );
    assert!(!printed.contains("Cannot write"), "a wrong passphrase is printed before anything is sent: {printed}");
    for (arguments, expected) in [
        ("acme.wasm acme/recipes:1", "it has no registry"),
        ("acme.wasm oci://127.0.0.1:1/a", "it has neither a tag nor a digest"),
        (
            "acme.wasm oci://127.0.0.1:1/a@sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "has no tag",
        ),
        ("acme.wasm oci://127.0.0.1:1/a:1 --annotation colour=red", "the key must be title, version"),
    ] {
        let (printed, code) = space.shell(&format!("buildout-host recipe push {arguments}"));
        assert_eq!((code, printed.contains(expected)), (2, true), "{printed}");
    }
}

#[test]
fn a_credential_helper_is_asked() {
    use std::os::unix::fs::PermissionsExt as _;
    let registry = Registry::start_with_password();
    let space = space();
    let reference = format!("oci://{}/acme/recipes:1", registry.host());
    let printed = refused(&space, &format!("buildout-host recipe push acme.wasm {reference}"));
    assert!(
        printed.contains("requires credentials") && printed.contains("Hint: Log in with `docker login HOST`"),
        "{printed}"
    );

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

    // The tag moves; the lock wins until an upgrade is asked for.
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

    assert!(!upgraded.contains("goes back"), "{upgraded}");

    // An older version, under the same tag and well signed.
    done(&user, "cp recipes.lock newer.lock");
    publisher.write("acme-shared/Cargo.toml", &manifest.replacen("\"0.2.0\"", "\"0.1.5\"", 1));
    publish();
    let lowered = done(&user, "buildout-host recipe lock --upgrade");
    assert!(lowered.contains("acme-shared goes back to an older version."), "{lowered}");
    assert!(lowered.contains("→ acme-shared 0.1.5"), "{lowered}");
    done(&user, "cp newer.lock recipes.lock");

    let vendored = done(&user, "buildout-host recipe vendor vendor");
    assert!(vendored.contains("Vendored recipe acme-shared: 127.0.0.1:"), "{vendored}");
    assert!(vendored.ends_with("as the first line of recipes.toml: vendor = \"vendor\"\n"), "{vendored}");
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
    let printed = refused(&tampered, "buildout-host run -o --locked");
    assert!(printed.contains("has the digest sha256:") && !tampered.exists("parts/one/made"), "{printed}");
}

#[test]
fn what_is_not_locked_cannot_be_vendored() {
    let space = Space::new();
    space.write("buildout.cfg", "[buildout]\nparts =\n");
    space.write("recipes.toml", "[recipe.acme]\noci = \"127.0.0.1:1/acme:1\"\nsigned-by = \"unsigned\"\n");
    let printed = refused(&space, "buildout-host recipe vendor vendor");
    assert!(
        printed.contains("Error: recipes.lock does not have recipe \"acme\"") && !space.exists("vendor"),
        "{printed}"
    );
    space.write("recipes.toml", "");
    let printed = done(&space, "buildout-host recipe vendor vendor");
    assert_eq!(printed, "No recipe in recipes.toml comes from a registry\n");
}

#[test]
fn a_run_does_not_believe_a_registry_that_lies() {
    let ours = std::fs::read(component("recipe_mkdir")).unwrap();
    let name = "registry.example/acme:1".parse().unwrap();
    let (artifact, _) = Artifact::describe(&name, &ours, &Default::default()).unwrap();
    let manifest = artifact.manifest.bytes;
    let other = std::fs::read(component("recipe_debug")).unwrap();
    let registry = Server::start(move |request| match request.path.as_str() {
        path if path.ends_with("/manifests/1") => ScriptedAnswer::ok(manifest.clone()),
        path if path.contains("/blobs/") => ScriptedAnswer::ok(other.clone()),
        _ => ScriptedAnswer::status(404),
    });
    let space = Space::new();
    space.write("buildout.cfg", "[buildout]\nparts = one\n[one]\nrecipe = acme\n");
    let source = format!("{}/acme:1", registry.host());
    space.write("recipes.toml", &format!("[recipe.acme]\noci = \"{source}\"\nsigned-by = \"unsigned\"\n"));
    let printed = refused(&space, "buildout-host run");
    assert!(printed.contains(&format!("The component of {source}")) && printed.contains("recipes.toml:2"), "{printed}");
    assert!(!space.exists("recipes.lock") && !space.root().join("home/.cache/buildout-host/compiled").exists());
}

/// What a registry answers to a publisher that is logged in.
fn takes_all(request: &ReceivedRequest) -> ScriptedAnswer {
    match request.method.as_str() {
        "POST" => ScriptedAnswer::status(202).header("Location", "/upload?session=1"),
        "PUT" => ScriptedAnswer::status(201),
        _ => ScriptedAnswer::status(404),
    }
}

#[test]
fn a_tag_moves_after_the_signature_is_there() {
    let space = space();
    let manifests = |registry: &Server| -> Vec<String> {
        let requests = registry.requests();
        let puts = requests.iter().filter(|request| request.is("PUT /v2/acme/manifests/"));
        puts.map(|request| request.path.rsplit('/').next().unwrap().to_owned()).collect()
    };
    let registry = Server::start(takes_all);
    push(&space, &format!("oci://{}/acme:1", registry.host()), "acme");
    let [signature, tag] = &manifests(&registry)[..] else { panic!("{:?}", registry.requests()) };
    assert!(signature.starts_with("sha256-") && signature.ends_with(".sig") && tag == "1", "{signature} {tag}");

    // Where the signature cannot be kept, the tag leads where it led before.
    let registry = Server::start(|request| match request.is("PUT /v2/acme/manifests/sha256-") {
        true => ScriptedAnswer::status(403),
        false => takes_all(request),
    });
    let push = "COSIGN_PASSWORD=acme-pw buildout-host recipe push acme.wasm --sign acme.key";
    let printed = refused(&space, &format!("{push} oci://{}/acme:1", registry.host()));
    assert!(printed.contains("403 Forbidden") && printed.contains("Signing 127.0.0.1:"), "{printed}");
    let [signature] = &manifests(&registry)[..] else { panic!("{:?}", registry.requests()) };
    assert!(signature.ends_with(".sig"), "{signature}");
}

#[test]
fn credentials_that_a_registry_repeats_are_not_shown() {
    let (user, password) = USER;
    let registry = Server::start(move |request| match request.header("authorization") {
        None => ScriptedAnswer::status(401).header("WWW-Authenticate", "Basic realm=\"r\""),
        Some(sent) => ScriptedAnswer::status(403).with(format!(
            "{{\"errors\":[{{\"code\":\"DENIED\",\"message\":\"{} said {sent} and {user}:{password}\"}}]}}",
            "x".repeat(150)
        )),
    });
    let space = space();
    space.write("buildout.cfg", "[buildout]\nparts = one\n[one]\nrecipe = acme\n");
    let source = format!("{}/acme:1", registry.host());
    space.write("recipes.toml", &format!("[recipe.acme]\noci = \"{source}\"\nsigned-by = \"unsigned\"\n"));
    test_support::registry::log_in(registry.host(), &space.root().join("home/.docker"));
    for command in [
        &format!("recipe push acme.wasm oci://{source}"),
        &format!("recipe pull oci://{source}"),
        "recipe lock",
        "run",
        "run --log-format json",
    ] {
        let printed = refused(&space, &format!("buildout-host {command}"));
        assert!(
            printed.contains("403 Forbidden (a message that repeats credentials is not shown)"),
            "{command}: {printed}"
        );
        for secret in [password, "YWNtZTpzM2NyZXQ", "DENIED"] {
            assert!(!printed.contains(secret), "{command}: {printed}");
        }
    }
    assert!(
        registry.requests().iter().any(|request| request.header("authorization") == Some("Basic YWNtZTpzM2NyZXQ="))
    );
}

#[test]
fn plain_http_is_spoken_with_other_machines_on_request() {
    let registry = Registry::start();
    let space = Space::new();
    std::fs::copy(component("recipe_debug"), space.buildout().join("acme.wasm")).unwrap();
    // To the host this is some other machine; the kernel takes it for this one.
    let source = format!("{}/acme:1", registry.host().replace("127.0.0.1", "0.0.0.0"));
    let printed = refused(&space, &format!("buildout-host recipe push acme.wasm oci://{source}"));
    assert!(printed.contains(&format!("Cannot write {source}")), "{printed}");
    done(&space, &format!("buildout-host recipe push acme.wasm oci://{source} --plain-http"));
    space.write("buildout.cfg", "[buildout]\nparts = one\n[one]\nrecipe = acme\n");
    space.write("recipes.toml", &format!("[recipe.acme]\noci = \"{source}\"\nsigned-by = \"unsigned\"\n"));
    for command in ["run", "plan"] {
        let printed = refused(&space, &format!("buildout-host {command}"));
        assert!(printed.contains(&format!("Cannot read {source}")), "{printed}");
    }
    let planned = done(&space, "buildout-host plan --plain-http");
    assert!(planned.contains("one"), "{planned}");
    let ran = done(&space, "buildout-host run --plain-http");
    assert!(ran.contains("Installing one"), "{ran}");
}

#[test]
fn tls_is_spoken_with_this_machine_on_request() {
    let space = Space::new();
    let registry = Registry::start_with_tls(&space.buildout());
    std::fs::copy(component("recipe_debug"), space.buildout().join("acme.wasm")).unwrap();
    let source = format!("{}/acme:1", registry.host());
    let trusting = "SSL_CERT_FILE=$PWD/certificate.pem buildout-host";
    let printed = refused(&space, &format!("{trusting} recipe push acme.wasm oci://{source}"));
    assert!(printed.contains("If it expects TLS, add `--tls`."), "{printed}");
    done(&space, &format!("{trusting} recipe push acme.wasm oci://{source} --tls"));
    space.write("buildout.cfg", "[buildout]\nparts = one\n[one]\nrecipe = acme\n");
    space.write("recipes.toml", &format!("[recipe.acme]\noci = \"{source}\"\nsigned-by = \"unsigned\"\n"));
    // The certificate is checked here, too.
    let printed = refused(&space, "buildout-host run --tls");
    assert!(printed.contains("set SSL_CERT_FILE"), "{printed}");
    let ran = done(&space, &format!("{trusting} run --tls"));
    assert!(ran.contains("Installing one"), "{ran}");
}
