//! `recipe test`: runs the scenarios of a recipe project, with the real component and this program.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use crate::cli::arguments::OfflineArguments;
use crate::cli::program::{Program, this_program};
use crate::run::RunError;
use crate::share::BuiltRecipe;

use base::source::{Blame, Explain};
use recipe::component::OFFLINE;
use scenario::{Broken, Dialect, ScenarioDirectory};

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe test             Run all scenarios (tests/*.md)
  buildout-host recipe test . update    Run those with `update` in their name
  buildout-host recipe test --bless     Record the actual output; review it with `git diff`

Each scenario runs in its own directory, which it sees as /tmp. Its buildout is in
/tmp/sample-buildout, and finds the project with `develop = NAME`. A scenario has these blocks:
  ```cfg buildout.cfg      A file to write (instead of `cfg`, any word)
  ```console               Commands after `$ `, and their output; `[1]` is an exit code, `…` any output
  ```tree parts            The expected files of a directory
  ```shows bin/start       The expected content of a file";

/// `buildout-host recipe test`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct TestArguments {
    /// The project's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Run only scenarios with FILTER in their file name
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    /// Write the actual output into the scenarios
    #[arg(long)]
    bless: bool,
    #[command(flatten)]
    network: OfflineArguments,
}

/// Why `recipe test` fails.
#[derive(Debug, thiserror::Error)]
enum TestError {
    #[error("{} has no scenarios", .0.display())]
    None(PathBuf),
    #[error("No scenario of {} has {filter:?} in its name", directory.display())]
    Filtered { directory: PathBuf, filter: String },
    #[error("{failed} of {all} scenarios failed")]
    Different { failed: usize, all: usize },
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("Interrupted")]
    Interrupted(i32),
}

impl Explain for TestError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::None(_) => {
                vec!["Scenarios are Markdown files. `buildout-host recipe test --help` describes their format.".into()]
            }
            Self::Different { .. } => vec!["If the actual output is right, record it with `--bless`.".into()],
            _ => Vec::new(),
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Interrupted(signal) => Blame::Signal(u8::try_from(*signal).unwrap_or(u8::MAX)),
            _ => Blame::User,
        }
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> TestError {
    let path = path.to_owned();
    |error| TestError::Io { path, error }
}

/// The result of a scenario.
enum ScenarioVerdict {
    Passed,
    Blessed,
    /// The differences.
    Failed(String),
}

/// The results of all scenarios.
#[derive(Default)]
struct ScenarioTally {
    passed: usize,
    blessed: usize,
    failed: usize,
    differences: String,
}

impl ScenarioTally {
    /// Counts a verdict, and returns the word for it.
    fn add(&mut self, verdict: ScenarioVerdict) -> &'static str {
        match verdict {
            ScenarioVerdict::Passed => {
                self.passed += 1;
                "ok"
            }
            ScenarioVerdict::Blessed => {
                self.blessed += 1;
                "blessed"
            }
            ScenarioVerdict::Failed(differences) => {
                self.failed += 1;
                self.differences.push_str(&format!("\n{differences}"));
                "FAILED"
            }
        }
    }

    fn summary(&self, elapsed: Duration) -> String {
        let Self { passed, blessed, failed, differences } = self;
        let verdict = if *failed == 0 { "ok" } else { "FAILED" };
        let blessed = if *blessed > 0 { format!("; {blessed} blessed") } else { String::new() };
        let seconds = elapsed.as_secs_f32();
        format!("{differences}\nResult: {verdict}. {passed} passed; {failed} failed{blessed}; in {seconds:.1} s")
    }
}

pub(super) fn execute(program: &Program, arguments: &TestArguments) -> Result<(), RunError> {
    let built = program.authoring()?.build(&arguments.directory, arguments.network.offline)?;
    let files = scenarios(&built.project, arguments.filter.as_deref())?;
    // Watched, so that a signal ends the tests between scenarios and their directories are removed.
    let _watch = program.interrupt.watch();
    let (start, mut tally) = (Instant::now(), ScenarioTally::default());
    program.printer.text(&format!("Running {} of {}", counted(files.len(), "scenario"), built.package.name));
    for file in &files {
        let verdict = verdict(program, &built, file, arguments)?;
        if let Some(signal) = program.interrupt.signal() {
            return Err(TestError::Interrupted(signal).into());
        }
        program.printer.text(&format!("scenario {} ... {}", file.display(), tally.add(verdict)));
    }
    program.printer.text(&tally.summary(start.elapsed()));
    match tally.failed {
        0 => Ok(()),
        failed => Err(TestError::Different { failed, all: files.len() }.into()),
    }
}

fn verdict(
    program: &Program,
    built: &BuiltRecipe,
    file: &Path,
    arguments: &TestArguments,
) -> Result<ScenarioVerdict, RunError> {
    let (path, name) = (built.project.join(file), file.display().to_string());
    let text = std::fs::read_to_string(&path).map_err(io_error(&path))?;
    if !scenario::has_command(&text) {
        return Ok(ScenarioVerdict::Failed(format!(
            "{name}: it runs no command: no `console` block has a line `$ COMMAND`\n"
        )));
    }
    let stage = stage(program, built, arguments.network.offline)?;
    let outcome = match scenario::run(&text, &stage, Dialect::PLAIN) {
        Ok(outcome) => outcome,
        Err(Broken { line, error }) => return Ok(ScenarioVerdict::Failed(format!("{name}:{line}\n{error}\n"))),
    };
    if outcome == text {
        return Ok(ScenarioVerdict::Passed);
    }
    if arguments.bless {
        std::fs::write(&path, outcome).map_err(io_error(&path))?;
        return Ok(ScenarioVerdict::Blessed);
    }
    Ok(ScenarioVerdict::Failed(scenario::differences(&name, &text, &outcome)))
}

/// A directory for one scenario. This program is on the `PATH`, the project is in the buildout under its name.
fn stage(program: &Program, built: &BuiltRecipe, offline: bool) -> Result<ScenarioDirectory, RunError> {
    let no_stage = |error| TestError::Io { path: "A directory for the scenario".into(), error };
    let mut stage = ScenarioDirectory::new(variables(program, offline), Vec::new()).map_err(no_stage)?;
    stage.lend(&this_program()?, "bin/buildout-host").map_err(no_stage)?;
    stage.lend(&built.project, &format!("{}/{}", scenario::BUILDOUT, built.package.name)).map_err(no_stage)?;
    let programs = stage.root().join("bin");
    let path = program.environment.variables.get("PATH").map(String::as_str).unwrap_or_default();
    stage.set("PATH", format!("{}:{path}", programs.display()));
    Ok(stage)
}

/// The variables for scenarios. The author's caches are used, although `HOME` is another directory.
fn variables(program: &Program, offline: bool) -> BTreeMap<String, String> {
    let mut variables = program.environment.variables.clone();
    let mut set = |name: &str, path: Option<PathBuf>| {
        if let Some(path) = path {
            variables.entry(name.to_owned()).or_insert_with(|| path.display().to_string());
        }
    };
    let home = program.environment.home.as_deref();
    set("CARGO_HOME", home.map(|home| home.join(".cargo")));
    set("RUSTUP_HOME", home.map(|home| home.join(".rustup")));
    set("XDG_CACHE_HOME", home.map(|home| home.join(".cache")));
    variables.remove("BUILDOUT_HOME");
    if offline {
        variables.extend(OFFLINE.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    variables
}

/// The scenarios of a project, relative to it, sorted.
fn scenarios(project: &Path, filter: Option<&str>) -> Result<Vec<PathBuf>, TestError> {
    let directory = project.join("tests");
    let mut files = Vec::new();
    let entries = match std::fs::read_dir(&directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(TestError::None(directory)),
        entries => entries.map_err(io_error(&directory))?,
    };
    for entry in entries {
        let path = entry.map_err(io_error(&directory))?.path();
        if path.extension().is_some_and(|extension| extension == "md")
            && let Ok(relative) = path.strip_prefix(project)
        {
            files.push(relative.to_owned());
        }
    }
    if files.is_empty() {
        return Err(TestError::None(directory));
    }
    if let Some(filter) = filter {
        files.retain(|file| file.to_string_lossy().contains(filter));
        if files.is_empty() {
            return Err(TestError::Filtered { directory, filter: filter.to_owned() });
        }
    }
    files.sort();
    Ok(files)
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("{number} {what}") } else { format!("{number} {what}s") }
}
