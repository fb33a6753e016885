//! Parts made at once (`-j`), over the binary. Recipes of `tests/guests/hostile` that wait for one another show what runs
//! together: no time is measured.

use test_support::{Space, component, wait_until};

/// A buildout of such parts, each with a recipe of the part's name, so that none waits for another's instance.
fn space(parts: &[(&str, &str)]) -> Space {
    let space = Space::new();
    let guest = component("guest_hostile");
    let (mut sections, mut recipes) = (String::new(), String::new());
    for (number, (part, options)) in parts.iter().enumerate() {
        let options = options.replace("; ", "\n");
        sections.push_str(&format!("[{part}]\nrecipe = {part}\n{options}\n"));
        // Parts whose memory differs share no instance.
        let memory = 32 + number;
        recipes.push_str(&format!(
            "[recipe.{part}]\npath = {guest:?}\ngrant = {{ timeout = \"20s\", memory = \"{memory}MiB\" }}\n"
        ));
    }
    let names: Vec<&str> = parts.iter().map(|(part, _)| *part).collect();
    space.write("buildout.cfg", &format!("[buildout]\nparts = {}\n{sections}", names.join(" ")));
    space.write("recipes.toml", &recipes);
    space
}

/// Runs to success; gives what was printed.
fn run(space: &Space, arguments: &[&str]) -> String {
    space.succeeds(&[&["run"], arguments].concat())
}

/// Runs to a failure of the user's; gives what was printed.
fn fails(space: &Space, arguments: &[&str]) -> String {
    space.fails(&[&["run"], arguments].concat())
}

#[test]
fn parts_that_need_nothing_of_one_another_are_made_at_once() {
    let space = space(&[("a", "install = meet; with = b"), ("b", "install = meet; with = a")]);
    let printed = run(&space, &["-j", "2"]);
    assert!(printed.contains("Installing a\n") && printed.contains("Installing b\n"), "{printed}");
}

#[test]
fn a_part_waits_for_what_it_refers_to() {
    let last = "install = return; direct = ${a:install} ${settings:b}";
    let space = space(&[("a", "install = meet; with = b"), ("b", "install = meet; with = a"), ("last", last)]);
    space.write("buildout.cfg", &format!("{}[settings]\nb = ${{b:install}}\n", space.read("buildout.cfg")));
    for _ in 0..5 {
        let printed = run(&space, &["-j8"]);
        let installed: Vec<&str> = printed.lines().filter(|line| line.contains("Installing")).collect();
        assert_eq!((installed.len(), installed[2]), (3, "buildout: Installing last"), "{printed}");
        run(&space, &["parts="]);
    }
}

#[test]
fn the_state_is_that_of_a_serial_run() {
    let good = |name: &str, reads: &str| (name.to_owned(), format!("install = greet; words = {reads}"));
    let parts: Vec<_> = (0..20)
        .map(|number| {
            let reads = if number % 3 == 0 { "none".to_owned() } else { format!("${{p{}:words}}", number / 2) };
            good(&format!("p{number}"), &reads)
        })
        .collect();
    let parts: Vec<_> = parts.iter().map(|(name, options)| (name.as_str(), options.as_str())).collect();
    let space = space(&parts);
    let mut runs = ["-j1", "-j4"].map(|jobs| {
        let printed = run(&space, &[jobs]);
        let first = space.read(".installed.cfg");
        run(&space, &[jobs]);
        assert_eq!(space.read(".installed.cfg"), first, "again, {jobs}");
        // A part that others need is changed; one that `parts` does not list stays, and goes to the end.
        run(&space, &[jobs, "p3:words=other"]);
        let changed = space.read(".installed.cfg");
        run(&space, &[jobs, "parts=p19 p18", "install", "p19", "p7", "p3"]);
        let named = space.read(".installed.cfg");
        run(&space, &["parts="]);
        let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
        lines.sort();
        (first, changed, named, lines)
    });
    // Only if several run at once does a line show which part printed it.
    for line in &mut runs[1].3 {
        if let Some((_, printed)) = line.split_once(": well, ") {
            *line = format!("well, {printed}");
        }
    }
    let lines = |run: &mut Vec<String>| {
        run.retain(|line| !line.contains("Creating directory"));
        run.sort();
    };
    let [serial, parallel] = &mut runs;
    lines(&mut serial.3);
    lines(&mut parallel.3);
    assert_eq!(serial, parallel);
}

#[test]
fn after_a_failure_nothing_begins_and_what_runs_ends() {
    let parts =
        [("a", "install = outlive; with = b"), ("b", "install = meet-and-fail; with = a"), ("c", "install = x")];
    let space = space(&parts);
    let printed = fails(&space, &["-j2"]);
    assert!(printed.ends_with("Error: asked to fail\n") && printed.contains("Installing part b ("), "{printed}");
    assert!(!printed.contains("Installing c"), "{printed}");
    let state = space.read(".installed.cfg");
    assert!(state.contains("parts = a\n"), "{state}");
    assert!(!space.exists("parts/b"), "what the failed part had made is removed");
    // The next run goes on.
    run(&space, &["-j2", "a:install=x", "b:install=x"]);
    assert!(space.read(".installed.cfg").contains("parts = a b c\n"));
}

