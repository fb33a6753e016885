//! Compares the options of a part with those that its recipe describes, before the recipe reads them.
//!
//! No option is read for this, because it would count as used. A value that is not resolved yet is left to the recipe.

use config::options::{Buildout, Unread};

use crate::error::{RecipeError, RecipeProblem, Subject};
use crate::interfaces::bindings::exports::buildout::recipe::description::{
    EntryPoint, OptionDescription, OptionType, Presence,
};

/// Checks every described option.
pub(crate) fn options(
    buildout: &Buildout,
    part: &str,
    entry_point: &EntryPoint,
    subject: &Subject,
) -> Result<(), RecipeError> {
    for option in &entry_point.options {
        match buildout.unread(part, &option.name) {
            Unread::Missing if matches!(option.presence, Presence::Required) => {
                // The error with the probable correction and its place, like the recipe's error would have.
                if let Err(error) = buildout.require(part, &option.name) {
                    return Err(RecipeError::new(RecipeProblem::Lookup(error), subject.clone()));
                }
            }
            Unread::Text(text) => {
                if let Some(expected) = expected(option, text.trim()) {
                    let (part, name) = (part.to_owned(), option.name.clone());
                    let place = buildout.place_of(&part, Some(&name));
                    let problem = RecipeProblem::Value { part, name, value: text, expected, place };
                    return Err(RecipeError::new(problem, subject.clone()));
                }
            }
            Unread::Missing | Unread::Refers => {}
        }
    }
    Ok(())
}

/// The expected form of the option's value, if the value is invalid. An empty value counts as omitted.
fn expected(option: &OptionDescription, text: &str) -> Option<String> {
    let one_of = |choices: &[&str]| choices.iter().any(|choice| choice.eq_ignore_ascii_case(text));
    if text.is_empty() {
        return None;
    }
    match &option.value_type {
        OptionType::Boolean if !one_of(&["true", "false"]) => Some("it must be true or false".to_owned()),
        OptionType::Integer if text.parse::<i128>().is_err() => Some("it must be a whole number".to_owned()),
        OptionType::Choice(choices) => {
            let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
            (!one_of(&choices)).then(|| format!("it must be one of {}", choices.join(", ")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_with_their_types() {
        let t = |value_type: OptionType, text: &str, right: bool| {
            let (name, documentation) = (String::new(), String::new());
            let option = OptionDescription { name, value_type, presence: Presence::Optional, documentation };
            assert_eq!(expected(&option, text).is_none(), right, "{option:?} {text:?}");
        };
        t(OptionType::Boolean, "True", true);
        t(OptionType::Boolean, "yes", false);
        t(OptionType::Boolean, "", true);
        t(OptionType::Integer, "-12", true);
        t(OptionType::Integer, "1.5", false);
        t(OptionType::Choice(vec!["fast".into(), "slow".into()]), "fast", true);
        t(OptionType::Choice(vec!["fast".into(), "slow".into()]), "quick", false);
        t(OptionType::Text, "anything", true);
        t(OptionType::Other("colour".into()), "anything", true);
    }
}
