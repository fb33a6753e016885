//! Whether colours are wanted (`--color`, `NO_COLOR`, `TERM`).

use base::environment::Environment;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

impl Color {
    /// Whether to colour what goes to an output that is, or is not, a terminal.
    pub(super) fn wanted(self, is_terminal: bool, environment: &Environment) -> bool {
        let no_color = environment.variables.get("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Self::Auto => is_terminal && !no_color && !is_dumb(environment),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Whether the terminal says that it obeys no control sequences.
pub(super) fn is_dumb(environment: &Environment) -> bool {
    environment.variables.get("TERM").is_some_and(|term| term == "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_decided_by_option_variables_and_terminal() {
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
