//! Downloads from a server that lies, stalls, cuts, redirects and is busy (`docs/testing.md`, bad input 39 to 44): through the
//! library, over real sockets on the loopback interface.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base::digest::Digest;
use base::environment::Environment;
use base::event::Silent;
use base::source::Explain as _;
use fetch::{
    Algorithm, Allowed, CacheDirectory, Checksum, DownloadError, DownloadRequest, DownloadSettings, Downloader,
    NetworkUse, Rate, Timeout, TransferFault,
};
use test_support::http::{ScriptedAnswer, Server};
use test_support::wait_until;

use crate::space::{DownloadSpace, LONGEST, Log, SHORT, assert_holds, verified};

#[test]
fn a_file_comes_once_and_then_from_the_cache() {
    let server = Server::script([ScriptedAnswer::ok("content")]);
    let space = DownloadSpace::new();
    let md5 = Checksum::parse(Algorithm::Md5, "9a0364b9e99bb480dd25e1f0284c8555").unwrap();
    let url = server.url("/a.tar").replace("//", "//user:secret@");
    let request = DownloadRequest { part: "zlib".into(), ..verified(&url, "content").checksum(md5.clone()) };
    let log = Log::default();
    let first = space.downloader().download(&request, &log, &|| false).unwrap();
    assert_holds(&first, "content", false);
    let log = log.0.into_inner().unwrap();
    let shown = url.replace("user:secret", "***");
    assert_eq!(log[0], format!("Downloading {shown}"));
    assert!(log.contains(&format!("zlib {shown} 0/Some(7)")), "{log:?}");
    assert!(!log.concat().contains("secret"));

    assert_holds(&space.get(&request).unwrap(), "content", true);
    // By the other checksum alone, or from another place.
    assert_holds(&space.get(&DownloadRequest::new(&url).checksum(md5)).unwrap(), "content", true);
    assert_holds(&space.get(&verified("http://127.0.0.1:1/b.tar", "content")).unwrap(), "content", true);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_wrong_file_is_not_kept_and_both_checksums_are_shown() {
    let server = Server::script([ScriptedAnswer::ok("evil")]);
    let space = DownloadSpace::new();
    let url = server.url("/a.tar").replace("//", "//user:secret@");
    let error = space.get(&verified(&url, "good")).unwrap_err();
    let (expected, found) = (Digest::of(b"good"), Digest::of(b"evil"));
    let shown = url.replace("user:secret", "***");
    assert_eq!(error.to_string(), format!("Wrong sha256 checksum of {shown}: expected {expected}, found {found}"));
    assert!(!error.hints().is_empty());
    assert_eq!(space.kept(), Vec::<PathBuf>::new());
    // One right checksum does not make up for a wrong one.
    let zeros = Checksum::parse(Algorithm::Sha512, &"0".repeat(128)).unwrap();
    let error = space.get(&verified(&url, "evil").checksum(zeros)).unwrap_err();
    assert!(matches!(error, DownloadError::WrongChecksum { .. }), "{error}");
    assert_eq!(space.kept(), Vec::<PathBuf>::new());
}

const TAG: (&str, &str) = ("ETag", "\"1\"");

/// Announces twenty bytes, and sends fewer.
fn cut(validator: Option<(&str, &str)>, start: &str) -> ScriptedAnswer {
    let answer = ScriptedAnswer::ok(start).length(20);
    validator.map_or(answer.clone(), |(name, value)| answer.header(name, value))
}

#[test]
fn a_cut_body_continues_where_it_ended() {
    let rest =
        ScriptedAnswer::status("206 Partial Content").header("Content-Range", "bytes 10-19/20").with("0123456789");
    let rest = rest.header(TAG.0, TAG.1);
    for validator in [TAG, ("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")] {
        let server = Server::script([cut(Some(validator), "abcdefghij"), rest.clone()]);
        let space = DownloadSpace::new();
        let downloaded = space.get(&verified(server.url("/a.tar"), "abcdefghij0123456789")).unwrap();
        assert_holds(&downloaded, "abcdefghij0123456789", false);
        let request = &server.requests()[1];
        assert_eq!((request.header("range"), request.header("if-range")), (Some("bytes=10-"), Some(validator.1)));
    }
}

#[test]
fn a_body_that_cannot_continue_starts_over() {
    let whole = ScriptedAnswer::ok("abcdefghij0123456789");
    let partial = |range: &str, rest: &str| {
        ScriptedAnswer::status("206 Partial Content").header("Content-Range", range).with(rest)
    };
    let not_satisfiable = ScriptedAnswer::status("416 Range Not Satisfiable");
    let elsewhere = partial("bytes 7-19/20", "hij0123456789");
    let changed = partial("bytes 5-19/20", "fghij0123456789").header("ETag", "\"2\"");
    for (validator, answer_to_rest) in [
        (Some(TAG), None),
        (Some(TAG), Some(not_satisfiable)),
        (Some(TAG), Some(elsewhere)),
        (Some(TAG), Some(changed)),
        (Some(("ETag", "W/\"1\"")), None),
        (None, None),
    ] {
        let asks_twice = answer_to_rest.is_some();
        let answers = [cut(validator, "wrong")].into_iter().chain(answer_to_rest).chain([whole.clone()]);
        let server = Server::script(answers);
        let space = DownloadSpace::new();
        let downloaded = space.get(&verified(server.url("/a.tar"), "abcdefghij0123456789")).unwrap();
        assert_holds(&downloaded, "abcdefghij0123456789", false);
        let ranges: Vec<bool> = server.requests().iter().map(|request| request.header("range").is_some()).collect();
        let expected = if asks_twice { &[false, true, false][..] } else { &[false, validator == Some(TAG)] };
        assert_eq!(ranges, expected, "{validator:?}");
    }
}

#[test]
fn cut_stalled_and_lying_answers_are_given_up() {
    let broken = |fault: &TransferFault| {
        matches!(fault, TransferFault::Incomplete(_) | TransferFault::Unreachable(_) | TransferFault::TooSlow(_))
    };
    for answer in [
        cut(None, "half"),
        cut(Some(TAG), "half"),
        ScriptedAnswer::raw(""),
        ScriptedAnswer::raw("").stalled(),
        cut(None, "half").stalled(),
    ] {
        let server = Server::script([answer.clone()]);
        let fault = DownloadSpace::new().fault(&verified(server.url("/a.tar"), "whole"));
        assert!(broken(&fault), "{answer:?}: {fault}");
        assert_eq!(server.requests().len(), 3, "{answer:?}: {fault}");
    }
    for answer in [ScriptedAnswer::ok("").length(99_999_999_999).stalled(), ScriptedAnswer::ok("").endless()] {
        let server = Server::script([answer.clone()]);
        let fault = DownloadSpace::new().fault(&verified(server.url("/a.tar"), "whole"));
        assert_eq!(fault, TransferFault::TooLarge(LONGEST), "{answer:?}");
        assert_eq!(server.requests().len(), 1, "{answer:?}");
    }
    // More bytes than announced are not part of the answer.
    let server = Server::script([ScriptedAnswer::ok("goodevil").length(4)]);
    assert_holds(&DownloadSpace::new().get(&verified(server.url("/a.tar"), "good")).unwrap(), "good", false);
}

#[test]
fn redirects_stay_where_they_are_allowed() {
    let other = Server::script([ScriptedAnswer::ok("found")]);
    let elsewhere = format!("http://localhost:{}/a.tar", other.port());
    for target in ["file:///etc/passwd", "ftp://127.0.0.1/a", "//", elsewhere.as_str(), "/private/a.tar"] {
        let server = Server::script([ScriptedAnswer::redirect(target)]);
        let allowed = Allowed::Beneath(vec![server.url("/pub/")]);
        let fault =
            DownloadSpace::new().fault(&DownloadRequest { allowed, ..verified(server.url("/pub/a.tar"), "found") });
        assert!(matches!(fault, TransferFault::Redirect(_)), "{target}: {fault}");
        assert_eq!(server.requests().len(), 1);
    }
    assert!(other.requests().is_empty());

    let server = Server::script([ScriptedAnswer::redirect(&elsewhere)]);
    let with_credentials = server.url("/a.tar").replace("//", "//user:secret@");
    let allowed = Allowed::Beneath(vec![server.url("/"), format!("http://localhost:{}", other.port())]);
    let request = DownloadRequest { allowed, ..verified(with_credentials, "found") };
    assert_holds(&DownloadSpace::new().get(&request).unwrap(), "found", false);
    assert!(server.requests()[0].header("authorization").is_some());
    assert!(other.requests()[0].header("authorization").is_none());

    let endless = Server::script([ScriptedAnswer::redirect("/a.tar")]);
    assert_eq!(
        DownloadSpace::new().fault(&DownloadRequest::new(endless.url("/a.tar"))),
        TransferFault::TooManyRedirects(5)
    );

    let asked = Server::script([ScriptedAnswer::ok("x")]);
    let refused =
        DownloadRequest { allowed: Allowed::Beneath(vec![asked.url("/pub")]), ..DownloadRequest::new(asked.url("/a")) };
    assert!(matches!(DownloadSpace::new().get(&refused), Err(DownloadError::NotAllowed { .. })));
    assert!(asked.requests().is_empty());
}

#[test]
fn a_damaged_copy_is_fetched_again() {
    let server = Server::script([ScriptedAnswer::ok("content")]);
    for checked in [true, false] {
        let space = DownloadSpace::new();
        let url = server.url("/a.tar");
        let request = if checked { verified(&url, "content") } else { DownloadRequest::new(&url) };
        let path = space.get(&request).unwrap().path;
        for damage in ["", "contenT", "content and more"] {
            fs::write(&path, damage).unwrap();
            assert_holds(&space.get(&request).unwrap(), "content", false);
        }
        // Pointers and all: nothing of the cache is trusted.
        for file in space.kept() {
            fs::write(file, "../../../etc/passwd").unwrap();
        }
        assert_holds(&space.get(&request).unwrap(), "content", false);
        assert_holds(&space.get(&request).unwrap(), "content", true);

        fs::write(&path, "damaged").unwrap();
        let offline =
            DownloadSpace { settings: DownloadSettings { network: NetworkUse::Offline, ..space.settings }, ..space };
        let error = offline.get(&request).unwrap_err();
        assert!(matches!(error, DownloadError::NotInCache { damaged: true, .. }), "{error}");
    }
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let busy = |status: &str, after: &str| ScriptedAnswer::status(status).header("Retry-After", after);
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let server = Server::script([busy(status, "0"), ScriptedAnswer::ok("found")]);
        assert_holds(&DownloadSpace::new().get(&verified(server.url("/a"), "found")).unwrap(), "found", false);
        // An hour is not waited for, nor is a server asked for ever.
        for (after, requests) in [("3600", 1), ("99999999999999999999999", 3), ("0", 3)] {
            let server = Server::script([busy(status, after)]);
            let fault = DownloadSpace::new().fault(&DownloadRequest::new(server.url("/a")));
            assert_eq!(fault, TransferFault::Status(status.to_owned()));
            assert_eq!(server.requests().len(), requests, "{after}");
        }
    }
    let gone = Server::script([ScriptedAnswer::status("404 Not Found")]);
    assert_eq!(
        DownloadSpace::new().fault(&DownloadRequest::new(gone.url("/a"))),
        TransferFault::Status("404 Not Found".into())
    );
    assert_eq!(gone.requests().len(), 1);
}

