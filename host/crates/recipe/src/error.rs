//! Why a recipe cannot be used, or failed.

use std::path::PathBuf;
use std::time::Duration;

use base::remedy::Remedy;
use base::source::{Blame, Explain, Place, did_you_mean};
use config::options::OptionError;
use confine::ConfineError;

use crate::native::command_log::FailedCommand;

/// A recipe that cannot be used, or failed: the problem and its subject.
#[derive(Debug)]
pub struct RecipeError {
    pub(crate) problem: Box<Problem>,
    pub(crate) subject: Subject,
    pub(crate) created: Vec<String>,
}

/// The subject of an error.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    /// The part; empty if a recipe could not even be loaded.
    pub(crate) part: String,
    /// The recipe reference.
    pub(crate) recipe: String,
    /// The part's section.
    pub(crate) place: Option<Place>,
}

/// Details of a failure that the recipe's message does not have.
#[derive(Debug, Default)]
pub(crate) struct Context {
    /// The grants that the refused requests would need.
    pub(crate) denied: Vec<String>,
    /// Hints for the failed operations.
    pub(crate) advice: Vec<String>,
    /// The native command that failed.
    pub(crate) command: Option<FailedCommand>,
    /// The traceback in the author's files, the innermost line last.
    pub(crate) trace: Vec<String>,
}

