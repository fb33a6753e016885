//! `key sign`: writes the signature of any file.

use std::path::PathBuf;

use clap::Args;

use crate::cli::arguments::PassphraseArguments;
use crate::cli::program::Program;
use crate::run::RunError;
use base::files::{self, FileError};
use recipe::component::signature_path;
use registry::signature::FileSignature;

const EXAMPLES: &str = "\
Example:
  buildout-host key sign SHA256SUMS --key acme.key    Write SHA256SUMS.sig

`cosign verify-blob --key acme.pub --signature SHA256SUMS.sig SHA256SUMS` verifies it. So does
`openssl dgst -sha256 -verify acme.pub`, after it is decoded from base64.";

/// `buildout-host key sign`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct SignFileArguments {
    /// The file
    file: PathBuf,
    /// Sign with this private key
    #[arg(long, value_name = "KEY")]
    key: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArguments,
}

pub(super) fn execute(program: &Program, arguments: &SignFileArguments) -> Result<(), RunError> {
    let file = program.path(&arguments.file);
    let content = std::fs::read(&file).map_err(FileError::of("read", &file))?;
    let key = program.private_key(&arguments.key, &arguments.passphrase)?;
    let output = signature_path(&file);
    files::replace(&output, FileSignature::of(&content, &key).text().as_bytes())?;
    program.printer.text(&format!("Signed {} by key {}", arguments.file.display(), key.public()));
    Ok(())
}