#[test]
fn offline_opens_no_socket() {
    for network in [NetworkUse::Offline, NetworkUse::FromCache] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://user:secret@{}/a.tar", listener.local_addr().unwrap());
        let space = DownloadSpace::with(|settings| settings.network = network);
        let error = space.get(&verified(&url, "x")).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(&url.replace("user:secret", "***")), "{message}");
        assert!(message.contains(&*space.settings.cache.path.to_string_lossy()), "{message}");
        assert_eq!(message.contains("install-from-cache"), network == NetworkUse::FromCache, "{message}");
        let accepted = listener.accept();
        assert!(accepted.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));

        // What was downloaded before is there, with a checksum or without.
        let server = Server::script([ScriptedAnswer::ok("content")]);
        let online = DownloadSettings { network: NetworkUse::Allowed, ..space.settings.clone() };
        let request = DownloadRequest::new(server.url("/a.tar"));
        Downloader::new(&Environment::default(), online).download(&request, &Silent, &|| false).unwrap();
        assert_holds(&space.get(&request).unwrap(), "content", true);
        assert_holds(&space.get(&verified(server.url("/a.tar"), "content")).unwrap(), "content", true);
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn without_a_checksum_only_a_chosen_cache_is_enough() {
    for (chosen, requests) in [(true, 1), (false, 2)] {
        let server = Server::script([ScriptedAnswer::ok("old"), ScriptedAnswer::ok("new")]);
        let space = DownloadSpace::with(|settings| settings.cache.chosen = chosen);
        let request = DownloadRequest::new(server.url("/a.tar"));
        assert_holds(&space.get(&request).unwrap(), "old", false);
        assert_holds(&space.get(&request).unwrap(), if chosen { "old" } else { "new" }, chosen);
        assert_eq!(server.requests().len(), requests);
    }
}

