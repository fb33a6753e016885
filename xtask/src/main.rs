//! `cargo xtask`: the project's own commands.
//!
//! Only this file reads arguments. Nothing here knows how a recipe is compiled (that is `precompile`'s work) or what the
//! host does.
#![allow(clippy::print_stderr, reason = "a command-line tool tells what it does on standard error")]

mod bench;
mod build;
mod ci;
mod parity;
mod setup;
mod sources;
mod test;
mod toolchains;
mod workspace;

use std::process::ExitCode;

use workspace::{Failure, Workspace};

const USAGE: &str = "\
Usage: cargo xtask COMMAND [ARGUMENTS]

  setup            install what is missing to build recipes, or say what to install
  build            build the built-in recipes, and the host with them
  dist             build what is installed: the host with link-time optimisation (takes minutes), and print its path
  run [ARGUMENTS]  build what is not up to date, then buildout-host run ARGUMENTS
  test [ARGUMENTS] build what is not up to date, then run all tests (ARGUMENTS go to cargo test)
  sources          fetch the upstream sources that tests build
  toolchains       set up the compilers of Python, JavaScript and C that tests build recipes with
  ci               check format and lints, dependencies and their licences, then run all tests
  bench [ARGUMENTS] measure against zc.buildout, and print the table
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let done = Workspace::find().and_then(|workspace| match command.as_str() {
        "setup" => setup::setup(&workspace).map(drop),
        "build" => build::build(&workspace),
        "dist" => build::dist(&workspace).map(|program| eprintln!("{}", program.display())),
        "run" => build::run(&workspace, &arguments),
        "test" => test::test(&workspace, &arguments),
        "sources" => sources::sources(&workspace).map(drop),
        "toolchains" => toolchains::toolchains(&workspace),
        "ci" => ci::ci(&workspace),
        "bench" => bench::bench(&workspace, &arguments),
        _ => Err(Failure::usage(USAGE)),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}
