//! `recipe sign`: writes the signature of a component's file.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Program;
use crate::cli::passphrase::PassphraseArguments;
use crate::run::RunError;
use recipe::component::{sign_file, signature_path};
use registry::signature::PrivateKey;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe sign acme.wasm --key acme.key    Write acme.wasm.sig

It is the signature that `cosign sign-blob --key acme.key acme.wasm` prints; `cosign verify-blob` verifies it, and so does
openssl dgst -sha256 -verify acme.pub, once it is decoded from base64.";

/// `buildout-host recipe sign`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SignArguments {
    /// The component.
    file: PathBuf,
    /// The private key, as `key generate` or cosign made it.
    #[arg(long, value_name = "KEY")]
    key: PathBuf,
    /// Where the signature goes [default: FILE.sig].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArguments,
}

impl Program {
    pub(super) fn recipe_sign(&self, arguments: &SignArguments) -> Result<(), RunError> {
        let at = |path: &PathBuf| self.environment.directory.join(path);
        let key = self.private_key(&arguments.key, &arguments.passphrase)?;
        let output = arguments.output.clone().unwrap_or_else(|| signature_path(&arguments.file));
        let digest = sign_file(&at(&arguments.file), &key, &at(&output))?;
        self.printer.text(&format!(
            "Signed {} (sha256:{digest}) by key {}: {}",
            arguments.file.display(),
            key.public(),
            output.display()
        ));
        Ok(())
    }

    /// Opens a private key; asks for its passphrase only if it is one.
    pub(in crate::cli) fn private_key(
        &self,
        path: &std::path::Path,
        passphrase: &PassphraseArguments,
    ) -> Result<PrivateKey, RunError> {
        let path = self.environment.directory.join(path);
        PrivateKey::check(&path)?;
        Ok(PrivateKey::open(&path, &passphrase.existing(&path, self)?)?)
    }
}
