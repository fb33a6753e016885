//! The passphrase of a private key: from a file, the environment, or the user at a terminal. Only commands that create
//! or use a private key ask for it; a run never does.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use crate::cli::prompt::{PromptError, hidden_line};
use base::environment::Environment;
use base::files::FileError;
use base::interrupt::Interrupt;
use base::remedy::Remedy;
use base::source::{Blame, Explain};

/// The variable that cosign uses.
const VARIABLE: &str = "COSIGN_PASSWORD";

/// Maximum number of bytes read from the file.
const LARGEST_FILE: u64 = 1 << 20;

/// Where a passphrase comes from.
#[derive(Debug, Args)]
pub(in crate::cli) struct PassphraseArguments {
    /// Read the passphrase from the first line of this file
    ///
    /// Without this flag, the passphrase is read from COSIGN_PASSWORD, or else from the terminal.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// Why no passphrase is available.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum PassphraseError {
    #[error(transparent)]
    Read(#[from] FileError),
    #[error("{what} needs a passphrase, and there is no terminal to ask for one")]
    NoTerminal { what: &'static str },
    #[error("Cannot read the passphrase from the terminal: {0}")]
    Terminal(io::Error),
    #[error("The two passphrases differ")]
    Different,
    #[error("Interrupted")]
    Interrupted(i32),
}

impl Explain for PassphraseError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoTerminal { .. } => vec![format!("Set {VARIABLE}, or use `--passphrase-file FILE`.")],
            Self::Read(error) => error.hints(),
            _ => Vec::new(),
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Interrupted(signal) => Blame::Signal(u8::try_from(*signal).unwrap_or(u8::MAX)),
            _ => Blame::User,
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::Read(error) => error.remedies(),
            _ => Vec::new(),
        }
    }
}

impl From<PromptError> for PassphraseError {
    fn from(error: PromptError) -> Self {
        match error {
            PromptError::Terminal(error) => Self::Terminal(error),
            PromptError::Interrupted(signal) => Self::Interrupted(signal),
        }
    }
}

type Passphrase = Zeroizing<Vec<u8>>;

impl PassphraseArguments {
    /// The passphrase of an existing key.
    pub(in crate::cli) fn existing(
        &self,
        key: &Path,
        environment: &Environment,
        interrupt: &Interrupt,
    ) -> Result<Passphrase, PassphraseError> {
        match self.given(environment)? {
            Some(passphrase) => Ok(passphrase),
            None => ask(&format!("Passphrase of {}: ", key.display()), "The private key", interrupt),
        }
    }

    /// The passphrase for a new key, which the user types twice.
    pub(in crate::cli) fn new_one(
        &self,
        environment: &Environment,
        interrupt: &Interrupt,
    ) -> Result<Passphrase, PassphraseError> {
        if let Some(passphrase) = self.given(environment)? {
            return Ok(passphrase);
        }
        let what = "A new private key";
        let first = ask("Passphrase for the new private key: ", what, interrupt)?;
        let second = ask("Repeat the passphrase: ", what, interrupt)?;
        if first == second { Ok(first) } else { Err(PassphraseError::Different) }
    }

    fn given(&self, environment: &Environment) -> Result<Option<Passphrase>, PassphraseError> {
        if let Some(file) = &self.passphrase_file {
            let text = first_bytes(&environment.directory.join(file))?;
            let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
            return Ok(Some(Zeroizing::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec())));
        }
        Ok(environment.variables.get(VARIABLE).map(|text| Zeroizing::new(text.as_bytes().to_vec())))
    }
}

/// The file may be a pipe (`<(pass show acme)`).
fn first_bytes(path: &Path) -> Result<Passphrase, FileError> {
    let mut text = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| file.take(LARGEST_FILE).read_to_end(&mut text));
    read.map_err(FileError::of("read", path))?;
    Ok(text)
}

fn ask(question: &str, what: &'static str, interrupt: &Interrupt) -> Result<Passphrase, PassphraseError> {
    if !io::stdin().is_terminal() {
        return Err(PassphraseError::NoTerminal { what });
    }
    Ok(hidden_line(question, interrupt)?)
}
