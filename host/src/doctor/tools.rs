//! The programs of the machine that recipes use: they are started, not only looked for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use base::environment::Environment;
use base::interrupt::Interrupt;
use confine::{CommandOutcome, CommandPolicy, CommandStream, ConfinementLevel, NativeCommand, Runner};

use super::remedies::{BuildTool, install};
use super::system::CheckedMachine;
use super::{Check, CheckVerdict};

/// A program with headers of the C library, so that a compiler without them is noticed.
const PROGRAM: &str = "#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n";

/// Prints the version, and whether extensions in C can be compiled.
const PYTHON: &str = "import os, sys, sysconfig\n\
    print('.'.join(map(str, sys.version_info[:3])), sys.executable)\n\
    print(os.path.exists(os.path.join(sysconfig.get_paths()['include'], 'Python.h')))\n";

pub(super) fn check(machine: &CheckedMachine, environment: &Environment, interrupt: &Interrupt) -> Vec<Check> {
    let Ok(runner) = Runner::new() else { return Vec::new() };
    let variables = environment.variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let tools = Tools { machine, runner, variables, interrupt };
    let mut checks = vec![tools.compiler(), tools.make(), tools.patch()];
    checks.extend(tools.python());
    checks
}

struct Tools<'a> {
    machine: &'a CheckedMachine,
    runner: Runner,
    variables: BTreeMap<OsString, OsString>,
    interrupt: &'a Interrupt,
}

/// What a program printed, or why it does not work.
type Answer = Result<String, String>;

impl Tools<'_> {
    fn compiler(&self) -> Check {
        let name = "C compiler";
        let compiler = self.variables.get(&OsString::from("CC")).and_then(|value| value.to_str());
        // As make does: `CC` may contain flags.
        let mut words = compiler.unwrap_or("cc").split_whitespace();
        let program = words.next().unwrap_or("cc");
        let flags: Vec<&str> = words.collect();
        let Ok(directory) = tempfile::tempdir() else {
            return Check {
                verdict: CheckVerdict::Warning,
                ..Check::good(name, "not tried: there is no temporary directory")
            };
        };
        match self.compile(program, &flags, directory.path()) {
            Ok(()) => {
                let version = self.start(program, &["--version"], Path::new("/")).unwrap_or_default();
                Check::good(name, first_line(&version))
            }
            Err(why) => {
                Check::new(name, CheckVerdict::Missing, why, install(BuildTool::Compiler, self.machine.packages))
            }
        }
    }

    fn compile(&self, program: &str, flags: &[&str], directory: &Path) -> Result<(), String> {
        std::fs::write(directory.join("try.c"), PROGRAM).map_err(|error| error.to_string())?;
        let arguments: Vec<&str> = flags.iter().copied().chain(["-o", "try", "try.c"]).collect();
        self.start(program, &arguments, directory).map(drop)
    }

    fn make(&self) -> Check {
        let (name, remedy) = ("make", install(BuildTool::Make, self.machine.packages));
        match self.start("make", &["--version"], Path::new("/")) {
            Ok(version) if version.starts_with("GNU Make") => Check::good(name, first_line(&version)),
            Ok(_) => Check::new(name, CheckVerdict::Warning, "it is not GNU make, which most software needs", remedy),
            Err(why) => Check::new(name, CheckVerdict::Missing, why, remedy),
        }
    }

    fn patch(&self) -> Check {
        match self.start("patch", &["--version"], Path::new("/")) {
            Ok(version) => Check::good("patch", first_line(&version)),
            Err(why) => {
                let why = format!("{why}; needed by parts with patches");
                Check::new("patch", CheckVerdict::Warning, why, install(BuildTool::Patch, self.machine.packages))
            }
        }
    }

    fn python(&self) -> Vec<Check> {
        match self.start("python3", &["-c", PYTHON], Path::new("/")) {
            Ok(answer) => {
                let mut checks = vec![Check::good("Python", first_line(&answer))];
                if answer.lines().nth(1) != Some("True") {
                    let why = "its headers are missing; needed by distributions with extensions in C";
                    let remedy = install(BuildTool::PythonHeaders, self.machine.packages);
                    checks.push(Check::new("Python headers", CheckVerdict::Warning, why, remedy));
                }
                checks
            }
            Err(why) => {
                let why = format!("{why}; needed by parts that install Python distributions");
                vec![Check::new(
                    "Python",
                    CheckVerdict::Warning,
                    why,
                    install(BuildTool::Python, self.machine.packages),
                )]
            }
        }
    }

    fn start(&self, program: &str, arguments: &[&str], directory: &Path) -> Answer {
        let command = NativeCommand {
            program: program.into(),
            arguments: arguments.iter().map(Into::into).collect(),
            directory: directory.to_owned(),
            environment: self.variables.clone(),
            deadline: Some(Duration::from_secs(60)),
            ..NativeCommand::default()
        };
        let policy = CommandPolicy { level: ConfinementLevel::None, ..CommandPolicy::default() };
        let (mut printed, mut complaints) = (Vec::new(), Vec::new());
        let mut take = |stream, bytes: &[u8]| match stream {
            CommandStream::Stdout => printed.extend_from_slice(bytes),
            CommandStream::Stderr => complaints.extend_from_slice(bytes),
        };
        let outcome = self.runner.run(&command, &policy, &mut take, self.interrupt);
        match outcome.map_err(|error| error.to_string())? {
            CommandOutcome::Exited(0) => Ok(String::from_utf8_lossy(&printed).into_owned()),
            _ => Err(format!("`{program}` does not work: {}", first_line(&String::from_utf8_lossy(&complaints)))),
        }
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}
