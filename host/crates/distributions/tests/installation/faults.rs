//! Faults: an index with wrong data, killed runs, runs at the same time.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use super::NamedTest;
use super::index::{Behavior, hexadecimal};
use super::space::{InstallationSpace, names};
use super::wheels::TestWheel;

pub(crate) const TESTS: &[NamedTest] = &[
    ("a_file_with_another_digest_is_refused", a_file_with_another_digest_is_refused),
    ("metadata_that_lie_are_found_out", metadata_that_lie_are_found_out),
    ("a_wheel_that_is_refused_leaves_nothing", a_wheel_that_is_refused_leaves_nothing),
    ("an_index_that_lies_is_named", an_index_that_lies_is_named),
    ("two_runs_fill_one_eggs_directory", two_runs_fill_one_eggs_directory),
    ("a_run_that_is_killed_leaves_no_half_egg", a_run_that_is_killed_leaves_no_half_egg),
    ("a_damaged_cache_is_no_trouble", a_damaged_cache_is_no_trouble),
];

fn a_file_with_another_digest_is_refused() {
    let space = InstallationSpace::new(Behavior::default());
    let wheel = TestWheel::new("a", "1.0").requires("b");
    let real = hexadecimal(&<sha2::Sha256 as sha2::Digest>::digest(wheel.bytes()));
    wheel.write(&space.archives());
    TestWheel::new("b", "1.0").write(&space.archives());
    let claimed = "0".repeat(64);
    space.index.behave(|behavior| drop(behavior.digests.insert(wheel.file_name(), claimed.clone())));
    let error = space.error(&["a"]);
    assert!(error.contains(&claimed) && error.contains(&real), "{error}");
    assert!(space.eggs().is_empty());
    // An earlier version that is valid is not used instead: the index is wrong.
    TestWheel::new("a", "0.9").write(&space.archives());
    assert!(space.error(&["a"]).contains(&claimed));
}

fn metadata_that_lie_are_found_out() {
    let space = InstallationSpace::new(Behavior::default());
    let wheel = TestWheel::new("a", "1.0").requires("hidden");
    wheel.write(&space.archives());
    TestWheel::new("hidden", "1.0").write(&space.archives());
    let sidecar = "Metadata-Version: 2.1\nName: a\nVersion: 1.0\n".to_owned();
    space.index.behave(|behavior| drop(behavior.metadata.insert(wheel.file_name(), sidecar)));
    let error = space.error(&["a"]);
    assert!(error.contains("a-1.0-py3-none-any.whl") && error.contains("requires hidden"), "{error}");
    assert!(space.eggs().is_empty());
    let of_another = "Metadata-Version: 2.1\nName: b\nVersion: 1.0\n".to_owned();
    space.index.behave(|behavior| drop(behavior.metadata.insert(wheel.file_name(), of_another)));
    assert!(space.error(&["a"]).contains("they say that it is b 1.0"));
}

fn a_wheel_that_is_refused_leaves_nothing() {
    let space = InstallationSpace::new(Behavior::default());
    TestWheel::new("good", "1.0").requires("evil").write(&space.archives());
    TestWheel { unlisted: vec![("x.py".into(), Vec::new())], ..TestWheel::new("evil", "1.0") }.write(&space.archives());
    let error = space.error(&["good"]);
    assert!(error.contains("The wheel") && error.contains("does not list \"x.py\""), "{error}");
    assert!(space.eggs().is_empty());
}

fn an_index_that_lies_is_named() {
    let space = InstallationSpace::new(Behavior::default());
    TestWheel::new("a", "1.0").write(&space.archives());
    TestWheel::new("a", "2.0").write(&space.archives());
    TestWheel::new("a", "3.0").write(&space.archives());
    space.index.behave(|behavior| {
        drop(behavior.fields.insert("a-3.0-py3-none-any.whl".into(), "\"yanked\": \"broken\"".into()));
        drop(behavior.fields.insert("a-2.0-py3-none-any.whl".into(), "\"requires-python\": \">=9\"".into()));
    });
    let outcome = space.install(&["a"]).unwrap();
    assert_eq!(outcome.working_set().iter().next().unwrap().version, "1.0");
    let error = space.error(&["a>1"]);
    assert!(error.contains("it requires Python >=9") && error.contains("it was withdrawn: broken"), "{error}");
    // Neither the server nor its answer is available.
    let gone = InstallationSpace {
        index_url: "http://127.0.0.1:1/simple/".into(),
        ..InstallationSpace::new(Behavior::default())
    };
    let error = gone.error(&["a"]);
    assert!(error.starts_with("Cannot read http://127.0.0.1:1/simple/a/"), "{error}");
}

