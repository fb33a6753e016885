//! Native commands under attack (`docs/testing.md`, bad input 26 to 31, 33, fault 57): the test program runs itself as the
//! command, through the library, with itself as the shim, and each escape must fail at full. That the same probe succeeds at
//! `none` shows that it can.
//!
//! The whole is repeated as an ordinary user, if run as root.
#![allow(clippy::print_stdout, reason = "as a command it prints what it found")]

mod probe;
mod space;
mod streams;

use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use base::interrupt::Interrupt;
use base::shell::quoted;
use base::source::{Blame, Explain as _};
use confine::{
    CommandLimits, CommandOutcome, CommandPolicy, CommandStream, ConfineError, ConfinementLevel, NativeCommand,
};
use libtest_mimic::{Arguments, Trial};
use probe::{DENIED, ESCAPED, ESCAPES, EscapeAttempt, Partly, TERMINAL, Unconfined};
use space::{AS_COMMAND, ConfinementSpace, is_free, is_root};
use test_support::wait_until;

fn main() -> ExitCode {
    if let Some(code) = confine::shim::main() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|argument| argument == AS_COMMAND) {
        return as_command(&arguments[2], &arguments[3..]);
    }
    let mut trials: Vec<Trial> = Vec::new();
    for escape in ESCAPES {
        trials.push(trial(&format!("full::{}", escape.name), move || denied(escape, ConfinementLevel::Full)));
        if escape.partly == Partly::Denied {
            trials.push(trial(&format!("partial::{}", escape.name), move || denied(escape, ConfinementLevel::Partial)));
        }
        let expected = match escape.unconfined {
            Unconfined::Succeeds => true,
            Unconfined::SucceedsForRoot => is_root(),
            Unconfined::Unknown => false,
        };
        if expected {
            trials.push(trial(&format!("none::{}", escape.name), move || escapes(escape)));
        }
    }
    for (name, test) in TESTS {
        trials.push(trial(name, *test));
    }
    for level in [ConfinementLevel::Full, ConfinementLevel::Partial, ConfinementLevel::None] {
        for (name, test) in TESTS_OF_EACH_LEVEL {
            trials.push(trial(&format!("{}::{name}", level.name()), move || test(level)));
        }
    }
    if is_root() {
        trials.push(trial("all_again_as_an_ordinary_user", space::all_again_as_an_ordinary_user));
    }
    let outcome = libtest_mimic::run(&Arguments::from_args(), trials);
    outcome.exit_code()
}

