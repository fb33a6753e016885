//! What a person sees on a terminal: the binary on a real pseudo-terminal (`script`), whose output a terminal emulator
//! turns into a screen.

use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

use test_support::{LONGEST, Space, component, wait_for, wait_until};

const COLUMNS: u16 = 60;
const ROWS: u16 = 20;

/// A buildout of two parts: the second refers to the first, which waits until the file `go` is there.
fn space() -> Space {
    let space = Space::new();
    let guest = component("guest_hostile");
    space.write(
        "buildout.cfg",
        "[buildout]\nparts = first second\n[first]\nrecipe = hostile\ninstall = wait\nfor = go\n\
         [second]\nrecipe = hostile\ninstall = greet\nwords = ${first:for}\n",
    );
    space.write("recipes.toml", &format!("[recipe.hostile]\npath = {guest:?}\ngrant = {{ timeout = \"60s\" }}\n"));
    space
}

/// A program on a terminal, which ends with this value.
struct Terminal {
    script: Child,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    bytes: Vec<u8>,
}

impl Terminal {
    fn start(space: &Space, arguments: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_with(space, arguments, variables, Stdio::null())
    }

    fn start_with(space: &Space, arguments: &str, variables: &[(&str, &str)], input: Stdio) -> Self {
        Self::start_line(space, &format!("exec buildout-host {arguments}"), variables, input)
    }

    /// A line of a shell on a terminal.
    fn start_line(space: &Space, line: &str, variables: &[(&str, &str)], input: Stdio) -> Self {
        let line = format!("stty cols {COLUMNS} rows {ROWS}; {line}");
        let mut command = space.command("script");
        command
            .args(["-qefc", &line, "/dev/null"])
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .envs(variables.to_vec());
        let command = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut script = command.spawn().expect("script runs");
        let mut pipe = script.stdout.take().expect("a pipe");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { script, output, parser: vt100::Parser::new(ROWS, COLUMNS, 1000), bytes: Vec::new() }
    }

    fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// Takes what the program prints next. False at its end.
    fn read(&mut self) -> bool {
        use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
        match self.output.recv_timeout(LONGEST) {
            Ok(bytes) => {
                self.parser.process(&bytes);
                self.bytes.extend(bytes);
                true
            }
            Err(Disconnected) => false,
            Err(Timeout) => panic!("nothing more is printed after\n{}", self.printed()),
        }
    }

