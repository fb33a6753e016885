//! Registries that lie (`docs/testing.md`, bad input 41, 44, 45, 48, 49): other bytes than were asked for, endless ones, thousands of
//! layers, redirects, token servers elsewhere. Through the library, over real sockets on the loopback interface.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base::digest::Digest;
use base::environment::Environment;
use base::event::Silent;
use base::source::Explain as _;
use fetch::{NetworkUse, TransferFault, TransferLimits};
use registry::oci::{
    Artifact, ArtifactDescription, ArtifactManifest, Artifacts as _, Integrity, LARGEST_MANIFEST, Reference,
    RegistryError, Remote, RemoteSettings, signatures,
};
use test_support::http::{ReceivedRequest, ScriptedAnswer, Server};

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// `acme:secret`, as Docker keeps it.
const AUTH: &str = "YWNtZTpzZWNyZXQ=";

/// What an honest registry would have: the artifact's documents.
#[derive(Clone)]
struct Truth {
    manifest: ArtifactManifest,
    config: Vec<u8>,
}

impl Truth {
    fn new() -> Self {
        let reference = "registry.example/acme/recipes:1.2".parse().unwrap();
        let (artifact, config) = Artifact::describe(&reference, COMPONENT, &ArtifactDescription::default()).unwrap();
        Self { manifest: artifact.manifest, config }
    }

    /// What an honest registry answers.
    fn answer(&self, request: &ReceivedRequest) -> ScriptedAnswer {
        let last = request.path.rsplit('/').next().unwrap_or_default();
        if request.path.contains("/manifests/") && (last == "1.2" || last == format!("sha256:{}", self.manifest.digest))
        {
            return ScriptedAnswer::ok(self.manifest.bytes.clone());
        }
        let blobs = [COMPONENT, &self.config];
        let found = blobs.into_iter().find(|blob| last == format!("sha256:{}", Digest::of(blob)));
        found.map_or(ScriptedAnswer::status(404), ScriptedAnswer::ok)
    }
}

/// A registry that is honest, but for what `lie` answers.
fn registry(lie: impl Fn(&ReceivedRequest) -> Option<ScriptedAnswer> + Send + Sync + 'static) -> Server {
    let truth = Truth::new();
    Server::start(move |request| lie(request).unwrap_or_else(|| truth.answer(request)))
}

fn reference(registry: &Server) -> Reference {
    format!("{}/acme/recipes:1.2", registry.host()).parse().unwrap()
}

fn limits() -> TransferLimits {
    let short = Duration::from_millis(500);
    TransferLimits {
        connect: short,
        stall: short,
        total: Duration::from_secs(20),
        attempts: 3,
        pause: Duration::from_millis(1),
        longest_pause: Duration::from_secs(1),
        ..TransferLimits::for_registries()
    }
}

fn remote() -> Remote {
    let settings = RemoteSettings { limits: limits(), ..RemoteSettings::default() };
    Remote::new(&Environment::default(), settings, Arc::new(Silent))
}

/// The same, for a user who is logged in at that registry.
fn remote_logged_in(registry: &Server, home: &tempfile::TempDir) -> Remote {
    let config = format!("{{\"auths\": {{\"{}\": {{\"auth\": \"{AUTH}\"}}}}}}", registry.host());
    std::fs::create_dir_all(home.path().join(".docker")).unwrap();
    std::fs::write(home.path().join(".docker/config.json"), config).unwrap();
    let environment = Environment { home: Some(home.path().to_owned()), ..Environment::default() };
    Remote::new(&environment, RemoteSettings { limits: limits(), ..RemoteSettings::default() }, Arc::new(Silent))
}

/// Reads all of an artifact.
fn pull(remote: &Remote, reference: &Reference) -> Result<Vec<u8>, RegistryError> {
    let artifact = Artifact::of(remote, reference)?;
    artifact.config(remote, reference)?;
    artifact.component(remote, reference)
}

fn integrity(outcome: Result<Vec<u8>, RegistryError>) -> (&'static str, Integrity) {
    match outcome {
        Err(RegistryError::Integrity { what, integrity, .. }) => (what, integrity),
        other => panic!("{other:?}"),
    }
}

fn is_component(request: &ReceivedRequest) -> bool {
    request.path.ends_with(&Digest::of(COMPONENT).to_string())
}

#[test]
fn an_honest_registry_is_believed() {
    let registry = registry(|_| None);
    assert_eq!(pull(&remote(), &reference(&registry)).unwrap(), COMPONENT);
    assert!(registry.requests().iter().all(|request| request.header("authorization").is_none()));
}

