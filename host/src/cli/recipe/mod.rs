//! `recipe`: what the authors of recipes do.

mod sign;
mod verify;

use clap::{Args, Subcommand};

use super::Program;
use crate::run::RunError;

/// `buildout-host recipe`.
#[derive(Debug, Args)]
pub(super) struct RecipeArguments {
    #[command(subcommand)]
    command: RecipeCommand,
}

#[derive(Debug, Subcommand)]
enum RecipeCommand {
    /// Sign a component's file.
    Sign(sign::SignArguments),
    /// Verify the signature of a component's file.
    Verify(verify::VerifyArguments),
}

impl Program {
    pub(super) fn recipe(&self, arguments: &RecipeArguments) -> Result<(), RunError> {
        match &arguments.command {
            RecipeCommand::Sign(arguments) => self.recipe_sign(arguments),
            RecipeCommand::Verify(arguments) => self.recipe_verify(arguments),
        }
    }
}
