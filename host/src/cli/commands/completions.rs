//! `completions`: prints a completion script.

use clap::Args;

use super::super::program::Program;

const EXAMPLES: &str = "\
Example:
  buildout-host completions bash > ~/.local/share/bash-completion/completions/buildout-host";

/// `buildout-host completions`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct CompletionsArguments {
    /// The shell
    shell: clap_complete::Shell,
}

pub(super) fn execute(program: &Program, arguments: &CompletionsArguments, mut command: clap::Command) {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    program.printer.verbatim(&String::from_utf8_lossy(&script));
}
