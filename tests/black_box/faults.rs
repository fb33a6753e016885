//! Faults at every step of a run (kill -9, disk full, quota, faulty device), by strace injection; two runs at once; what is
//! durable when. After each fault the state is the complete old or the complete new one, and the next run converges to
//! what an undisturbed run makes.

use std::os::unix::process::ExitStatusExt as _;

use test_support::fault::{Bench, ERRORS, Injection, mounted, on_full_disk, strace_log};
use test_support::{Space, host, wait_until};

/// Calls that change files. A run that does not use one of them is not disturbed by it.
const WRITES: [&str; 20] = [
    "write",
    "pwrite64",
    "writev",
    "rename",
    "renameat",
    "renameat2",
    "fsync",
    "fdatasync",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
    "ftruncate",
    "fchmod",
    "fchmodat",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
];

#[test]
fn killed_at_any_write_the_next_run_converges() {
    let bench = Bench::edited();
    let mut kills = 0;
    for call in WRITES {
        for number in 1.. {
            bench.reset();
            let run = bench.disturbed(&Injection { call, what: "signal=KILL", number, path: None });
            if run.status.signal().is_none() && run.status.code() != Some(137) {
                assert!(run.status.success(), "{call} {number}: {run:?}");
                break;
            }
            kills += 1;
            bench.assert_recovers(&format!("killed at {call} {number}"));
        }
    }
    for path in bench.created_files() {
        bench.reset();
        bench.disturbed(&Injection { call: "openat", what: "signal=KILL", number: 1, path: Some(&path) });
        kills += 1;
        bench.assert_recovers(&format!("killed at openat {path}"));
    }
    assert!(kills > 20, "only {kills} places were found to kill at");
}

#[test]
fn a_failing_write_leaves_the_state_intact_and_is_named() {
    let bench = Bench::edited();
    let mut failures = 0;
    for (error, messages) in ERRORS {
        let what = format!("error={error}");
        for call in WRITES {
            for number in 1.. {
                bench.reset();
                let run = bench.disturbed(&Injection { call, what: &what, number, path: None });
                let Some(target) = bench.injected() else { break };
                failures += usize::from(bench.assert_reported(&run, &target, messages));
                bench.assert_recovers(&format!("{error} at {call} {number}, {target}"));
            }
        }
        for path in bench.created_files() {
            bench.reset();
            let run = bench.disturbed(&Injection { call: "openat", what: &what, number: 1, path: Some(&path) });
            let target = bench.injected().expect("openat fails");
            failures += usize::from(bench.assert_reported(&run, &target, messages));
            bench.assert_recovers(&format!("{error} at openat {target}"));
        }
    }
    assert!(failures > 20, "only {failures} failures were reported");
}

#[test]
fn a_first_run_that_is_killed_is_picked_up() {
    let bench = Bench::of_first_run();
    for call in ["mkdirat", "mkdir", "write", "renameat", "fsync"] {
        for number in 1.. {
            bench.reset();
            let run = bench.disturbed(&Injection { call, what: "signal=KILL", number, path: None });
            if run.status.success() {
                break;
            }
            bench.assert_recovers(&format!("killed at {call} {number}"));
        }
    }
}

/// Before the run ends with 0: the new file is flushed, then renamed, then its directory is flushed.
#[test]
fn the_state_is_durable_when_the_run_ends() {
    let bench = Bench::edited();
    bench.reset();
    let run = bench.traced("fsync,fdatasync,rename,renameat,renameat2,exit_group");
    assert!(run.status.success(), "{run:?}");
    let log = strace_log(&bench.space);
    let at = |what: &str| {
        log.iter().position(|line| line.contains(what)).unwrap_or_else(|| panic!("no {what} in\n{}", log.join("\n")))
    };
    let renamed =
        log.iter().position(|line| line.contains("rename") && line.contains("\".installed.cfg\"")).expect("a rename");
    let flushed = at("sample-buildout/.installed.cfg.new>");
    let directory =
        log.iter().skip(renamed).position(|line| line.contains("sync(") && line.contains("sample-buildout>"));
    let directory = renamed + directory.expect("the directory is flushed after the rename");
    assert!(flushed < renamed && directory < at("exit_group(0)"), "{}", log.join("\n"));
}

