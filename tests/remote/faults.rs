//! A server that stalls, breaks, refuses: each run ends well, with one warning, and nothing half written.

use std::thread;

use remote::{CacheLookup, MissReason, ResultCache};
use test_support::wait_until;
use tonic::Code;

use crate::server::{Fault, FaultyServer};
use crate::work::{OUTPUT, TestMachine, action, assert_same};

/// A server with the result of the action, and what it was made of.
pub(crate) fn filled() -> (FaultyServer, TestMachine) {
    let (server, machine) = (FaultyServer::start(), TestMachine::new());
    let recorded = machine.cache(&server.settings()).record(&action("x"), &machine.build());
    assert!(recorded.remote, "{recorded:?}");
    server.state.calls.lock().unwrap().clear();
    (server, machine)
}

fn assert_one_warning(cache: &ResultCache, about: &str) {
    let warnings = cache.take_warnings();
    assert_eq!(warnings.len(), 1, "{about}: {warnings:?}");
    assert!(!warnings[0].message.contains('\n'), "{warnings:?}");
}

/// Nothing comes from the server; then what is made here is used.
pub(crate) fn is_made_here(server: &FaultyServer, about: &str) -> MissReason {
    let machine = TestMachine::new();
    let cache = machine.cache(&server.settings());
    let reason = machine.obtain(&cache, &action("x")).expect_err(about);
    machine.check_clean();
    assert_one_warning(&cache, about);
    // The run goes on, and may store what it makes, or not; there is no second warning.
    let recorded = cache.record(&action("x"), &machine.build());
    assert!(recorded.local, "{about}: {recorded:?}");
    assert_eq!(cache.take_warnings(), [], "{about}");
    drop(cache);
    std::fs::remove_dir_all(machine.path(OUTPUT)).unwrap();
    machine.obtain(&machine.cache(&server.settings()), &action("x")).unwrap();
    reason
}

const READING: [&str; 5] = ["GetCapabilities", "GetActionResult", "FindMissingBlobs", "BatchReadBlobs", "Read"];
const WRITING: [&str; 5] = ["GetCapabilities", "FindMissingBlobs", "BatchUpdateBlobs", "Write", "UpdateActionResult"];

/// Each case in its own thread, as each waits for a deadline.
fn each(calls: [&'static str; 5], case: impl Fn(&'static str) + Sync) {
    thread::scope(|scope| calls.iter().for_each(|call| drop(scope.spawn(|| case(call)))));
}

#[test]
fn a_stall_at_any_call_ends() {
    each(READING, |call| {
        let (server, _machine) = filled();
        server.fail(call, Fault::Stall);
        assert_eq!(is_made_here(&server, call), MissReason::Unavailable, "{call}");
        if call == "GetCapabilities" {
            assert_eq!(server.count(call), 1, "a server that does not answer is not asked again");
        }
    });
    each(WRITING, |call| {
        let (server, machine) = (FaultyServer::start(), TestMachine::new());
        server.fail(call, Fault::Stall);
        let cache = machine.cache(&server.settings());
        let recorded = cache.record(&action("x"), &machine.build());
        assert!(recorded.local && !recorded.remote, "{call}: {recorded:?}");
        assert_one_warning(&cache, call);
        assert!(server.state.results.lock().unwrap().is_empty(), "{call}");
    });
}

#[test]
fn a_short_burst_of_failures_is_not_seen() {
    each(READING, |call| {
        let (server, made) = filled();
        server.fail(call, Fault::Status(Code::Unavailable, 2));
        let machine = TestMachine::new();
        let cache = machine.cache(&server.settings());
        machine.obtain(&cache, &action("x")).unwrap_or_else(|reason| panic!("{call}: {reason}"));
        assert_same(&machine.path(OUTPUT), &made.path(OUTPUT));
        assert_eq!(cache.take_warnings(), []);
    });
    each(WRITING, |call| {
        let (server, machine) = (FaultyServer::start(), TestMachine::new());
        server.fail(call, Fault::Status(Code::Aborted, 2));
        let cache = machine.cache(&server.settings());
        assert!(cache.record(&action("x"), &machine.build()).remote, "{call}");
        assert_eq!(cache.take_warnings(), []);
    });
}

#[test]
fn a_long_burst_ends_the_use_of_the_server() {
    for code in
        [Code::Unavailable, Code::Internal, Code::PermissionDenied, Code::Unauthenticated, Code::ResourceExhausted]
    {
        let (server, _machine) = filled();
        server.fail("GetActionResult", Fault::Status(code, u32::MAX));
        let machine = TestMachine::new();
        let cache = machine.cache(&server.settings());
        for _ in 0..3 {
            assert!(matches!(cache.lookup(&action("x")), CacheLookup::Miss(MissReason::Unavailable)));
        }
        assert_one_warning(&cache, code.description());
        let before = server.calls();
        assert!(matches!(cache.lookup(&action("x")), CacheLookup::Miss(_)));
        assert!(!cache.record(&action("x"), &machine.build()).remote);
        assert_eq!(server.calls(), before, "{code}: it was used again");
        assert_eq!(cache.take_warnings(), []);
    }
}

