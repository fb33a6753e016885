//! `key import`: trusts somebody's public key, or takes over a private key that another program made.

use std::path::PathBuf;

use clap::Args;

use super::generate::PairFiles;
use crate::cli::Program;
use crate::cli::arguments::DEFAULT_FILE;
use crate::cli::passphrase::PassphraseArguments;
use crate::run::RunError;
use registry::add_key;
use registry::signature::{InvalidKey, KeyError, PrivateKey, PublicKey};

const EXAMPLES: &str = "\
Examples:
  buildout-host key import acme.pub                 Keep it as keys/acme.pub, and as [key.acme] in recipes.toml
  buildout-host key import cosign.pub --name acme   The same, with a name of its own
  buildout-host key import ec.pem --output acme     Encrypt a private key that openssl made: acme.key and acme.pub

Get a public key by another way than the recipes that it signs, and compare its fingerprint with its owner.";

/// `buildout-host key import`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ImportArguments {
    /// A public key (PEM); or a private key that is not encrypted (PEM, PKCS #8 or SEC 1).
    file: PathBuf,
    /// What signed-by will call the public key [default: the file's name].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What the files of the private key will be called, without .key and .pub [default: the file's name].
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    output: Option<PathBuf>,
    /// The configuration file, beside which recipes.toml is.
    #[arg(short, long = "config", value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArguments,
}

impl Program {
    pub(super) fn key_import(&self, arguments: &ImportArguments) -> Result<(), RunError> {
        let path = self.environment.directory.join(&arguments.file);
        match PublicKey::read(&path) {
            Ok(key) => self.import_public(arguments, &key),
            Err(KeyError::Invalid { reason: InvalidKey::Label { .. }, .. }) => {
                let key = PrivateKey::import(&path)?;
                let output = arguments.output.clone().unwrap_or_else(|| PathBuf::from(stem(arguments)));
                let pair = PairFiles::at(&self.environment.directory, &output)?;
                self.write_pair(&pair, &key, &arguments.passphrase.new_one(self)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn import_public(&self, arguments: &ImportArguments, key: &PublicKey) -> Result<(), RunError> {
        let name = arguments.name.clone().unwrap_or_else(|| stem(arguments));
        let recipes_toml = self.beside(&arguments.config).join("recipes.toml");
        let text = match add_key(&recipes_toml, &name, key)? {
            Some(file) => format!(
                "Added [key.{name}] to recipes.toml: {} ({key})\nA recipe is trusted by it that says signed-by = [{name:?}].",
                file.display()
            ),
            None => format!("[key.{name}] is this key already ({key})."),
        };
        self.printer.text(&text);
        Ok(())
    }
}

fn stem(arguments: &ImportArguments) -> String {
    arguments.file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