    fn printed(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Waits until the screen is as it should be.
    fn until(&mut self, shown: impl Fn(&str) -> bool) {
        while !shown(&self.screen()) {
            assert!(self.read(), "the program ended before that was shown:\n{}", self.printed());
        }
    }

    /// Types this.
    fn type_in(&mut self, text: &str) {
        self.script.stdin.as_mut().expect("an input").write_all(text.as_bytes()).expect("the terminal's input");
    }

    /// Waits for the end; gives all that was printed, and the exit code.
    fn end(&mut self) -> (String, Option<i32>) {
        while self.read() {}
        let code = wait_for("script ends", || self.script.try_wait().expect("a child")).code();
        (self.printed(), code)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

#[test]
fn live_lines_are_below_the_log_and_go_away() {
    let space = space();
    let mut terminal = Terminal::start(&space, "run -j2", &[]);
    terminal.until(|screen| screen.contains("first  Installing  0:0") && screen.contains("0/2 parts, 1 running, 0:0"));
    let screen = terminal.screen();
    let lines: Vec<&str> = screen.lines().collect();
    assert!(lines[lines.len() - 3].starts_with("buildout: Installing first"), "{screen}");
    // The clock goes on by itself.
    terminal.until(|screen| screen.contains("0:01"));
    space.write("go", "");
    let (printed, code) = terminal.end();
    assert_eq!(code, Some(0), "{printed}");
    let screen = terminal.screen();
    let wanted =
        "buildout: Installing first\nfirst: went on\nbuildout: Installing second\nsecond: well, go\nMade 2 parts in ";
    assert!(screen.contains(wanted), "{screen}");
    assert!(!screen.contains("running") && !screen.contains("first  Installing"), "{screen}");
}

#[test]
fn a_run_with_nothing_to_do_draws_nothing() {
    let space = space();
    space.write("go", "");
    Terminal::start(&space, "run", &[]).end();
    let (printed, code) = Terminal::start(&space, "run 'first:for=go'", &[]).end();
    assert_eq!(code, Some(0));
    assert!(!printed.contains("Made "), "{printed}");
    assert!(printed.contains("buildout: Installing first\r\nfirst: went on\r\n"), "{printed}");
}

/// A buildout whose part makes the file `var/gate/waiting`, and waits until the file `go` is there.
fn gate() -> Space {
    let space = Space::new();
    space.write(
        "buildout.cfg",
        "[buildout]\nparts = gate\n[gate]\nrecipe = command\nlocation = var/gate\n\
         command = mkdir var/gate; touch var/gate/waiting; while ! test -e ${buildout:directory}/go; do sleep 0.1; done\n",
    );
    space
}

#[test]
fn quiet_runs_and_dumb_terminals_draw_nothing() {
    for (arguments, variables) in [("run -q", &[][..]), ("run", &[("TERM", "dumb")][..])] {
        let (space, drawing) = (gate(), gate());
        let mut terminal = Terminal::start(&space, arguments, variables);
        wait_until("the part is made", || space.exists("var/gate/waiting"));
        // A run that began later and draws has drawn many times.
        let mut other = Terminal::start(&drawing, "run", &[]);
        other.until(|screen| screen.contains("1 running, 0:01"));
        [&space, &drawing].into_iter().for_each(|space| space.write("go", ""));
        let (printed, code) = terminal.end();
        assert_eq!(code, Some(0), "{printed}");
        assert!(!printed.contains('\x1b') && !printed.contains("running"), "{printed:?}");
        assert_eq!(other.end().1, Some(0));
    }
}

#[test]
fn colours_can_be_chosen() {
    let is_coloured = |printed: &str| printed.contains("\x1b[1;31mError:") || printed.contains("\x1b[36m");
    let space = space();
    let run = |arguments: &str, variables: &[(&str, &str)]| Terminal::start(&space, arguments, variables).end().0;
    assert!(is_coloured(&run("run install nothing", &[])));
    assert!(!is_coloured(&run("run install nothing", &[("NO_COLOR", "1")])));
    assert!(!is_coloured(&run("run --color=never install nothing", &[])));
    assert!(is_coloured(&run("run --color=always install nothing", &[("NO_COLOR", "1")])));
    let piped = |choice: &str| {
        let output = space.host(&["run", choice, "install", "nothing"]);
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(is_coloured(&piped("--color=always")));
    assert!(!is_coloured(&piped("--color=auto")));
}

#[test]
fn json_has_the_events_of_parts() {
    let space = space();
    space.write("go", "");
    let output = space.host(&["run", "-j2", "--log-format", "json"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let events: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).collect::<Vec<_>>();
    assert_eq!(of("parts-planned")[0]["count"], 2);
    let began: Vec<_> = of("part-began").iter().map(|event| event["part"].clone()).collect();
    assert_eq!(began, ["first", "second"]);
    for event in of("part-ended") {
        assert_eq!(event["outcome"], "installed");
        assert!(event["seconds"].as_f64().is_some_and(|seconds| seconds >= 0.0));
    }
    assert_eq!(of("part-ended").len(), 2);
}

#[test]
fn timings_are_written_also_after_a_failure() {
    let space = space();
    space.write("go", "");
    assert!(space.host(&["run", "-j2", "--timings", "good.html"]).status.success());
    let page = space.read("good.html");
    assert!(page.contains("2 parts in ") && page.contains("data-bar=\"1\" data-needs=\"0\""), "{page}");
    let output = space.host(&["run", "--timings", "bad.html", "second:install=no-such/../file", "first:install=panic"]);
    assert_eq!(output.status.code(), Some(1));
    let page = space.read("bad.html");
    assert!(page.contains("<title>first: failed") && page.contains("<title>first: uninstalled"), "{page}");
}

/// Makes a key on a terminal, with these answers to the two questions.
fn make_a_key(space: &Space, answers: [&str; 2]) -> (String, Option<i32>) {
    let mut terminal = Terminal::start_with(space, "key generate --output acme", &[], Stdio::piped());
    for (question, answer) in ["Passphrase for the new private key:", "Repeat the passphrase:"].into_iter().zip(answers)
    {
        if !answer.is_empty() {
            terminal.until(|screen| screen.contains(question));
            terminal.type_in(answer);
        }
    }
    terminal.end()
}

#[test]
fn a_passphrase_is_asked_for_twice_and_not_shown() {
    let space = Space::new();
    let (printed, code) = make_a_key(&space, ["s3cret\n", "other\n"]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("The two passphrases differ"), "{printed}");
    assert!(!space.exists("acme.key") && !space.exists("acme.pub"));

    let (printed, code) = make_a_key(&space, ["s3cret\n", "s3cret\n"]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("Fingerprint: sha256:") && !printed.contains("s3cret"), "{printed}");
    let sign = "printf '\\0asm\\r\\0\\1\\0' > a.wasm; buildout-host recipe sign a.wasm --key acme.key";
    assert_eq!(space.shell(&format!("export COSIGN_PASSWORD=s3cret; {sign}")).1, 0);
    assert_eq!(space.shell(&format!("export COSIGN_PASSWORD=other; {sign}")).1, 1);
}

#[test]
fn ctrl_c_at_a_passphrase_ends_the_program() {
    let space = Space::new();
    let (printed, code) = make_a_key(&space, ["s3\u{3}", ""]);
    assert_eq!(code, Some(130), "{printed}");
    assert!(!space.exists("acme.key") && !printed.contains("s3"), "{printed}");
}

#[test]
fn a_signal_at_a_passphrase_leaves_the_terminal_as_it_was() {
    for (signal, code) in [("TERM", "143"), ("INT", "130"), ("QUIT", "131")] {
        let space = Space::new();
        let line = "ulimit -c 0; sh -c 'echo $$ > pid; exec buildout-host key generate'; echo code $?; \
                    stty -a | tr ' ;' '\\n\\n' | grep -x -e echo -e -echo";
        let mut terminal = Terminal::start_line(&space, line, &[], Stdio::piped());
        terminal.until(|screen| screen.contains("Passphrase for the new private key:"));
        let process = space.read("pid");
        assert_eq!(space.shell(&format!("kill -{signal} {}", process.trim())).1, 0);
        let (printed, _) = terminal.end();
        let lines: Vec<&str> = printed.lines().collect();
        assert!(lines.contains(&format!("code {code}").as_str()), "{printed}");
        assert!(lines.contains(&"echo") && !lines.contains(&"-echo"), "{printed}");
    }
}

/// While it is suspended, the shell has the terminal. Then it asks again.
#[test]
fn a_passphrase_can_be_typed_after_the_process_was_suspended() {
    let space = Space::new();
    let modes = r#"stty -a | tr " ;" "\n\n" | grep -x -e echo -e -echo"#;
    let line = format!(
        "bash -ic 'set -m; sh -c \"echo \\$\\$ > pid; exec buildout-host key generate\"; echo suspended; {modes}; fg; echo code $?'"
    );
    let mut terminal = Terminal::start_line(&space, &line, &[], Stdio::piped());
    terminal.until(|screen| screen.contains("Passphrase for the new private key:"));
    assert_eq!(space.shell(&format!("kill -TSTP {}", space.read("pid").trim())).1, 0);
    terminal.until(|screen| screen.matches("Passphrase for the new private key:").count() == 2);
    terminal.type_in("s3\n");
    terminal.until(|screen| screen.contains("Repeat the passphrase:"));
    terminal.type_in("s3\n");
    let (printed, _) = terminal.end();
    let shown: Vec<&str> = printed.lines().filter(|line| ["echo", "-echo"].contains(line)).collect();
    assert_eq!(shown, ["echo"], "{printed}");
    assert!(printed.contains("code 0") && !printed.contains("s3"), "{printed}");
}
