//! `recipe`: what a recipe's author works with.

mod build;
mod new;
mod lock;
mod sign;
mod verify;

use clap::{Args, Subcommand};

use super::Program;
use crate::confine::Level;
use crate::jobs::Jobs;
use crate::run::{Authoring, RunError};

use build::BuildArguments;
use new::NewArguments;

/// `buildout-host recipe`.
#[derive(Debug, Args)]
pub(super) struct RecipeArguments {
    #[command(subcommand)]
    command: RecipeCommand,
}

#[derive(Debug, Subcommand)]
enum RecipeCommand {
    /// Start a recipe project.
    New(NewArguments),
    /// Build a recipe project, as `develop` in a buildout does.
    Build(BuildArguments),
    /// Bring recipes.lock up to date, and show what changed.
    Lock(lock::LockArguments),
    /// Sign a component's file.
    Sign(sign::SignArguments),
    /// Verify the signature of a component's file.
    Verify(verify::VerifyArguments),
}

impl Program {
    pub(super) fn recipe(&self, arguments: &RecipeArguments) -> Result<(), RunError> {
        match &arguments.command {
            RecipeCommand::New(arguments) => self.recipe_new(arguments),
            RecipeCommand::Build(arguments) => self.recipe_build(arguments),
            RecipeCommand::Lock(arguments) => self.recipe_lock(arguments),
            RecipeCommand::Sign(arguments) => self.recipe_sign(arguments),
            RecipeCommand::Verify(arguments) => self.recipe_verify(arguments),
        }
    }

    fn authoring(&self) -> Result<Authoring, RunError> {
        let native = self.settings(Level::Full, Jobs::one(), crate::run::AfterFailure::Stop)?.native;
        Ok(Authoring {
            environment: self.environment.clone(),
            report: std::sync::Arc::clone(&self.printer) as _,
            native,
        })
    }
}

/// So many bytes, as people say it.
fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes() {
        assert_eq!([0, 999, 1_001, 18_234_567].map(super::size), ["0 bytes", "999 bytes", "2 kB", "18.2 MB"]);
    }
}
