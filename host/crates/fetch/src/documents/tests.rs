//! Documents from files and from a server on the loopback interface.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use test_support::http::{ScriptedAnswer, Server};

use super::*;
use crate::http::Rate;
use base::event::Silent;

const SHORT: Duration = Duration::from_millis(300);

fn limits() -> TransferLimits {
    let pause = Duration::from_millis(1);
    TransferLimits {
        size: 1000,
        connect: SHORT,
        stall: SHORT,
        slowest: Rate { bytes: 100, within: 2 * SHORT },
        total: Duration::from_secs(20),
        attempts: 3,
        pause,
        longest_pause: SHORT,
    }
}

fn fetcher() -> Fetcher {
    Fetcher { limits: limits(), ..Fetcher::new(&Environment::default(), Arc::new(Silent)) }
}

/// Any bytes are a document, except an HTML page.
fn no_page(bytes: &[u8]) -> Result<(), String> {
    if bytes.starts_with(b"<") { Err("line 1 is a page".to_owned()) } else { Ok(()) }
}

fn read(url: &str, settings: &CopySettings) -> Result<Vec<u8>, DocumentError> {
    fetcher().url(url, settings, &no_page)
}

fn get(url: &str) -> Result<Vec<u8>, DocumentError> {
    read(url, &CopySettings::default())
}

/// The error message of reading `url`.
fn failure(url: &str) -> String {
    get(url).expect_err("an error").message
}

#[test]
fn reads_a_url() {
    let server = Server::script([ScriptedAnswer::ok("[buildout]\n")]);
    assert_eq!(get(&server.url("/a.cfg#top")).unwrap(), b"[buildout]\n");
    let request = &server.requests()[0];
    assert!(request.is("GET /a.cfg"), "{request:?}");
    assert_eq!(request.header("authorization"), None);
}

#[test]
fn reports_an_error_of_the_server_without_credentials() {
    let server = Server::script([ScriptedAnswer::status("404 Not Found")]);
    let url = server.url("/a.cfg").replace("//", "//user:secret@");
    let message = failure(&url);
    let shown = server.url("/a.cfg").replace("//", "//***@");
    assert_eq!(message, format!("Error downloading extends for URL {shown}: HTTP 404 Not Found"));
    assert_eq!(server.requests().len(), 1, "a missing file is not requested again");
    assert_eq!(server.requests()[0].header("authorization"), Some("Basic dXNlcjpzZWNyZXQ="));
}

#[test]
fn follows_a_few_redirects() {
    let server = Server::script([
        ScriptedAnswer::redirect("/b.cfg"),
        ScriptedAnswer::redirect("c.cfg"),
        ScriptedAnswer::ok("found"),
    ]);
    assert_eq!(get(&server.url("/a.cfg")).unwrap(), b"found");
    assert!(server.requests()[2].is("GET /c.cfg"));

    let endless = Server::script([ScriptedAnswer::redirect("/a.cfg")]);
    assert!(failure(&endless.url("/a.cfg")).ends_with("more than 5 redirects"));
    assert_eq!(endless.requests().len(), 6);
}

#[test]
fn credentials_stay_on_their_host() {
    let other = Server::script([ScriptedAnswer::ok("found")]);
    let server = Server::script([ScriptedAnswer::redirect(&format!("http://localhost:{}/b.cfg", other.port()))]);
    assert_eq!(get(&server.url("/a.cfg").replace("//", "//u:p@")).unwrap(), b"found");
    assert!(server.requests()[0].header("authorization").is_some());
    assert!(other.requests()[0].header("authorization").is_none());
}

#[test]
fn refuses_a_redirect_out_of_http() {
    let server = Server::script([ScriptedAnswer::redirect("file:///etc/passwd")]);
    assert!(failure(&server.url("/a.cfg")).contains("refused"));
}

