//! `cargo xtask`: reads the arguments, and does what they say.

use std::process::ExitCode;

use xtask::workspace::{CommandFailure, Workspace};
use xtask::{build, ci, fuzz, package, python_runtime, setup, sources, test, toolchains};

const USAGE: &str = "\
Usage: cargo xtask COMMAND [ARGUMENTS]

  setup            install what is missing to build recipes, or say what to install
  build            build the built-in recipes, and the host with them
  dist             build what is installed: the host with link-time optimization (takes minutes), and print its path
  package [FLAGS]  build what is installed, and write a wheel, a tarball and a Debian package of it
  run [ARGUMENTS]  build what is not up to date, then buildout-host run ARGUMENTS
  test [ARGUMENTS] build what is not up to date, then run all tests (ARGUMENTS go to cargo test); in the end, list what failed
  fuzz [TARGET...] feed random input to targets of fuzz/, each for FUZZ_SECONDS (60)
  sources          fetch the upstream sources that tests build
  python-runtime   build the component that runs Python recipes, and print its path; needs python3 with venv
  python-runtime test   run its tests that need no component
  toolchains       set up what tests need: compilers of Python, JavaScript and C, the server of a remote cache
  ci               check format and lints, dependencies and their licenses, run all tests, and fuzz
  bench [ARGUMENTS] measure against zc.buildout, and print the table
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let done = Workspace::find().and_then(|workspace| match command.as_str() {
        "setup" => setup::setup(&workspace),
        "build" => build::build(&workspace),
        "dist" => build::dist(&workspace).map(print_path),
        "package" => package::package(&workspace, &arguments).map(print_path),
        "run" => build::run(&workspace, &arguments),
        "test" => test::test(&workspace, &arguments),
        "fuzz" => fuzz(&workspace, &arguments),
        "sources" => sources::sources(&workspace).map(drop),
        "python-runtime" if arguments == ["test"] => python_runtime::test(&workspace),
        "python-runtime" => python_runtime::python_runtime(&workspace).map(print_path),
        "toolchains" => toolchains::toolchains(&workspace).and_then(|()| toolchains::remote_server(&workspace)),
        "ci" => ci::ci(&workspace),
        "bench" => build::bench(&workspace, &arguments),
        _ => Err(CommandFailure::usage(USAGE)),
    });
    done.map_or_else(CommandFailure::report, |()| ExitCode::SUCCESS)
}

#[allow(clippy::print_stderr, reason = "the path is what was asked for")]
fn print_path(path: std::path::PathBuf) {
    eprintln!("{}", path.display());
}
