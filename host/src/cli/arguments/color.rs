//! Whether to use colors (`--color`, `NO_COLOR`, `TERM`).

use base::environment::Environment;
use clap::{ArgAction, Args};

/// What every command has.
#[derive(Clone, Copy, Debug, Args)]
pub(in crate::cli) struct GlobalArguments {
    /// Control when colors are used
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true, help_heading = "Global options")]
    pub(in crate::cli) color: Color,
    /// Print help
    #[arg(short, long, action = ArgAction::Help, global = true, help_heading = "Global options")]
    help: Option<bool>,
}

/// When colors are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Color {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Whether to color output that may be a terminal.
    pub(in crate::cli) fn wanted(self, is_terminal: bool, environment: &Environment) -> bool {
        let no_color = environment.variables.get("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Self::Auto => is_terminal && !no_color && !is_dumb(environment),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Whether the terminal does not support control sequences.
pub(in crate::cli) fn is_dumb(environment: &Environment) -> bool {
    environment.variables.get("TERM").is_some_and(|term| term == "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_variables_and_terminal_decide() {
        let t = |color: Color, terminal, variables: &[(&str, &str)], expected| {
            let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            let environment = Environment { variables, ..Environment::default() };
            assert_eq!(color.wanted(terminal, &environment), expected, "{color:?} {terminal} {environment:?}");
        };
        t(Color::Auto, true, &[("TERM", "xterm")], true);
        t(Color::Auto, true, &[("NO_COLOR", "")], true);
        t(Color::Auto, true, &[("NO_COLOR", "1")], false);
        t(Color::Auto, true, &[("TERM", "dumb")], false);
        t(Color::Auto, false, &[], false);
        t(Color::Always, false, &[("NO_COLOR", "1")], true);
        t(Color::Never, true, &[], false);
    }
}