#[test]
fn copies_of_zc_buildout_are_used() {
    let space = DownloadSpace::with(|settings| settings.network = NetworkUse::FromCache);
    let cache = &space.settings.cache.path;
    fs::create_dir_all(cache.join("dist")).unwrap();
    fs::write(cache.join("dist/a.tar"), "by name").unwrap();
    // md5 of the URL, by Python's hashlib
    fs::write(cache.join("f6c725db86e06737e9583e35e69128c8"), "by URL").unwrap();
    assert_holds(&space.get(&verified("http://localhost/x/a.tar?y#z", "by name")).unwrap(), "by name", true);
    assert_holds(&space.get(&DownloadRequest::new("http://localhost/buildout.cfg")).unwrap(), "by URL", true);
    // A name alone may mean any file, and one that does not fit is not ours to remove.
    assert!(space.get(&DownloadRequest::new("http://localhost/x/a.tar")).is_err());
    assert!(space.get(&verified("http://localhost/x/a.tar", "other")).is_err());
    assert!(cache.join("dist/a.tar").exists());
}

#[test]
fn local_files_are_used_where_they_are() {
    let space = DownloadSpace::with(|settings| settings.network = NetworkUse::Offline);
    let path = space.directory.path().join("a.tar");
    fs::write(&path, "content").unwrap();
    for source in ["a.tar", "./a.tar", &path.to_string_lossy(), &format!("file://{}", path.display())] {
        let downloaded = space.get(&verified(source, "content")).unwrap();
        assert_eq!(downloaded.path.canonicalize().unwrap(), path.canonicalize().unwrap());
        assert_holds(&downloaded, "content", false);
        let error = space.get(&verified(source, "other")).unwrap_err();
        assert!(matches!(error, DownloadError::WrongChecksum { .. }), "{error}");
        let allowed = Allowed::Beneath(vec!["https://example.com/".into()]);
        let error = space.get(&DownloadRequest { allowed, ..DownloadRequest::new(source) }).unwrap_err();
        assert!(matches!(error, DownloadError::NotAllowed { .. }), "{error}");
    }
    assert!(matches!(space.get(&DownloadRequest::new(".")), Err(DownloadError::NoFile(_))));
    assert!(matches!(space.get(&DownloadRequest::new("/dev/zero")), Err(DownloadError::NoFile(_))));
    assert!(matches!(space.get(&DownloadRequest::new("missing")), Err(DownloadError::File(_))));
    assert_eq!(space.kept(), Vec::<PathBuf>::new());
    assert!(matches!(DownloadSpace::new().fault(&DownloadRequest::new("ftp://localhost/a")), TransferFault::Scheme(_)));
}