#[test]
fn another_manifest_than_was_asked_for_is_refused() {
    let truth = Truth::new().manifest;
    let other = Artifact::describe(&"a.b/c:1".parse().unwrap(), b"another", &ArtifactDescription::default())
        .unwrap()
        .0
        .manifest;
    let (expected, found) = (truth.digest, other.digest);
    let bytes = other.bytes.clone();
    let swaps =
        registry(move |request| request.path.contains("/manifests/").then(|| ScriptedAnswer::ok(bytes.clone())));
    let pinned = reference(&swaps).with_digest(expected);
    let error = pull(&remote(), &pinned).unwrap_err();
    assert!(
        error.to_string().contains(&expected.to_string()) && error.to_string().contains(&found.to_string()),
        "{error}"
    );
    assert_eq!(integrity(Err(error)), ("The manifest", Integrity::Digest { expected, found }));

    // It contradicts itself: what it announces is not what it sends.
    let announced = format!("sha256:{found}");
    let lies = registry(move |request| {
        let header = |said: ScriptedAnswer| said.header("Docker-Content-Digest", &announced);
        request.path.contains("/manifests/").then(|| header(ScriptedAnswer::ok(truth.bytes.clone())))
    });
    assert_eq!(integrity(pull(&remote(), &reference(&lies))).0, "The manifest");
}