fn trial(name: &str, test: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

type TestFunction = fn();
type TestOfLevel = fn(ConfinementLevel);

const TESTS: &[(&str, TestFunction)] = &[
    ("a_build_works", a_build_works),
    ("nothing_else_is_there", nothing_else_is_there),
    ("own_sockets_work", own_sockets_work),
    ("26_a_link_in_place_of_a_granted_directory_leads_nowhere", a_link_in_place_of_a_granted_directory_leads_nowhere),
    ("26_a_link_that_comes_and_goes_leads_nowhere", a_link_that_comes_and_goes_leads_nowhere),
    ("31_processes_are_capped", processes_are_capped),
    ("31_memory_is_capped", memory_is_capped),
    ("31_a_file_is_capped", a_file_is_capped),
    ("31_the_disk_is_capped", the_disk_is_capped),
    ("31_the_private_tmp_is_capped", the_private_tmp_is_capped),
    ("26_a_granted_directory_of_settings_stays_as_it_is", a_granted_directory_of_settings_stays_as_it_is),
    ("33_programs_of_the_work_directory_are_not_found", programs_of_the_work_directory_are_not_found),
    ("a_missing_layer_is_named_with_a_remedy", a_missing_layer_is_named_with_a_remedy),
    ("what_cannot_start_says_why", what_cannot_start_says_why),
];

const TESTS_OF_EACH_LEVEL: &[(&str, TestOfLevel)] = &[
    ("output_status_input_and_environment", output_status_input_and_environment),
    ("input_of_a_file_and_merged_streams", streams::input_of_a_file_and_merged_streams),
    ("29_descriptors_are_closed_but_the_kept", descriptors_are_closed_but_the_kept),
    ("30_a_daemon_ends_with_the_command", a_daemon_ends_with_the_command),
    ("30_all_ends_at_the_deadline", all_ends_at_the_deadline),
    ("57_all_ends_when_interrupted", all_ends_when_interrupted),
    ("57_all_ends_when_the_host_is_killed", all_ends_when_the_host_is_killed),
    ("many_at_once", many_at_once),
];

/// What this program does as a command.
fn as_command(what: &str, arguments: &[String]) -> ExitCode {
    let path = |index: usize| Path::new(&arguments[index]);
    match what {
        "probe" => return ExitCode::from(probe::main(&arguments[0], &arguments[1..]) as u8),
        "daemon" => probe::daemon(path(0)),
        "daemon-and-wait" => {
            probe::daemon(path(0));
            probe::sleep_long();
        }
        "own-sockets" => println!("{}", probe::own_sockets(path(0))),
        "fork-bomb" => println!("{}", probe::fork_bomb()),
        "allocate" => println!("{}", probe::allocate(arguments[0].parse().unwrap())),
        "fill" => println!("{}", probe::fill(path(0), arguments[1].parse().unwrap())),
        "open-descriptors" => println!("{}", open_descriptors()),
        "host-of-settings" => space::host_that_grants_settings(path(0)),
        "host" => space::host_that_is_killed(path(0), ConfinementLevel::of_name(&arguments[1]).unwrap()),
        other => panic!("{other}"),
    }
    ExitCode::SUCCESS
}

fn open_descriptors() -> String {
    let is_open = |number: &i32| probe::is_open(*number);
    (0..1024).filter(is_open).map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
}

/// Runs a probe; gives the exit code and what it printed.
fn attempt(escape: &EscapeAttempt, level: ConfinementLevel) -> (CommandOutcome, String) {
    let space = ConfinementSpace::new();
    let mut command = space.command("probe", &[escape.name]);
    command.arguments.extend(space.target().arguments().into_iter().map(Into::into));
    command.keep.push((space.terminal(), TERMINAL));
    space.run(&command, level)
}

fn denied(escape: &EscapeAttempt, level: ConfinementLevel) {
    let (outcome, output) = attempt(escape, level);
    assert_eq!(outcome, CommandOutcome::Exited(DENIED), "{output}");
}

fn escapes(escape: &EscapeAttempt) {
    let (outcome, output) = attempt(escape, ConfinementLevel::None);
    assert_eq!(outcome, CommandOutcome::Exited(ESCAPED), "the probe does not test anything: {output}");
}

fn a_build_works() {
    let space = ConfinementSpace::new();
    let script = "set -e
        printf '#include <stdio.h>\\nint main(void) { puts(\"built\"); return 0; }\\n' > main.c
        printf 'all: main\\nmain: main.o\\n\\tcc -o $@ $<\\n%.o: %.c\\n\\tcc -c -o $@ $<\\n' > Makefile
        make -s -j2 && mkdir -p a && mv main a/main && ./a/main
        echo x > /tmp/private && cat /tmp/private && test -w /dev/null && head -c 4 /dev/urandom | wc -c
        test \"$(id -u)\" != 0 && touch -d 2001-01-01 main.o && chmod 755 main.o && rm -r a";
    let (outcome, output) = space.run(&space.shell(script), ConfinementLevel::Full);
    assert_eq!((outcome, output.as_str()), (CommandOutcome::Exited(0), "built\nx\n4\n"));
    assert!(!Path::new("/tmp/private").exists());
    assert!(space.work().join("main.o").exists());
}

fn nothing_else_is_there() {
    let space = ConfinementSpace::new();
    let (_, output) =
        space.run(&space.shell("ls -A / /dev /home /root /sys /run /var 2>/dev/null"), ConfinementLevel::Full);
    for absent in ["root", "home", "sys", "run", "var", "mem", "kmsg", "tty", "ptmx", ".machine"] {
        assert!(!output.split_whitespace().any(|word| word == absent), "{absent} in {output}");
    }
    let (_, output) =
        space.run(&space.shell("ls /proc | grep -c '^[0-9]'; cat /proc/1/comm; hostname"), ConfinementLevel::Full);
    let count: usize = output.lines().next().unwrap().parse().unwrap();
    assert!(count < 8, "{output}");
    assert!(output.ends_with("localhost\n"), "{output}");
}

fn own_sockets_work() {
    let space = ConfinementSpace::new();
    for directory in [space.work(), "/tmp".into()] {
        let (outcome, output) =
            space.run(&space.command("own-sockets", &[directory.to_str().unwrap()]), ConfinementLevel::Full);
        assert_eq!((outcome, output.as_str()), (CommandOutcome::Exited(0), "aaaa\n"), "{}", directory.display());
    }
}

/// What one command makes of a directory that is granted is there when the next one starts.
fn a_link_in_place_of_a_granted_directory_leads_nowhere() {
    for level in [ConfinementLevel::Full, ConfinementLevel::Partial] {
        let space = ConfinementSpace::new();
        let (inner, escaped) = (space.work().join("inner"), space.outside().join("escaped"));
        std::fs::create_dir(&inner).unwrap();
        let both = CommandPolicy { write: vec![space.work(), inner.clone()], ..space.policy(level) };
        let run = |policy: &CommandPolicy, directory: &Path, script: &str| {
            let command = NativeCommand { directory: directory.to_owned(), ..space.shell(script) };
            let mut output = String::new();
            let mut take = |_, bytes: &[u8]| output.push_str(&String::from_utf8_lossy(bytes));
            let outcome = space.run_with(&command, policy, &mut take);
            (outcome.map_err(|error| error.to_string()), output)
        };
        let replace = format!("rmdir inner && ln -s {} inner", quoted(&space.outside().display().to_string()));
        assert_eq!(run(&both, &space.work(), &replace), (Ok(CommandOutcome::Exited(0)), String::new()));
        let attempt = format!("cat {0}/secret; touch {0}/escaped", quoted(&inner.display().to_string()));
        let (outcome, output) = run(&both, &space.work(), &attempt);
        assert_eq!(outcome, Ok(CommandOutcome::Exited(1)), "{output}");
        assert!(output.contains("inner/secret") && !escaped.exists(), "{output}");
        // Nor for a command that is granted the directory alone, after one that could write around it.
        let elsewhere = space.root().join("readable");
        let mut reading = CommandPolicy { write: Vec::new(), written: vec![space.work()], ..space.policy(level) };
        let writing = CommandPolicy { write: vec![inner.clone()], ..reading.clone() };
        reading.read.push(inner);
        let (outcome, output) = run(&reading, &elsewhere, &attempt);
        assert!(outcome == Ok(CommandOutcome::Exited(1)) && output.contains("inner/secret"), "{outcome:?} {output}");
        let refused = run(&writing, &elsewhere, &attempt).0.unwrap_err();
        assert!(refused.contains("inner is a symbolic link"), "{refused}");
        assert!(!escaped.exists());
    }
}

/// The confinement makes a copy of some settings of the machine: not in the machine's directory, although the command may
/// write there. In a mount namespace, in which a directory of the test is `/etc/ssl`.
fn a_granted_directory_of_settings_stays_as_it_is() {
    let space = ConfinementSpace::new();
    let settings = space.outside().join("openssl.cnf");
    std::fs::write(&settings, "# settings").unwrap();
    let old = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    std::fs::File::options().write(true).open(&settings).unwrap().set_modified(old).unwrap();
    let script = "mount --bind \"$1\" /etc/ssl && shift && exec \"$@\"";
    let host = space.command("host-of-settings", &[space.root().to_str().unwrap()]);
    let mut command = std::process::Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, "sh"]).arg(space.outside()).arg(host.program).args(host.arguments);
    let output = command.envs(host.environment).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(space.outside().join("made").exists(), "the command wrote there: {output:?}");
    assert_eq!(settings.metadata().unwrap().modified().unwrap(), old);
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), "# settings");
}

