//! `recipe verify`: checks the signature of a component file.

use std::path::PathBuf;

use clap::Args;

use crate::cli::program::Program;
use crate::run::RunError;
use recipe::component::{signature_path, verify_file};
use registry::signature::PublicKey;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe verify acme.wasm --key acme.pub                  Check the signature acme.wasm.sig
  buildout-host recipe verify acme.wasm --key a.pub --key b.pub         Accept the signature of either key
  buildout-host recipe verify acme.wasm --key acme.pub --signature s    Check a signature in another file";

/// `buildout-host recipe verify`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct VerifyArguments {
    /// The component
    file: PathBuf,
    /// Accept a signature by this public key (can be repeated; one of the keys must have signed)
    #[arg(long, value_name = "PUB", required = true)]
    key: Vec<PathBuf>,
    /// Read the signature from another file [default: the component file name plus .sig]
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

pub(super) fn execute(program: &Program, arguments: &VerifyArguments) -> Result<(), RunError> {
    let keys = arguments.key.iter().map(|path| Ok((path.display().to_string(), PublicKey::read(&program.path(path))?)));
    let keys: Vec<_> = keys.collect::<Result<_, RunError>>()?;
    let signature = arguments.signature.clone().unwrap_or_else(|| signature_path(&arguments.file));
    let (digest, by) = verify_file(&program.path(&arguments.file), &program.path(&signature), &keys)?;
    let (name, key) = &keys[by];
    program.printer.text(&format!("{} (sha256:{digest}) is signed by {name} ({key})", arguments.file.display()));
    Ok(())
}