/// A buildout whose run moves a part, and then waits in the part `gate` until the file `go-on` is there.
const GATED: &str = "\
[buildout]
parts = moved gate
[moved]
recipe = mkdir
path = moved-to
[gate]
recipe = command
location = var/gate
command = mkdir var/gate; touch var/gate/waiting; while ! test -e ${buildout:directory}/go-on; do sleep 0.1; done
";

#[test]
fn the_second_run_waits_and_names_the_first() {
    let bench = Bench::prepare(|space| {
        space.write("go-on", "");
        space.write("buildout.cfg", "[buildout]\nparts = moved\n[moved]\nrecipe = mkdir\npath = moved-from\n");
        space.succeeds(&["run"]);
        space.write("buildout.cfg", GATED);
    });
    bench.reset();
    let space = &bench.space;
    std::fs::remove_file(space.path("go-on")).expect("the gate closes");
    let first = space.start(&["run"]);
    wait_until("the first run waits", || space.exists("var/gate/waiting"));
    let mut second = space.start(&["run"]);
    second.until(&format!("Waiting for another run of this buildout: process {}, started ", first.id()));
    space.write("go-on", "");
    let (first, second) = (first.end(), second.end());
    assert_eq!((first.code, second.code), (Some(0), Some(0)), "{first:?} {second:?}");
    assert!(!second.stdout.contains("Uninstalling"), "the first run has done the work: {second:?}");
    bench.assert_converged("after two runs");
}

#[test]
fn the_lock_of_a_dead_run_is_free() {
    let bench = Bench::edited();
    bench.reset();
    bench.disturbed(&Injection { call: "fsync", what: "signal=KILL", number: 1, path: None });
    assert!(bench.space.exists(".installed.cfg.lock") && bench.space.exists(".installed.cfg.journal"));
    let run = bench.space.host(&["run"]);
    let output = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success() && !output.contains("Waiting"), "{run:?}");
    bench.assert_converged("after the lock of a dead run");
}

#[test]
fn where_nothing_can_be_written_nothing_is_begun() {
    let bench = Bench::edited();
    let lock = bench.created_files().remove(0);
    assert!(lock.ends_with(".installed.cfg.lock"), "the lock comes first, not {lock}");
    for (error, message) in [("EROFS", "Read-only file system"), ("EACCES", "Permission denied")] {
        bench.reset();
        let before = bench.tree();
        let what = format!("error={error}");
        let run = bench.disturbed(&Injection { call: "openat", what: &what, number: 1, path: Some(&lock) });
        assert!(bench.assert_reported(&run, &lock, &[message]));
        assert_eq!(bench.tree(), before);
    }
}

/// The file alone refuses, not its directory.
#[test]
fn an_immutable_state_is_found_before_work() {
    let bench = Bench::edited();
    bench.reset();
    let before = bench.tree();
    let (output, code) = bench
        .space
        .shell("chattr +i .installed.cfg || exit 99; buildout-host run; code=$?; chattr -i .installed.cfg; exit $code");
    let run = match code {
        // Not root, or a file system without such files: then the call fails as it would there.
        99 => {
            let what = "error=EPERM";
            let run = bench.disturbed(&Injection { call: "openat", what, number: 1, path: Some(".installed.cfg") });
            assert!(bench.injected().is_some_and(|call| call.contains("O_WRONLY")), "{:?}", bench.injected());
            String::from_utf8_lossy(&run.stderr).into_owned()
        }
        _ => output,
    };
    assert!(run.contains("chattr") && run.contains("Error: Cannot replace "), "{run}");
    assert!(!run.contains("nstalling"), "{run}");
    assert_eq!(bench.tree(), before);
    bench.assert_recovers("an immutable state");
}

/// The same with a real read-only mount.
#[test]
fn a_read_only_file_system_is_named() {
    let bench = Bench::edited();
    bench.reset();
    let before = bench.tree();
    let script = "mount --bind . . && mount -o remount,bind,ro . && cd \"$PWD\"";
    let run = mounted(&bench.space, script, "exec buildout-host run");
    let errors = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{errors}");
    assert!(errors.lines().last().is_some_and(|line| line.starts_with("Error: ")), "{errors}");
    assert!(errors.contains("Read-only file system") && errors.contains(".installed.cfg.lock"), "{errors}");
    assert_eq!(bench.tree(), before);
}

