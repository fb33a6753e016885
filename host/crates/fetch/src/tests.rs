//! Reading configuration from files and from a server on the loopback interface.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::server::{Answer, Server};
use super::{CopySettings, DocumentError};
use super::{Fetcher, Limits};
use base::environment::Environment;
use base::event::{Event, Report, Silent};

const SHORT: Duration = Duration::from_millis(300);

fn limits() -> Limits {
    let pause = Duration::from_millis(1);
    Limits { size: 1000, connect: SHORT, stall: SHORT, total: SHORT * 4, attempts: 3, pause, longest_pause: SHORT }
}

fn fetcher() -> Fetcher {
    Fetcher::with_limits(&Environment::default(), Arc::new(Silent), limits())
}

fn get(url: &str) -> Result<Vec<u8>, DocumentError> {
    fetcher().url(url, &CopySettings::default())
}

/// The message of the failure to read `url`.
fn failure(url: &str) -> String {
    get(url).expect_err("an error").message
}

#[test]
fn a_url_is_read() {
    let server = Server::start(vec![Answer::ok("[buildout]\n")]);
    assert_eq!(get(&server.url("/a.cfg#top")).unwrap(), b"[buildout]\n");
    let request = &server.requests()[0];
    assert!(request.starts_with("GET /a.cfg HTTP/1.1\n"), "{request}");
    assert!(!request.to_lowercase().contains("authorization"), "{request}");
}

#[test]
fn an_error_of_the_server_is_told_without_credentials() {
    let server = Server::start(vec![Answer::whole("404 Not Found", "", "no")]);
    let url = server.url("/a.cfg").replace("//", "//user:secret@");
    let message = failure(&url);
    let shown = server.url("/a.cfg").replace("//", "//***@");
    assert_eq!(message, format!("Error downloading extends for URL {shown}: HTTP 404 Not Found"));
    assert_eq!(server.requests().len(), 1, "a missing file is not asked for again");
    assert!(server.requests()[0].to_lowercase().contains("authorization: basic "));
}

#[test]
fn redirects_are_followed_a_few_times() {
    let server = Server::start(vec![Answer::redirect("/b.cfg"), Answer::redirect("c.cfg"), Answer::ok("found")]);
    assert_eq!(get(&server.url("/a.cfg")).unwrap(), b"found");
    assert!(server.requests()[2].starts_with("GET /c.cfg "));

    let endless = Server::start(vec![Answer::redirect("/a.cfg")]);
    assert!(failure(&endless.url("/a.cfg")).ends_with("more than 5 redirects"));
    assert_eq!(endless.requests().len(), 6);
}

#[test]
fn credentials_stay_on_their_host() {
    let other = Server::start(vec![Answer::ok("found")]);
    let target = format!("http://localhost:{}/b.cfg", other.port());
    let server = Server::start(vec![Answer::redirect(&target)]);
    assert_eq!(get(&server.url("/a.cfg").replace("//", "//u:p@")).unwrap(), b"found");
    assert!(server.requests()[0].to_lowercase().contains("authorization"));
    assert!(!other.requests()[0].to_lowercase().contains("authorization"));
}

#[test]
fn a_redirect_out_of_http_is_refused() {
    let server = Server::start(vec![Answer::redirect("file:///etc/passwd")]);
    assert!(failure(&server.url("/a.cfg")).contains("refused"));
}