#[test]
fn going_on_makes_what_does_not_need_the_failed_part() {
    let parts = [
        ("a", "install = fail"),
        ("b", "install = x; a = ${a:install}"),
        ("c", "install = x; b = ${b:install}"),
        ("d", "install = fail; x = 1"),
        ("e", "install = x"),
    ];
    let space = space(&parts);
    for jobs in ["-j1", "-j3"] {
        let printed = fails(&space, &[jobs, "--keep-going"]);
        assert_eq!(printed.matches("Error: asked to fail\n").count(), 2, "{printed}");
        let (first, second) = printed.split_once("Error: asked to fail\n").unwrap();
        assert!(first.contains("While:\n  Installing part a ("), "{printed}");
        assert!(second.contains("While:\n  Installing part d ("), "{printed}");
        assert!(printed.contains("Not installed, because a part that they need failed: b c\n"), "{printed}");
        assert!(printed.contains("Installing e\n") && !printed.contains("Installing b\n"), "{printed}");
        assert!(space.read(".installed.cfg").contains("parts = e\n"));
        run(&space, &["parts="]);
    }
    let printed = fails(&space, &["-j1"]);
    assert!(!printed.contains("Installing b\n") && printed.matches("Error:").count() == 1, "{printed}");
}

#[test]
fn lines_of_parts_are_whole_and_say_whose_they_are() {
    let words = |name: &str| format!("install = greet; words = {}", format!("{name} ").repeat(50).trim_end());
    let (a, b) = (words("alice"), words("bob"));
    let space = space(&[("a", &a), ("b", &b)]);
    let printed = run(&space, &["-j2"]);
    for (part, word) in [("a", "alice"), ("b", "bob")] {
        let line = format!("{part}: well, {word}");
        assert_eq!(printed.lines().filter(|printed| *printed == line).count(), 50, "{printed}");
    }
}

#[test]
fn parts_that_refer_to_each_other_are_made_in_the_order_of_a_serial_run() {
    let a = "init = read; section = b; install = x";
    let space = space(&[("a", a), ("b", "init = read; section = a; install = x")]);
    let serial = run(&space, &[]);
    run(&space, &["parts="]);
    let parallel = run(&space, &["-j4"]);
    let installed =
        |printed: &str| printed.lines().filter(|line| line.contains("Installing")).collect::<Vec<_>>().join("\n");
    assert_eq!(installed(&serial), installed(&parallel));
    assert!(installed(&serial).contains("Installing b\nbuildout: Installing a"), "{serial}");
}

#[test]
fn a_trap_of_one_part_does_not_end_the_others() {
    let parts =
        [("a", "install = outlive; with = b"), ("b", "install = meet-and-fail; with = a"), ("c", "install = abort")];
    let space = space(&parts);
    let printed = fails(&space, &["-j3", "--keep-going"]);
    assert!(printed.contains("Recipe c trapped") && printed.contains("Error: asked to fail"), "{printed}");
    assert!(space.read(".installed.cfg").contains("parts = a\n"));
}

#[test]
fn the_number_is_checked() {
    let space = space(&[("a", "install = x")]);
    for wrong in ["-j0", "-jx", "-j=-1"] {
        let output = space.host(&["run", wrong]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
    run(&space, &["-j", "auto"]);
    run(&space, &["-vj3"]);
}

/// Events of a run, as `--log-format json` prints them: parts that have ended, in that order.
fn ended_parts(events: &str) -> Vec<String> {
    let part = |line: &str| {
        let event: serde_json::Value = serde_json::from_str(line).ok()?;
        (event["event"] == "part-ended").then(|| event["part"].as_str().unwrap_or_default().to_owned())
    };
    events.lines().filter_map(part).collect()
}

#[test]
fn a_command_that_fills_the_pipe_of_slots_holds_up_no_other() {
    let space = Space::new();
    let fill = "import os\nos.set_blocking(99, False)\ntry:\n  while True: os.write(99, b'+' * 4096)\n\
                except BlockingIOError: os.set_blocking(99, True)\n";
    space.write("fill.py", fill);
    let part = |name: &str, command: &str| {
        format!("[{name}]\nrecipe = command\ncommand = {command}\nlocation = ${{buildout:parts-directory}}/{name}\n")
    };
    let parts = part("a", "python3 fill.py") + &part("b", "while ! test -e go-on; do sleep 0.1; done");
    space.write("buildout.cfg", &format!("[buildout]\nparts = a b\n{parts}"));
    let run = space.start(&["run", "-j2", "--log-format", "json"]);
    wait_until("the first part ends", || ended_parts(&run.stdout()) == ["a"]);
    // So the second one ends while the pipe is full.
    space.write("go-on", "");
    let ended = run.end();
    assert_eq!(
        (ended.code, ended_parts(&ended.stdout)),
        (Some(0), vec!["a".into(), "b".into()]),
        "{}",
        ended.printed()
    );
}