#[test]
fn tries_an_incomplete_body_again_and_never_accepts_it() {
    let cut = ScriptedAnswer::ok("only a part").length(50);
    let server = Server::script([cut.clone(), ScriptedAnswer::ok("whole")]);
    assert_eq!(get(&server.url("/a.cfg")).unwrap(), b"whole");

    let server = Server::script([cut]);
    assert!(failure(&server.url("/a.cfg")).contains("the response is incomplete"));
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn gives_up_on_a_slow_server_and_says_what_was_slow() {
    let header = "timeout: the server did not send the response headers within 0.3 seconds";
    let silence = "timeout: the server was silent for 0.3 seconds";
    let rate = "timeout: the server sent fewer than 100 bytes in 0.6 seconds";
    for (answer, expected) in [
        (ScriptedAnswer::raw("").stalled(), header),
        (ScriptedAnswer::raw("HTTP/1.1 200 OK\r\nA: b\r\n".repeat(50)).trickled(), header),
        (ScriptedAnswer::raw("HTTP/1.1 100 Continue\r\n\r\n").trickled().repeated(), header),
        (ScriptedAnswer::raw("HTTP/1.1 103 Early Hints\r\n\r\n").trickled().repeated(), header),
        (ScriptedAnswer::ok("only").length(50).stalled(), silence),
        (ScriptedAnswer::ok("x".repeat(1000)).trickled_body(), rate),
    ] {
        let server = Server::script([answer.clone()]);
        let message = failure(&server.url("/a.cfg"));
        assert!(message.ends_with(expected), "{expected}: {message}");
        assert_eq!(server.requests().len(), 3, "{expected}");
    }
}

#[test]
fn reads_no_endless_header() {
    for (header, expected) in [
        ("HTTP/1.1 100 Continue\r\n\r\n", "header is too big"),
        ("HTTP/1.1 103 Early Hints\r\n\r\n", "header is too big"),
        ("HTTP/1.1 200 OK\r\nA: b", "too many headers"),
    ] {
        let server = Server::script([ScriptedAnswer::raw(header).repeated()]);
        let message = failure(&server.url("/a.cfg"));
        assert!(message.contains(expected), "{header}: {message}");
    }
}

#[test]
fn all_attempts_together_have_a_deadline() {
    let total = Duration::from_millis(700);
    let fetcher = Fetcher { limits: TransferLimits { total, attempts: 1000, ..limits() }, ..fetcher() };
    let server = Server::script([ScriptedAnswer::raw("").stalled()]);
    let error = fetcher.url(&server.url("/a.cfg"), &CopySettings::default(), &no_page).unwrap_err();
    assert!(error.message.ends_with("timeout: the transfer was not complete after 0.7 seconds"), "{error}");
    assert!(server.requests().len() <= 3, "{:?}", server.requests());
}

#[test]
fn does_not_read_a_long_body_to_its_end() {
    let announced = Server::script([ScriptedAnswer::ok("").length(1001).stalled()]);
    assert!(failure(&announced.url("/a.cfg")).ends_with("the file is larger than 1000 bytes"));

    let endless = Server::script([ScriptedAnswer::ok("").endless()]);
    assert!(failure(&endless.url("/a.cfg")).ends_with("the file is larger than 1000 bytes"));
    assert_eq!(endless.requests().len(), 1);
}

#[test]
fn asks_a_busy_server_again_when_it_says() {
    let busy = |after: &str| ScriptedAnswer::status("503 Service Unavailable").header("Retry-After", after);
    let server = Server::script([busy("0"), ScriptedAnswer::ok("found")]);
    assert_eq!(get(&server.url("/a.cfg")).unwrap(), b"found");

    let long = Server::script([busy("3600")]);
    assert!(failure(&long.url("/a.cfg")).contains("503"));
    assert_eq!(long.requests().len(), 1, "an hour is not waited for");
}

#[test]
fn reports_a_closed_port_and_other_schemes() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(failure(&format!("http://127.0.0.1:{port}/a.cfg")).contains("refused"));
    assert!(failure("ftp://127.0.0.1/a.cfg").contains("ftp: URLs are not supported"));
    assert!(get("ftp://127.0.0.1/a.cfg").unwrap_err().hints.concat().contains("mirror"));
    assert!(failure("http://").contains("not a URL"));
}

/// A cache directory, and settings that use it.
fn cached(newest: bool, offline: bool) -> (tempfile::TempDir, CopySettings) {
    let directory = tempfile::tempdir().unwrap();
    let copies = Some(directory.path().to_owned());
    (directory, CopySettings { directory: copies, newest, offline })
}

