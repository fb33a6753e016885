//! Headers that identify the user: they expire, they are read again, and they appear nowhere.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use remote::{CacheLookup, HeaderSource, MissReason};

use crate::faults::filled;
use crate::server::FaultyServer;
use crate::work::{TestMachine, action};

/// A helper that answers with the content of the file `token`, and counts how often it is asked.
fn helper(directory: &Path, expires: &str) -> PathBuf {
    let path = directory.join("helper");
    let at = directory.display();
    let script = format!(
        "#!/bin/sh\ntest \"$1\" = get || exit 1\ncat >> {at}/asked; echo >> {at}/asked\n\
         printf '{{\"headers\": {{\"Authorization\": [\"%s\"]}}{expires}}}' \"$(cat {at}/token)\"\n"
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

fn accept(server: &FaultyServer, token: &str) {
    *server.state.token.lock().unwrap() = Some(token.to_owned());
}

fn asked(directory: &Path) -> usize {
    fs::read_to_string(directory.join("asked")).map_or(0, |text| text.lines().count())
}

#[test]
fn a_helper_is_asked_again_when_its_token_expired() {
    let (server, _machine) = filled();
    let machine = TestMachine::new();
    fs::write(machine.path("token"), "Bearer 1").unwrap();
    accept(&server, "Bearer 1");
    let mut settings = server.settings();
    settings.headers = Some(HeaderSource::Helper(helper(machine.space.path(), "")));
    let cache = machine.cache(&settings);
    machine.obtain(&cache, &action("x")).unwrap();
    assert_eq!(asked(machine.space.path()), 1);
    let question = fs::read_to_string(machine.path("asked")).unwrap();
    assert!(question.starts_with("{\"uri\":\"http://127.0.0.1:"), "{question}");
    // The server does not accept it any more.
    fs::write(machine.path("token"), "Bearer 2").unwrap();
    accept(&server, "Bearer 2");
    assert!(matches!(cache.lookup(&action("y")), CacheLookup::Miss(MissReason::Unknown)));
    assert_eq!(asked(machine.space.path()), 2);
    // The helper has no better one either.
    accept(&server, "Bearer 3");
    assert!(matches!(cache.lookup(&action("y")), CacheLookup::Miss(MissReason::Unavailable)));
    let warnings = cache.take_warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(!warnings[0].message.contains("Bearer"), "{warnings:?}");
}

#[test]
fn a_token_that_is_about_to_expire_is_not_used() {
    let (server, _machine) = filled();
    let machine = TestMachine::new();
    fs::write(machine.path("token"), "Bearer 1").unwrap();
    accept(&server, "Bearer 1");
    let mut settings = server.settings();
    let expires = ", \"expires\": \"2001-01-01T00:00:00Z\"";
    settings.headers = Some(HeaderSource::Helper(helper(machine.space.path(), expires)));
    let cache = machine.cache(&settings);
    assert!(matches!(cache.lookup(&action("y")), CacheLookup::Miss(MissReason::Unknown)));
    // For the capabilities, and for the result.
    assert_eq!(asked(machine.space.path()), 2);
}

#[test]
fn a_file_of_headers_is_read_again_when_it_changed() {
    let (server, _machine) = filled();
    let machine = TestMachine::new();
    fs::write(machine.path("headers"), "Authorization: Bearer 1\n").unwrap();
    accept(&server, "Bearer 1");
    let mut settings = server.settings();
    settings.headers = Some(HeaderSource::File(machine.path("headers")));
    let cache = machine.cache(&settings);
    assert!(matches!(cache.lookup(&action("y")), CacheLookup::Miss(MissReason::Unknown)));
    fs::write(machine.path("headers"), "Authorization: Bearer 2\n").unwrap();
    accept(&server, "Bearer 2");
    assert!(matches!(cache.lookup(&action("y")), CacheLookup::Miss(MissReason::Unknown)));
    assert_eq!(cache.take_warnings(), []);
}

#[test]
fn a_helper_that_fails_is_one_warning_without_what_it_printed() {
    for script in ["echo secret; exit 3", "echo secret", "exit 0"] {
        let (server, _machine) = filled();
        let machine = TestMachine::new();
        fs::write(machine.path("helper"), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(machine.path("helper"), fs::Permissions::from_mode(0o700)).unwrap();
        let mut settings = server.settings();
        settings.headers = Some(HeaderSource::Helper(machine.path("helper")));
        let cache = machine.cache(&settings);
        for _ in 0..3 {
            assert!(matches!(cache.lookup(&action("x")), CacheLookup::Miss(MissReason::Unavailable)));
        }
        let warnings = cache.take_warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        let message = &warnings[0].message;
        assert!(message.contains("/helper") && !message.contains("secret"), "{message}");
        assert_eq!(server.calls(), 0);
    }
}
