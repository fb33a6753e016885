//! `recipe test`: runs the scenarios of a recipe project, with the real component in this very program.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::super::{Program, this_program};
use crate::run::RunError;
use crate::scenario::{self, Broken, Dialect, Stage};
use crate::share::BuiltRecipe;
use base::source::{Blame, Explain};
use recipe::component::Builder;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe test             All of tests/*.md
  buildout-host recipe test . update    Those with `update` in their name
  buildout-host recipe test --bless     Write down what happens, to be looked at with `git diff`

Each file is run in a directory of its own, which it calls /tmp; its buildout is in /tmp/sample-buildout. The project is there
under its name: `develop = NAME`.
  ```cfg buildout.cfg      a file that is written (`cfg` stands for any word)
  ```console               commands behind `$ `, and what they print; `[1]` is an exit code, `…` any output
  ```tree parts            what a directory holds
  ```shows bin/start       what a file holds";

/// `buildout-host recipe test`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct TestArguments {
    /// The project's directory.
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Only scenarios whose file has this in its name.
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    /// Write what happens into the scenarios, instead of comparing.
    #[arg(long)]
    bless: bool,
    /// Download nothing while the project is built.
    #[arg(short, long)]
    offline: bool,
}

/// Why `recipe test` fails.
#[derive(Debug, thiserror::Error)]
enum TestError {
    #[error("{} has no scenarios.", .0.display())]
    None(PathBuf),
    #[error("No scenario of {} has {filter:?} in its name.", directory.display())]
    Filtered { directory: PathBuf, filter: String },
    #[error("{failed} of {all} scenarios did not go as they say.")]
    Different { failed: usize, all: usize },
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("Interrupted")]
    Interrupted(i32),
}

impl Explain for TestError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::None(_) => vec![
                "Scenarios are Markdown files: `buildout-host recipe test --help` shows how they are written.".into(),
            ],
            Self::Different { .. } => vec!["If what happened is right, `--bless` writes it down.".into()],
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

/// How a scenario went.
enum Verdict {
    AsItSays,
    Blessed,
    /// What differs.
    Different(String),
}

impl Program {
    pub(super) fn recipe_test(&self, arguments: &TestArguments) -> Result<(), RunError> {
        let built = self.authoring()?.build(&arguments.directory, arguments.offline)?;
        let files = scenarios(&built.project, arguments.filter.as_deref())?;
        // A signal ends the tests between scenarios, so that their directories are removed.
        let _watch = self.interrupt.watch();
        let (began, name) = (Instant::now(), &built.package.name);
        self.printer.text(&format!("Running {} of {name}", counted(files.len(), "scenario")));
        let mut differences = String::new();
        let (mut passed, mut blessed) = (0, 0);
        for file in &files {
            let verdict = self.verdict(&built, file, arguments)?;
            if let Some(signal) = self.interrupt.signal() {
                return Err(TestError::Interrupted(signal).into());
            }
            let told = match verdict {
                Verdict::AsItSays => {
                    passed += 1;
                    "ok"
                }
                Verdict::Blessed => {
                    blessed += 1;
                    "blessed"
                }
                Verdict::Different(text) => {
                    differences.push_str(&format!("\n{text}"));
                    "FAILED"
                }
            };
            self.printer.text(&format!("scenario {} ... {told}", file.display()));
        }
        let failed = files.len() - passed - blessed;
        let mut text = differences;
        let verdict = if failed == 0 { "ok" } else { "FAILED" };
        text.push_str(&format!("\nResult: {verdict}. {passed} passed; {failed} failed"));
        if blessed > 0 {
            text.push_str(&format!("; {blessed} written anew"));
        }
        text.push_str(&format!("; in {:.1} s", began.elapsed().as_secs_f32()));
        self.printer.text(&text);
        if failed == 0 { Ok(()) } else { Err(TestError::Different { failed, all: files.len() }.into()) }
    }

    fn verdict(&self, built: &BuiltRecipe, file: &Path, arguments: &TestArguments) -> Result<Verdict, RunError> {
        let (path, name) = (built.project.join(file), file.display().to_string());
        let text = std::fs::read_to_string(&path).map_err(io_error(&path))?;
        let stage = self.stage(built, arguments.offline)?;
        let outcome = match scenario::run(&text, &stage, Dialect::PLAIN) {
            Ok(outcome) => outcome,
            Err(Broken { line, error }) => return Ok(Verdict::Different(format!("{name}:{line}\n{error}\n"))),
        };
        if outcome == text {
            return Ok(Verdict::AsItSays);
        }
        if arguments.bless {
            std::fs::write(&path, outcome).map_err(io_error(&path))?;
            return Ok(Verdict::Blessed);
        }
        Ok(Verdict::Different(scenario::differences(&name, &text, &outcome)))
    }

    /// A directory for one scenario: this program is on the `PATH`, the project lies in the buildout under its name.
    fn stage(&self, built: &BuiltRecipe, offline: bool) -> Result<Stage, RunError> {
        let no_stage = |error| TestError::Io { path: "A directory for the scenario".into(), error };
        let mut stage = Stage::new(self.variables(offline), Vec::new()).map_err(no_stage)?;
        stage.lend(&this_program()?, "bin/buildout-host").map_err(no_stage)?;
        stage.lend(&built.project, &format!("{}/{}", scenario::BUILDOUT, built.package.name)).map_err(no_stage)?;
        let programs = stage.root().join("bin");
        let path = self.environment.variables.get("PATH").map(String::as_str).unwrap_or_default();
        stage.set("PATH", format!("{}:{path}", programs.display()));
        Ok(stage)
    }

    /// The author's own variables. What was compiled is found again in the author's own caches, though `HOME` is another.
    fn variables(&self, offline: bool) -> BTreeMap<String, String> {
        let mut variables = self.environment.variables.clone();
        let mut set = |name: &str, path: Option<PathBuf>| {
            if let Some(path) = path {
                variables.entry(name.to_owned()).or_insert_with(|| path.display().to_string());
            }
        };
        let home = self.environment.home.as_deref();
        set("CARGO_HOME", home.map(|home| home.join(".cargo")));
        set("RUSTUP_HOME", home.map(|home| home.join(".rustup")));
        set("XDG_CACHE_HOME", home.map(|home| home.join(".cache")));
        variables.remove("BUILDOUT_HOME");
        if offline {
            for (name, value) in Builder::OFFLINE {
                variables.insert(name.to_owned(), value.to_owned());
            }
        }
        variables
    }
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
