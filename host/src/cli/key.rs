//! `key`: pairs of keys that sign recipes, and the public keys that a buildout trusts.

mod generate;

use clap::{Args, Subcommand};

use super::Program;
use crate::run::RunError;

const EXAMPLES: &str = "\
Examples:
  buildout-host key generate --output acme   Make acme.key (encrypted, yours alone) and acme.pub (for everybody)";

/// `buildout-host key`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct KeyArguments {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a pair of keys that signs recipes, in cosign's format.
    Generate(generate::GenerateArguments),
}

impl Program {
    pub(super) fn key(&self, arguments: &KeyArguments) -> Result<(), RunError> {
        match &arguments.command {
            KeyCommand::Generate(arguments) => self.key_generate(arguments),
        }
    }
}