#[test]
fn a_cut_body_is_tried_again_and_never_accepted() {
    let cut = Answer::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nonly a part".to_vec());
    let server = Server::start(vec![cut.clone(), Answer::ok("whole")]);
    assert_eq!(get(&server.url("/a.cfg")).unwrap(), b"whole");

    let server = Server::start(vec![cut]);
    assert!(failure(&server.url("/a.cfg")).contains("broke off"));
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_silent_server_is_given_up() {
    for start in ["", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nonly"] {
        let server = Server::start(vec![Answer::Stall(start.as_bytes().to_vec())]);
        let began = Instant::now();
        let message = failure(&server.url("/a.cfg"));
        assert!(message.contains("timeout"), "{message}");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        assert_eq!(server.requests().len(), 3);
    }
}

#[test]
fn a_body_that_is_too_long_is_not_read_to_its_end() {
    let announced = Server::start(vec![Answer::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n".to_vec())]);
    assert!(failure(&announced.url("/a.cfg")).ends_with("the file is larger than 1000 bytes"));

    let endless = Server::start(vec![Answer::Endless(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec())]);
    assert!(failure(&endless.url("/a.cfg")).ends_with("the file is larger than 1000 bytes"));
    assert_eq!(endless.requests().len(), 1);
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let busy = |after: &str| Answer::whole("503 Service Unavailable", &format!("Retry-After: {after}\r\n"), "");
    let server = Server::start(vec![busy("0"), Answer::ok("found")]);
    assert_eq!(get(&server.url("/a.cfg")).unwrap(), b"found");

    let long = Server::start(vec![busy("3600")]);
    assert!(failure(&long.url("/a.cfg")).contains("503"));
    assert_eq!(long.requests().len(), 1, "an hour is not waited for");
}

#[test]
fn a_closed_port_and_other_schemes_are_errors() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(failure(&format!("http://127.0.0.1:{port}/a.cfg")).contains("refused"));
    assert!(failure("ftp://127.0.0.1/a.cfg").contains("ftp: URLs cannot be read"));
    assert!(failure("http://").contains("not a URL"));
}

/// A cache directory, and the settings that name it.
fn cached(newest: bool, offline: bool) -> (tempfile::TempDir, CopySettings) {
    let directory = tempfile::tempdir().unwrap();
    let copies = Some(directory.path().to_owned());
    (directory, CopySettings { directory: copies, newest, offline })
}

fn keep(directory: &Path, url: &str, content: &str) -> PathBuf {
    super::cache::Cache::open(directory).unwrap().keep(url, content.as_bytes()).unwrap();
    let mut entries = std::fs::read_dir(directory).unwrap();
    let path = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none(), "one file, and nothing temporary");
    path
}

#[test]
fn a_copy_is_kept_where_zc_buildout_keeps_it() {
    let (directory, _) = cached(false, false);
    let path = keep(directory.path(), "http://localhost/buildout.cfg", "x");
    // md5 of the URL, by Python's hashlib
    assert_eq!(path.file_name().unwrap(), "f6c725db86e06737e9583e35e69128c8");
}

#[test]
fn a_copy_is_good_enough_unless_the_newest_is_wanted() {
    let server = Server::start(vec![Answer::ok("new")]);
    let location = server.url("/a.cfg");
    for (newest, expected, asked) in [(false, "old", 0), (true, "new", 1)] {
        let (directory, settings) = cached(newest, false);
        let path = keep(directory.path(), &server.url("/a.cfg"), "old");
        assert_eq!(fetcher().url(&location, &settings).unwrap(), expected.as_bytes());
        assert_eq!(std::fs::read_to_string(path).unwrap(), expected);
        assert_eq!(server.requests().len(), asked);
    }
}

#[test]
fn without_a_copy_the_url_is_read_and_kept() {
    for newest in [false, true] {
        let server = Server::start(vec![Answer::ok("new"), Answer::whole("500 Oops", "", "")]);
        let location = server.url("/a.cfg");
        let (_directory, settings) = cached(newest, false);
        assert_eq!(fetcher().url(&location, &settings).unwrap(), b"new");
        // Once more, and the server fails now: the copy stands in.
        assert_eq!(fetcher().url(&location, &settings).unwrap(), b"new");
        assert_eq!(server.requests().len(), if newest { 2 } else { 1 });
    }
}

#[test]
fn offline_reads_only_copies_and_opens_no_socket() {
    let server = Server::start(vec![Answer::ok("new")]);
    let location = server.url("/a.cfg");
    for newest in [false, true] {
        let (directory, settings) = cached(newest, true);
        let error = fetcher().url(&location, &settings).unwrap_err();
        assert_eq!(error.message, format!("Couldn't download '{}' in offline mode.", server.url("/a.cfg")));
        assert!(!error.hints.is_empty());
        keep(directory.path(), &server.url("/a.cfg"), "old");
        assert_eq!(fetcher().url(&location, &settings).unwrap(), b"old");
    }
    let without_cache = CopySettings { offline: true, ..CopySettings::default() };
    assert!(fetcher().url(&location, &without_cache).is_err());
    assert!(server.requests().is_empty());
}

#[test]
fn a_cache_that_does_not_exist_is_an_error() {
    let settings = CopySettings { directory: Some("/nonexistent/cache".into()), ..CopySettings::default() };
    let error = fetcher().url("http://127.0.0.1:1/a.cfg", &settings).unwrap_err();
    assert_eq!(error.message, "The directory /nonexistent/cache to be used as a download cache doesn't exist.");
}

#[test]
fn files_are_read_from_paths_and_file_urls() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a %20.cfg");
    std::fs::write(&path, "[a]\n").unwrap();
    let settings = CopySettings { offline: true, ..CopySettings::default() };
    let read = |location: Location| fetcher().url(&location, &settings);
    assert_eq!(read(Location::Path(path.clone())).unwrap(), b"[a]\n");
    assert_eq!(read(Location::Url(format!("file://{}", path.display()))).unwrap(), b"[a]\n");
    assert!(fetcher().exists(&path) && !fetcher().exists(&directory.path().join("b")));

    let missing = fetcher().file(&directory.path().join("b")).unwrap_err();
    assert!(missing.missing, "{missing}");
    let wrong = fetcher().file(directory.path()).unwrap_err();
    assert!(!wrong.missing && wrong.message.contains("directory"), "{wrong}");
    let endless = fetcher().file(Path::new("/dev/zero")).unwrap_err();
    assert!(endless.message.contains("larger than 1000 bytes"), "{endless}");
}

/// Remembers what was in progress.
#[derive(Default)]
struct Activities(Mutex<Vec<String>>);

impl Report for Activities {
    fn report(&self, event: Event<'_>) {
        self.0.lock().unwrap().push(match event {
            Event::Progress { activity } => activity.to_owned(),
            _ => "end".to_owned(),
        });
    }
}

#[test]
fn a_download_is_told_without_credentials() {
    let server = Server::start(vec![Answer::ok("")]);
    let report = Arc::new(Activities::default());
    let fetcher = Fetcher::with_limits(&Environment::default(), Arc::clone(&report) as Arc<dyn Report>, limits());
    let url = server.url("/a.cfg").replace("//", "//u:p@");
    fetcher.url(&url, &CopySettings::default()).unwrap();
    let told = report.0.lock().unwrap().clone();
    assert_eq!(told, [format!("Downloading {}", url.replace("u:p", "***")), "end".to_owned()]);
}

#[test]
fn the_environment_names_the_proxy() {
    let proxy = Server::start(vec![Answer::whole("502 Bad Gateway", "", "")]);
    let variables = [("http_proxy".to_owned(), proxy.url(""))].into();
    let environment = Environment { variables, ..Environment::default() };
    let fetcher = Fetcher::with_limits(&environment, Arc::new(Silent), limits());
    let url = "http://buildout.invalid/a.cfg";
    assert!(fetcher.url(url, &CopySettings::default()).is_err());
    assert!(proxy.requests()[0].contains("buildout.invalid"), "{:?}", proxy.requests());
}
