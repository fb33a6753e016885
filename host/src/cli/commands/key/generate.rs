//! `key generate`: creates a key pair.

use std::path::PathBuf;

use clap::Args;

use super::pair::PairFiles;
use crate::cli::arguments::PassphraseArguments;
use crate::cli::program::Program;
use crate::run::RunError;
use registry::signature::PrivateKey;

const EXAMPLES: &str = "\
Examples:
  buildout-host key generate                            Ask for a passphrase, create buildout.key and buildout.pub
  buildout-host key generate --output keys/acme         Create keys/acme.key and keys/acme.pub
  COSIGN_PASSWORD=… buildout-host key generate          Work without a terminal

cosign can read these keys, and buildout-host can read cosign's.";

/// `buildout-host key generate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct GenerateArguments {
    /// Write NAME.key and NAME.pub
    #[arg(long, value_name = "NAME", default_value = "buildout")]
    output: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArguments,
}

pub(super) fn execute(program: &Program, arguments: &GenerateArguments) -> Result<(), RunError> {
    let output = PairFiles::new(&program.environment.directory, &arguments.output)?;
    let passphrase = arguments.passphrase.new_one(&program.environment, &program.interrupt)?;
    let key = PrivateKey::generate()?;
    output.write(&key, &passphrase)?;
    program.printer.text(&output.summary(&key));
    Ok(())
}