fn keep(directory: &Path, url: &str, content: &str) -> PathBuf {
    ExtendsCache::open(directory).unwrap().keep(url, content.as_bytes()).unwrap();
    let mut entries = std::fs::read_dir(directory).unwrap();
    let path = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none(), "one file, and nothing temporary");
    path
}

#[test]
fn keeps_a_copy_where_zc_buildout_keeps_it() {
    let (directory, _) = cached(false, false);
    let path = keep(directory.path(), "http://localhost/buildout.cfg", "x");
    // md5 of the URL, by Python's hashlib
    assert_eq!(path.file_name().unwrap(), "f6c725db86e06737e9583e35e69128c8");
}

#[test]
fn reads_a_copy_unless_the_newest_is_demanded() {
    for (newest, expected, asked) in [(false, "old", 0), (true, "new", 1)] {
        let server = Server::script([ScriptedAnswer::ok("new")]);
        let url = server.url("/a.cfg");
        let (directory, settings) = cached(newest, false);
        let path = keep(directory.path(), &url, "old");
        assert_eq!(read(&url, &settings).unwrap(), expected.as_bytes());
        assert_eq!(std::fs::read_to_string(path).unwrap(), expected);
        assert_eq!(server.requests().len(), asked);
    }
}

#[test]
fn keeps_what_it_reads_and_reads_that_if_the_server_fails() {
    for newest in [false, true] {
        let server = Server::script([ScriptedAnswer::ok("new"), ScriptedAnswer::status("500 Oops")]);
        let url = server.url("/a.cfg");
        let (_directory, settings) = cached(newest, false);
        assert_eq!(read(&url, &settings).unwrap(), b"new");
        assert_eq!(read(&url, &settings).unwrap(), b"new");
        assert_eq!(server.requests().len(), if newest { 2 } else { 1 });
    }
}

#[test]
fn a_page_never_replaces_a_good_copy() {
    let server = Server::script([ScriptedAnswer::ok("<html>Log in</html>")]);
    let url = server.url("/a.cfg");
    let (directory, settings) = cached(true, false);
    let path = keep(directory.path(), &url, "[good]");
    let error = read(&url, &settings).unwrap_err();
    let hints = error.hints.concat();
    assert_eq!(error.message, format!("Error downloading extends for URL {url}: line 1 is a page"));
    assert!(hints.contains(&path.display().to_string()), "{hints}");
    for (newest, offline) in [(false, false), (true, true), (false, true)] {
        let settings = CopySettings { newest, offline, ..settings.clone() };
        assert_eq!(read(&url, &settings).unwrap(), b"[good]");
    }
}

#[test]
fn an_empty_answer_never_replaces_a_good_copy() {
    let server = Server::script([ScriptedAnswer::ok(""), ScriptedAnswer::ok("\n")]);
    let url = server.url("/a.cfg");
    let (directory, settings) = cached(true, false);
    keep(directory.path(), &url, "[good]");
    for _ in 0..2 {
        let error = read(&url, &settings).unwrap_err();
        assert_eq!(error.message, format!("Error downloading extends for URL {url}: the response is empty"));
    }
    assert_eq!(read(&url, &CopySettings { offline: true, ..settings }).unwrap(), b"[good]");
}