/// A command of another part swaps the directory while the host starts this one.
fn a_link_that_comes_and_goes_leads_nowhere() {
    for level in [ConfinementLevel::Full, ConfinementLevel::Partial] {
        let space = ConfinementSpace::new();
        let (inner, link) = (space.work().join("inner"), space.work().join("link"));
        std::fs::create_dir(&inner).unwrap();
        std::os::unix::fs::symlink(space.outside(), &link).unwrap();
        let over = std::sync::atomic::AtomicBool::new(false);
        let policy = CommandPolicy { write: vec![inner.clone()], written: vec![space.work()], ..space.policy(level) };
        let script = format!("touch {}/escaped", inner.display());
        let command = NativeCommand { directory: space.root().join("readable"), ..space.shell(&script) };
        let mut runs = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    let exchange = rustix::fs::RenameFlags::EXCHANGE;
                    rustix::fs::renameat_with(rustix::fs::CWD, &inner, rustix::fs::CWD, &link, exchange).unwrap();
                    std::thread::sleep(Duration::from_micros(500));
                }
            });
            for _ in 0..1000 {
                // It may run, or be refused.
                if runs == 20 {
                    break;
                }
                runs += i32::from(space.run_with(&command, &policy, &mut |_, _| {}).is_ok());
            }
            over.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        assert!(runs > 0 && !space.outside().join("escaped").exists(), "{}: {runs} runs", level.name());
    }
}

