//! `make-part`: makes one part on a worker of a remote executor. It is not for users.
//!
//! The process starts in the input root of an action. It first shows the inputs at the paths that they have on the user's
//! machine, and then makes the part like any other.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use base::environment::Environment;
use base::jobserver::Jobs;
use base::remedy::Remedy;
use base::source::{Blame, Explain};
use config::ConfigFile;
use recipe::NativeSettings;

use crate::cli::output::failure::exit_code;
use crate::cli::output::{LogCopy, WorkerReport};
use crate::cli::program::{Program, StartError};
use crate::run::{INPUTS, Loader, MakeFailure, MakeOrder, RunError, RunSettings, Session, WorkerVerdict};

/// The name of the command.
const NAME: &str = "make-part";

/// The order cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("There is no part to make: {0}")]
struct NoOrder(String);

impl Explain for NoOrder {}

/// This machine is not like the one that ordered the part.
#[derive(Debug, thiserror::Error)]
#[error("This worker does not make the part: {0}")]
struct Unfit(String);

impl Explain for Unfit {
    fn blame(&self) -> Blame {
        Blame::Confinement
    }
}

/// Before anything else: if this is a worker, shows the inputs at their paths. The error ends the process.
pub(in crate::cli) fn go_to_work() -> Result<(), ExitCode> {
    if std::env::args_os().nth(1).as_deref() != Some(OsStr::new(NAME)) {
        return Ok(());
    }
    // Without an order, the command reports that.
    let Ok(root) = std::env::current_dir() else { return Ok(()) };
    let Ok(order) = MakeOrder::read(&root) else { return Ok(()) };
    show_inputs(&root, &order).map_err(|why| {
        say(&WorkerVerdict::Unfit(why));
        ExitCode::from(exit_code(Blame::Confinement))
    })
}

fn show_inputs(root: &Path, order: &MakeOrder) -> Result<(), String> {
    let paths = order.paths_below(root);
    for (input, _) in paths.iter().filter(|(input, _)| !input.exists()) {
        std::fs::create_dir_all(input).map_err(|error| format!("{}: {error}", input.display()))?;
    }
    let in_words = |error: confine::ConfineError| format!("its worker cannot show files at their paths: {error}");
    confine::relocate(&paths).map_err(in_words)?;
    std::env::set_current_dir(INPUTS).map_err(|error| error.to_string())
}

fn say(verdict: &WorkerVerdict) {
    // The server has nothing else to go by.
    let _ = writeln!(io::stderr(), "{}", verdict.line());
}

pub(super) fn execute(program: &Program) -> Result<(), RunError> {
    let order = MakeOrder::read(Path::new(INPUTS)).map_err(NoOrder)?;
    let copy = LogCopy::of(order.log.clone()).map_err(StartError::of("start a thread"))?;
    let made = make(program, &order);
    copy.end();
    match made {
        Ok(()) => {
            say(&WorkerVerdict::Made);
            Ok(())
        }
        Err(MakeFailure::Unfit(why)) => {
            say(&WorkerVerdict::Unfit(why.clone()));
            Err(Unfit(why).into())
        }
        Err(MakeFailure::Failed(error)) => {
            let mut failures = error.failures();
            let first = failures.swap_remove(0);
            if let Some(verdict) = verdict(&first) {
                say(&verdict);
            }
            Err(first.into())
        }
    }
}

/// What a failure says about the part: nothing, if a signal ended the worker.
fn verdict(error: &dyn Explain) -> Option<WorkerVerdict> {
    let message = error.to_string();
    match error.blame() {
        Blame::Signal(_) => None,
        Blame::Confinement => {
            let accepts_less = error.remedies().contains(&Remedy::WeakerSandbox("partial"));
            let less = if accepts_less { ". `--sandbox=partial` accepts less confinement" } else { "" };
            Some(WorkerVerdict::Unfit(format!("on its worker: {message}{less}")))
        }
        _ => Some(WorkerVerdict::Failed { message, details: error.details(), hints: error.hints() }),
    }
}

fn make(program: &Program, order: &MakeOrder) -> Result<(), MakeFailure> {
    // Nothing of the worker's user is used, and nothing is left there.
    let mut environment = Environment { home: None, ..program.environment.clone() };
    environment.variables.insert("XDG_CACHE_HOME".to_owned(), "/tmp/cache".to_owned());
    let loader = Loader {
        environment: environment.clone(),
        report: Arc::new(WorkerReport),
        file: ConfigFile::Path(Path::new(INPUTS).join("make/buildout.cfg")),
        use_user_defaults: false,
        assignments: order.assignments(),
    };
    let unfit = |error: &dyn Explain| MakeFailure::Unfit(error.to_string());
    let loaded = Arc::new(loader).load().map_err(|error| unfit(&error))?;
    let settings = program.default_settings().map_err(MakeFailure::Failed)?;
    let count = std::thread::available_parallelism().map_or(1, Into::into);
    let jobs = Jobs::new(count).map_err(|error| unfit(&StartError::of("create a jobserver")(error)))?;
    let native = NativeSettings { level: order.level, jobs, ..settings.native };
    let settings = RunSettings { native, ..settings };
    let session = Session::new(loaded, &environment, Arc::new(WorkerReport), settings).map_err(MakeFailure::Failed)?;
    session.make_part(order)
}
