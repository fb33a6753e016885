//! Ctrl-C and SIGTERM during a run (`hostile.md` 57): what was made is recorded, the exit code tells the signal, the next
//! run goes on.

mod support;

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use support::{Space, host};

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
    let mut output = waiting.stdout.take().unwrap();
    let mut text = Vec::new();
    while !String::from_utf8_lossy(&text).contains("Waiting for another run") {
        let mut byte = [0];
        std::io::Read::read_exact(&mut output, &mut byte).unwrap();
        text.extend(byte);
    }
    send(&waiting, Signal::INT);
    let status = waiting.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(130), None));
    assert!(!space.exists(".installed.cfg"));
}
