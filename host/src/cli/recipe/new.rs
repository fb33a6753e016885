//! `recipe new`: starts a recipe project.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::Program;
use crate::run::RunError;
use base::source::Explain;
use recipe::component;
use recipe::sdk::{self, Language, NewProject};

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe new note                        A recipe in Rust, in the directory note
  buildout-host recipe new note --language python      One in Python
  buildout-host recipe new --refresh note              Replace sdk/ of the project by what this program carries";

/// `buildout-host recipe new`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct NewArguments {
    /// The recipe package: a to z, 0 to 9 and -.
    #[arg(value_name = "NAME", required_unless_present = "refresh")]
    name: Option<String>,
    /// What it is written in.
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    language: Named,
    /// Where the project is made, instead of a directory called NAME.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Replace sdk/ of this project by that of this program; nothing else is touched.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["name", "language", "directory"])]
    refresh: Option<PathBuf>,
}

/// A language as it is typed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Named {
    Rust,
    Python,
    #[value(name = "javascript")]
    JavaScript,
    C,
}

impl Named {
    fn language(self) -> Language {
        match self {
            Self::Rust => Language::Rust,
            Self::Python => Language::Python,
            Self::JavaScript => Language::JavaScript,
            Self::C => Language::C,
        }
    }
}

/// A project whose `sdk/` is not ours.
#[derive(Debug, thiserror::Error)]
#[error("{} takes no SDK of this program.", .0.display())]
struct NoSdk(PathBuf);

impl Explain for NoSdk {
    fn hints(&self) -> Vec<String> {
        vec![
            "Its recipe.toml would say `sdk = \"python\"` (or another language) below [build]; its Cargo.toml \
              buildout-recipe = { path = \"sdk/rust\" }."
                .into(),
        ]
    }
}

impl Program {
    pub(super) fn recipe_new(&self, arguments: &NewArguments) -> Result<(), RunError> {
        if let Some(project) = &arguments.refresh {
            return self.refresh_sdk(project);
        }
        let (name, language) = (arguments.name.as_deref().unwrap_or_default(), arguments.language.language());
        let directory = arguments.directory.clone().unwrap_or_else(|| PathBuf::from(name));
        let absolute = self.environment.directory.join(&directory);
        let files = sdk::create(&NewProject { name, language, directory: &absolute })?;
        let shown = directory.display();
        let mut text = format!("Made the recipe project {name} ({}) in {shown}:\n", language.name());
        for file in files {
            text.push_str(&format!("  {}\n", file.display()));
        }
        text.push_str(&format!(
            "  sdk/\n\nNow:\n  cd {shown}\n  buildout-host recipe build\n  buildout-host recipe test\n\n\
             A buildout uses it with `develop = {}` and `recipe = {name}`.",
            absolute.display()
        ));
        self.printer.text(&text);
        Ok(())
    }

    fn refresh_sdk(&self, directory: &Path) -> Result<(), RunError> {
        let project = component::find_project(&self.environment.directory.join(directory))?;
        let language = component::sdk_of(&project)?.ok_or_else(|| NoSdk(project.clone()))?;
        sdk::refresh(&project, language)?;
        self.printer.text(&format!("Replaced {} by the SDK of this program.", project.join(sdk::DIRECTORY).display()));
        Ok(())
    }
}
