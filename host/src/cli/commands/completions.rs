//! `completions`: prints a completion script.

use clap::Args;

use super::super::program::Program;
use super::PROGRAM;

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

pub(super) fn execute(program: &Program, arguments: &CompletionsArguments, command: &clap::Command) {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut without_hidden(command), PROGRAM, &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if arguments.shell == clap_complete::Shell::Bash {
        script = with_matching_labels(&script);
    }
    program.printer.verbatim(&script);
}

/// The command line without the commands that users do not type. The generators would offer them, and clap removes none.
fn without_hidden(command: &clap::Command) -> clap::Command {
    clap::Command::new(PROGRAM)
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .args(command.get_arguments().cloned())
        .subcommands(command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()).cloned())
}

/// In the script for bash, the generator writes the hyphen of a program's name in two ways: one where it remembers the
/// command, another in the labels that it compares with it. So no label would match.
fn with_matching_labels(script: &str) -> String {
    let label = |hyphen: &str| format!("{}__subcmd__", PROGRAM.replace('-', hyphen));
    script.replace(&label("__subcmd__"), &label("__"))
}
