//! `key import`: trusts a public key, or encrypts a private key that another program created.

use std::path::PathBuf;

use clap::Args;

use super::pair::PairFiles;
use crate::cli::arguments::{ConfigFileArguments, PassphraseArguments};
use crate::cli::program::Program;
use crate::run::RunError;
use registry::add_key;
use registry::signature::{InvalidKey, KeyError, PrivateKey, PublicKey};

const EXAMPLES: &str = "\
Examples:
  buildout-host key import acme.pub                 Copy it to keys/acme.pub, add [key.acme] to recipes.toml
  buildout-host key import cosign.pub --name acme   The same for a file with another name
  buildout-host key import ec.pem --output acme     Encrypt openssl's private key: write acme.key and acme.pub

Compare the fingerprint of a public key with the one that its owner has. Do not rely on a key that
comes from the same place as the recipes that it signs.";

/// `buildout-host key import`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ImportArguments {
    /// A public key (PEM), or an unencrypted private key (PEM, PKCS #8 or SEC 1)
    file: PathBuf,
    /// The name of the public key in `signed-by` [default: the name of the file]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Write the private key to NAME.key, its public key to NAME.pub [default: the name of the file]
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    output: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFileArguments,
    #[command(flatten)]
    passphrase: PassphraseArguments,
}

pub(super) fn execute(program: &Program, arguments: &ImportArguments) -> Result<(), RunError> {
    let path = program.path(&arguments.file);
    match PublicKey::read(&path) {
        Ok(key) => trust(program, arguments, &key),
        Err(KeyError::Invalid { reason: InvalidKey::Label { .. }, .. }) => {
            encrypt(program, arguments, &PrivateKey::import(&path)?)
        }
        Err(error) => Err(error.into()),
    }
}

fn encrypt(program: &Program, arguments: &ImportArguments, key: &PrivateKey) -> Result<(), RunError> {
    let output = arguments.output.clone().unwrap_or_else(|| PathBuf::from(arguments.stem()));
    let pair = PairFiles::new(&program.environment.directory, &output)?;
    pair.write(key, &arguments.passphrase.new_one(&program.environment, &program.interrupt)?)?;
    program.printer.text(&pair.summary(key));
    Ok(())
}

fn trust(program: &Program, arguments: &ImportArguments, key: &PublicKey) -> Result<(), RunError> {
    let name = arguments.name.clone().unwrap_or_else(|| arguments.stem());
    let recipes_toml = arguments.config.directory(&program.environment.directory).join("recipes.toml");
    let text = match add_key(&recipes_toml, &name, key)? {
        Some(file) => format!(
            "Added [key.{name}] to recipes.toml: {} ({key})\nTo trust a recipe that it signed, add to the recipe: signed-by = [{name:?}]",
            file.display()
        ),
        None => format!("[key.{name}] is already this key ({key})"),
    };
    program.printer.text(&text);
    Ok(())
}

impl ImportArguments {
    fn stem(&self) -> String {
        self.file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }
}
