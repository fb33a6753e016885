//! Faults while eggs are installed: kill -9 at any call that changes files, and two buildouts that fill one eggs directory.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;

use test_support::fault::{Bench, Injection};

use super::{IndexedBuildout, archives};
use crate::index::IndexServer;

/// Calls that make files and directories visible, move, or remove them.
const CALLS: [&str; 12] = [
    "rename",
    "renameat",
    "renameat2",
    "mkdir",
    "mkdirat",
    "fchmod",
    "fchmodat",
    "unlink",
    "unlinkat",
    "rmdir",
    "syncfs",
    "copy_file_range",
];

/// The paths below an eggs directory, of eggs that are visible.
fn eggs(bench: &Bench) -> BTreeSet<String> {
    bench.tree().into_iter().filter(|path| path.starts_with("/eggs/v5/") && !path.contains("/.filling")).collect()
}

#[test]
fn killed_while_eggs_are_installed_the_next_run_converges() {
    let index = IndexServer::start(archives());
    let text = format!(
        "[buildout]\nparts = app\nindex = {}\n\n[app]\nrecipe = zc.recipe.egg\neggs = questions\ninterpreter = py\n",
        index.url()
    );
    let bench = Bench::prepare(|space| space.write("buildout.cfg", &text));
    let whole = eggs(&bench);
    let of_egg = |paths: &BTreeSet<String>, egg: &str| paths.iter().filter(|path| path.contains(egg)).count();
    let mut kills = 0;
    for call in CALLS {
        for number in 1.. {
            bench.reset();
            let run = bench.disturbed(&Injection { call, what: "signal=KILL", number, path: None });
            if run.status.signal().is_none() && run.status.code() != Some(137) {
                assert!(run.status.success(), "{call} {number}: {run:?}");
                break;
            }
            kills += 1;
            let visible = eggs(&bench);
            for egg in ["questions-1.0", "requests-2.0", "idna-3.1"] {
                let count = of_egg(&visible, egg);
                assert!(count == 0 || count == of_egg(&whole, egg), "half an egg after {call} {number}: {visible:?}");
            }
            bench.assert_recovers(&format!("killed at {call} {number}"));
        }
    }
    assert!(kills > 10, "only {kills} places were found to kill at");
}

#[test]
fn two_buildouts_fill_one_eggs_directory_at_once() {
    let part = "[buildout]\nparts = app\neggs-directory = ${buildout:directory}/../eggs\n\n[app]\nrecipe = zc.recipe.egg\neggs =\n    questions\n    requests\n    other\n";
    let buildout = IndexedBuildout::new(part);
    let text = buildout.space.read("buildout.cfg");
    for name in ["one", "two"] {
        buildout.space.write(&format!("{name}/buildout.cfg"), &text);
    }
    for round in 0..5 {
        // Every second time, the cache is empty too.
        let cache = if round % 2 == 0 { "rm -rf ~/.cache;" } else { "" };
        let runs = "(cd one && buildout-host run) & first=$!; (cd two && buildout-host run); second=$?; wait $first && exit $second";
        let (printed, code) = buildout.space.shell(&format!("rm -rf eggs one/bin two/bin; {cache} {runs}"));
        assert_eq!(code, 0, "{printed}");
        for name in ["one", "two"] {
            assert_eq!(buildout.shell(&format!("{name}/bin/ask && {name}/bin/other")), "asked 3.1\nother\n");
        }
        let listed = buildout.shell("ls -A eggs/v5 | sed 's/-py3.*//'");
        assert_eq!(listed, "idna-3.1\nother-1.0\nquestions-1.0\nrequests-2.0\n");
    }
}
