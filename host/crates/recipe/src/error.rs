//! Why a recipe cannot be used, or failed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::remedy::Remedy;
use base::source::{Blame, Explain, Place, continued_option, did_you_mean};
use config::options::{Buildout, OptionError};
use confine::ConfineError;
use registry::{Grant, grant_of, toml_key};

use crate::component::Resolved;
use crate::native::command_log::FailedCommand;

/// A recipe that cannot be used, or failed: the problem and its subject.
#[derive(Debug)]
pub struct RecipeError {
    pub(crate) problem: Box<RecipeProblem>,
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
    /// What `recipes.toml` grants the recipe.
    pub(crate) granted: Arc<Grant>,
}

impl Subject {
    /// A part's recipe, with the place of its section if the part has one.
    pub(crate) fn of(part: &str, recipe: &Resolved, buildout: Option<&Buildout>) -> Self {
        Self {
            part: part.to_owned(),
            recipe: recipe.reference.to_string(),
            place: buildout.and_then(|buildout| buildout.place_of(part, None)),
            granted: Arc::new(recipe.grant.clone()),
        }
    }
}

/// Details of a failure that the recipe's message does not have.
#[derive(Debug, Default)]
pub(crate) struct FailureContext {
    /// The text of the configuration that caused it.
    pub(crate) place: Option<Place>,
    /// The grants that the refused requests would need.
    pub(crate) denied: Vec<String>,
    /// Hints for the failed operations.
    pub(crate) advice: Vec<String>,
    /// What this program can do about them.
    pub(crate) remedies: Vec<Remedy>,
    /// The native command that failed.
    pub(crate) command: Option<FailedCommand>,
    /// The traceback in the author's files, the innermost line last.
    pub(crate) trace: Vec<String>,
}