#[test]
fn a_download_can_be_canceled_while_the_server_is_silent() {
    let server = Server::script([ScriptedAnswer::ok("only").length(50).stalled()]);
    let space = DownloadSpace::with(|settings| settings.limits.stall = Duration::from_secs(600));
    let canceled = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let download = scope.spawn(|| {
            space
                .downloader()
                .download(&DownloadRequest::new(server.url("/a")), &Silent, &|| canceled.load(Ordering::Relaxed))
        });
        wait_until("the server is asked", || !server.requests().is_empty());
        canceled.store(true, Ordering::Relaxed);
        let error = download.join().unwrap().unwrap_err();
        assert!(matches!(error, DownloadError::Canceled { .. }), "{error}");
    });
    assert_eq!(space.kept(), Vec::<PathBuf>::new());
}

#[test]
fn many_at_once_get_the_same_file() {
    let content = "x".repeat(50_000);
    let server = Server::script([ScriptedAnswer::ok(content.as_str())]);
    let space = DownloadSpace::new();
    let request = verified(server.url("/a.tar"), &content);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            // As if each were another process: nothing is shared but the directory.
            scope.spawn(|| {
                let downloaded = space.get(&request).unwrap();
                assert_eq!(fs::read_to_string(&downloaded.path).unwrap(), content);
            });
        }
    });
    let partial = |path: &Path| path.file_name().unwrap().to_string_lossy().starts_with('.');
    assert!(!space.kept().iter().any(|path| partial(path)));
    assert_holds(&space.get(&request).unwrap(), &content, true);
}

