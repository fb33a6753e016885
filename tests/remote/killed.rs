//! A process that is killed while it fetches, or sends: nothing wrong is anywhere, and the next run converges.

use std::fs;
use std::process::{Command, Stdio};

use base::interrupt::Interrupt;
use remote::{BlobDigest, BlobStore, ResultCache, ServerSettings};
use test_support::wait_until;

use crate::faults::filled;
use crate::server::{Fault, FaultyServer};
use crate::work::{OUTPUT, TestMachine, action, assert_same, temporary_files};

/// What the killed process does: this test, in a separate process, with these variables.
const DIRECTORY: &str = "REMOTE_TEST_DIRECTORY";
const SERVER: &str = "REMOTE_TEST_SERVER";
const SENDS: &str = "REMOTE_TEST_SENDS";

fn child(machine: &TestMachine, server: &FaultyServer, sends: bool) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::work_until_killed"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.env(DIRECTORY, machine.space.path()).env(SERVER, server.settings().address.to_string());
    if sends {
        command.env(SENDS, "1");
    }
    command.spawn().unwrap()
}

#[test]
fn work_until_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(std::path::PathBuf::from) else { return };
    let mut settings = ServerSettings::new(std::env::var(SERVER).unwrap().parse().unwrap());
    settings.write = true;
    let interrupt = Interrupt::new().unwrap();
    let store = BlobStore::open(&directory.join("store"), remote::DEFAULT_CAPACITY).unwrap();
    let cache = ResultCache::new(store, Some(settings), None, &interrupt);
    if std::env::var_os(SENDS).is_some() {
        let outputs = [OUTPUT.to_owned()].into();
        let limits = remote::TreeLimits::default();
        let captured = remote::CapturedOutputs::capture(&directory, &outputs, &limits, &interrupt).unwrap();
        cache.record(&action("y"), &captured);
    } else if let remote::CacheLookup::Hit(hit) = cache.lookup(&action("x")) {
        let _ = cache.fetch(&hit);
    }
}

/// Each content in the store is what its name says.
fn check_store(machine: &TestMachine) {
    for directory in fs::read_dir(machine.path("store/blobs")).unwrap().flatten() {
        let is_whole = |file: &fs::DirEntry| !file.file_name().to_string_lossy().ends_with(".temporary");
        for file in fs::read_dir(directory.path()).unwrap().flatten().filter(is_whole) {
            let digest = BlobDigest::of(&fs::read(file.path()).unwrap());
            assert_eq!(file.file_name().to_str(), Some(digest.hash().to_string().as_str()));
        }
    }
}

#[test]
fn a_kill_while_fetching_leaves_nothing_wrong() {
    for (call, fault) in [("BatchReadBlobs", Fault::Stall), ("Read", Fault::Stall), ("Read", Fault::StallLater)] {
        let (server, made) = filled();
        let machine = TestMachine::new();
        server.fail(call, fault);
        let mut killed = child(&machine, &server, false);
        wait_until("it fetches", || server.count(call) > 0);
        if matches!(fault, Fault::StallLater) {
            wait_until("something arrived", || temporary_files(&machine.path("store")) > 0);
        }
        killed.kill().unwrap();
        killed.wait().unwrap();
        check_store(&machine);
        assert!(fs::read_dir(machine.path("parts")).unwrap().next().is_none());
        server.state.faults.lock().unwrap().clear();
        machine.obtain(&machine.cache(&server.settings()), &action("x")).unwrap();
        assert_same(&machine.path(OUTPUT), &made.path(OUTPUT));
        check_store(&machine);
    }
}

#[test]
fn a_kill_while_sending_leaves_no_result_without_its_contents() {
    for call in ["BatchUpdateBlobs", "Write", "UpdateActionResult"] {
        let (server, machine) = (FaultyServer::start(), TestMachine::new());
        machine.build();
        server.fail(call, Fault::Stall);
        let mut killed = child(&machine, &server, true);
        wait_until("it sends", || server.count(call) > 0);
        killed.kill().unwrap();
        killed.wait().unwrap();
        assert!(server.state.results.lock().unwrap().is_empty());
        check_store(&machine);
        server.state.faults.lock().unwrap().clear();
        assert!(machine.cache(&server.settings()).record(&action("y"), &machine.captured()).remote);
        let other = TestMachine::new();
        other.obtain(&other.cache(&server.settings()), &action("y")).unwrap();
        assert_same(&machine.path(OUTPUT), &other.path(OUTPUT));
    }
}
