//! The passphrase of a private key: from a file, the environment, or a person at a terminal. Only commands that make or use
//! a private key come here; a run never asks for anything.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use super::Program;
use base::environment::Environment;
use base::source::{Blame, Explain};

/// As cosign calls it.
const VARIABLE: &str = "COSIGN_PASSWORD";

/// Ctrl-C.
const SIGINT: u8 = 2;

/// Where a passphrase comes from.
#[derive(Debug, Args)]
pub(in crate::cli) struct PassphraseArguments {
    /// Read the passphrase from this file, its first line (else from COSIGN_PASSWORD, else from the terminal).
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) passphrase_file: Option<PathBuf>,
}

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum PassphraseError {
    #[error("Cannot read {}: {error}.", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("{what} needs a passphrase, and there is no terminal to ask for one.")]
    NoTerminal { what: &'static str },
    #[error("The terminal gave no passphrase: {0}.")]
    Terminal(io::Error),
    #[error("The two passphrases differ.")]
    Different,
    #[error("Interrupted.")]
    Interrupted(u8),
}

impl Explain for PassphraseError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoTerminal { .. } => vec![format!("Set {VARIABLE}, or name a file with --passphrase-file FILE.")],
            _ => Vec::new(),
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Interrupted(signal) => Blame::Signal(*signal),
            _ => Blame::User,
        }
    }
}

impl PassphraseArguments {
    /// The passphrase of a key that is there.
    pub(in crate::cli) fn existing(
        &self,
        key: &Path,
        program: &Program,
    ) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
        if let Some(passphrase) = self.told(&program.environment)? {
            return Ok(passphrase);
        }
        program.ask(&format!("Passphrase of {}: ", key.display()), "The private key")
    }

    /// The passphrase for a new key; a person types it twice.
    pub(in crate::cli) fn new_one(&self, program: &Program) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
        if let Some(passphrase) = self.told(&program.environment)? {
            return Ok(passphrase);
        }
        let what = "A new private key";
        let first = program.ask("Passphrase for the new private key: ", what)?;
        let second = program.ask("The same again: ", what)?;
        if first == second { Ok(first) } else { Err(PassphraseError::Different) }
    }

    fn told(&self, environment: &Environment) -> Result<Option<Zeroizing<Vec<u8>>>, PassphraseError> {
        if let Some(file) = &self.passphrase_file {
            let path = environment.directory.join(file);
            let text = std::fs::read(&path).map(Zeroizing::new);
            let text = text.map_err(|error| PassphraseError::Read { path, error })?;
            let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
            return Ok(Some(Zeroizing::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec())));
        }
        Ok(environment.variables.get(VARIABLE).map(|text| Zeroizing::new(text.as_bytes().to_vec())))
    }
}

impl Program {
    fn ask(&self, prompt: &str, what: &'static str) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
        if !io::stdin().is_terminal() {
            return Err(PassphraseError::NoTerminal { what });
        }
        // Ctrl-C must not end the process before the terminal shows again what is typed.
        let _watch = self.interrupt.watch();
        let typed = rpassword::prompt_password(prompt);
        let interrupted = self.interrupt.signal().and_then(|signal| u8::try_from(signal).ok());
        match typed {
            Ok(typed) => Ok(Zeroizing::new(typed.into_bytes())),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                Err(PassphraseError::Interrupted(interrupted.unwrap_or(SIGINT)))
            }
            Err(error) => Err(PassphraseError::Terminal(error)),
        }
    }
}
