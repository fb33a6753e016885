//! Ctrl-C and SIGTERM during a run (`hostile.md` 57): what was made is recorded, the exit code tells the signal, the next
//! run goes on.

mod support;

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use support::{Space, host, target_directory};

const PARTS: usize = 1500;

/// A buildout whose parts take long enough, together, to be interrupted among them.
fn space() -> Space {
    let space = Space::new();
    let names: Vec<String> = (0..PARTS).map(|number| format!("p{number}")).collect();
    let sections: String = names.iter().map(|name| format!("[{name}]\nrecipe = mkdir\npath = made-{name}\n")).collect();
    space.write("buildout.cfg", &format!("[buildout]\nparts = {}\n{sections}", names.join(" ")));
    space
}

fn start(space: &Space) -> Child {
    space.command(host()).arg("run").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn wait_until(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(60), "it does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn send(process: &Child, signal: Signal) {
    kill_process(Pid::from_child(process), signal).unwrap();
}

/// Interrupts a run once its first part is there.
fn interrupted(space: &Space, signal: Signal) -> Output {
    let run = start(space);
    wait_until(|| space.exists("made-p0"));
    send(&run, signal);
    run.wait_with_output().unwrap()
}

#[test]
fn a_signal_ends_the_run_between_parts_and_the_next_goes_on() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let space = space();
        let output = interrupted(&space, signal);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.ends_with("Error: Interrupted\n"), "{told}");
        let entries = std::fs::read_dir(space.buildout()).unwrap().flatten();
        let made = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("made-")).count();
        assert!(made < PARTS, "it was not interrupted");
        let state = space.read(".installed.cfg");
        assert_eq!(state.matches("recipe = mkdir").count(), made, "each part that was made is recorded, and no other");
        assert!(!space.exists(".installed.cfg.journal") && !space.exists(".installed.cfg.lock"));
        let output = space.host(&["run"]);
        assert!(output.status.success(), "{output:?}");
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(told.matches("Creating directory made-").count(), PARTS - made, "only what was missing is made");
        assert_eq!(space.read(".installed.cfg").matches("recipe = mkdir").count(), PARTS);
    }
}

#[test]
fn where_nothing_is_to_be_saved_the_first_signal_ends_the_process() {
    let space = space();
    let lock = std::fs::File::create(space.buildout().join(".installed.cfg.lock")).unwrap();
    lock.lock().unwrap();
    let mut waiting = start(&space);
    wait_for_words(&mut waiting.stdout.take().unwrap(), "Waiting for another run");
    send(&waiting, Signal::INT);
    let status = waiting.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(130), None));
    assert!(!space.exists(".installed.cfg"));
}

/// Waits for the end of a process that was told to end.
fn ended(mut process: Child) -> ExitStatus {
    let started = Instant::now();
    while process.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_secs(60) {
            process.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    process.wait().unwrap()
}

/// Reads from a process's output until it says `words`.
fn wait_for_words(output: &mut impl std::io::Read, words: &str) {
    let mut text = Vec::new();
    while !String::from_utf8_lossy(&text).contains(words) {
        let mut byte = [0];
        output.read_exact(&mut byte).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&text)));
        text.extend(byte);
    }
}

#[test]
fn who_waits_for_a_shared_part_heeds_a_signal() {
    let space = Space::new();
    let file = "[buildout]\nparts = tool\nshared-part-list = /tmp/shared\n[tool]\nrecipe = cmmi\nshared = true\n\
                path = /tmp/sample-buildout/src\nconfigure-command = true\npre-configure = sleep 600\n";
    space.write("src/Makefile", "all install:\n\ttrue\n");
    for path in ["buildout.cfg", "other/buildout.cfg"] {
        space.write(path, file);
    }
    let start = |directory: &str| {
        let mut command = space.command(host());
        command.arg("run").current_dir(space.buildout().join(directory));
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut first = start(".");
    let mut told = first.stdout.take().unwrap();
    wait_for_words(&mut told, "Shared part is made");
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut second = start("other");
        let mut told = second.stdout.take().unwrap();
        wait_for_words(&mut told, "Waiting for another buildout");
        send(&second, signal);
        assert_eq!(ended(second).code(), Some(code));
    }
    assert!(first.try_wait().unwrap().is_none(), "the other goes on");
    send(&first, Signal::TERM);
    assert_eq!(ended(first).code(), Some(143));
}