#[test]
fn a_page_is_not_kept_as_the_first_copy() {
    let server = Server::script([ScriptedAnswer::ok("<html>Log in</html>"), ScriptedAnswer::ok("[good]")]);
    let url = server.url("/a.cfg");
    let (_directory, settings) = cached(false, false);
    assert_eq!(read(&url, &settings).unwrap(), b"<html>Log in</html>");
    assert_eq!(read(&url, &settings).unwrap(), b"[good]");
    assert_eq!(read(&url, &settings).unwrap(), b"[good]");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_bad_copy_is_replaced_or_else_named() {
    let server = Server::script([ScriptedAnswer::ok("[good]")]);
    let url = server.url("/a.cfg");
    let (directory, settings) = cached(false, true);
    let path = keep(directory.path(), &url, "<html>");
    let error = read(&url, &settings).unwrap_err();
    let expected = format!("The copy of {url} in {} cannot be used: line 1 is a page", path.display());
    assert_eq!(error.message, expected);
    assert!(error.hints[0].contains("in offline mode"), "{:?}", error.hints);
    assert_eq!(read(&url, &CopySettings { offline: false, ..settings.clone() }).unwrap(), b"[good]");
    assert_eq!(read(&url, &settings).unwrap(), b"[good]");
}

#[test]
fn offline_reads_only_copies_and_opens_no_socket() {
    let server = Server::script([ScriptedAnswer::ok("new")]);
    let url = server.url("/a.cfg");
    for newest in [false, true] {
        let (directory, settings) = cached(newest, true);
        let error = read(&url, &settings).unwrap_err();
        assert_eq!(error.message, format!("Couldn't download '{url}' in offline mode."));
        assert!(!error.hints.is_empty());
        keep(directory.path(), &url, "old");
        assert_eq!(read(&url, &settings).unwrap(), b"old");
    }
    let without_cache = CopySettings { offline: true, ..CopySettings::default() };
    assert!(read(&url, &without_cache).is_err());
    assert!(server.requests().is_empty());
}

#[test]
fn reports_a_cache_that_does_not_exist() {
    let settings = CopySettings { directory: Some("/nonexistent/cache".into()), ..CopySettings::default() };
    let error = read("http://127.0.0.1:1/a.cfg", &settings).unwrap_err();
    assert_eq!(error.message, "The directory /nonexistent/cache to be used as a download cache doesn't exist.");
}

#[test]
fn reads_files_by_path_and_by_url() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a %20.cfg");
    std::fs::write(&path, "[a]\n").unwrap();
    let settings = CopySettings { offline: true, ..CopySettings::default() };
    assert_eq!(fetcher().file(&path).unwrap(), b"[a]\n");
    assert_eq!(read(&format!("file://{}", path.display()), &settings).unwrap(), b"[a]\n");

    let missing = fetcher().file(&directory.path().join("b")).unwrap_err();
    assert!(missing.missing, "{missing}");
    let wrong = fetcher().file(directory.path()).unwrap_err();
    assert!(!wrong.missing && wrong.message.ends_with("is a directory, not a file"), "{wrong}");
    let endless = fetcher().file(Path::new("/dev/zero")).unwrap_err();
    assert!(endless.message.contains("larger than 1000 bytes"), "{endless}");
}

#[test]
fn a_named_pipe_holds_up_no_one() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pipe");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let error = fetcher().file(&path).unwrap_err();
    assert!(error.message.ends_with("is a named pipe, not a file"), "{error}");
    let (cache, settings) = cached(false, true);
    let url = "http://127.0.0.1:1/a.cfg";
    std::fs::rename(&path, ExtendsCache::open(cache.path()).unwrap().path(url)).unwrap();
    assert!(read(url, &settings).unwrap_err().message.ends_with("it is not a regular file"));
}

/// Records the reported activities.
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
fn reports_a_download_without_credentials() {
    let server = Server::script([ScriptedAnswer::ok("")]);
    let report = Arc::new(Activities::default());
    let fetcher = Fetcher { report: Arc::clone(&report) as Arc<dyn Report>, ..fetcher() };
    let url = server.url("/a.cfg").replace("//", "//u:p@");
    fetcher.url(&url, &CopySettings::default(), &no_page).unwrap();
    let reported = report.0.lock().unwrap().clone();
    assert_eq!(reported, [format!("Downloading {}", url.replace("u:p", "***")), "end".to_owned()]);
}

#[test]
fn a_proxy_gets_the_whole_url_and_credentials_only_for_itself() {
    let proxy = Server::script([ScriptedAnswer::ok("through")]);
    let variables = [("http_proxy".to_owned(), proxy.url("").replace("//", "//u:p@"))].into();
    let environment = Environment { variables, ..Environment::default() };
    let fetcher = Fetcher { client: Client::new(&environment), ..fetcher() };
    let url = "http://buildout.invalid:8080/a.cfg?b";
    assert_eq!(fetcher.url(url, &CopySettings::default(), &no_page).unwrap(), b"through");
    let request = &proxy.requests()[0];
    assert!(request.is("GET http://buildout.invalid:8080/a.cfg?b"), "{request:?}");
    assert_eq!(request.header("host"), Some("buildout.invalid:8080"));
    assert_eq!(request.header("proxy-authorization"), Some("Basic dTpw"));
    assert_eq!(request.header("authorization"), None);
}
