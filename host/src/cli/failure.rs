//! Shows an error to a person: what was being done, the text to blame, what would help, and last the cause.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};

use crate::source::{Blame, Explain};

use super::printer::neutralise;

/// Exit codes of `design.md` section 6.
pub(super) fn exit_code(blame: Blame) -> u8 {
    match blame {
        Blame::User => 1,
        Blame::Usage => 2,
        Blame::Host => 3,
        Blame::Confinement => 4,
        Blame::Signal(number) => 128_u8.saturating_add(number),
    }
}

/// Prints the error to standard error.
pub(super) fn print(error: &dyn Explain, colors: bool) {
    let terminal = std::io::stderr().is_terminal();
    let mut text = render(error);
    if terminal {
        text = neutralise(&text);
    }
    if colors {
        text = text.replacen("\nError:", "\n\x1b[1;31mError:\x1b[0m", 1);
        if let Some(rest) = text.strip_prefix("Error:") {
            text = format!("\x1b[1;31mError:\x1b[0m{rest}");
        }
    }
    // Nobody may be listening any more; the exit code still tells.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// `While:`, the place with a caret, hints, and as the last line `Error: <message>`.
pub(super) fn render(error: &dyn Explain) -> String {
    let mut text = String::new();
    let doing = error.doing();
    if !doing.is_empty() {
        text.push_str("While:\n");
        for line in doing {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {line}");
        }
    }
    if let Some(place) = error.place() {
        let _ = writeln!(text, "{place}");
        for line in place.snippet().lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    for detail in error.details() {
        let _ = writeln!(text, "  {detail}");
    }
    for hint in error.hints() {
        let _ = writeln!(text, "Hint: {hint}");
    }
    let _ = writeln!(text, "Error: {error}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Place, Source};

    #[derive(Debug, thiserror::Error)]
    #[error("Unknown thing")]
    struct Unknown(Place);

    impl Explain for Unknown {
        fn place(&self) -> Option<Place> {
            Some(self.0.clone())
        }
        fn doing(&self) -> Vec<String> {
            vec!["Installing.".into(), "Initializing part a.".into()]
        }
        fn hints(&self) -> Vec<String> {
            vec!["did you mean `b`?".into()]
        }
    }

    #[test]
    fn context_comes_first_and_the_cause_last() {
        let source = Source::new("a.cfg", "[a]\nx = ${c:d}\n");
        let error = Unknown(Place::new(&source, 8..14));
        let expected = "While:\n  Installing.\n  Initializing part a.\na.cfg:2:5\n  x = ${c:d}\n      ^^^^^^\n\
                        Hint: did you mean `b`?\nError: Unknown thing\n";
        assert_eq!(render(&error), expected);
    }
}
