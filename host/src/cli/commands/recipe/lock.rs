//! `recipe lock`: updates recipes.lock and shows what changed.

use clap::Args;

use crate::cli::arguments::{ConfigFileArguments, OfflineArguments, RegistryArguments};
use crate::cli::program::Program;
use crate::cli::render::lock_changes;
use crate::run::RunError;
use crate::share::LockChange;
use crate::upgrade::Upgrade;
use registry::oci::RemoteSettings;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe lock                  Add registry recipes that are missing from recipes.lock
  buildout-host recipe lock --upgrade        Lock what all tags point to now
  buildout-host recipe lock --upgrade acme   The same only for the recipe acme of recipes.toml";

/// `buildout-host recipe lock`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct RecipeLockArguments {
    /// Lock what tags point to now, for all recipes or only for these
    #[arg(long, value_name = "NAME", num_args = 0..)]
    upgrade: Option<Vec<String>>,
    #[command(flatten)]
    config: ConfigFileArguments,
    #[command(flatten)]
    network: OfflineArguments,
    #[command(flatten)]
    registry: RegistryArguments,
}

impl RecipeLockArguments {
    fn upgrade(&self) -> Upgrade {
        Upgrade::requested(self.upgrade.as_deref())
    }
}

pub(super) fn execute(program: &Program, arguments: &RecipeLockArguments) -> Result<(), RunError> {
    let settings = RemoteSettings {
        network: arguments.network.network(),
        plain_http: arguments.registry.plain_http(),
        ..RemoteSettings::default()
    };
    let directory = arguments.config.directory(&program.environment.directory);
    let changes = program.authoring()?.lock(&directory, &arguments.upgrade(), &settings)?;
    changes.iter().filter(|change| change.lowers_version()).for_each(|change| warn(program, change));
    program.printer.text(&lock_changes::text(&changes));
    Ok(())
}

fn warn(program: &Program, change: &LockChange) {
    let message = format!("{} goes back to an older version. If that was not announced, ask its signers.", change.name);
    program.warn(&message);
}