fn output_status_input_and_environment(level: ConfinementLevel) {
    let space = ConfinementSpace::new();
    let mut command = space.shell("cat; echo err >&2; echo \"$A\"; pwd; env | wc -l; exit 7");
    let input = "x".repeat(300_000);
    command.stdin = confine::CommandInput::Bytes(input.clone().into());
    command.environment.insert("A".into(), "b c".into());
    let (mut stdout, mut stderr) = (String::new(), String::new());
    let outcome = space.run_with(&command, &space.policy(level), &mut |stream, bytes| {
        let text = std::str::from_utf8(bytes).unwrap();
        if stream == CommandStream::Stdout { stdout.push_str(text) } else { stderr.push_str(text) }
    });
    assert_eq!(outcome.unwrap(), CommandOutcome::Exited(7), "{stderr}");
    assert_eq!(stderr, "err\n");
    let rest = stdout.strip_prefix(&input).expect("what was read");
    let lines: Vec<&str> = rest.lines().collect();
    assert_eq!(lines[..2], ["b c", space.work().to_str().unwrap()]);
    let (outcome, _) = space.run(&space.shell("kill -USR1 $$"), level);
    assert_eq!(outcome, CommandOutcome::Signalled(rustix::process::Signal::USR1.as_raw()));
    // A closed pipe ends a program silently, as everywhere.
    let (outcome, output) = space.run(&space.shell("yes | head -1"), level);
    assert_eq!((outcome, output.as_str()), (CommandOutcome::Exited(0), "y\n"));
}

fn descriptors_are_closed_but_the_kept(level: ConfinementLevel) {
    let space = ConfinementSpace::new();
    // One that every child would inherit.
    let leaked: OwnedFd = std::fs::File::open(space.outside().join("secret")).unwrap().into();
    rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).unwrap();
    let (outcome, output) = space.run(&space.command("open-descriptors", &[]), level);
    assert_eq!((outcome, output.as_str()), (CommandOutcome::Exited(0), "0 1 2\n"));
    let mut command = space.shell("echo answered >&4; cat <&3");
    let (reader, mut writer) = std::io::pipe().unwrap();
    let (mut answers, answer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut writer, b"asked").unwrap();
    drop(writer);
    command.keep = vec![(reader.into(), 3), (answer.into(), 4)];
    let (_, output) = space.run(&command, level);
    drop(command);
    let mut text = String::new();
    std::io::Read::read_to_string(&mut answers, &mut text).unwrap();
    assert_eq!((output.as_str(), text.as_str()), ("asked", "answered\n"));
    // Whatever numbers the shim uses itself, it gives way.
    let all = || (3..60).map(|number| (std::fs::File::open("/dev/null").unwrap().into(), number));
    let command = NativeCommand { keep: all().collect(), ..space.command("open-descriptors", &[]) };
    let expected: Vec<String> = (0..60).map(|number| number.to_string()).collect();
    assert_eq!(space.run(&command, level), (CommandOutcome::Exited(0), expected.join(" ") + "\n"));
}

fn a_daemon_ends_with_the_command(level: ConfinementLevel) {
    let space = ConfinementSpace::new();
    let lock = space.work().join("lock");
    let (outcome, _) = space.run(&space.daemon("daemon; while ! test -e lock.ready; do sleep 0.01; done"), level);
    assert_eq!(outcome, CommandOutcome::Exited(0));
    assert!(lock.with_extension("ready").exists() && is_free(&lock), "the daemon lives");
}

fn all_ends_at_the_deadline(level: ConfinementLevel) {
    let space = ConfinementSpace::new();
    let mut command = space.daemon("daemon; trap '' TERM HUP INT; while true; do sleep 1; done");
    command.deadline = Some(Duration::from_secs(2));
    let (outcome, _) = space.run(&command, level);
    assert_eq!(outcome, CommandOutcome::TimedOut);
    assert!(is_free(&space.work().join("lock")), "the daemon lives");
}