/// Many distributions with some files each.
fn many(space: &InstallationSpace) -> Vec<String> {
    let names: Vec<String> = (0..12).map(|number| format!("dist{number}")).collect();
    for name in &names {
        let mut wheel = TestWheel::new(name, "1.0");
        for file in 0..40 {
            wheel = wheel.file(&format!("{name}_package/module{file}.py"), &format!("value = {file}\n").repeat(50));
        }
        wheel.write(&space.archives());
    }
    names
}

/// Checks that each egg is whole: it has all files that its `RECORD` lists.
fn check_eggs(eggs: &Path) -> usize {
    let all: Vec<String> = names(eggs).into_iter().filter(|name| !name.starts_with('.')).collect();
    for name in &all {
        let record = eggs.join(name).join(name.replace(".egg", ".dist-info")).join("RECORD");
        let text = std::fs::read_to_string(&record).unwrap_or_else(|error| panic!("{}: {error}", record.display()));
        for line in text.lines() {
            let mut fields = line.split(',');
            let (path, size) = (eggs.join(name).join(fields.next().unwrap()), fields.nth(1).unwrap());
            let length = path.metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display())).len();
            assert!(size.is_empty() || size == length.to_string(), "{}", path.display());
        }
    }
    all.len()
}

fn two_runs_fill_one_eggs_directory() {
    let space = InstallationSpace::new(Behavior::default());
    let wanted = many(&space);
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let root = space.root.clone();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let (root, wanted) = (root.clone(), wanted.clone());
            scope.spawn(move || InstallationSpace::at(root, Behavior::default()).install(&wanted).map(drop).unwrap());
        }
    });
    assert_eq!(check_eggs(&space.root.join("eggs")), 12);
    assert!(space.eggs().iter().all(|name| !name.starts_with('.')), "{:?}", space.eggs());
}

/// The work of the process that is killed.
pub(crate) fn install_in(root: &Path) -> ExitCode {
    let space = InstallationSpace::at(root.to_owned(), Behavior::default());
    let wanted: Vec<String> = (0..12).map(|number| format!("dist{number}")).collect();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    match space.install(&wanted) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn a_run_that_is_killed_leaves_no_half_egg() {
    let space = InstallationSpace::new(Behavior::default());
    many(&space);
    let eggs = space.root.join("eggs");
    let start = || {
        let program = std::env::current_exe().unwrap();
        let mut command = Command::new(program);
        command.env("DISTRIBUTIONS_TEST_INSTALL", &space.root).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let mut killed = 0;
    // At any moment: the time from start to end is divided into steps.
    for step in 0..16_u64 {
        let mut child = start();
        std::thread::sleep(Duration::from_millis(step * 40));
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        check_eggs(&eggs);
        if step % 4 == 0 {
            let _ = std::fs::remove_dir_all(&eggs);
            let _ = std::fs::remove_dir_all(space.root.join("cache/distributions/eggs"));
        }
    }
    assert!(killed > 0);
    assert!(start().wait().unwrap().success());
    assert_eq!(check_eggs(&eggs), 12);
    assert!(names(&eggs).iter().all(|name| !name.starts_with('.')), "what was left is removed: {:?}", names(&eggs));
}

fn a_damaged_cache_is_no_trouble() {
    let space = InstallationSpace::new(Behavior::default());
    TestWheel::new("a", "1.0").write(&space.archives());
    space.install(&["a"]).unwrap();
    let mut damaged = 0;
    let mut waiting = vec![space.root.join("cache")];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if path.ends_with("cache/distributions/eggs") => {}
                true => waiting.push(path),
                false => {
                    std::fs::write(&path, "damaged").unwrap();
                    damaged += 1;
                }
            }
        }
    }
    assert!(damaged >= 3, "{damaged}");
    std::fs::remove_dir_all(space.root.join("eggs")).unwrap();
    std::fs::remove_dir_all(space.root.join("cache/distributions/eggs")).unwrap();
    space.install(&["a"]).unwrap();
    assert_eq!(check_eggs(&space.root.join("eggs")), 1);
}
