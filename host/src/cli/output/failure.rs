//! Prints an error: the operations in progress, the text that caused it, hints, and the cause last.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use crate::cli::hints;
use base::source::{Blame, Explain, printable, redact};

/// The exit code (see the table in `docs/architecture.md`).
pub(in crate::cli) fn exit_code(blame: Blame) -> u8 {
    match blame {
        Blame::User => 1,
        Blame::Usage => 2,
        Blame::Host => 3,
        Blame::Confinement => 4,
        Blame::Signal(number) => 128_u8.saturating_add(number),
    }
}

/// Prints the error to standard error.
pub(in crate::cli) fn print(error: &dyn Explain, colors: bool) {
    let mut text = printable(&render(error));
    if colors {
        text = text.replacen("\nError:", "\n\x1b[1;31mError:\x1b[0m", 1);
        if let Some(rest) = text.strip_prefix("Error:") {
            text = format!("\x1b[1;31mError:\x1b[0m{rest}");
        }
    }
    // If standard error is closed, the exit code still reports the failure.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// `While:`, the place with a caret, hints, and `Error: <message>` as the last line.
fn render(error: &dyn Explain) -> String {
    let mut text = String::new();
    let doing = error.doing();
    if !doing.is_empty() {
        text.push_str("While:\n");
        for line in doing {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {}", redact(&line));
        }
    }
    if let Some(place) = error.place() {
        let _ = writeln!(text, "{place}");
        for line in place.snippet().lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    for detail in error.details() {
        let _ = writeln!(text, "  {}", redact(&detail));
    }
    for hint in hints::of(error) {
        let _ = writeln!(text, "Hint: {}", redact(&capitalized(&hint)));
    }
    let _ = writeln!(text, "Error: {}", redact(&error.to_string()));
    text
}

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("Cannot write to standard output: {0}")]
pub(in crate::cli) struct OutputError(pub(in crate::cli) io::Error);

impl Explain for OutputError {}

/// Prints clap's help or version to standard output, or its error to standard error, with our hint about the `commands`.
/// Returns the exit code.
pub(in crate::cli) fn print_clap(error: &clap::Error, commands: &clap::Command) -> u8 {
    if error.use_stderr() {
        let hint = hints::of_usage(error, commands);
        let text = usage(&error.render().to_string(), hint.as_deref());
        let _ = io::stderr().write_all(printable(&text).as_bytes());
        return exit_code(Blame::Usage);
    }
    match error.print() {
        // Closing the output must not turn `--help` into an error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            print(&OutputError(error), false);
            exit_code(Blame::User)
        }
        _ => 0,
    }
}

/// A message from clap, with the cause as the last line. Our own hint takes the place of clap's tip.
fn usage(text: &str, hint: Option<&str>) -> String {
    let (message, rest) = match text.strip_prefix("error: ") {
        Some(text) => text.split_once('\n').unwrap_or((text, "")),
        None => ("a command is missing", text),
    };
    let rest = rest.trim_start_matches('\n').trim_end();
    let (message, rest) = with_list(message, rest);
    let is_replaced = hint.is_some() && rest.contains(TIP);
    // Clap's usage line shows the argument of its tip.
    let is_of_tip = |line: &str| line.starts_with(TIP) || line.starts_with("Usage: ") && !line.ends_with("<COMMAND>");
    let rest = rest.lines().filter(|line| !(is_misleading(line) || is_replaced && is_of_tip(line)));
    let rest = rest.collect::<Vec<_>>().join("\n").replace("\n\n\n", "\n\n");
    let rest = rest.trim_start_matches('\n');
    let hint = hint.map(|hint| format!("Hint: {hint}\n"));
    let (hint, gap) = (hint.unwrap_or_default(), if rest.is_empty() { "" } else { "\n\n" });
    format!("{rest}{gap}{hint}Error: {}\n", capitalized(&message))
}

/// How a line with a tip of clap begins.
const TIP: &str = "  tip: ";

/// The message with the list that follows it, and the rest.
fn with_list<'a>(message: &str, rest: &'a str) -> (String, &'a str) {
    if !message.ends_with(':') {
        return (message.to_owned(), rest);
    }
    let (list, rest) = rest.split_once("\n\n").unwrap_or((rest, ""));
    let items: Vec<&str> = list.lines().map(str::trim).collect();
    (format!("{message} {}", items.join(" ")), rest)
}

/// Tips of clap that lead away: from a misspelled level of the sandbox to none at all, or to a value that looks like a flag.
fn is_misleading(line: &str) -> bool {
    ["tip: a similar value exists", "tip: to pass "].iter().any(|tip| line.trim_start().starts_with(tip))
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::source::{Place, Source};

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
            vec!["Did you mean `b`?".into()]
        }
    }

    #[test]
    fn the_cause_of_wrong_usage_comes_last() {
        let text = "error: unexpected argument '-z' found\n\nUsage: x\n\nFor more\n";
        assert_eq!(usage(text, None), "Usage: x\n\nFor more\n\nError: Unexpected argument '-z' found\n");
        assert_eq!(usage("Usage: x\n", None), "Usage: x\n\nError: A command is missing\n");
    }

    #[test]
    fn context_comes_first_and_the_cause_last() {
        let source = Source::new("a.cfg", "[a]\nx = ${c:d}\n");
        let error = Unknown(Place::new(&source, 8..14));
        let expected = "While:\n  Installing.\n  Initializing part a.\na.cfg:2:5\n  x = ${c:d}\n      ^^^^^^\n\
                        Hint: Did you mean `b`?\nError: Unknown thing\n";
        assert_eq!(render(&error), expected);
    }
}
