//! `key list`: the keys that a buildout trusts.

use clap::Args;

use crate::cli::arguments::ConfigFileArguments;
use crate::cli::program::Program;
use crate::cli::render::keys;
use crate::run::RunError;
use registry::trusted_keys;

const EXAMPLES: &str = "\
Examples:
  buildout-host key list          Show names, fingerprints, files, and the recipes that each key may sign
  buildout-host key list --json   The same as JSON";

/// `buildout-host key list`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ListArguments {
    #[command(flatten)]
    config: ConfigFileArguments,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn execute(program: &Program, arguments: &ListArguments) -> Result<(), RunError> {
    let directory = arguments.config.directory(&program.environment.directory);
    let keys = trusted_keys(&directory.join("recipes.toml"))?;
    if arguments.json {
        program.printer.json(&keys::json(&keys, &directory));
    } else {
        program.printer.text(&keys::text(&keys, &directory));
    }
    Ok(())
}