/// The buildout on a disk that has less and less left: a run that cannot be finished leaves the old state or a whole
/// one, and with room again the next run converges.
#[test]
fn a_full_disk_leaves_the_state_intact() {
    // A run that removes something first would make room for itself.
    let bench = Bench::of_first_run();
    let mut full = 0;
    for (blocks, files) in (0..4).map(|blocks| (blocks, 100)).chain((0..12).map(|files| (100, files))) {
        bench.reset();
        let run = on_full_disk(&bench.space, blocks, files);
        let errors = String::from_utf8_lossy(&run.stderr);
        if !run.status.success() {
            full += 1;
            assert_eq!(run.status.code(), Some(1), "{errors}");
            assert!(errors.lines().last().is_some_and(|line| line.starts_with("Error: ")), "{errors}");
            assert!(errors.contains("No space left on device"), "{errors}");
        }
        bench.assert_recovers(&format!("a disk with room for {blocks} blocks and {files} files"));
    }
    assert!(full > 8, "the disk was full in {full} runs only");
}

/// Runs a buildout on a separate file system of 64 MiB. Returns the exit code, what was printed, and how many blocks are left.
fn on_small_disk(space: &Space, configuration: &str) -> (Option<i32>, String, u64) {
    space.write("buildout.cfg", configuration);
    let mounts = "mkdir ../disk && mount -t tmpfs -o size=64m tmpfs ../disk && cp -a . ../disk/sample";
    let script = "cd ../disk/sample; buildout-host run; code=$?; stat -f -c %a . > \"$OLDPWD/left\"; exit $code";
    let run = mounted(space, mounts, script);
    let left = space.read("left").trim().parse().expect("a number");
    (run.status.code(), String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned(), left)
}

/// A twentieth of the disk, less what the host itself writes.
const RESERVE: u64 = 512;

/// Whether the command ends by itself, or goes on with what is left.
#[test]
fn a_command_that_fills_the_disk_fails() {
    for then in ["true", "sleep 100"] {
        let configuration = format!(
            "[buildout]\nparts = filler\n\n[filler]\nrecipe = command\nlocation = ${{buildout:directory}}/big\n\
             command = cat /dev/zero > ${{:location}}; {then}\n"
        );
        let (code, printed, left) = on_small_disk(&Space::new(), &configuration);
        assert_eq!(code, Some(1), "{printed}");
        assert!(printed.contains("used too much disk space, or left too little"), "{printed}");
        assert!(left > RESERVE, "{left} blocks are left");
    }
}

#[test]
fn a_recipe_leaves_some_of_the_disk() {
    let space = Space::for_python();
    let setup = "from setuptools import setup\n\
        setup(name='rec', version='1', py_modules=['rec'], entry_points={'zc.buildout': ['default = rec:Recipe']})\n";
    space.write("rec/setup.py", setup);
    let recipe = "class Recipe:\n    def __init__(self, buildout, name, options): pass\n    def install(self):\n        \
        count = 0\n        try:\n            while True:\n                with open('big%d' % count, 'wb') as file:\n                    \
        file.write(bytes(300000))\n                count += 1\n        except OSError as error:\n            \
        print('after', count, error)\n        return ()\n";
    space.write("rec/rec.py", recipe);
    let (code, printed, left) =
        on_small_disk(&space, "[buildout]\ndevelop = rec\nparts = filler\n\n[filler]\nrecipe = rec\n");
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("after "), "{printed}");
    assert!(left > RESERVE, "{left} blocks are left: {printed}");
}

#[test]
fn a_closed_standard_output_is_a_clean_end() {
    let bench = Bench::edited();
    bench.reset();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let run = bench.space.command(host()).arg("run").stdout(writer).output().expect("the host runs");
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.code() == Some(0) && errors.is_empty(), "{run:?}");
    bench.assert_recovers("closed standard output");
}

/// Files older than the epoch's first day and newer than the clock: neither hides a change nor fakes one.
#[test]
fn no_decision_depends_on_a_time() {
    let bench = Bench::edited();
    for date in ["1970-01-02", "2100-01-01"] {
        bench.reset();
        let touch = format!("find . -exec touch -h -d {date} {{}} +");
        assert_eq!(bench.space.shell(&touch).1, 0);
        assert!(bench.space.host(&["run"]).status.success());
        bench.assert_converged(date);
        assert_eq!(bench.space.shell(&touch).1, 0);
        let again = bench.space.host(&["run"]);
        let output = String::from_utf8_lossy(&again.stdout).into_owned();
        assert!(again.status.success() && !output.contains("Uninstalling"), "{output}");
        bench.assert_converged(date);
    }
}
