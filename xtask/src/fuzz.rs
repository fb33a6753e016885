//! Fuzzing: feeds the targets of `fuzz/` with random input, guided by the code that the input reaches.
//!
//! libFuzzer does it, with the compiler's own instrumentation, which stable Rust has. Only this project's crates are
//! instrumented: Cargo asks `fuzz/instrument` to compile them, and takes dependencies as they are built for the host.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::build::{host_packages, naming};
use crate::steps::FailedSteps;
use crate::workspace::{CommandFailure, Workspace, line, run, start_failure};

/// A fuzz target, and where inputs are that it starts from.
struct FuzzTarget {
    name: &'static str,
    seeds: &'static [&'static str],
}

static TARGETS: [FuzzTarget; 6] = [
    FuzzTarget { name: "condition", seeds: &["examples/quickstart"] },
    FuzzTarget { name: "parse_configuration", seeds: &["examples/quickstart", "tests/black_box/builds"] },
    FuzzTarget { name: "read_state", seeds: &["fuzz/seeds/read_state"] },
    FuzzTarget { name: "remote_tree", seeds: &["fuzz/seeds/remote_tree"] },
    FuzzTarget { name: "trust", seeds: &["tests/keys", "tests/keys/skopeo"] },
    FuzzTarget { name: "unpack", seeds: &["tests/fetch/archives"] },
];

/// How long each target is fed, in seconds, where the variable `FUZZ_SECONDS` does not say otherwise.
const SECONDS: u32 = 60;

/// Builds the targets and feeds those that `names` has (none: all), as many at a time as there are processors.
///
/// # Errors
/// When a target is not known, cannot be built, or fails. What it failed with is kept.
pub fn fuzz(workspace: &Workspace, names: &[String]) -> Result<(), CommandFailure> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    BuiltTargets::build(workspace, names)?.feed(workspace, processors, Priority::Usual)
}

/// With what priority targets run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    Usual,
    /// For what runs next to tests, which often wait: their time is not lost, and they are hardly slower.
    Low,
}

/// Targets that are ready to be fed.
pub(crate) struct BuiltTargets {
    chosen: Vec<&'static FuzzTarget>,
    seconds: u32,
}

impl BuiltTargets {
    pub(crate) fn build(workspace: &Workspace, names: &[String]) -> Result<Self, CommandFailure> {
        let known = TARGETS.each_ref().map(|target| target.name);
        if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(CommandFailure::usage(&format!("No fuzz target {unknown}. There are: {}", known.join(", "))));
        }
        let chosen: Vec<&FuzzTarget> =
            TARGETS.iter().filter(|target| names.is_empty() || names.iter().any(|name| name == target.name)).collect();
        let seconds = seconds()?;
        build(workspace, &chosen)?;
        Ok(Self { chosen, seconds })
    }

    /// Feeds the targets, `at_once` at a time.
    pub(crate) fn feed(self, workspace: &Workspace, at_once: usize, priority: Priority) -> Result<(), CommandFailure> {
        let mut steps = FailedSteps::default();
        for together in self.chosen.chunks(at_once) {
            let start = |target: &&'static FuzzTarget| (target.name, start(workspace, target, self.seconds, priority));
            let running: Vec<_> = together.iter().map(start).collect();
            for (name, started) in running {
                steps.note(name, started.and_then(RunningTarget::end));
            }
        }
        steps.end()
    }
}

fn seconds() -> Result<u32, CommandFailure> {
    let Some(text) = std::env::var_os("FUZZ_SECONDS") else { return Ok(SECONDS) };
    let number = text.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| CommandFailure::usage(&format!("FUZZ_SECONDS is not a number: {}", text.display())))
}

/// With the host's packages named, though they are not built, dependencies have the features that they have there.
fn build(workspace: &Workspace, targets: &[&FuzzTarget]) -> Result<(), CommandFailure> {
    let mut command = workspace.cargo(["build", "--release", "--package", "fuzz"]);
    command.args(naming(&host_packages(workspace)));
    command.args(targets.iter().flat_map(|target| ["--bin", target.name]));
    run(command.env("RUSTC_WORKSPACE_WRAPPER", workspace.root.join("fuzz/instrument")))
}

/// A target that is being fed.
struct RunningTarget {
    child: Child,
    command: Command,
    log: PathBuf,
}

fn start(
    workspace: &Workspace,
    target: &FuzzTarget,
    seconds: u32,
    priority: Priority,
) -> Result<RunningTarget, CommandFailure> {
    let directory = workspace.target.join("fuzz").join(target.name);
    let (corpus, failures) = (directory.join("corpus"), directory.join("failures/"));
    let cannot =
        |error: std::io::Error| CommandFailure::new(format!("Cannot write in {}: {error}", directory.display()));
    for directory in [&corpus, &failures] {
        fs::create_dir_all(directory).map_err(cannot)?;
    }
    let log = directory.join("log");
    let output = fs::File::create(&log).map_err(cannot)?;
    let program = workspace.release(target.name).to_string_lossy().into_owned();
    let mut command = match priority {
        Priority::Usual => workspace.program(&program, [] as [&str; 0]),
        Priority::Low => workspace.program("nice", ["-n", "10", &program]),
    };
    let mut failures_option = OsString::from("-artifact_prefix=");
    failures_option.push(&failures);
    command.arg(format!("-max_total_time={seconds}")).args([
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]);
    command.arg(failures_option).arg(&corpus).args(target.seeds.iter().map(|seeds| workspace.root.join(seeds)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
    eprintln!("xtask: fuzzing {} for {seconds} s; see {}", target.name, log.display());
    let child = command.spawn().map_err(|error| start_failure(&command, &error))?;
    Ok(RunningTarget { child, command, log })
}

impl RunningTarget {
    /// Waits for the end; a failure shows the end of the log.
    fn end(mut self) -> Result<(), CommandFailure> {
        let status = self.child.wait().map_err(|error| start_failure(&self.command, &error))?;
        let log = String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned();
        let name = self.log.display();
        if !status.success() {
            let lines: Vec<&str> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(40)..].join("\n");
            return Err(CommandFailure::new(format!("{status}: {} (log: {name})\n{last}", line(&self.command))));
        }
        match executed(&log) {
            Some(inputs @ 1..) => {
                eprintln!("xtask: {inputs} inputs, none of which did harm; see {name}");
                Ok(())
            }
            _ => Err(CommandFailure::new(format!("It got no input (log: {name})"))),
        }
    }
}

/// How many inputs libFuzzer says that it tried.
fn executed(log: &str) -> Option<u64> {
    log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_fed() {
        let root = Workspace::find().expect("the workspace").root;
        let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).expect("the manifest");
        for target in &TARGETS {
            assert!(manifest.contains(&format!("name = \"{}\"", target.name)), "{}", target.name);
            assert!(target.seeds.iter().all(|seeds| root.join(seeds).is_dir()), "{}", target.name);
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }

    #[test]
    fn the_number_of_inputs_is_read() {
        assert_eq!(executed("Done 7 runs\nstat::number_of_executed_units: 4711\n"), Some(4711));
        assert_eq!(executed("Done"), None);
    }
}
