//! Ctrl-C, SIGTERM and SIGHUP during a run (`docs/testing.md`, fault 57): what was made is recorded, the exit code shows the
//! signal, and the next run continues.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use test_support::{RunningProcess, Space, component, host, wait_until};

/// Each signal that ends a run, with the exit code.
const SIGNALS: [(Signal, i32); 3] = [(Signal::HUP, 129), (Signal::INT, 130), (Signal::TERM, 143)];

/// A buildout of these parts, of which those with the recipe `hostile` do in `install` what their options say.
fn space(parts: &[(&str, &str)]) -> Space {
    let space = Space::new();
    let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    let sections: String = parts.iter().map(|(name, options)| format!("[{name}]\n{options}\n")).collect();
    space.write("buildout.cfg", &format!("[buildout]\nparts = {}\n{sections}", names.join(" ")));
    let guest = component("guest_hostile");
    space.write("recipes.toml", &format!("[recipe.hostile]\npath = {guest:?}\ngrant = {{ timeout = \"60s\" }}\n"));
    space
}

/// Waits until the host has noted a signal: then a thread of it waits, to end the process if that does not end by itself.
fn wait_until_signal_is_seen(run: &RunningProcess) {
    let threads = format!("/proc/{}/task", run.id());
    wait_until("the host sees the signal", || {
        let threads = std::fs::read_dir(&threads).expect("the process runs").flatten();
        let mut names = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok());
        names.any(|name| name.trim() == "end")
    });
}

#[test]
fn a_signal_ends_the_run_between_parts_and_the_next_continues() {
    for (signal, code) in SIGNALS {
        let directory = |name: &str| format!("recipe = mkdir\npath = made-{name}");
        let (first, last) = (directory("first"), directory("last"));
        let space =
            space(&[("first", &first), ("second", "recipe = hostile\ninstall = wait\nfor = go-on"), ("last", &last)]);
        let mut run = space.start(&["run"]);
        run.until("Installing second");
        run.signal(signal);
        wait_until_signal_is_seen(&run);
        space.write("go-on", "");
        let ended = run.end();
        assert_eq!(ended.code, Some(code), "{}", ended.printed());
        assert!(ended.stderr.ends_with("Error: Interrupted\n"), "{}", ended.stderr);
        assert!(space.exists("made-first") && !space.exists("made-last"));
        // A call has a second to end by itself: on a busy machine it is ended before it sees the file.
        let made = if ended.stdout.contains("went on") { "first second" } else { "first" };
        let state = space.read(".installed.cfg");
        assert!(state.contains(&format!("parts = {made}\n")), "what was made is recorded, and nothing else: {state}");
        assert!(!space.exists(".installed.cfg.journal") && !space.exists(".installed.cfg.lock"));
        let printed = space.succeeds(&["run"]);
        assert_eq!(printed.matches("Creating directory made-").count(), 1, "only what was missing is made: {printed}");
        assert!(space.exists("made-last") && space.read(".installed.cfg").contains("parts = first second last\n"));
    }
}

#[test]
fn a_signal_leaves_no_part_half_made() {
    for (signal, code) in SIGNALS {
        let space = space(&[]);
        let command = "mkdir ${:location} && touch ${:location}/half && echo made && sleep 600";
        let part = format!("[a]\nrecipe = command\nlocation = ${{buildout:parts-directory}}/a\ncommand = {command}\n");
        space.write("buildout.cfg", &format!("[buildout]\nparts = a\n{part}"));
        let mut run = space.start(&["run"]);
        run.until("made\n");
        run.signal(signal);
        let ended = run.end();
        assert_eq!(ended.code, Some(code), "{}", ended.printed());
        assert!(!space.exists("parts/a") && !space.exists(".installed.cfg"), "{}", ended.printed());
    }
}