/// The problem.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("The engine for recipes cannot be started: {0}")]
    Engine(String),
    #[error("Recipe {recipe} is no WebAssembly: {what}")]
    NotWasm { recipe: String, what: &'static str },
    #[error("Recipe {recipe} is a core WebAssembly module, not a component")]
    CoreModule { recipe: String },
    #[error(transparent)]
    Unreadable(crate::component::ComponentError),
    #[error("Recipe {recipe} is damaged: {cause}")]
    Damaged { recipe: String, cause: String },
    #[error("Recipe {recipe} is too large: {size} bytes; the limit is {limit}")]
    TooLarge { recipe: String, size: usize, limit: usize },
    #[error("Compiling recipe {recipe} takes longer than {time:?}")]
    CompilesTooLong { recipe: String, time: Duration },
    #[error("recipe needs {import}; {offered}")]
    Import { import: String, offered: String, is_older: bool },
    #[error("Recipe {recipe} is made for buildout:recipe {version}; this host has {offered}")]
    World { recipe: String, version: String, offered: &'static str, is_older: bool },
    #[error("Recipe {recipe} is a component, but no recipe: {cause}")]
    WrongWorld { recipe: String, cause: String },
    #[error("The recipe.toml of {} names the package {named:?}, but its component says that it is {described:?}", project.display())]
    Name { project: PathBuf, named: String, described: String },
    #[error("Recipe {package} has no entry point \"{entry_point}\"")]
    EntryPoint { package: String, entry_point: String, known: Vec<String>, near: Option<String> },
    #[error("Invalid value for {part}:{name}: {value:?}; {expected}")]
    Value { part: String, name: String, value: String, expected: String, place: Option<Place> },
    #[error("{message}")]
    User { message: String, context: Box<Context> },
    #[error("{message}")]
    Failed { message: String, context: Box<Context> },
    #[error("Interrupted by signal {0}")]
    Interrupted(i32),
    #[error(transparent)]
    Confine(ConfineError),
    #[error("{0}")]
    Lookup(OptionError),
    #[error("Recipe {recipe} {what} in {phase} of part {part}")]
    Trap { recipe: String, part: String, phase: &'static str, what: String, details: Vec<String> },
    #[error("Recipe {recipe} took longer than {seconds} s in {phase} of part {part}")]
    Deadline { recipe: String, part: String, phase: &'static str, seconds: u64, details: Vec<String> },
    #[error("Recipe {recipe} needs more than {limit} MiB of memory for part {part}")]
    Memory { recipe: String, part: String, limit: u64 },
    #[error("Recipe {recipe} asked for too much in {phase} of part {part}: {what}")]
    Limit { recipe: String, part: String, phase: &'static str, what: String },
    #[error("Recipe {recipe} names a path that part {part} may not own: {path:?}")]
    Path { recipe: String, part: String, path: String, why: String },
    #[error("Invalid part name: {part:?}")]
    PartName { part: String },
    #[error("Parts {part} and {other} cannot both be made: {other} lies where {part} builds or keeps its log")]
    Overlap { part: String, other: String },
    #[error("A grant to write {} is refused: it holds {}", directory.display(), holds.display())]
    Grant { directory: PathBuf, holds: PathBuf, place: Option<Place> },
    #[error("Recipe {recipe} asks for more than recipes.toml grants it: {}", items.join(", "))]
    Requested { recipe: String, items: Vec<String>, grant: String, place: Option<Place> },
    #[error("Recipe {recipe} cannot run from a registry: it asks to write {}", refused.join(", "))]
    RequestedTooMuch { recipe: String, refused: Vec<String>, place: Option<Place> },
}

/// The rule for names of parts.
pub const PART_NAME: &str = "A part's name is the name of a directory: no `/`, no `..`, not empty, not `buildout`.";

/// A reason as a sentence.
fn sentence(why: &str) -> String {
    let mut letters = why.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).chain(['.']).collect()
}

impl RecipeError {
    pub(crate) fn new(problem: Problem, subject: Subject) -> Self {
        Self { problem: Box::new(problem), subject, created: Vec::new() }
    }

    /// Paths that the recipe reported as created before it failed: they are to be removed.
    pub fn created(&self) -> &[String] {
        &self.created
    }
}

impl std::fmt::Display for RecipeError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.problem.fmt(formatter)
    }
}

impl std::error::Error for RecipeError {}

impl Explain for RecipeError {
    fn place(&self) -> Option<Place> {
        match &*self.problem {
            Problem::Lookup(error) => error.place(),
            Problem::Grant { place, .. } | Problem::Value { place, .. } => place.clone(),
            Problem::Requested { place, .. } | Problem::RequestedTooMuch { place, .. } => {
                place.clone().or_else(|| self.subject.place.clone())
            }
            // The message that the recipe has logged describes the error; the part's place is printed with the
            // operation.
            Problem::User { .. } | Problem::Engine(_) | Problem::Interrupted(_) | Problem::Confine(_) => None,
            _ => self.subject.place.clone(),
        }
    }

    fn doing(&self) -> Vec<String> {
        if let Problem::Lookup(error) = &*self.problem { error.doing() } else { Vec::new() }
    }

    fn details(&self) -> Vec<String> {
        match &*self.problem {
            Problem::Lookup(error) => error.details(),
            Problem::User { context, .. } | Problem::Failed { context, .. } => {
                let command = context.command.iter().flat_map(FailedCommand::details);
                context.trace.iter().cloned().chain(command).collect()
            }
            Problem::Trap { details, .. } | Problem::Deadline { details, .. } => details.clone(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let recipe = &self.subject.recipe;
        let grant =
            |what: &str| format!("In recipes.toml, below the line [recipe.{recipe:?}], write: grant = {{ {what} }}");
        match &*self.problem {
            Problem::Lookup(error) => error.hints(),
            Problem::User { context, .. } | Problem::Failed { context, .. } => {
                context.denied.iter().map(|line| grant(line)).chain(context.advice.iter().cloned()).collect()
            }
            Problem::Confine(error) => error.hints(),
            Problem::Unreadable(error) => error.hints(),
            Problem::Deadline { seconds, .. } => {
                vec!["It can be given more time.".into(), grant(&format!("timeout = \"{}s\"", seconds * 10))]
            }
            Problem::Memory { limit, .. } => {
                vec!["It can be given more.".into(), grant(&format!("memory = \"{}MiB\"", limit * 4))]
            }
            Problem::EntryPoint { known, near, .. } => {
                let near = near.iter().map(|near| did_you_mean(near));
                near.chain([format!("Its entry points: {}.", known.join(", "))]).collect()
            }
            Problem::Name { .. } => {
                vec![
                    "Make them agree: `name` below [recipe] in recipe.toml, or what the recipe's source describes."
                        .into(),
                ]
            }
            Problem::CoreModule { .. } => vec!["Build it for wasm32-wasip2, whose output is a component.".into()],
            Problem::NotWasm { .. } | Problem::Damaged { .. } => vec!["Build or fetch the component again.".into()],
            Problem::WrongWorld { .. } => {
                vec!["A recipe exports the world `recipe` of package buildout:recipe (wit/).".into()]
            }
            Problem::Path { why, .. } => vec![sentence(why)],
            Problem::PartName { .. } => vec![PART_NAME.into()],
            Problem::Requested { grant, .. } => {
                vec![format!(
                    "If that is as it should be, write in recipes.toml, at [recipe.{recipe}]: grant = {{ {grant} }}"
                )]
            }
            Problem::RequestedTooMuch { .. } => {
                vec![
                    "recipes.toml, the state or other files of the host are there: it cannot be granted. Ask the recipe's \
                     author to request less, for example a directory below it."
                        .into(),
                ]
            }
            Problem::Grant { .. } => vec!["Grant a directory below it.".into()],
            Problem::Overlap { .. } => vec!["Give one of them another name.".into()],
            Problem::Import { is_older: true, .. } | Problem::World { is_older: true, .. } => Vec::new(),
            Problem::Import { .. } | Problem::World { .. } => {
                vec!["Build the recipe against this host's wit/, or update buildout-host.".into()]
            }
            _ => Vec::new(),
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match &*self.problem {
            Problem::Lookup(error) => error.remedies(),
            Problem::Confine(error) => error.remedies(),
            Problem::Import { is_older: true, .. } | Problem::World { is_older: true, .. } => vec![Remedy::RefreshSdk],
            _ => Vec::new(),
        }
    }

    fn blame(&self) -> Blame {
        match &*self.problem {
            Problem::Engine(_) => Blame::Host,
            Problem::Confine(error) => error.blame(),
            Problem::Interrupted(signal) => Blame::Signal(u8::try_from(*signal).unwrap_or_default()),
            _ => Blame::User,
        }
    }
}
