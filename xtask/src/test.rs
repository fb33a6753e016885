//! All tests: the host's crates and what tests them, then the guests, natively. Everything is tried, and in the end what
//! failed is listed.

use std::io::{BufReader, Write as _};
use std::process::Stdio;

use crate::build::{BUILT_INS, build_guests, build_with, host_packages, naming};
use crate::python_runtime;
use crate::setup::{Guests, guests};
use crate::sources::sources;
use crate::steps::FailedSteps;
use crate::toolchains::{remote_server, toolchains};
use crate::workspace::{CommandFailure, Workspace, line, run, start_failure};

/// Builds what tests need, and runs them. `arguments` go to `cargo test`.
///
/// # Errors
/// When the host cannot be built, or anything fails.
pub fn test(workspace: &Workspace, arguments: &[String]) -> Result<(), CommandFailure> {
    let guests = guests(workspace)?;
    build_with(workspace, &guests)?;
    let mut steps = FailedSteps::default();
    run_all(workspace, &guests, arguments, &mut steps);
    steps.end()
}

/// The same for a host that is built.
pub(crate) fn run_all(workspace: &Workspace, guests: &Guests, arguments: &[String], steps: &mut FailedSteps) {
    std::thread::scope(|scope| {
        // Downloads wait for servers: in that time, something can be compiled.
        let fetching = scope.spawn(|| fetch(workspace));
        steps.note("test guests", build_test_guests(workspace, guests));
        steps.note("cross-check", build_cross_check(workspace));
        steps.note("tests of the Python runtime", python_runtime::test_if_possible(workspace));
        match fetching.join() {
            Ok(fetched) => fetched.into_iter().for_each(|(name, outcome)| steps.note(name, outcome)),
            Err(_) => steps.note("downloads", Err(CommandFailure::new("xtask panicked"))),
        }
    });
    // Two calls: what guests depend on would change the features of what wasmtime depends on, and so compile it again.
    steps.note("tests of the host", host_tests(workspace, arguments));
    steps.note("tests of guests", cargo_test(workspace, &guest_packages(), arguments));
}

/// What tests need from elsewhere.
fn fetch(workspace: &Workspace) -> [(&'static str, Result<(), CommandFailure>); 3] {
    [
        ("compilers of other languages", toolchains(workspace)),
        ("server of the remote cache", remote_server(workspace)),
        ("sources", sources(workspace).map(|found| say_where_sources_go(workspace, found))),
    ]
}

/// The test program that takes the longest, and waits for other programs most of the time.
const LONGEST: &str = "black_box";

/// Without arguments, the longest test program runs at the same time as all others.
fn host_tests(workspace: &Workspace, arguments: &[String]) -> Result<(), CommandFailure> {
    let packages = host_packages(workspace);
    if !arguments.is_empty() {
        return cargo_test(workspace, &packages, arguments);
    }
    let mut build = workspace.cargo(["test", "--release", "--no-run"]);
    run(build.args(naming(&packages)))?;
    let named = |name: &str| ["--test".to_owned(), name.to_owned()];
    let all = test_programs(workspace);
    let others = all.iter().filter(|name| *name != LONGEST).flat_map(|name| named(name));
    let others: Vec<String> = ["--lib", "--bins", "--examples"].map(str::to_owned).into_iter().chain(others).collect();
    let (longest, others) = std::thread::scope(|scope| {
        let longest = scope.spawn(|| cargo_test(workspace, &packages, &named(LONGEST)));
        let others = cargo_test(workspace, &packages, &others);
        (longest.join().unwrap_or_else(|_| Err(CommandFailure::new("xtask panicked"))), others)
    });
    let documented = cargo_test(workspace, &packages, &["--doc".to_owned()]);
    let mut steps = FailedSteps::default();
    for (name, outcome) in [(LONGEST, longest), ("others", others), ("documentation", documented)] {
        steps.note(name, outcome);
    }
    steps.end()
}

/// The names of the test programs in the manifests of the host's packages: `[[test]]`, then `name = "…"`.
fn test_programs(workspace: &Workspace) -> Vec<String> {
    let crates = std::fs::read_dir(workspace.root.join("host/crates")).into_iter().flatten().flatten();
    let directories = crates.map(|entry| entry.path()).chain(["host", "xtask"].map(|name| workspace.root.join(name)));
    let manifests = directories.filter_map(|directory| std::fs::read_to_string(directory.join("Cargo.toml")).ok());
    let mut names: Vec<String> = manifests.flat_map(|manifest| names_of_tests(&manifest)).collect();
    names.sort();
    names
}

fn names_of_tests(manifest: &str) -> Vec<String> {
    let sections = manifest.split("[[test]]").skip(1);
    let names = sections.filter_map(|section| section.lines().find_map(|line| line.strip_prefix("name = ")));
    names.map(|name| name.trim().trim_matches('"').to_owned()).collect()
}

fn say_where_sources_go(workspace: &Workspace, found: bool) {
    if !found {
        eprintln!(
            "xtask: no apt here: put upstream archives into {} for the tests that build them",
            crate::sources::directory(workspace).display()
        );
    }
}

/// The packages that guests are made of, and the test of bindings for guests in C.
pub(crate) fn guest_packages() -> Vec<String> {
    let mut names: Vec<_> = BUILT_INS.iter().map(|name| format!("recipe-{name}")).collect();
    names.extend(["bindings", "buildout-recipe", "native-builds", "shared-parts"].map(str::to_owned));
    names
}

/// The manifest of the program that asks another implementation about signatures; it has a separate target directory.
pub(crate) const CROSS_CHECK: &str = "tests/cross-check/Cargo.toml";

fn build_cross_check(workspace: &Workspace) -> Result<(), CommandFailure> {
    let mut command = workspace.cargo(["build", "--release", "--locked", "--manifest-path", CROSS_CHECK]);
    run(command.arg("--target-dir").arg(workspace.target.join("cross-check")))
}

/// The guest crates of tests.
pub(crate) fn test_guests(workspace: &Workspace) -> Vec<String> {
    workspace.packages_in("tests/guests")
}

fn build_test_guests(workspace: &Workspace, guests: &Guests) -> Result<(), CommandFailure> {
    build_guests(workspace, guests, &test_guests(workspace))
}

/// Runs the tests of these packages to the end; what they print is passed on. The failure lists the tests that failed.
fn cargo_test(workspace: &Workspace, packages: &[String], arguments: &[String]) -> Result<(), CommandFailure> {
    let mut command = workspace.cargo(["test", "--release", "--no-fail-fast"]);
    command.args(naming(packages)).args(arguments).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| start_failure(&command, &error))?;
    let failed = child.stdout.take().map(|output| pass_on(BufReader::new(output))).unwrap_or_default();
    let status = child.wait().map_err(|error| start_failure(&command, &error))?;
    if status.success() {
        return Ok(());
    }
    match failed.len() {
        0 => Err(CommandFailure::new(format!("{status}: {}", line(&command)))),
        count => Err(CommandFailure::new(format!("{count} failed\n{}", failed.join("\n")))),
    }
}

