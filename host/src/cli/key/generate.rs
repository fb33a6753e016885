//! `key generate`: makes a pair of keys.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Program;
use crate::cli::passphrase::PassphraseArguments;
use crate::run::RunError;
use base::files::{self, FileError};
use base::source::Explain;
use registry::signature::PrivateKey;

const EXAMPLES: &str = "\
Examples:
  buildout-host key generate                            Make buildout.key and buildout.pub; asks for a passphrase
  buildout-host key generate --output keys/acme         Make keys/acme.key and keys/acme.pub
  COSIGN_PASSWORD=… buildout-host key generate          Without a terminal

cosign reads these keys, and keys that cosign made can be used here.";

/// `buildout-host key generate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct GenerateArguments {
    /// What the files are called, without .key and .pub.
    #[arg(long, value_name = "NAME", default_value = "buildout")]
    output: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArguments,
}

/// A key is never written over.
#[derive(Debug, thiserror::Error)]
#[error("{} is there already.", .0.display())]
pub(super) struct Taken(pub(super) PathBuf);

impl Explain for Taken {
    fn hints(&self) -> Vec<String> {
        vec!["Keys are never overwritten: name others with --output NAME, or move these away.".to_owned()]
    }
}

impl Program {
    pub(super) fn key_generate(&self, arguments: &GenerateArguments) -> Result<(), RunError> {
        let output = PairFiles::at(&self.environment.directory, &arguments.output)?;
        let passphrase = arguments.passphrase.new_one(self)?;
        self.write_pair(&output, &PrivateKey::generate()?, &passphrase)
    }

    /// Writes both halves and says where they are.
    pub(super) fn write_pair(&self, to: &PairFiles, key: &PrivateKey, passphrase: &[u8]) -> Result<(), RunError> {
        to.write(key, passphrase)?;
        self.printer.text(&format!(
            "Private key: {} (keep it, and its passphrase, to yourself)\nPublic key:  {}\nFingerprint: {}",
            to.private.display(),
            to.public.display(),
            key.public()
        ));
        Ok(())
    }
}

/// The files of a pair, which are not there yet.
pub(super) struct PairFiles {
    directory: PathBuf,
    private: PathBuf,
    public: PathBuf,
}

impl PairFiles {
    pub(super) fn at(directory: &Path, name: &Path) -> Result<Self, Taken> {
        let with = |suffix: &str| {
            let mut name = name.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        let pair = Self { directory: directory.to_owned(), private: with(".key"), public: with(".pub") };
        for path in [&pair.private, &pair.public] {
            if directory.join(path).symlink_metadata().is_ok() {
                return Err(Taken(path.clone()));
            }
        }
        Ok(pair)
    }

    fn write(&self, key: &PrivateKey, passphrase: &[u8]) -> Result<(), RunError> {
        let create = |path: &Path, text: &str, mode| -> Result<(), FileError> {
            files::create(&self.directory.join(path), text.as_bytes(), mode)
        };
        create(&self.private, &key.sealed(passphrase)?, 0o600)?;
        create(&self.public, &key.public().pem(), 0o644)?;
        Ok(())
    }
}
