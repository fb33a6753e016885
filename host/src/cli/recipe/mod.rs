//! `recipe`: what a recipe's author works with.

mod build;
mod inspect;
mod new;
mod lock;
mod pull;
mod push;
mod sign;
mod test;
mod vendor;
mod verify;

use clap::{Args, Subcommand};

use super::Program;
use crate::run::RunError;
use crate::share::Authoring;
use base::jobs::Jobs;
use confine::Level;

use build::BuildArguments;
use inspect::InspectArguments;
use new::NewArguments;
use test::TestArguments;

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
    /// Run the scenarios of a recipe project.
    Test(TestArguments),
    /// Show what a recipe package is: entry points, options, what it asks for.
    Inspect(InspectArguments),
    /// Sign a component's file.
    Sign(sign::SignArguments),
    /// Verify the signature of a component's file.
    Verify(verify::VerifyArguments),
    /// Publish a component in a registry.
    Push(push::PushArguments),
    /// Bring a component from a registry.
    Pull(pull::PullArguments),
    /// Copy the components that recipes.lock pins into a directory, for work without the registry.
    Vendor(vendor::VendorArguments),
}

impl Program {
    pub(super) fn recipe(&self, arguments: &RecipeArguments) -> Result<(), RunError> {
        match &arguments.command {
            RecipeCommand::New(arguments) => self.recipe_new(arguments),
            RecipeCommand::Build(arguments) => self.recipe_build(arguments),
            RecipeCommand::Lock(arguments) => self.recipe_lock(arguments),
            RecipeCommand::Test(arguments) => self.recipe_test(arguments),
            RecipeCommand::Inspect(arguments) => self.recipe_inspect(arguments),
            RecipeCommand::Sign(arguments) => self.recipe_sign(arguments),
            RecipeCommand::Verify(arguments) => self.recipe_verify(arguments),
            RecipeCommand::Push(arguments) => self.recipe_push(arguments),
            RecipeCommand::Pull(arguments) => self.recipe_pull(arguments),
            RecipeCommand::Vendor(arguments) => self.recipe_vendor(arguments),
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
