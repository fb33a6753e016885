//! A buildout with its own Python that is disturbed: killed at any step of making the Python, of changing over to it, and
//! after that. `bin/buildout` always starts, and the next run makes what an undisturbed run makes.

use rustix::process::Signal;
use test_support::fault::{Bench, Injection};
use test_support::{EndedProcess, RunningProcess, Space, wait_until};

/// Calls with which the host, or what keeps its commands, changes something.
const WRITES: [&str; 9] =
    ["write", "renameat", "fsync", "unlinkat", "unlink", "rmdir", "mkdirat", "ftruncate", "fchmod"];

/// The Python is a script: what matters is that it is there, and which.
const CONFIGURATION: &str = "\
[buildout]
extensions = slapos.rebootstrap
python = first
parts = show

[library]
recipe = command
location = ${buildout:parts-directory}/library
command = mkdir ${:location}; echo VERSION > ${:location}/note
stop-on-error = true

[first]
recipe = command
location = ${buildout:parts-directory}/${:_buildout_section_name_}
executable = ${:location}/python
command = mkdir ${:location}; (echo '#!/bin/sh'; echo \"# $(cat ${library:location}/note)\") > ${:executable}; chmod +x ${:executable}
stop-on-error = true

[second]
<= first

[show]
recipe = command
location = ${buildout:parts-directory}/show
command = mkdir ${:location}; echo ${buildout:executable} > ${:location}/note
stop-on-error = true
";

fn made(space: &Space, configuration: &str) {
    space.write("buildout.cfg", configuration);
    let run = space.host(&["run"]);
    assert!(run.status.success(), "{run:?}");
}

fn launcher(space: &Space) -> String {
    std::fs::read_to_string(space.buildout().join("bin/buildout")).unwrap_or_default()
}

/// Kills the next run at each of its steps.
fn killed_anywhere(bench: &Bench) {
    let undisturbed = bench.content();
    let mut kills = 0;
    for call in WRITES {
        for number in 1.. {
            bench.reset();
            let run = bench.disturbed(&Injection { call, what: "signal=KILL", number, path: None });
            if run.status.success() {
                break;
            }
            kills += 1;
            let what = format!("killed at {call} {number}");
            assert_starts(&bench.space, &what);
            let run = bench.space.host(&["run"]);
            assert!(run.status.success(), "after {what}: {run:?}");
            assert_eq!(bench.content(), undisturbed, "{what}");
            bench.assert_converged(&what);
        }
    }
    assert!(kills > 20, "only {kills} places were found to kill at");
}

/// Where there is a launcher, it runs the host.
fn assert_starts(space: &Space, what: &str) {
    if space.exists("bin/buildout") {
        let run = space.command("bin/buildout").args(["query", "buildout:executable"]).output().expect("sh runs");
        assert!(run.status.success(), "{what}: {run:?}");
    }
}

#[test]
fn killed_anywhere_in_the_first_run() {
    killed_anywhere(&Bench::prepare(|space| space.write("buildout.cfg", CONFIGURATION)));
}

#[test]
fn killed_anywhere_while_the_python_is_made_again() {
    killed_anywhere(&Bench::prepare(|space| {
        made(space, CONFIGURATION);
        space.write("buildout.cfg", &CONFIGURATION.replace("VERSION", "2"));
    }));
}

#[test]
fn killed_anywhere_while_the_buildout_changes_over() {
    killed_anywhere(&Bench::prepare(|space| {
        made(space, CONFIGURATION);
        space.write("buildout.cfg", &CONFIGURATION.replace("python = first", "python = second"));
    }));
}

#[test]
fn killed_anywhere_while_the_buildout_goes_back() {
    killed_anywhere(&Bench::prepare(|space| {
        made(space, CONFIGURATION);
        space.write("buildout.cfg", &CONFIGURATION.replace("extensions = slapos.rebootstrap\n", ""));
    }));
}

/// Whether a command has made a file that is in a staging directory of the parts.
fn is_staged(space: &Space, file: &str) -> bool {
    let entries = std::fs::read_dir(space.path("parts")).into_iter().flatten().flatten();
    let mut staging = entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b".buildout-staging-"));
    staging.any(|entry| entry.path().join(file).exists())
}

/// A run that is killed in a part's command, as soon as that has made the file `waiting`, in a staging directory.
fn killed_in_a_command(space: &Space, arguments: &[&str], waiting: &str) {
    let run = space.start(&[&["run"], arguments].concat());
    wait_until("the command runs", || is_staged(space, waiting));
    run.signal(Signal::KILL);
    assert_eq!(run.end().signal, Some(9));
}

