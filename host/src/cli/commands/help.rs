//! `help`: another way to write `--help`.

use std::ffi::OsString;

use clap::Args;

use super::PROGRAM;

const EXAMPLES: &str = "\
Examples:
  buildout-host help               Show the commands
  buildout-host help recipe new    Show the options of `recipe new`, and examples";

/// `buildout-host help`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct HelpArguments {
    /// The command to explain
    #[arg(value_name = "COMMAND")]
    words: Vec<String>,
}

impl HelpArguments {
    /// The command line with the flag. It is never a command to execute, as the flag comes first after the command.
    pub(super) fn as_flag(&self) -> Vec<OsString> {
        let words = self.words.iter().map(String::as_str).filter(|word| !word.starts_with('-'));
        std::iter::once(PROGRAM).chain(words).chain(["--help"]).map(OsString::from).collect()
    }
}