/// Prints the lines as they come; gives the names of tests that failed.
fn pass_on(output: impl std::io::BufRead) -> Vec<String> {
    let mut failed = Vec::new();
    for line in output.split(b'\n').map_while(Result::ok) {
        // The tests continue even if the reader went away.
        let _ = std::io::stdout().write_all(&[&line[..], b"\n"].concat());
        failed.extend(failed_test(&String::from_utf8_lossy(&line)));
    }
    failed
}

/// The name of a test in the line of its outcome, if it failed: `test NAME ... FAILED`.
fn failed_test(line: &str) -> Option<String> {
    let name = line.strip_prefix("test ")?.trim_end().strip_suffix("FAILED")?.trim_end().strip_suffix("...")?;
    Some(name.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::workspace::output;

    /// Each dependency of the host's packages, and of others that are built with them, with its features, as Cargo builds it.
    fn dependencies(workspace: &Workspace, edges: &str, others: &[String]) -> BTreeSet<String> {
        let packages = [host_packages(workspace), others.to_owned()].concat();
        let mut command = workspace.cargo(["tree", "--prefix", "none", "--no-dedupe", "--format", "{p} [{f}]"]);
        let command = command.args(["--edges", edges]).args(naming(&packages));
        let output = output(command).expect("cargo tree");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }

    /// Or wasmtime and all that depends on it is compiled a second time (docs/decisions/020).
    #[test]
    fn tests_and_fuzz_targets_build_dependencies_with_the_features_of_the_host() {
        let workspace = Workspace::find().expect("the workspace");
        let of_host = dependencies(&workspace, "normal,build", &[]);
        assert!(of_host.iter().any(|line| line.starts_with("wasmtime v")), "{of_host:?}");
        let of_tests = dependencies(&workspace, "normal,build,dev", &[]);
        let of_targets = dependencies(&workspace, "normal,build", &["fuzz".to_owned()]);
        for others in [of_tests, of_targets] {
            let otherwise: Vec<_> = of_host.difference(&others).collect();
            assert!(otherwise.is_empty(), "tests need other features of these than the host: {otherwise:#?}");
        }
    }

    #[test]
    fn every_test_program_is_found() {
        let names = test_programs(&Workspace::find().expect("the workspace"));
        for name in [LONGEST, "scenarios", "tidy", "confinement"] {
            assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
        }
    }

    #[test]
    fn failed_tests_are_found() {
        let printed = "running 2 tests\ntest a::b ... ok\ntest a::c ... FAILED\ntest docs/x.md   ... FAILED\n\
                       test result: FAILED. 1 passed; 2 failed;\n";
        let failed: Vec<_> = printed.lines().filter_map(failed_test).collect();
        assert_eq!(failed, ["a::c", "docs/x.md"]);
    }
}
