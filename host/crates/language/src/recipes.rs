//! What recipes say of themselves, as far as editors show it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Finds recipes. Implemented above: this crate cannot start any.
pub trait RecipeCatalog: Send + Sync {
    /// What a recipe reference means for a buildout in `directory`; `None` if that is not known.
    fn describe(&self, reference: &str, directory: &Path) -> Option<Arc<RecipeDocumentation>>;

    /// References that can be completed: those of the built-in recipes.
    fn references(&self) -> Vec<String>;
}

/// One entry point of a recipe package.
#[derive(Clone, Debug, Default)]
pub struct RecipeDocumentation {
    /// What it makes, as Markdown.
    pub documentation: String,
    /// The options that it reads; empty if it describes none.
    pub options: Vec<OptionDocumentation>,
    /// Its project, if it is developed in the buildout.
    pub project: Option<PathBuf>,
}

/// One option of a recipe.
#[derive(Clone, Debug)]
pub struct OptionDocumentation {
    /// Its name.
    pub name: String,
    /// Its form.
    pub form: ValueForm,
    /// Whether a part cannot be made without it.
    pub is_required: bool,
    /// The value if it is left out.
    pub default: Option<String>,
    /// What it means, as Markdown.
    pub documentation: String,
}

/// The form of an option's value, as far as an editor checks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueForm {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// One of these.
    Choice(Vec<String>),
    /// Anything; the name of the type for people.
    Any(&'static str),
}

impl RecipeDocumentation {
    /// The option of this name.
    pub(crate) fn option(&self, name: &str) -> Option<&OptionDocumentation> {
        self.options.iter().find(|option| option.name == name)
    }
}

impl ValueForm {
    /// For people.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Boolean => "true or false".into(),
            Self::Integer => "whole number".into(),
            Self::Choice(choices) => choices.join(" | "),
            Self::Any(name) => (*name).into(),
        }
    }

    /// The values that can be completed.
    pub(crate) fn values(&self) -> Vec<String> {
        match self {
            Self::Boolean => vec!["true".into(), "false".into()],
            Self::Choice(choices) => choices.clone(),
            Self::Integer | Self::Any(_) => Vec::new(),
        }
    }

    /// Whether a value without references has this form.
    pub(crate) fn accepts(&self, value: &str) -> bool {
        match self {
            Self::Boolean => ["true", "false"].contains(&value.trim()),
            Self::Integer => value.trim().parse::<i64>().is_ok(),
            Self::Choice(choices) => choices.iter().any(|choice| choice == value.trim()),
            Self::Any(_) => true,
        }
    }
}
