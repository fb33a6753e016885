//! Steps that are all taken, whether the ones before succeed or not; in the end, what failed is listed.

use crate::workspace::CommandFailure;

/// What failed so far.
#[derive(Debug, Default)]
pub(crate) struct FailedSteps {
    failed: Vec<String>,
}

impl FailedSteps {
    /// Notes how a step ended; says at once if it failed.
    pub(crate) fn note(&mut self, name: &str, outcome: Result<(), CommandFailure>) {
        if let Err(failure) = outcome {
            eprintln!("xtask: {name} failed: {}", failure.message);
            self.failed.push(match failure.message.lines().count() {
                0 | 1 => format!("{name}: {}", failure.message),
                _ => format!("{name}:\n{}", failure.message.replace("\n", "\n  ")),
            });
        }
    }

    /// The end: a failure that lists those of all steps.
    pub(crate) fn end(self) -> Result<(), CommandFailure> {
        if self.failed.is_empty() {
            return Ok(());
        }
        Err(CommandFailure::new(format!("\nFailed:\n- {}", self.failed.join("\n- "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_failed_is_listed() {
        let mut steps = FailedSteps::default();
        steps.note("first", Ok(()));
        assert!(FailedSteps::default().end().is_ok());
        steps.note("second", Err(CommandFailure::new("no compiler")));
        steps.note("third", Err(CommandFailure::new("2 tests\na\nb")));
        let failure = steps.end().expect_err("a failure");
        assert_eq!(failure.message, "\nFailed:\n- second: no compiler\n- third:\n2 tests\n  a\n  b");
        assert_eq!(failure.code, 1);
    }
}