#[test]
fn a_slow_server_is_given_up_and_what_was_slow_is_named() {
    let server = Server::script([ScriptedAnswer::ok("x".repeat(5000)).trickled_body()]);
    let fault = DownloadSpace::new().fault(&DownloadRequest::new(server.url("/a.tar")));
    let Rate { bytes, within } = Rate { bytes: 1000, within: 2 * SHORT };
    assert_eq!(fault, TransferFault::TooSlow(Timeout::Rate(Rate { bytes, within })));
    let total = Duration::from_millis(500);
    let space = DownloadSpace::with(|settings| settings.limits.total = total);
    let fault = space.fault(&DownloadRequest::new(server.url("/a.tar")));
    assert_eq!(fault, TransferFault::TooSlow(Timeout::Total(total)));
}

#[test]
fn a_file_that_would_fill_the_disk_is_refused_before_it_is_written() {
    let space = DownloadSpace::with(|settings| settings.limits.size = u64::MAX);
    let server = Server::script([ScriptedAnswer::ok("").length(1 << 60).stalled()]);
    let error = space.get(&DownloadRequest::new(server.url("/a.tar"))).unwrap_err();
    assert!(matches!(error, DownloadError::NoSpace { .. }), "{error}");
    assert!(error.to_string().contains("Not enough space in "), "{error}");
    assert_eq!(space.kept(), Vec::<PathBuf>::new());
}

#[test]
fn a_mirror_replaces_a_server_and_the_url_stays_the_name() {
    let mirror = Server::script([ScriptedAnswer::redirect("/moved/a.tar"), ScriptedAnswer::ok("content")]);
    let options = [("download-mirrors", format!("ftp://example.com/pub/ {}", mirror.url("/m/")))];
    let option = |name: &str| options.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    let space = DownloadSpace::new();
    let cache = space.settings.cache.path.clone();
    let settings = DownloadSettings::of_options(&option, Path::new("/b"), &cache, &Silent);
    let get = |request: &DownloadRequest, settings: &DownloadSettings| {
        Downloader::new(&Environment::default(), settings.clone()).download(request, &Silent, &|| false)
    };
    let request = verified("ftp://example.com/pub/a.tar", "content");
    let refused = DownloadRequest { allowed: Allowed::Beneath(vec![mirror.url("/")]), ..request.clone() };
    assert!(matches!(get(&refused, &settings), Err(DownloadError::NotAllowed { .. })), "the URL needs the grant");
    let allowed =
        DownloadRequest { allowed: Allowed::Beneath(vec!["ftp://example.com/pub".into()]), ..request.clone() };
    assert_holds(&get(&allowed, &settings).unwrap(), "content", false);
    assert!(mirror.requests()[0].is("GET /m/a.tar"), "{:?}", mirror.requests());
    assert_holds(
        &get(&request, &DownloadSettings { network: NetworkUse::Offline, ..settings }).unwrap(),
        "content",
        true,
    );

    let error = DownloadSpace::new().get(&DownloadRequest::new("ftp://user:pw@example.com/pub/a.tar")).unwrap_err();
    let expected = "download-mirrors = ftp://example.com/ https://example.com/";
    assert!(error.hints().iter().any(|hint| hint.ends_with(expected)), "{:?}", error.hints());
}

