//! `lock`: writes pylock.toml and shows what changed.

use clap::Args;

use crate::cli::arguments::{AssignmentsAndNames, ConfigurationArguments, RegistryArguments, UsageError};
use crate::cli::program::Program;
use crate::run::RunError;
use crate::upgrade::Upgrade;
use base::source::printable_line;

const EXAMPLES: &str = "\
Examples:
  buildout-host lock                      Lock what pylock.toml lacks, and keep the other versions
  buildout-host lock --upgrade            Lock the newest versions that the configuration allows
  buildout-host lock --upgrade requests   The same only for requests, and for what it then requires
  buildout-host run --locked              Install exactly what is locked";

/// `buildout-host lock`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct LockArguments {
    /// Assignments
    #[arg(value_name = "ASSIGNMENT")]
    words: Vec<String>,
    /// Lock the newest allowed versions of all distributions, or only of these
    #[arg(long, value_name = "NAME", num_args = 0..)]
    upgrade: Option<Vec<String>>,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    #[command(flatten)]
    registry: RegistryArguments,
}

impl LockArguments {
    fn upgrade(&self) -> Upgrade {
        Upgrade::requested(self.upgrade.as_deref())
    }
}

pub(super) fn execute(program: &Program, arguments: &LockArguments) -> Result<(), RunError> {
    let AssignmentsAndNames { assignments, names } = AssignmentsAndNames::parse(&arguments.words)?;
    if let Some(name) = names.first() {
        return Err(UsageError::Unexpected("lock", name.clone()).into());
    }
    let configuration = program.load(&arguments.configuration, assignments)?;
    let settings = program.inspection_settings(&arguments.registry)?;
    let changes = program.session(configuration, settings)?.lock(&arguments.upgrade())?;
    let lines: Vec<String> = changes.iter().map(|change| printable_line(&change.to_string())).collect();
    match lines.is_empty() {
        true => program.printer.text("pylock.toml is up to date"),
        false => program.printer.text(&lines.join("\n")),
    }
    Ok(())
}