#[test]
fn another_component_than_the_manifest_names_is_refused() {
    let (expected, size) = (Digest::of(COMPONENT), COMPONENT.len());
    let t = |said: ScriptedAnswer, expected: Integrity| {
        let registry = registry(move |request| is_component(request).then(|| said.clone()));
        assert_eq!(integrity(pull(&remote(), &reference(&registry))), ("The component", expected));
    };
    let swapped = b"\0asm\x0d\0\x01\x01";
    t(ScriptedAnswer::ok(&swapped[..]), Integrity::Digest { expected, found: Digest::of(swapped) });
    let wrong_size = Integrity::Size { expected: size as u64 };
    t(ScriptedAnswer::ok(&COMPONENT[..size - 1]), wrong_size);
    t(ScriptedAnswer::ok([COMPONENT, b"more"].concat()), wrong_size);
    t(ScriptedAnswer::ok("").endless(), wrong_size);
    t(ScriptedAnswer::ok(COMPONENT).endless(), wrong_size);
    t(ScriptedAnswer::ok(COMPONENT).length(1 << 40), wrong_size);
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_again_and_then_given_up() {
    let registry = registry(|request| is_component(request).then(|| ScriptedAnswer::ok("cut").length(COMPONENT.len())));
    let error = pull(&remote(), &reference(&registry)).unwrap_err();
    assert!(matches!(error, RegistryError::Call { fault: TransferFault::Incomplete(_), .. }), "{error}");
    assert_eq!(registry.requests().iter().filter(|request| is_component(request)).count(), 3);
}

#[test]
fn sizes_in_a_manifest_are_not_believed() {
    let text = String::from_utf8(Truth::new().manifest.bytes).unwrap();
    let size = |size: &str| {
        let changed = text.replace("\"size\":8", &format!("\"size\":{size}"));
        assert_ne!(changed, text);
        let registry =
            registry(move |request| request.path.contains("/manifests/").then(|| ScriptedAnswer::ok(changed.clone())));
        let outcome = pull(&remote(), &reference(&registry));
        (outcome, registry.requests().iter().filter(|request| is_component(request)).count())
    };
    let (outcome, asked) = size("7");
    assert_eq!((integrity(outcome).1, asked), (Integrity::Size { expected: 7 }, 1));
    let (outcome, asked) = size("9");
    assert_eq!((integrity(outcome).1, asked), (Integrity::Size { expected: 9 }, 1));
    let (outcome, asked) = size("999999999999");
    assert!(matches!(integrity(outcome).1, Integrity::TooLarge { .. }));
    assert_eq!(asked, 0, "what would be too large is not even asked for");
}

#[test]
fn endless_and_huge_manifests_are_cut_off() {
    for said in [
        ScriptedAnswer::ok("{").endless(),
        ScriptedAnswer::ok("{").length(1 << 50),
        ScriptedAnswer::ok(vec![b' '; 5 << 20]),
    ] {
        let registry = registry(move |request| request.path.contains("/manifests/").then(|| said.clone()));
        let error = pull(&remote(), &reference(&registry)).unwrap_err();
        assert!(
            matches!(error, RegistryError::Call { fault: TransferFault::TooLarge(LARGEST_MANIFEST), .. }),
            "{error}"
        );
    }
}

#[test]
fn thousands_of_layers_or_signatures_are_not_read() {
    let text = String::from_utf8(Truth::new().manifest.bytes).unwrap();
    let layer = text.split_once("\"layers\":[").unwrap().1.split_once(']').unwrap().0.to_owned();
    let many = text.replace(&layer, &vec![layer.as_str(); 5000].join(","));
    let registry =
        registry(move |request| request.path.contains("/manifests/").then(|| ScriptedAnswer::ok(many.clone())));
    let error = pull(&remote(), &reference(&registry)).unwrap_err();
    assert!(error.to_string().contains("it has 5000 layers instead of one"), "{error}");
    let error = signatures(&remote(), &reference(&registry), Digest::of(b"x")).unwrap_err();
    assert!(matches!(error, RegistryError::TooManySignatures { count: 5000, .. }), "{error}");
    assert!(registry.requests().iter().all(|request| !request.path.contains("/blobs/")), "none of them was asked for");
}

#[test]
fn what_is_not_a_manifest_is_refused() {
    for (body, expected) in [
        ("", "is malformed"),
        ("<html>", "is malformed"),
        ("[]", "is malformed"),
        ("{\"schemaVersion\":2,\"manifests\":[]}", "is malformed"),
        (
            "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}",
            "has the media type \"application/vnd.oci.image.index.v1+json\"",
        ),
    ] {
        let registry = registry(move |request| request.path.contains("/manifests/").then(|| ScriptedAnswer::ok(body)));
        let error = pull(&remote(), &reference(&registry)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_busy_registry_is_asked_again_as_it_wishes() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let busy = registry(move |_| {
        let first = counted.fetch_add(1, Ordering::Relaxed) == 0;
        first.then(|| ScriptedAnswer::status(429).header("Retry-After", "0"))
    });
    assert_eq!(pull(&remote(), &reference(&busy)).unwrap(), COMPONENT);
    assert_eq!(count.load(Ordering::Relaxed), 4, "the manifest twice, config, component");

    let for_ever = registry(|_| Some(ScriptedAnswer::status(503).header("Retry-After", "86400")));
    let error = pull(&remote(), &reference(&for_ever)).unwrap_err();
    assert!(error.to_string().contains("HTTP 503"), "{error}");
    assert_eq!(for_ever.requests().len(), 1, "a day is not waited for");
}

#[test]
fn complaints_are_shown_but_do_not_steer_a_terminal() {
    let body = "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no \\u001b[31m way https://u:p@h/\"}]}";
    let registry = registry(move |_| Some(ScriptedAnswer::status(403).with(body)));
    let error = pull(&remote(), &reference(&registry)).unwrap_err().to_string();
    assert!(error.contains("403") && error.contains("DENIED: no ") && error.contains("***@h"), "{error}");
    assert!(!error.contains('\u{1b}'), "{error:?}");
}

#[test]
fn redirects_leave_credentials_behind() {
    let store = {
        let truth = Truth::new();
        Server::start(move |request| truth.answer(request))
    };
    let target = format!("http://{}", store.host());
    let registry = registry(move |request| {
        if request.header("authorization").is_none() {
            return Some(ScriptedAnswer::status(401).header("WWW-Authenticate", "Basic realm=\"r\""));
        }
        is_component(request)
            .then(|| ScriptedAnswer::status(307).header("Location", &format!("{target}{}", request.path)))
    });
    let home = tempfile::tempdir().unwrap();
    assert_eq!(pull(&remote_logged_in(&registry, &home), &reference(&registry)).unwrap(), COMPONENT);
    let credentials = format!("Basic {AUTH}");
    assert!(registry.requests().iter().any(|request| request.header("authorization") == Some(&credentials)));
    assert_eq!(store.requests().len(), 1);
    assert!(store.requests()[0].header("authorization").is_none(), "{:?}", store.requests());
}

#[test]
fn redirects_elsewhere_are_refused() {
    let foreign = Server::start_on("127.0.0.2", |_| ScriptedAnswer::ok(COMPONENT));
    for target in [
        format!("http://{}/x", foreign.host()),
        "file:///etc/passwd".to_owned(),
        "ftp://127.0.0.1/x".to_owned(),
        "http://[".to_owned(),
    ] {
        let registry = registry(move |request| {
            is_component(request).then(|| ScriptedAnswer::status(302).header("Location", &target))
        });
        let error = pull(&remote(), &reference(&registry)).unwrap_err();
        assert!(matches!(error, RegistryError::Call { fault: TransferFault::Redirect(_), .. }), "{error}");
    }
    assert!(foreign.requests().is_empty());
    let circle = registry(|request| Some(ScriptedAnswer::status(302).header("Location", &request.path)));
    let error = pull(&remote(), &reference(&circle)).unwrap_err();
    assert!(matches!(error, RegistryError::Call { fault: TransferFault::TooManyRedirects(_), .. }), "{error}");
}

/// A registry that wants a token of `realm`.
fn with_tokens(realm: String) -> Server {
    registry(move |request| match request.header("authorization") {
        Some("Bearer good-token") => None,
        _ => {
            let challenge = format!("Bearer realm=\"{realm}\",service=\"s\",scope=\"repository:everything:*\"");
            Some(ScriptedAnswer::status(401).header("WWW-Authenticate", &challenge))
        }
    })
}

#[test]
fn a_token_is_asked_for_with_credentials_and_for_no_more_than_is_needed() {
    let tokens = Server::start(|_| ScriptedAnswer::ok("{\"token\": \"good-token\"}"));
    let registry = with_tokens(format!("http://{}/token?account=x", tokens.host()));
    let home = tempfile::tempdir().unwrap();
    assert_eq!(pull(&remote_logged_in(&registry, &home), &reference(&registry)).unwrap(), COMPONENT);
    let [request] = &tokens.requests()[..] else { panic!("one token does for all: {:?}", tokens.requests()) };
    assert_eq!(request.path, "/token?account=x&service=s&scope=repository%3Aacme%2Frecipes%3Apull");
    assert_eq!(request.header("authorization"), Some(&*format!("Basic {AUTH}")));
    let to_registry: Vec<_> =
        registry.requests().iter().filter_map(|request| request.header("authorization").map(str::to_owned)).collect();
    assert!(
        !to_registry.is_empty() && to_registry.iter().all(|header| header == "Bearer good-token"),
        "{to_registry:?}"
    );

    // A client that is not logged in requests a token, too, without credentials.
    let remote = remote();
    assert_eq!(pull(&remote, &reference(&registry)).unwrap(), COMPONENT);
    assert!(tokens.requests()[1].header("authorization").is_none());
}

#[test]
fn a_token_server_on_a_foreign_host_gets_nothing() {
    let foreign = Server::start_on("127.0.0.2", |_| ScriptedAnswer::ok("{\"token\": \"good-token\"}"));
    let host = foreign.host().to_owned();
    for realm in [
        format!("http://{host}/token"),
        format!("https://{host}/token"),
        format!("http://127.0.0.1@{host}/token"),
        "http://127.0.0.1.evil.example:1/token".to_owned(),
        "file:///etc/passwd".to_owned(),
        "nonsense".to_owned(),
    ] {
        let registry = with_tokens(realm);
        let home = tempfile::tempdir().unwrap();
        let error = pull(&remote_logged_in(&registry, &home), &reference(&registry)).unwrap_err();
        assert!(matches!(error, RegistryError::ForeignRealm { .. }), "{error}");
        assert!(error.to_string().ends_with("which is not in its domain: nothing was sent there"), "{error}");
        assert!(!error.hints().is_empty());
        assert_eq!(registry.requests().len(), 1);
        assert!(registry.requests()[0].header("authorization").is_none());
    }
    assert!(foreign.requests().is_empty(), "{:?}", foreign.requests());
}

#[test]
fn what_a_token_server_sends_is_limited_and_not_shown() {
    for (said, expected) in [
        (ScriptedAnswer::ok("{\"token\": \"").endless(), "larger than"),
        (ScriptedAnswer::ok("{\"token\": \"secret\\r\\nX-Evil: 1\"}"), "it is not a token"),
        (ScriptedAnswer::ok("{\"token\": \"\"}"), "it is not a token"),
        (ScriptedAnswer::ok("{\"token\": 7, \"secret\": 1}"), "it is not a token"),
        (ScriptedAnswer::ok("secret"), "it is not a token"),
        (ScriptedAnswer::status(401).with("secret"), "does not accept your credentials"),
        (ScriptedAnswer::ok("{\"token\": \"bad-secret\"}"), "does not accept your credentials"),
    ] {
        let tokens = Server::start(move |_| said.clone());
        let registry = with_tokens(format!("http://{}/token", tokens.host()));
        let home = tempfile::tempdir().unwrap();
        let error = pull(&remote_logged_in(&registry, &home), &reference(&registry)).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(expected) && !shown.contains("secret"), "{shown}");
    }
}

/// A registry that takes uploads, and sends them to `location`.
fn uploads(
    location: String,
    lie: impl Fn(&ReceivedRequest) -> Option<ScriptedAnswer> + Send + Sync + 'static,
) -> Server {
    Server::start(move |request| match lie(request) {
        Some(said) => said,
        None if request.header("authorization").is_none() => {
            ScriptedAnswer::status(401).header("WWW-Authenticate", "Basic realm=\"r\"")
        }
        None if request.method == "HEAD" => ScriptedAnswer::status(404),
        None if request.method == "POST" => ScriptedAnswer::status(202).header("Location", &location),
        None => ScriptedAnswer::status(201),
    })
}

fn push(registry: &Server) -> Result<Artifact, RegistryError> {
    let home = tempfile::tempdir().unwrap();
    let remote = remote_logged_in(registry, &home);
    Artifact::publish(&remote, &reference(registry), COMPONENT, &ArtifactDescription::default())
}

#[test]
fn uploads_go_where_the_registry_says_and_credentials_stay() {
    let near = uploads("/somewhere?state=1".to_owned(), |_| None);
    push(&near).unwrap();
    let puts: Vec<_> = near.requests().into_iter().filter(|request| request.is("PUT")).collect();
    assert_eq!(puts[0].path, format!("/somewhere?state=1&digest=sha256%3A{}", Digest::of(COMPONENT)));
    assert_eq!(
        (puts[0].body.as_slice(), puts[0].header("content-type")),
        (COMPONENT, Some("application/octet-stream"))
    );
    let last = puts.last().unwrap();
    assert_eq!(last.path, "/v2/acme/recipes/manifests/1.2");
    assert_eq!(last.header("content-type"), Some("application/vnd.oci.image.manifest.v1+json"));

    let store = Server::start(|_| ScriptedAnswer::status(201));
    let far = uploads(format!("http://{}/there", store.host()), |_| None);
    push(&far).unwrap();
    assert_eq!(store.requests().len(), 2);
    assert!(store.requests().iter().all(|request| request.header("authorization").is_none()), "{:?}", store.requests());

    let foreign = Server::start_on("127.0.0.2", |_| ScriptedAnswer::status(201));
    let error = push(&uploads(format!("http://{}/there", foreign.host()), |_| None)).unwrap_err();
    assert!(matches!(error, RegistryError::Call { fault: TransferFault::Redirect(_), .. }), "{error}");
    assert!(foreign.requests().is_empty());
}

#[test]
fn what_is_there_is_not_uploaded_again() {
    let registry = uploads("/x".to_owned(), |request| (request.method == "HEAD").then(|| ScriptedAnswer::status(200)));
    push(&registry).unwrap();
    let asked: Vec<_> = registry.requests().iter().map(|request| request.method.clone()).collect();
    assert_eq!(asked, ["HEAD", "HEAD", "PUT", "PUT"], "the last one once more, with credentials");
}

#[test]
fn a_registry_that_keeps_something_else_is_reported() {
    for kept in ["/x?digest", "/v2/acme/recipes/manifests/"] {
        let registry = uploads("/x".to_owned(), move |request| {
            let wrong = format!("sha256:{}", Digest::of(b"something else"));
            request
                .is(&format!("PUT {kept}"))
                .then(|| ScriptedAnswer::status(201).header("Docker-Content-Digest", &wrong))
        });
        let error = push(&registry).unwrap_err();
        assert!(matches!(error, RegistryError::Integrity { integrity: Integrity::Digest { .. }, .. }), "{error}");
    }
}

#[test]
fn offline_no_socket_is_opened() {
    let registry = registry(|_| None);
    let settings = RemoteSettings { network: NetworkUse::Offline, ..RemoteSettings::default() };
    let remote = Remote::new(&Environment::default(), settings, Arc::new(Silent));
    let error = pull(&remote, &reference(&registry)).unwrap_err();
    assert!(matches!(error, RegistryError::Offline { .. }), "{error}");
    assert!(remote.put_blob(&reference(&registry), COMPONENT).is_err());
    assert!(registry.requests().is_empty());
}
