//! `recipe verify`: says whether a component's file is what its signer signed.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Program;
use crate::run::RunError;
use recipe::component::{signature_path, verify_file};
use registry::signature::PublicKey;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe verify acme.wasm --key acme.pub                  With the signature acme.wasm.sig
  buildout-host recipe verify acme.wasm --key a.pub --key b.pub         Signed by one of the two?
  buildout-host recipe verify acme.wasm --key acme.pub --signature s    With a signature that is elsewhere";

/// `buildout-host recipe verify`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct VerifyArguments {
    /// The component.
    file: PathBuf,
    /// The public key of a signer; with several, one of them must have signed.
    #[arg(long, value_name = "PUB", required = true)]
    key: Vec<PathBuf>,
    /// The signature [default: FILE.sig].
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

impl Program {
    pub(super) fn recipe_verify(&self, arguments: &VerifyArguments) -> Result<(), RunError> {
        let at = |path: &PathBuf| self.environment.directory.join(path);
        let keys = arguments.key.iter().map(|path| Ok((path.display().to_string(), PublicKey::read(&at(path))?)));
        let keys: Vec<_> = keys.collect::<Result<_, RunError>>()?;
        let signature = arguments.signature.clone().unwrap_or_else(|| signature_path(&arguments.file));
        let (digest, by) = verify_file(&at(&arguments.file), &at(&signature), &keys)?;
        let (name, key) = &keys[by];
        self.printer.text(&format!("{} (sha256:{digest}) is signed by {name} ({key})", arguments.file.display()));
        Ok(())
    }
}