/// A buildout with one part that does in `install` what the options say.
fn space_of(options: &str) -> Space {
    let space = Space::new();
    let guest = target_directory().join("wasm32-wasip2/guest/guest_hostile.wasm");
    assert!(guest.exists(), "{} is not built: run `cargo xtask test` once", guest.display());
    space.write("buildout.cfg", &format!("[buildout]\nparts = a\n[a]\nrecipe = hostile\n{options}\n"));
    space.write("recipes.toml", &format!("[recipe.hostile]\npath = {guest:?}\ngrant = {{ timeout = \"60s\" }}\n"));
    space
}

#[test]
fn a_signal_is_not_lost_in_the_last_part() {
    let space = space_of("install = wait\nfor = go-on");
    let mut run = start(&space);
    let mut told = run.stdout.take().unwrap();
    wait_for_words(&mut told, "Installing a");
    send(&run, Signal::INT);
    space.write("go-on", "");
    assert_eq!(ended(run).code(), Some(130));
}

#[test]
fn a_recipe_that_computes_is_ended() {
    let space = space_of("install = loop");
    let mut run = start(&space);
    let mut told = run.stdout.take().unwrap();
    wait_for_words(&mut told, "Installing a");
    send(&run, Signal::TERM);
    assert_eq!(ended(run).code(), Some(143));
}

#[test]
fn a_run_whose_output_nobody_reads_any_more_ends() {
    let space = Space::new();
    space.write("buildout.cfg", "[buildout]\nparts = a\n[a]\nrecipe = command\ncommand = yes\n");
    let run = start(&space);
    let unread = run.stdout.as_ref().unwrap();
    // The size of a pipe: no more fits in.
    wait_until(|| rustix::io::ioctl_fionread(unread).unwrap() >= 65536 - 4096);
    send(&run, Signal::INT);
    assert_eq!(ended(run).code(), Some(130));
}

#[test]
fn cargo_is_ended_with_the_run() {
    let space = Space::new();
    space.write("buildout.cfg", "[buildout]\nparts =\ndevelop = slow\n");
    let manifest = "[package]\nname = \"slow\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
                    [workspace]\n";
    space.write("slow/Cargo.toml", manifest);
    space.write("slow/src/lib.rs", "");
    let script = "fn main() {\n    std::fs::write(\"began\", \"\").unwrap();\n    \
                  std::thread::sleep(std::time::Duration::from_secs(30));\n}\n";
    space.write("slow/build.rs", script);
    let run = start(&space);
    wait_until(|| space.exists("slow/began"));
    send(&run, Signal::TERM);
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A build command is ended with all that it started.
#[test]
fn the_whole_tree_of_a_build_command_is_ended_with_the_run() {
    let space = Space::new();
    space.write("buildout.cfg", "[buildout]\nparts =\ndevelop = slow\n");
    let manifest = "[recipe]\nname = \"slow\"\n[build]\ncommand = \"sh inner.sh; true\"\ncomponent = \"a.wasm\"\n";
    space.write("slow/recipe.toml", manifest);
    space.write("slow/inner.sh", "sleep 600 & echo $! > began.new; mv began.new began; wait\n");
    for arguments in [&["run"][..], &["recipe", "build", "slow"]] {
        let _ = std::fs::remove_file(space.path("slow/began"));
        let mut run = space.command(host());
        let run = run.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_until(|| space.exists("slow/began"));
        let sleeper = space.read("slow/began").trim().to_owned();
        send(&run, Signal::TERM);
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(143), "{}", String::from_utf8_lossy(&output.stderr));
        // Who is left without a parent may still be waiting for somebody to take notice of its end.
        let is_gone = || match std::fs::read_to_string(format!("/proc/{sleeper}/stat")) {
            Ok(stat) => stat.contains(") Z "),
            Err(_) => true,
        };
        wait_until(is_gone);
    }
}
