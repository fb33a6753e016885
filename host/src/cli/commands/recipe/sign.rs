//! `recipe sign`: writes the signature of a component file.

use std::path::PathBuf;

use clap::Args;

use crate::cli::arguments::PassphraseArguments;
use crate::cli::program::Program;
use crate::run::RunError;
use recipe::component::{Earlier, Signed, sign_file, signature_path};

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe sign acme.wasm --key acme.key             Write acme.wasm.sig
  buildout-host recipe sign acme.wasm --key beta.key --append    Add a second signer

The signature is what `cosign sign-blob --key acme.key acme.wasm` prints. `cosign verify-blob` verifies
it. So does `openssl dgst -sha256 -verify acme.pub`, after it is decoded from base64.";

/// `buildout-host recipe sign`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct SignArguments {
    /// The component
    file: PathBuf,
    /// Sign with this private key
    #[arg(long, value_name = "KEY")]
    key: PathBuf,
    /// Keep the existing signatures of other signers
    #[arg(long)]
    append: bool,
    /// Write the signature to another file [default: the component file name plus .sig]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArguments,
}

pub(super) fn execute(program: &Program, arguments: &SignArguments) -> Result<(), RunError> {
    let key = program.private_key(&arguments.key, &arguments.passphrase)?;
    let output = arguments.output.clone().unwrap_or_else(|| signature_path(&arguments.file));
    let earlier = if arguments.append { Earlier::Keep } else { Earlier::Replace };
    let Signed { digest, replaced } = sign_file(&program.path(&arguments.file), &key, &program.path(&output), earlier)?;
    program.printer.text(&format!(
        "Signed {} (sha256:{digest}) by key {}: {}",
        arguments.file.display(),
        key.public(),
        output.display()
    ));
    if replaced > 0 {
        let what = if replaced == 1 { "1 other signature".to_owned() } else { format!("{replaced} other signatures") };
        program.printer.text(&format!("Replaced {what} in it; `--append` keeps them"));
    }
    Ok(())
}
