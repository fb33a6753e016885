//! `recipe`: commands for authors of recipes, and for sharing recipes.

mod build;
mod inspect;
mod lock;
mod new;
mod pull;
mod push;
mod sign;
mod test;
mod vendor;
mod verify;

use clap::{Args, Subcommand};

use crate::cli::program::Program;
use crate::run::RunError;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe new note         Start a recipe project in the directory note
  buildout-host recipe test note        Build it, and run its scenarios
  buildout-host recipe inspect mkdir    Show the options of a built-in recipe";

/// `buildout-host recipe`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct RecipeArguments {
    #[command(subcommand)]
    command: RecipeCommand,
}

impl RecipeArguments {
    /// Whether another program reads what the command prints.
    pub(super) fn is_read_by_programs(&self) -> bool {
        matches!(&self.command, RecipeCommand::Inspect(arguments) if arguments.json || arguments.markdown)
    }
}

#[derive(Debug, Subcommand)]
enum RecipeCommand {
    /// Start a recipe project
    New(new::NewArguments),
    /// Build a recipe project, as `develop` in a buildout does
    Build(build::BuildArguments),
    /// Run the scenarios of a recipe project
    Test(test::TestArguments),
    /// Show a recipe package: its entry points, their options, and the grants that they request
    Inspect(inspect::InspectArguments),
    /// Sign a component file
    Sign(sign::SignArguments),
    /// Verify the signature of a component file
    Verify(verify::VerifyArguments),
    /// Publish a component to a registry
    Push(push::PushArguments),
    /// Download a component from a registry
    Pull(pull::PullArguments),
    /// Update recipes.lock, and show what changed
    Lock(lock::RecipeLockArguments),
    /// Copy the components that recipes.lock pins into a directory, for use without a registry
    Vendor(vendor::VendorArguments),
}

pub(super) fn execute(program: &Program, arguments: &RecipeArguments) -> Result<(), RunError> {
    match &arguments.command {
        RecipeCommand::New(arguments) => new::execute(program, arguments),
        RecipeCommand::Build(arguments) => build::execute(program, arguments),
        RecipeCommand::Test(arguments) => test::execute(program, arguments),
        RecipeCommand::Inspect(arguments) => inspect::execute(program, arguments),
        RecipeCommand::Sign(arguments) => sign::execute(program, arguments),
        RecipeCommand::Verify(arguments) => verify::execute(program, arguments),
        RecipeCommand::Push(arguments) => push::execute(program, arguments),
        RecipeCommand::Pull(arguments) => pull::execute(program, arguments),
        RecipeCommand::Lock(arguments) => lock::execute(program, arguments),
        RecipeCommand::Vendor(arguments) => vendor::execute(program, arguments),
    }
}