fn all_ends_when_interrupted(level: ConfinementLevel) {
    let space = ConfinementSpace::new();
    let lock = space.work().join("lock");
    let interrupt = Interrupt::new().unwrap();
    let raiser = interrupt.clone();
    let ready = lock.with_extension("ready");
    let thread = std::thread::spawn(move || {
        wait_until("the daemon runs", || ready.exists());
        raiser.raise(2);
    });
    let runner = ConfinementSpace::runner();
    let command = space.command("daemon-and-wait", &[lock.to_str().unwrap()]);
    let outcome = runner.run(&command, &space.policy(level), &mut |_, _| {}, &interrupt);
    thread.join().unwrap();
    assert_eq!(outcome.unwrap(), CommandOutcome::Interrupted);
    assert!(is_free(&lock), "the daemon lives");
    let outcome = runner.run(&space.shell("touch started"), &space.policy(level), &mut |_, _| {}, &interrupt);
    assert_eq!(outcome.unwrap(), CommandOutcome::Interrupted);
    assert!(!space.work().join("started").exists());
}

fn all_ends_when_the_host_is_killed(level: ConfinementLevel) {
    let space = ConfinementSpace::new();
    let lock = space.work().join("lock");
    let program = std::env::current_exe().unwrap();
    let mut host = std::process::Command::new(program)
        .args([AS_COMMAND, "host", space.root().to_str().unwrap(), level.name()])
        .spawn()
        .unwrap();
    wait_until("the daemon runs", || lock.with_extension("ready").exists());
    assert!(!is_free(&lock));
    host.kill().unwrap();
    host.wait().unwrap();
    wait_until("the daemon ends", || is_free(&lock));
}