#[test]
fn killed_while_the_python_builds_the_one_before_comes_back() {
    let space = Space::new();
    made(&space, CONFIGURATION);
    let (before, python) = (launcher(&space), space.read("parts/first/python"));
    let building = "first:command=mkdir ${:location}; touch ${:location}/building; sleep 600";
    killed_in_a_command(&space, &[building], "first/building");
    assert!(space.exists("parts/.first.previous/python"));
    assert_eq!(launcher(&space), before);
    assert_starts(&space, "killed in the build");
    // Nothing has changed after all: the next run only puts back what was there.
    let run = space.command("bin/buildout").output().expect("sh runs");
    let printed = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success() && !printed.contains("nstalling"), "{run:?}");
    assert_eq!(space.read("parts/first/python"), python);
    assert!(!space.exists("parts/.first.previous") && !space.exists("parts/first/building"));
    assert!(!space.read(".installed.cfg").contains("rebootstrap"));
}

#[test]
fn killed_after_the_change_the_next_run_continues_with_the_new_python() {
    let space = Space::new();
    space.write("buildout.cfg", CONFIGURATION);
    let building = "show:command=mkdir ${:location}; touch ${:location}/building; sleep 600";
    killed_in_a_command(&space, &[building], "show/building");
    let kept = launcher(&space);
    assert!(kept.contains("\npython='") && kept.contains("/parts/first/python'\n"), "{kept}");
    let run = space.command("bin/buildout").output().expect("sh runs");
    let printed = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(
        run.status.success() && printed.contains("Updating first") && printed.contains("Installing show"),
        "{run:?}"
    );
    assert!(space.read("parts/show/note").contains("/parts/first/python"));
    assert_eq!(launcher(&space), kept);
}

#[test]
fn interrupted_while_the_python_builds_the_one_before_is_there_at_once() {
    let space = Space::new();
    made(&space, CONFIGURATION);
    let (state, python) = (space.read(".installed.cfg"), space.read("parts/first/python"));
    for jobs in ["1", "2"] {
        let run = space.start(&[
            "run",
            "-j",
            jobs,
            "first:command=mkdir ${:location}; touch ${:location}/building; sleep 600",
        ]);
        wait_until("the Python is built", || is_staged(&space, "first/building"));
        run.signal(Signal::INT);
        assert_eq!(run.end().code, Some(130));
        assert_eq!(space.read("parts/first/python"), python);
        assert_eq!(space.read(".installed.cfg"), state);
        assert!(!space.exists("parts/first/building") && !space.exists("parts/.first.previous"));
    }
}

/// What a handwritten state says is aside is foreign input.
#[test]
fn paths_of_an_edited_state_are_not_put_back_elsewhere() {
    let space = Space::new();
    made(&space, CONFIGURATION);
    std::fs::create_dir_all(space.root().join("outside/.x.previous")).expect("a directory");
    std::fs::create_dir(space.root().join("outside/x")).expect("a directory");
    let outside = space.root().join("outside/x");
    let state = space.read(".installed.cfg");
    for (option, list) in [
        ("rebootstrap-set-aside", format!("[\"{}\", \"../../x\", \"/\", \"\", \"parts\"]", outside.display())),
        ("rebootstrap-left-over", format!("[\"{}\", \"/\", \".\"]", outside.display())),
        ("rebootstrap-set-aside", "no list".to_owned()),
    ] {
        let edited = state.replacen("[buildout]\n", &format!("[buildout]\n{option} = {list}\n"), 1);
        space.write(".installed.cfg", &edited);
        let run = space.host(&["run"]);
        assert!(run.status.success(), "{run:?}");
        assert!(outside.exists() && space.root().join("outside/.x.previous").exists());
        assert_eq!(space.read(".installed.cfg"), state);
    }
}

/// Two runs at once that both would change over: the second one waits, and finds it done.
#[test]
fn of_two_first_runs_one_makes_the_python() {
    let space = Space::new();
    let gate = "command = mkdir ${:location}; touch ${:location}/building; while ! test -e ${buildout:directory}/go-on; do sleep 0.1; done; (echo";
    space.write("buildout.cfg", &CONFIGURATION.replace("command = mkdir ${:location}; (echo", gate));
    let first = space.start(&["run"]);
    wait_until("the Python is built", || is_staged(&space, "first/building"));
    let mut second = space.start(&["run"]);
    second.until("Waiting for another run");
    space.write("go-on", "");
    let ended = [first, second].map(RunningProcess::end);
    assert!(ended.iter().all(|run| run.code == Some(0)), "{ended:?}");
    let makes = |run: &&EndedProcess| run.stdout.contains("Installing first");
    assert_eq!(ended.iter().filter(makes).count(), 1, "{ended:?}");
}