#[test]
fn a_cache_that_cannot_be_written_is_done_without() {
    let server = Server::script([ScriptedAnswer::ok("content"), ScriptedAnswer::ok("content")]);
    let space = DownloadSpace::new();
    // Nothing can be made below a file, not even by root.
    fs::write(space.directory.path().join("home"), "").unwrap();
    let below_a_file = space.directory.path().join("home/.cache/downloads");
    // There, directories that cannot be made are reported as missing ones, as by automounters.
    let in_proc = std::path::PathBuf::from("/proc/.cache/downloads");
    for (path, chosen) in [(&below_a_file, false), (&below_a_file, true), (&in_proc, false)] {
        let settings =
            DownloadSettings { cache: CacheDirectory { path: path.clone(), chosen }, ..space.settings.clone() };
        let downloader = Downloader::new(&Environment::default(), settings);
        let log = Log::default();
        let get = || downloader.download(&verified(server.url("/a.tar"), "content"), &log, &|| false);
        if chosen {
            assert!(matches!(get(), Err(DownloadError::File(_))));
            continue;
        }
        let first = get().unwrap();
        assert_holds(&first, "content", false);
        assert_holds(&get().unwrap(), "content", false);
        let log = log.0.lock().unwrap().clone();
        let notices: Vec<_> = log.iter().filter(|message| message.starts_with("Downloads are not kept: ")).collect();
        assert!(notices.len() == 1 && notices[0].contains(&*path.to_string_lossy()), "{log:?}");
        drop(downloader);
        assert!(!first.path.exists(), "nothing is left");
    }
}

#[test]
fn a_named_pipe_in_place_of_a_file_holds_up_no_one() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let space = DownloadSpace::with(|settings| settings.network = NetworkUse::Offline);
    let pipe = |path: &Path| mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    pipe(&space.directory.path().join("a.tar"));
    assert!(matches!(space.get(&DownloadRequest::new("a.tar")), Err(DownloadError::NoFile(_))));
    let cache = &space.settings.cache.path;
    fs::create_dir_all(cache.join("sha256")).unwrap();
    pipe(&cache.join("sha256").join(Digest::of(b"content").to_string()));
    let error = space.get(&verified("http://127.0.0.1:1/a.tar", "content")).unwrap_err();
    assert!(matches!(error, DownloadError::NotInCache { .. }), "{error}");
}

#[test]
fn what_turned_out_to_be_something_else_is_forgotten() {
    let server = Server::script([ScriptedAnswer::ok("<html>"), ScriptedAnswer::ok("archive")]);
    let space = DownloadSpace::new();
    let request = DownloadRequest::new(server.url("/a.tar"));
    assert_holds(&space.get(&request).unwrap(), "<html>", false);
    assert_holds(&space.get(&request).unwrap(), "<html>", true);
    space.downloader().forget(&request.url).unwrap();
    assert_holds(&space.get(&request).unwrap(), "archive", false);
}

#[test]
fn connections_are_used_again() {
    let server = Server::script([ScriptedAnswer::ok("content").kept_alive()]);
    let space = DownloadSpace::with(|settings| settings.cache.chosen = false);
    let downloader = space.downloader();
    for path in ["/a", "/b", "/c"] {
        downloader.download(&DownloadRequest::new(server.url(path)), &Silent, &|| false).unwrap();
    }
    let ports: Vec<u16> = server.requests().iter().map(|request| request.port).collect();
    assert!(ports.len() == 3 && ports.iter().all(|port| *port == ports[0]), "{ports:?}");
}
