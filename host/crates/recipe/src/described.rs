//! What a recipe package describes of itself, for people and programs outside.

use registry::Grant;

use crate::grants::described::grant_of;
use crate::interfaces::bindings::exports::buildout::recipe::description as wit;

/// A recipe package.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it can make.
    pub entry_points: Vec<Described>,
    /// What its component imports: all that it can ask for.
    pub imports: Vec<String>,
    /// What its component exports.
    pub exports: Vec<String>,
}

/// An entry point of a recipe package.
#[derive(Clone, Debug)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// What it makes. Markdown.
    pub documentation: String,
    /// The options that it reads.
    pub options: Vec<DescribedOption>,
    /// What it needs beyond what every recipe has.
    pub grant: Grant,
    /// Whether it can bring an installed part up to date.
    pub has_update: bool,
    /// Whether it is called before what it made is removed.
    pub has_uninstall: bool,
}

/// An option of an entry point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedOption {
    /// Its name.
    pub name: String,
    /// What its value looks like.
    pub value_type: ValueType,
    /// Whether it must be there.
    pub presence: Presence,
    /// What it means. Markdown.
    pub documentation: String,
}

/// What an option's value looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// Any text.
    Text,
    /// A path.
    Path,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// Words, separated by white space.
    Words,
    /// One item per line.
    Lines,
    /// One of these.
    Choice(Vec<String>),
    /// A type that this version does not know, by name.
    Other(String),
}

/// Whether an option must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The part cannot be made without it.
    Required,
    /// It can be left out.
    Optional,
    /// It can be left out; this value is then taken.
    Default(String),
}

impl Package {
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
    /// Its name, as the WIT has it.
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
