//! Steps that are all taken, whether the ones before succeed or not; in the end, what failed is listed.

use crate::workspace::Failure;

/// What failed so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    failed: Vec<String>,
}

impl Steps {
    /// Notes how a step ended; says at once if it failed.
    pub(crate) fn note(&mut self, name: &str, outcome: Result<(), Failure>) {
        if let Err(failure) = outcome {
            eprintln!("xtask: {name} failed: {}", failure.message);
            self.failed.push(match failure.message.lines().count() {
                0 | 1 => format!("{name}: {}", failure.message),
                _ => format!("{name}:\n{}", failure.message.replace("\n", "\n  ")),
            });
        }
    }

    /// The end: a failure that lists those of all steps.
    pub(crate) fn end(self) -> Result<(), Failure> {
        if self.failed.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("\nFailed:\n- {}", self.failed.join("\n- "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_failed_is_listed() {
        let mut steps = Steps::default();
        steps.note("first", Ok(()));
        assert!(Steps::default().end().is_ok());
        steps.note("second", Err(Failure::new("no compiler")));
        steps.note("third", Err(Failure::new("2 tests\na\nb")));
        let failure = steps.end().expect_err("a failure");
        assert_eq!(failure.message, "\nFailed:\n- second: no compiler\n- third:\n2 tests\n  a\n  b");
        assert_eq!(failure.code, 1);
    }
}