#[test]
fn an_ignored_signal_stays_ignored() {
    let space = space(&[("a", "recipe = hostile\ninstall = wait\nfor = go-on")]);
    let mut command = space.command("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" run"]).arg(host());
    let mut run = RunningProcess::start(&mut command);
    run.until("Installing a");
    run.signal(Signal::HUP);
    space.write("go-on", "");
    assert_eq!(run.end().code, Some(0));
}

#[test]
fn where_nothing_is_to_be_saved_the_first_signal_ends_the_process() {
    let space = space(&[("a", "recipe = mkdir\npath = made")]);
    let lock = std::fs::File::create(space.buildout().join(".installed.cfg.lock")).unwrap();
    lock.lock().unwrap();
    let mut waiting = space.start(&["run"]);
    waiting.until("Waiting for another run");
    waiting.signal(Signal::INT);
    let ended = waiting.end();
    assert_eq!((ended.code, ended.signal), (Some(130), None));
    assert!(!space.exists(".installed.cfg"));
}

#[test]
fn a_run_that_waits_for_a_registry_is_ended_by_a_signal() {
    for (signal, code) in SIGNALS {
        let registry = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = registry.local_addr().unwrap();
        let space = space(&[("a", "recipe = acme")]);
        let text = format!("[recipe.acme]\noci = \"{address}/acme:1\"\nsigned-by = \"unsigned\"\n");
        space.write("recipes.toml", &text);
        let run = space.start(&["run"]);
        // It never answers.
        let _connection = registry.accept().unwrap();
        run.signal(signal);
        let ended = run.end();
        assert_eq!(ended.code, Some(code), "{}", ended.printed());
        assert!(ended.stderr.ends_with("Error: Interrupted\n"), "{}", ended.stderr);
    }
}

#[test]
fn a_run_that_waits_for_a_shared_part_is_ended_by_a_signal() {
    let space = Space::new();
    let file = "[buildout]\nparts = tool\nshared-part-list = /tmp/shared\n[tool]\nrecipe = cmmi\nshared = true\n\
                path = /tmp/sample-buildout/src\nconfigure-command = true\npre-configure = sleep 600\n";
    space.write("src/Makefile", "all install:\n\ttrue\n");
    for path in ["buildout.cfg", "other/buildout.cfg"] {
        space.write(path, file);
    }
    let start = |directory: &str| {
        let mut command = space.command(host());
        RunningProcess::start(command.arg("run").current_dir(space.buildout().join(directory)))
    };
    let mut first = start(".");
    first.until("Making shared part");
    for (signal, code) in SIGNALS {
        let mut second = start("other");
        second.until("Waiting for another buildout");
        second.signal(signal);
        assert_eq!(second.end().code, Some(code));
    }
    assert!(!first.is_over(), "the other goes on");
    first.signal(Signal::TERM);
    assert_eq!(first.end().code, Some(143));
}

#[test]
fn a_signal_is_not_lost_in_the_last_part() {
    let space = space(&[("a", "recipe = hostile\ninstall = wait\nfor = go-on")]);
    let mut run = space.start(&["run"]);
    run.until("Installing a");
    run.signal(Signal::INT);
    // Or the run, which may go on from here, could be over before it has seen the signal.
    wait_until_signal_is_seen(&run);
    space.write("go-on", "");
    assert_eq!(run.end().code, Some(130));
}

#[test]
fn a_recipe_that_computes_is_ended() {
    let space = space(&[("a", "recipe = hostile\ninstall = loop")]);
    let mut run = space.start(&["run"]);
    run.until("Installing a");
    run.signal(Signal::TERM);
    assert_eq!(run.end().code, Some(143));
}

#[test]
fn a_run_whose_output_is_not_read_any_more_ends() {
    let space = space(&[("a", "recipe = command\ncommand = yes")]);
    let mut command = space.command(host());
    let run = command.arg("run").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (pid, unread) = (Pid::from_child(&run), run.stdout.as_ref().unwrap());
    // The size of a pipe: no more fits in.
    wait_until("the pipe is full", || rustix::io::ioctl_fionread(unread).unwrap() >= 65536 - 4096);
    kill_process(pid, Signal::INT).unwrap();
    let mut run = run;
    wait_until("the run ends", || has_ended(pid));
    assert_eq!(run.wait().unwrap().code(), Some(130));
}

/// Whether a process has ended, be it that its parent has not taken its exit code yet.
fn has_ended(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

#[test]
fn cargo_is_ended_with_the_run() {
    let space = Space::new();
    space.write("buildout.cfg", "[buildout]\nparts =\ndevelop = slow\n");
    let manifest = "[package]\nname = \"slow\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
                    [workspace]\n";
    space.write("slow/Cargo.toml", manifest);
    space.write("slow/src/lib.rs", "");
    let script = "fn main() {\n    std::fs::write(\"began\", \"\").unwrap();\n    loop { std::thread::park() }\n}\n";
    space.write("slow/build.rs", script);
    let run = space.start(&["run"]);
    wait_until("the build script runs", || space.exists("slow/began"));
    run.signal(Signal::TERM);
    let ended = run.end();
    assert_eq!(ended.code, Some(143), "{}", ended.printed());
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
        let run = space.start(arguments);
        wait_until("the build command runs", || space.exists("slow/began"));
        let sleeper: i32 = space.read("slow/began").trim().parse().unwrap();
        run.signal(Signal::TERM);
        let ended = run.end();
        assert_eq!(ended.code, Some(143), "{}", ended.printed());
        wait_until("the command's own child ends", || has_ended(Pid::from_raw(sleeper).unwrap()));
    }
}
