//! Checks of the machine that buildouts run on: what is there, what is missing, and what to do about it on this
//! distribution.
//!
//! Knows no buildout. Opens no network connection, and changes nothing but a temporary directory.

mod confinement;
mod files;
mod network;
mod remedies;
mod system;
mod tools;

use std::path::Path;

use base::environment::Environment;
use base::interrupt::Interrupt;

use system::CheckedMachine;

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    /// What was looked at: `user namespaces`.
    pub(crate) name: &'static str,
    /// The verdict.
    pub(crate) verdict: CheckVerdict,
    /// What is there, or how it failed.
    pub(crate) found: String,
    /// What to do, one sentence each.
    pub(crate) remedies: Vec<String>,
}

/// The verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckVerdict {
    /// All is well.
    Good,
    /// Some buildouts need it.
    Warning,
    /// Missing, and most buildouts that build software need it.
    Missing,
    /// Missing, and no native command can be confined without it.
    Unconfined,
    /// Not looked at, as something before it is missing.
    Skipped,
}

impl CheckVerdict {
    /// The word for it, in tables and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warning => "warning",
            Self::Missing => "missing",
            Self::Unconfined => "unconfined",
            Self::Skipped => "skipped",
        }
    }
}

impl Check {
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, verdict: CheckVerdict::Good, found: found.into(), remedies: Vec::new() }
    }

    fn new(name: &'static str, verdict: CheckVerdict, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, verdict, found: found.into(), remedies: vec![remedy.into()] }
    }
}

/// Checks everything. `program` is this program.
pub(crate) fn check(environment: &Environment, program: &Path, interrupt: &Interrupt) -> Vec<Check> {
    let machine = CheckedMachine::of(environment);
    let mut checks = vec![machine.check()];
    checks.extend(confinement::check(&machine, program, interrupt));
    checks.extend(tools::check(&machine, environment, interrupt));
    checks.extend(files::check(environment, program));
    checks.extend(network::check(environment));
    checks.push(files::clock(program));
    checks
}