#[test]
fn a_quota_or_a_refusal_ends_writing_and_not_reading() {
    for (call, code) in [
        ("BatchUpdateBlobs", Code::ResourceExhausted),
        ("Write", Code::ResourceExhausted),
        ("UpdateActionResult", Code::PermissionDenied),
    ] {
        let (server, _made) = filled();
        let other = TestMachine::new();
        std::fs::create_dir_all(other.path(OUTPUT)).unwrap();
        std::fs::write(other.path(OUTPUT).join("small"), call).unwrap();
        std::fs::write(other.path(OUTPUT).join("large"), call.repeat(1_000_000)).unwrap();
        server.fail(call, Fault::Status(code, u32::MAX));
        let cache = other.cache(&server.settings());
        assert!(!cache.record(&action("y"), &other.captured()).remote, "{call}");
        assert_one_warning(&cache, call);
        let before = server.count("FindMissingBlobs");
        assert!(!cache.record(&action("z"), &other.captured()).remote, "{call}");
        assert_eq!(server.count("FindMissingBlobs"), before, "{call}: it was used again");
        std::fs::remove_dir_all(other.path(OUTPUT)).unwrap();
        other.obtain(&cache, &action("x")).unwrap();
        assert_eq!(cache.take_warnings(), []);
    }
}

#[test]
fn a_server_that_this_user_may_only_read_is_one_warning() {
    let (server, machine) = filled();
    *server.state.read_only.lock().unwrap() = true;
    let cache = machine.cache(&server.settings());
    for text in ["y", "z"] {
        assert!(!cache.record(&action(text), &machine.captured()).remote);
    }
    assert_one_warning(&cache, "read-only");
    assert_eq!(server.count("UpdateActionResult"), 0);
}

#[test]
fn streams_that_break_are_continued() {
    let (server, machine) = (FaultyServer::start(), TestMachine::new());
    // The server asserts that a client continues where it was.
    server.fail("Write", Fault::Break(3));
    let cache = machine.cache(&server.settings());
    assert!(cache.record(&action("x"), &machine.build()).remote);
    assert!(server.count("QueryWriteStatus") >= 3);
    server.fail("Read", Fault::Break(5));
    let other = TestMachine::new();
    let cache = other.cache(&server.settings());
    other.obtain(&cache, &action("x")).unwrap();
    assert_same(&machine.path(OUTPUT), &other.path(OUTPUT));
    assert_eq!(server.count("Read"), 6);
    assert_eq!(cache.take_warnings(), []);
}

#[test]
fn a_trickle_and_a_stall_in_a_stream_end() {
    thread::scope(|scope| {
        for fault in [Fault::Trickle, Fault::StallLater] {
            scope.spawn(move || {
                let (server, _machine) = filled();
                server.fail("Read", fault);
                assert_eq!(is_made_here(&server, &format!("{fault:?}")), MissReason::Unavailable);
            });
        }
    });
}

#[test]
fn an_interrupt_ends_any_wait() {
    let reading = READING.map(|call| (call, true));
    let writing = WRITING.map(|call| (call, false));
    thread::scope(|scope| {
        for (call, is_reading) in reading.into_iter().chain(writing) {
            scope.spawn(move || {
                let (server, _machine) =
                    if is_reading { filled() } else { (FaultyServer::start(), TestMachine::new()) };
                server.fail(call, Fault::Stall);
                let machine = TestMachine::new();
                let mut settings = server.settings();
                // Nothing else can end it before the test is given up.
                settings.limits.call = std::time::Duration::from_secs(3600);
                let cache = machine.cache(&settings);
                let interrupt = machine.interrupt.clone();
                let built = (!is_reading).then(|| machine.build());
                let server = &server;
                thread::scope(|scope| {
                    scope.spawn(move || {
                        wait_until(call, || server.count(call) > 0);
                        interrupt.raise(2);
                    });
                    if let Some(captured) = built {
                        assert!(!cache.record(&action("x"), &captured).remote, "{call}");
                    } else {
                        assert_eq!(machine.obtain(&cache, &action("x")), Err(MissReason::Interrupted), "{call}");
                        machine.check_clean();
                    }
                });
                assert_eq!(cache.take_warnings(), [], "{call}");
            });
        }
    });
}
