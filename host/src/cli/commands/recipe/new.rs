//! `recipe new`: creates a recipe project.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::program::Program;
use crate::run::RunError;
use base::source::Explain;
use recipe::component;
use recipe::sdk::{self, Language, NewProject};

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe new note                        Start a recipe in Rust in the directory note
  buildout-host recipe new note --language python      Start one in Python
  buildout-host recipe new --refresh note              Replace sdk/ of the project note with the SDK of this version of buildout-host";

/// `buildout-host recipe new`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct NewArguments {
    /// The name of the recipe package: lowercase letters, digits and `-`
    #[arg(value_name = "NAME", required_unless_present = "refresh")]
    name: Option<String>,
    /// The programming language
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    language: LanguageName,
    /// Create the project in DIR [default: a directory called NAME]
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Only replace sdk/ of the project in DIR with the SDK of this version of buildout-host
    #[arg(long, value_name = "DIR", conflicts_with_all = ["name", "language", "directory"])]
    refresh: Option<PathBuf>,
}

/// A language as it is typed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LanguageName {
    Rust,
    Python,
    #[value(name = "javascript")]
    JavaScript,
    C,
}

impl LanguageName {
    fn language(self) -> Language {
        match self {
            Self::Rust => Language::Rust,
            Self::Python => Language::Python,
            Self::JavaScript => Language::JavaScript,
            Self::C => Language::C,
        }
    }
}

/// A project that does not use the SDK of this version of buildout-host.
#[derive(Debug, thiserror::Error)]
#[error("{} does not use the SDK of this version of buildout-host", .0.display())]
struct NoSdk(PathBuf);

impl Explain for NoSdk {
    fn hints(&self) -> Vec<String> {
        vec![
            "A project that uses it has `sdk = \"python\"` (or another language) in [build] of recipe.toml, or \
             `buildout-recipe = { path = \"sdk/rust\" }` in Cargo.toml."
                .into(),
        ]
    }
}

pub(super) fn execute(program: &Program, arguments: &NewArguments) -> Result<(), RunError> {
    match &arguments.refresh {
        Some(project) => refresh_sdk(program, project),
        None => create(program, arguments),
    }
}

fn create(program: &Program, arguments: &NewArguments) -> Result<(), RunError> {
    let (name, language) = (arguments.name.as_deref().unwrap_or_default(), arguments.language.language());
    let directory = arguments.directory.clone().unwrap_or_else(|| PathBuf::from(name));
    let absolute = program.path(&directory);
    let files = sdk::create(&NewProject { name, language, directory: &absolute })?;
    let shown = directory.display();
    let mut text = format!("Created the recipe project {name} ({}) in {shown}:\n", language.name());
    for file in files {
        text.push_str(&format!("  {}\n", file.display()));
    }
    text.push_str(&format!(
        "  sdk/\n\nNow:\n  cd {shown}\n  buildout-host recipe build\n  buildout-host recipe test\n\n\
         A buildout uses it with `develop = {}` and `recipe = {name}`.",
        absolute.display()
    ));
    program.printer.text(&text);
    Ok(())
}

fn refresh_sdk(program: &Program, directory: &Path) -> Result<(), RunError> {
    let project = component::find_project(&program.path(directory))?;
    let language = component::sdk_of(&project)?.ok_or_else(|| NoSdk(project.clone()))?;
    sdk::refresh(&project, language)?;
    program.printer.text(&format!(
        "Replaced {} with the SDK of this version of buildout-host",
        project.join(sdk::DIRECTORY).display()
    ));
    Ok(())
}
