//! The commands of 1.0's grammar.

use crate::cli::arguments::UsageError;

/// A command of 1.0's grammar.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RunCommand {
    Install(Vec<String>),
    Bootstrap,
    Init,
    Annotate(Vec<String>),
    Query(String),
}

const COMMANDS: &[&str] = &["install", "bootstrap", "init", "annotate", "query"];

impl RunCommand {
    /// The command specified by the words (without assignments).
    pub(super) fn parse(words: &[String]) -> Result<Self, UsageError> {
        let Some((name, arguments)) = words.split_first() else { return Ok(Self::Install(Vec::new())) };
        let without_arguments = |command: &'static str, then: Self| match arguments.first() {
            None => Ok(then),
            Some(extra) => Err(UsageError::Unexpected(command, extra.clone())),
        };
        match name.as_str() {
            "install" => Ok(Self::Install(arguments.to_vec())),
            "bootstrap" => without_arguments("bootstrap", Self::Bootstrap),
            "init" => without_arguments("init", Self::Init),
            "annotate" => Ok(Self::Annotate(arguments.to_vec())),
            "query" => match arguments {
                [option] => Ok(Self::Query(option.clone())),
                _ => Err(UsageError::Query),
            },
            _ => Err(UsageError::UnknownCommand { name: name.clone(), known: COMMANDS }),
        }
    }
}
