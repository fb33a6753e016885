//! How long 3,000 files of 50 MB take, printed with `--nocapture`. Nothing about time is asserted.

use std::fs;
use std::time::Instant;

use remote::CacheLookup;
use test_support::casd::Casd;

use crate::casd::settings;
use crate::work::{OUTPUT, TestMachine, action, assert_same};

/// 3,000 files of 50 MB together, most of them small, as software is installed.
fn make(machine: &TestMachine) {
    for number in 0..3000_u64 {
        let directory = machine.path(OUTPUT).join(format!("d{}", number % 60));
        fs::create_dir_all(&directory).unwrap();
        let size = 2000 + number * number % 31_000;
        let content: Vec<u8> = (0..size).map(|at| (at * at / 7 + number) as u8).collect();
        fs::write(directory.join(format!("f{number}")), content).unwrap();
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "the test is there for these lines")]
fn many_files_travel_in_batches() {
    let casd = Casd::start();
    let (first, second) = (TestMachine::new(), TestMachine::new());
    make(&first);
    let timed = |what: &str, work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        println!("{what}: {} ms", start.elapsed().as_millis());
    };
    let (cache, mut captured) = (first.cache(&settings(&casd)), None);
    timed("capture", &mut || captured = Some(first.captured()));
    timed("store and send", &mut || assert!(cache.record(&action("x"), captured.as_ref().unwrap()).remote));
    let cache = second.cache(&settings(&casd));
    let mut found = None;
    timed("look up", &mut || match cache.lookup(&action("x")) {
        CacheLookup::Hit(hit) => found = Some(hit),
        CacheLookup::Miss(reason) => panic!("{reason}"),
    });
    let hit = found.unwrap();
    timed("fetch", &mut || {
        let fetched = cache.fetch(&hit);
        assert!(fetched.is_ok(), "{fetched:?} {:?}", cache.take_warnings());
    });
    timed("copy from the store", &mut || assert_eq!(second.obtain(&cache, &action("x")), Ok(0)));
    timed("cp -r", &mut || {
        let mut copy = std::process::Command::new("cp");
        assert!(copy.arg("-r").arg(first.path(OUTPUT)).arg(second.path("copy")).status().unwrap().success());
    });
    assert_same(&first.path(OUTPUT), &second.path(OUTPUT));
}