fn many_at_once(level: ConfinementLevel) {
    let space = Arc::new(ConfinementSpace::new());
    let runner = Arc::new(ConfinementSpace::runner());
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let (space, runner) = (Arc::clone(&space), Arc::clone(&runner));
            std::thread::spawn(move || {
                let mut output = Vec::new();
                let command = space.shell(&format!("echo {number}; exit {number}"));
                let interrupt = Interrupt::new().unwrap();
                let mut take = |_, bytes: &[u8]| output.extend_from_slice(bytes);
                let outcome = runner.run(&command, &space.policy(level), &mut take, &interrupt).unwrap();
                assert_eq!((outcome, output), (CommandOutcome::Exited(number), format!("{number}\n").into_bytes()));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Runs with other limits at full; gives what was printed.
fn limited(space: &ConfinementSpace, command: &NativeCommand, limits: CommandLimits) -> (CommandOutcome, String) {
    let mut output = String::new();
    let policy = CommandPolicy { limits, ..space.policy(ConfinementLevel::Full) };
    let outcome = space.run_with(command, &policy, &mut |_, bytes| output.push_str(&String::from_utf8_lossy(bytes)));
    (outcome.unwrap(), output)
}

fn processes_are_capped() {
    let space = ConfinementSpace::new();
    let limits = CommandLimits { processes: 100, ..CommandLimits::default() };
    let (outcome, output) = limited(&space, &space.command("fork-bomb", &[]), limits);
    assert_eq!(outcome, CommandOutcome::Exited(0), "{output}");
    assert!(output.trim().parse::<usize>().unwrap() <= 400, "{output}");
    let (_, output) = space.run(&space.command("fork-bomb", &[]), ConfinementLevel::None);
    assert_eq!(output, "1000\n", "the probe does not test anything");
}

fn memory_is_capped() {
    let space = ConfinementSpace::new();
    let limits = || CommandLimits { memory: Some(256 << 20), ..CommandLimits::default() };
    let t = |bytes: usize| limited(&space, &space.command("allocate", &[&bytes.to_string()]), limits()).1;
    assert_eq!((t(128 << 20).as_str(), t(512 << 20).as_str()), ("true\n", "false\n"));
}

fn a_file_is_capped() {
    let space = ConfinementSpace::new();
    let limits = CommandLimits { file_size: 1 << 20, ..CommandLimits::default() };
    let command = space.shell("head -c 10000000 /dev/zero > big; echo $?");
    let (_, output) = limited(&space, &command, limits);
    assert_ne!(output.lines().last(), Some("0"), "{output}");
    assert_eq!(space.work().join("big").metadata().unwrap().len(), 1 << 20);
}

fn the_disk_is_capped() {
    let space = ConfinementSpace::new();
    let limits = CommandLimits { disk: 64 << 20, ..CommandLimits::default() };
    let script = "while true; do head -c 8000000 /dev/urandom > $(mktemp -p .); sleep 0.02; done";
    let mut command = space.shell(script);
    command.deadline = Some(Duration::from_secs(120));
    let (outcome, output) = limited(&space, &command, limits);
    assert_eq!(outcome, CommandOutcome::DiskFull, "{output}");
}

fn the_private_tmp_is_capped() {
    let space = ConfinementSpace::new();
    let limits = CommandLimits { temporary: 4 << 20, ..CommandLimits::default() };
    let (_, output) = limited(&space, &space.command("fill", &["/tmp", "20"]), limits);
    assert!(output.trim().parse::<usize>().unwrap() < 5, "{output}");
}

fn programs_of_the_work_directory_are_not_found() {
    let space = ConfinementSpace::new();
    let fake = space.work().join("bin/id");
    std::fs::create_dir(fake.parent().unwrap()).unwrap();
    for path in [fake.as_path(), &space.work().join("id")] {
        std::fs::write(path, "#!/bin/sh\necho hijacked\n").unwrap();
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let work = space.work().display().to_string();
    let path = format!(":.:bin:{work}:{work}/bin:/usr/bin:/bin:");
    for level in [ConfinementLevel::Full, ConfinementLevel::Partial, ConfinementLevel::None] {
        let mut command = NativeCommand { program: "id".into(), directory: space.work(), ..NativeCommand::default() };
        command.environment.insert("PATH".into(), path.clone().into());
        let (outcome, output) = space.run(&command, level);
        assert!(outcome == CommandOutcome::Exited(0) && output.starts_with("uid="), "{output}");
        // What a shell finds: no relative entry is left.
        let mut command = space.shell("echo $PATH");
        command.environment.insert("PATH".into(), path.clone().into());
        assert_eq!(space.run(&command, level).1, format!("{work}:{work}/bin:/usr/bin:/bin\n"));
    }
    std::fs::rename(fake, space.work().join("own")).unwrap();
    let mut command = NativeCommand { program: "own".into(), directory: space.work(), ..NativeCommand::default() };
    command.environment.insert("PATH".into(), path.into());
    let error = space.run_with(&command, &space.policy(ConfinementLevel::Full), &mut |_, _| {}).unwrap_err();
    assert!(matches!(error, ConfineError::NotFound { .. }), "{error}");
    // By its path it may be run: that is what `./configure` is.
    command.program = "./own".into();
    assert_eq!(space.run(&command, ConfinementLevel::Full).1, "hijacked\n");
}

fn a_missing_layer_is_named_with_a_remedy() {
    let space = ConfinementSpace::new();
    // Confined already, a command cannot confine another: no user namespace is available.
    let root = space.root().display().to_string();
    let script = format!("exec {} {AS_COMMAND} host {} full", quoted(&space::own_path()), quoted(&root));
    let (outcome, output) = space.run(&space.shell(&script), ConfinementLevel::Full);
    assert_eq!(outcome, CommandOutcome::Exited(4), "{output}");
    assert!(output.contains("Native commands cannot be confined here: user namespace: unshare"), "{output}");
    assert!(output.contains("sysctl") && output.contains("WeakerSandbox(\"partial\")"), "{output}");
}

fn what_cannot_start_says_why() {
    let space = ConfinementSpace::new();
    let t = |command: &NativeCommand| {
        let error = space.run_with(command, &space.policy(ConfinementLevel::Full), &mut |_, _| {}).unwrap_err();
        assert_eq!(error.blame(), Blame::User, "{error}");
        error.to_string()
    };
    let command =
        |program: &str| NativeCommand { program: program.into(), directory: space.work(), ..NativeCommand::default() };
    assert_eq!(t(&command("no-such-program")), "Program \"no-such-program\" was not found");
    assert!(t(&command("./none")).starts_with("Cannot start \"./none\": No such file"));
    assert!(t(&command("/etc/passwd")).starts_with("Cannot start \"/etc/passwd\": Permission denied"));
    assert!(t(&command("a\0b")).contains("NUL"));
    let elsewhere = NativeCommand { directory: space.outside(), ..command("true") };
    assert!(t(&elsewhere).contains("outside: No such file"));
}
