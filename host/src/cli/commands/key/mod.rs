//! `key`: key pairs that sign recipes, and the public keys that a buildout trusts.

mod generate;
mod import;
mod list;
mod pair;
mod sign;

use clap::{Args, Subcommand};

use crate::cli::program::Program;
use crate::run::RunError;

const EXAMPLES: &str = "\
Examples:
  buildout-host key generate --output acme   Create acme.key (encrypted and private) and acme.pub (public)
  buildout-host key import acme.pub          Trust acme: add [key.acme] to recipes.toml
  buildout-host key list                     List the keys that this buildout trusts";

/// `buildout-host key`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct KeyArguments {
    #[command(subcommand)]
    command: KeyCommand,
}

impl KeyArguments {
    /// Whether another program reads what the command prints.
    pub(super) fn is_read_by_programs(&self) -> bool {
        matches!(&self.command, KeyCommand::List(arguments) if arguments.json)
    }
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Generate a key pair in cosign's format
    Generate(generate::GenerateArguments),
    /// Trust a public key, or encrypt a private key that another program made
    Import(import::ImportArguments),
    /// Sign a file of any kind
    Sign(sign::SignFileArguments),
    /// List the keys that recipes.toml trusts
    List(list::ListArguments),
}

pub(super) fn execute(program: &Program, arguments: &KeyArguments) -> Result<(), RunError> {
    match &arguments.command {
        KeyCommand::Generate(arguments) => generate::execute(program, arguments),
        KeyCommand::Import(arguments) => import::execute(program, arguments),
        KeyCommand::Sign(arguments) => sign::execute(program, arguments),
        KeyCommand::List(arguments) => list::execute(program, arguments),
    }
}
