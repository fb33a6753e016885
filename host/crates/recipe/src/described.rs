//! A recipe package's description of itself, for people and other programs.

use registry::Grant;

use crate::grants::described::grant_of;
use crate::interfaces::bindings::exports::buildout::recipe::description as wit;

/// A recipe package.
#[derive(Clone, Debug)]
pub struct RecipePackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its entry points.
    pub entry_points: Vec<Described>,
    /// The imports of its component: all that it can request.
    pub imports: Vec<String>,
    /// The exports of its component.
    pub exports: Vec<String>,
}

/// An entry point of a recipe package.
#[derive(Clone, Debug)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// What it makes, as Markdown.
    pub documentation: String,
    /// The options that it reads.
    pub options: Vec<DescribedOption>,
    /// The grants that it requests.
    pub grant: Grant,
    /// Whether it can update an installed part.
    pub has_update: bool,
    /// Whether it is called before the files that it made are removed.
    pub has_uninstall: bool,
    /// Whether its parts can be taken from a cache.
    pub cacheable: bool,
}

/// An option of an entry point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedOption {
    /// Its name.
    pub name: String,
    /// The type of its value.
    pub value_type: ValueType,
    /// Whether it is required.
    pub presence: Presence,
    /// What it means, as Markdown.
    pub documentation: String,
}

/// The type of an option's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// Any string.
    Text,
    /// A path.
    Path,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// Words separated by whitespace.
    Words,
    /// One item per line.
    Lines,
    /// One of these strings.
    Choice(Vec<String>),
    /// A type that this version does not know, by name.
    Other(String),
}

/// Whether an option is required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The part cannot be made without it.
    Required,
    /// It can be omitted.
    Optional,
    /// It can be omitted; the default is this value.
    Default(String),
}

impl RecipePackage {
    pub(crate) fn of(description: &wit::PackageDescription, imports: Vec<String>, exports: Vec<String>) -> Self {
        let entry_points = description.entry_points.iter().map(Described::of).collect();
        Self { name: description.name.clone(), version: description.version.clone(), entry_points, imports, exports }
    }
}

impl Described {
    fn of(entry_point: &wit::EntryPoint) -> Self {
        Self {
            name: entry_point.name.clone(),
            documentation: entry_point.documentation.clone(),
            options: entry_point.options.iter().map(DescribedOption::of).collect(),
            grant: grant_of(&entry_point.grants),
            has_update: entry_point.has_update,
            has_uninstall: entry_point.has_uninstall,
            cacheable: entry_point.cacheable,
        }
    }
}

impl DescribedOption {
    fn of(option: &wit::OptionDescription) -> Self {
        let presence = match &option.presence {
            wit::Presence::Required => Presence::Required,
            wit::Presence::Optional => Presence::Optional,
            wit::Presence::Default(value) => Presence::Default(value.clone()),
        };
        let value_type = ValueType::of(&option.value_type);
        Self { name: option.name.clone(), value_type, presence, documentation: option.documentation.clone() }
    }
}

impl ValueType {
    /// Its name, as in the WIT.
    pub fn name(&self) -> &str {
        match self {
            Self::Text => "text",
            Self::Path => "path",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Words => "words",
            Self::Lines => "lines",
            Self::Choice(_) => "choice",
            Self::Other(name) => name,
        }
    }

    fn of(value_type: &wit::OptionType) -> Self {
        match value_type {
            wit::OptionType::Text => Self::Text,
            wit::OptionType::Path => Self::Path,
            wit::OptionType::Boolean => Self::Boolean,
            wit::OptionType::Integer => Self::Integer,
            wit::OptionType::Words => Self::Words,
            wit::OptionType::Lines => Self::Lines,
            wit::OptionType::Choice(choices) => Self::Choice(choices.clone()),
            wit::OptionType::Other(name) => Self::Other(name.clone()),
        }
    }
}
