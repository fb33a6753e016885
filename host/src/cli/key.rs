//! `key`: pairs of keys that sign recipes, and the public keys that a buildout trusts.

mod generate;
mod import;
mod list;

use clap::{Args, Subcommand};

use super::Program;
use crate::run::RunError;

const EXAMPLES: &str = "\
Examples:
  buildout-host key generate --output acme   Make acme.key (encrypted, yours alone) and acme.pub (for everybody)
  buildout-host key import acme.pub          Trust acme: [key.acme] in recipes.toml
  buildout-host key list                     The keys that this buildout trusts";

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
    /// Trust a public key; or encrypt a private key that another program made.
    Import(import::ImportArguments),
    /// List the keys that recipes.toml trusts.
    List(list::ListArguments),
}

impl Program {
    pub(super) fn key(&self, arguments: &KeyArguments) -> Result<(), RunError> {
        match &arguments.command {
            KeyCommand::Generate(arguments) => self.key_generate(arguments),
            KeyCommand::Import(arguments) => self.key_import(arguments),
            KeyCommand::List(arguments) => self.key_list(arguments),
        }
    }
}
