//! With buildbox-casd.

use std::fs;

use remote::{CacheLookup, MissReason, ServerSettings};
use test_support::casd::{Casd, INSTANCE};

use crate::work::{OUTPUT, TestMachine, action, assert_same};

pub(crate) fn settings(casd: &Casd) -> ServerSettings {
    let mut settings = ServerSettings::new(casd.address().parse().unwrap());
    settings.instance = INSTANCE.to_owned();
    settings.write = true;
    settings
}

#[test]
fn what_one_machine_made_another_fetches() {
    let casd = Casd::start();
    let (first, second) = (TestMachine::new(), TestMachine::new());
    let cache = first.cache(&settings(&casd));
    assert!(matches!(cache.lookup(&action("x")), CacheLookup::Miss(MissReason::Unknown)));
    let recorded = cache.record(&action("x"), &first.build());
    assert!(recorded.local && recorded.remote && recorded.uploaded > 6_000_000, "{recorded:?}");
    // The same contents for another key.
    let again = cache.record(&action("y"), &first.captured());
    assert!(again.remote && again.uploaded < 1000, "{again:?}");
    assert_eq!(cache.take_warnings(), []);

    let cache = second.cache(&settings(&casd));
    let bytes = second.obtain(&cache, &action("x")).unwrap();
    assert!(bytes > 6_000_000, "{bytes}");
    assert_same(&first.path(OUTPUT), &second.path(OUTPUT));
    assert!(second.path(OUTPUT).join("var/empty").is_dir());
    // Then it is here.
    fs::remove_dir_all(second.path(OUTPUT)).unwrap();
    let CacheLookup::Hit(hit) = cache.lookup(&action("x")) else { panic!("a miss") };
    assert_eq!((hit.origin, hit.bytes_to_fetch()), (remote::HitOrigin::Local, 0));
    assert_eq!(second.obtain(&cache, &action("x")), Ok(0));
    assert_eq!(cache.take_warnings(), []);
}

#[test]
fn compressed_contents_are_the_same() {
    let casd = Casd::start();
    let mut settings = settings(&casd);
    settings.compression = true;
    let (first, second) = (TestMachine::new(), TestMachine::new());
    assert!(first.cache(&settings).record(&action("x"), &first.build()).remote);
    let cache = second.cache(&settings);
    second.obtain(&cache, &action("x")).unwrap();
    assert_same(&first.path(OUTPUT), &second.path(OUTPUT));
    assert_eq!(cache.take_warnings(), []);
}

#[test]
fn a_result_whose_contents_are_gone_is_a_miss_and_is_stored_again() {
    let mut casd = Casd::start();
    let (first, second) = (TestMachine::new(), TestMachine::new());
    assert!(first.cache(&settings(&casd)).record(&action("x"), &first.build()).remote);
    casd.lose_contents();
    let cache = second.cache(&settings(&casd));
    let reason = second.obtain(&cache, &action("x")).unwrap_err();
    assert!(matches!(reason, MissReason::MissingBlob(_) | MissReason::Unknown), "{reason}");
    second.check_clean();
    assert!(cache.record(&action("x"), &second.build()).remote);
    let third = TestMachine::new();
    third.obtain(&third.cache(&settings(&casd)), &action("x")).unwrap();
    assert_same(&first.path(OUTPUT), &third.path(OUTPUT));
}

#[test]
fn a_server_that_is_away_is_one_warning() {
    let mut casd = Casd::start();
    let machine = TestMachine::new();
    let mut settings = settings(&casd);
    settings.limits.back_off = std::time::Duration::from_millis(10);
    casd.stop();
    let cache = machine.cache(&settings);
    for _ in 0..5 {
        assert!(matches!(cache.lookup(&action("x")), CacheLookup::Miss(_)));
    }
    let recorded = cache.record(&action("x"), &machine.build());
    assert!(recorded.local && !recorded.remote);
    let warnings = cache.take_warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].message.contains(&casd.address()), "{warnings:?}");
}

#[test]
fn a_server_that_ends_between_two_calls_is_connected_to_again() {
    let mut casd = Casd::start();
    let machine = TestMachine::new();
    let cache = machine.cache(&settings(&casd));
    assert!(cache.record(&action("x"), &machine.build()).remote);
    casd.start_again();
    assert!(matches!(cache.lookup(&action("z")), CacheLookup::Miss(MissReason::Unknown)));
    assert_eq!(cache.take_warnings(), []);
}

#[test]
fn reading_and_writing_are_switches() {
    let casd = Casd::start();
    let machine = TestMachine::new();
    let mut reads = settings(&casd);
    reads.write = false;
    // It has the empty directory from the start.
    let before = casd.contents();
    assert!(!machine.cache(&reads).record(&action("x"), &machine.build()).remote);
    assert_eq!(casd.contents(), before);
    let mut writes = settings(&casd);
    writes.read = false;
    assert!(machine.cache(&writes).record(&action("x"), &machine.captured()).remote);
    let other = TestMachine::new();
    let cache = other.cache(&writes);
    assert!(matches!(cache.lookup(&action("x")), CacheLookup::Miss(MissReason::Unknown)));
}