/// The problem.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecipeProblem {
    #[error("The engine for recipes cannot be started: {0}")]
    Engine(String),
    #[error("Recipe {recipe} is not WebAssembly: {what}")]
    NotWasm { recipe: String, what: &'static str },
    #[error("Recipe {recipe} is a core WebAssembly module, not a component")]
    CoreModule { recipe: String },
    #[error(transparent)]
    Unreadable(crate::component::ComponentError),
    #[error("Recipe {recipe} is damaged: {cause}")]
    Damaged { recipe: String, cause: String },
    #[error("Recipe {recipe} is too large: {size} bytes; the limit is {limit}")]
    TooLarge { recipe: String, size: usize, limit: usize },
    #[error("Compiling recipe {recipe} took longer than {time:?}")]
    CompilesTooLong { recipe: String, time: Duration },
    #[error("Recipe {recipe} needs {import}; {offered}")]
    Import { recipe: String, import: String, offered: String, is_older: bool },
    #[error("Recipe {recipe} is made for buildout:recipe {version}; this version of buildout-host has {offered}")]
    World { recipe: String, version: String, offered: &'static str, is_older: bool },
    #[error("Recipe {recipe} is a component, but not a recipe: {cause}")]
    WrongWorld { recipe: String, cause: String },
    #[error("The recipe.toml of {} names the package {named:?}, but its component says that it is {described:?}", project.display())]
    Name { project: PathBuf, named: String, described: String },
    #[error("Recipe {package} has no entry point \"{entry_point}\"")]
    EntryPoint { package: String, entry_point: String, known: Vec<String>, near: Option<String> },
    #[error("Invalid value for {part}:{name}: {value:?}; {expected}")]
    Value { part: String, name: String, value: String, expected: String, place: Option<Place> },
    #[error("{message}")]
    User { message: String, context: Box<FailureContext> },
    #[error("{message}")]
    Failed { message: String, context: Box<FailureContext> },
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
    #[error("Recipe {recipe} requested too much in {phase} of part {part}: {what}")]
    Limit { recipe: String, part: String, phase: &'static str, what: String },
    #[error("Recipe {recipe} names a path that part {part} may not own: {path:?}")]
    Path { recipe: String, part: String, path: String, why: String },
    #[error("Invalid part name: {part:?}")]
    PartName { part: String },
    #[error("Parts {part} and {other} cannot both be made: {other} is where {part} builds or keeps its log")]
    Overlap { part: String, other: String },
    #[error("A grant to write {} is refused: it contains {}", directory.display(), holds.display())]
    Grant { directory: PathBuf, holds: PathBuf, place: Option<Place> },
    #[error("Recipe {recipe} requests more than recipes.toml grants it: {}", items.join(", "))]
    Requested { recipe: String, items: Vec<String>, grant: String, place: Option<Place> },
    #[error("Recipe {recipe} cannot run from a registry: it requests write access to {}", refused.join(", "))]
    RequestedTooMuch { recipe: String, refused: Vec<String>, place: Option<Place> },
}

/// The rule for names of parts.
pub const PART_NAME: &str =
    "A part's name is also the name of a directory: it cannot be empty, `..` or `buildout`, or contain `/`.";

/// A reason as a sentence.
fn sentence(why: &str) -> String {
    let mut letters = why.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).chain(['.']).collect()
}

/// The hint of [`Subject::how_to_grant`], with its purpose.
fn grant_more(what: &str, how: String) -> String {
    format!("To give it more {what}, {}", in_a_sentence(how))
}

/// What [`Subject::how_to_grant`] returns, inside a sentence.
pub(crate) fn in_a_sentence(how: String) -> String {
    match how.strip_prefix("In ") {
        Some(rest) => format!("in {rest}"),
        None => how,
    }
}

impl Subject {
    /// The line of `recipes.toml` in which the recipe has a grant.
    fn line_of_grant(&self) -> Option<usize> {
        self.granted.place.as_ref().map(Place::line)
    }

    /// What to write in `recipes.toml` so that the recipe has these grants, too.
    pub(crate) fn how_to_grant(&self, needed: &[String]) -> String {
        let Some(line) = self.line_of_grant() else {
            let (recipe, needed) = (toml_key(&self.recipe), whole(&Grant::default(), needed));
            return format!("In recipes.toml, below [recipe.{recipe}], write: grant = {{ {needed} }}");
        };
        let all = whole(&self.granted, needed);
        format!("In recipes.toml, replace the grant in line {line} with: grant = {{ {all} }}")
    }
}

/// A grant with these in addition, as they are written.
fn whole(granted: &Grant, needed: &[String]) -> String {
    let mut grant = granted.clone();
    for keys in needed {
        match grant_of(keys) {
            Ok(added) => grant.extend(&added),
            Err(_) => return needed.join(", "),
        }
    }
    grant.to_string()
}

impl RecipeError {
    pub(crate) fn new(problem: RecipeProblem, subject: Subject) -> Self {
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
            RecipeProblem::Lookup(error) => error.place(),
            RecipeProblem::Grant { place, .. } | RecipeProblem::Value { place, .. } => place.clone(),
            RecipeProblem::Requested { place, .. } | RecipeProblem::RequestedTooMuch { place, .. } => {
                place.clone().or_else(|| self.subject.place.clone())
            }
            // The message that the recipe has logged describes the error; the part's place is printed with the
            // operation.
            RecipeProblem::User { context, .. } => context.place.clone(),
            RecipeProblem::Failed { context, .. } => context.place.clone().or_else(|| self.subject.place.clone()),
            RecipeProblem::Engine(_) | RecipeProblem::Interrupted(_) | RecipeProblem::Confine(_) => None,
            _ => self.subject.place.clone(),
        }
    }

    fn doing(&self) -> Vec<String> {
        if let RecipeProblem::Lookup(error) = &*self.problem { error.doing() } else { Vec::new() }
    }

    fn details(&self) -> Vec<String> {
        match &*self.problem {
            RecipeProblem::Lookup(error) => error.details(),
            RecipeProblem::User { context, .. } | RecipeProblem::Failed { context, .. } => {
                let command = context.command.iter().flat_map(FailedCommand::details);
                context.trace.iter().cloned().chain(command).collect()
            }
            RecipeProblem::Trap { details, .. } | RecipeProblem::Deadline { details, .. } => details.clone(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let grant = |what: String| self.subject.how_to_grant(&[what]);
        match &*self.problem {
            RecipeProblem::Lookup(error) => error.hints(),
            RecipeProblem::User { context, .. } | RecipeProblem::Failed { context, .. } => {
                let denied = Some(&context.denied).filter(|denied| !denied.is_empty());
                let granting = denied.map(|denied| self.subject.how_to_grant(denied));
                granting.into_iter().chain(context.advice.iter().cloned()).collect()
            }
            RecipeProblem::Confine(error) => error.hints(),
            RecipeProblem::Unreadable(error) => error.hints(),
            RecipeProblem::Deadline { seconds, .. } => {
                vec![grant_more("time", grant(format!("timeout = \"{}s\"", seconds * 10)))]
            }
            RecipeProblem::Memory { limit, .. } => {
                vec![grant_more("memory", grant(format!("memory = \"{}MiB\"", limit * 4)))]
            }
            RecipeProblem::EntryPoint { known, near, .. } => {
                let near = near.iter().map(|near| did_you_mean(near));
                near.chain([format!("Its entry points: {}.", known.join(", "))]).collect()
            }
            RecipeProblem::Value { value, .. } => continued_option(value).into_iter().collect(),
            RecipeProblem::Name { .. } => {
                vec![
                    "Make them agree: change `name` in [recipe] of recipe.toml, or the name in the recipe's source."
                        .into(),
                ]
            }
            RecipeProblem::CoreModule { .. } => vec!["Build it for wasm32-wasip2, whose output is a component.".into()],
            RecipeProblem::NotWasm { .. } | RecipeProblem::Damaged { .. } => {
                vec!["Build or download the component again.".into()]
            }
            RecipeProblem::WrongWorld { .. } => {
                vec!["A recipe exports the world `recipe` of package buildout:recipe (wit/).".into()]
            }
            RecipeProblem::Path { why, .. } => vec![sentence(why)],
            RecipeProblem::PartName { .. } => vec![PART_NAME.into()],
            RecipeProblem::Requested { grant, .. } => {
                vec![match self.subject.line_of_grant() {
                    Some(line) => format!(
                        "If this is intended, replace the grant in line {line} of recipes.toml with: grant = {{ \
                         {grant} }}"
                    ),
                    None => {
                        let recipe = toml_key(&self.subject.recipe);
                        format!(
                            "If this is intended, add to recipes.toml, below [recipe.{recipe}]: grant = {{ {grant} }}"
                        )
                    }
                }]
            }
            RecipeProblem::RequestedTooMuch { .. } => {
                vec![
                    "recipes.toml, the state or other files of buildout-host are there: it cannot be granted. Ask the recipe's \
                     author to request less, for example a directory below it."
                        .into(),
                ]
            }
            RecipeProblem::Grant { .. } => vec!["Grant a directory below it.".into()],
            RecipeProblem::Overlap { .. } => vec!["Give one of them another name.".into()],
            RecipeProblem::Import { is_older: true, .. } | RecipeProblem::World { is_older: true, .. } => Vec::new(),
            RecipeProblem::Import { .. } | RecipeProblem::World { .. } => {
                vec![
                    "Build the recipe against the wit/ of this version of buildout-host, or update buildout-host."
                        .into(),
                ]
            }
            _ => Vec::new(),
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match &*self.problem {
            RecipeProblem::Lookup(error) => error.remedies(),
            RecipeProblem::User { context, .. } | RecipeProblem::Failed { context, .. } => context.remedies.clone(),
            RecipeProblem::Confine(error) => error.remedies(),
            RecipeProblem::Import { is_older: true, .. } | RecipeProblem::World { is_older: true, .. } => {
                vec![Remedy::RefreshSdk]
            }
            _ => Vec::new(),
        }
    }

    fn blame(&self) -> Blame {
        match &*self.problem {
            RecipeProblem::Engine(_) => Blame::Host,
            RecipeProblem::Confine(error) => error.blame(),
            RecipeProblem::Interrupted(signal) => Blame::Signal(u8::try_from(*signal).unwrap_or_default()),
            _ => Blame::User,
        }
    }
}
