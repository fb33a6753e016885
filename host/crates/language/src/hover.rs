//! What a section, option or recipe is, as Markdown.

use std::fmt::Write as _;
use std::ops::Range;

use config::OptionValue;
use config::options::OptionError;

use crate::analysis::Analysis;
use crate::recipes::OptionDocumentation;
use crate::symbol::Symbol;

/// Longer values are cut, in characters.
const LONGEST: usize = 2_000;

impl Analysis {
    /// What is known about what is at an offset, and where its name is.
    pub fn hover(&self, offset: usize) -> Option<(String, Range<usize>)> {
        let found = self.symbol_at(offset)?;
        let text = match &found.symbol {
            Symbol::Section(section) => self.about_section(section)?,
            Symbol::Option { section, option } => self.about_option(section, option)?,
            Symbol::Recipe(reference) => {
                let recipe = self.describe(reference)?;
                format!("**recipe** `{reference}`\n\n{}", recipe.documentation)
            }
            Symbol::File(name) => format!("`{}`", self.outline.extended(name)),
        };
        Some((text, found.span))
    }

    fn about_section(&self, section: &str) -> Option<String> {
        let written = self.configuration.sections.get(section)?;
        let mut text = format!("**[{section}]**");
        if let Some(recipe) = self.options(section).get("recipe") {
            let _ = write!(text, ", made by the recipe `{}`", recipe.raw);
        }
        if let Some(place) = &written.place {
            let _ = write!(text, "\n\n{}", self.shown(&place.line_name()));
        }
        if let Some(recipe) = self.recipe_of(section) {
            let first = recipe.documentation.split("\n\n").next().unwrap_or_default();
            let _ = write!(text, "\n\n{first}");
        }
        Some(text)
    }

    fn about_option(&self, section: &str, option: &str) -> Option<String> {
        let options = self.options(section);
        let recipe = self.recipe_of(section);
        let described = recipe.as_ref().and_then(|recipe| recipe.option(option));
        let mut text = format!("**{section}:{option}**");
        match options.get(option) {
            Some(value) => {
                text.push_str(&block(&value.raw));
                if value.raw.contains("${") {
                    match self.buildout().get(section, option) {
                        Ok(Some(resolved)) => text.push_str(&format!("\nvalue:\n{}", block(&resolved))),
                        Ok(None) => {}
                        Err(error) => text.push_str(&format!("\n{}\n", cause(&error))),
                    }
                }
                text.push_str(&self.history(value));
            }
            None if described.is_some() => text.push_str("\n\nnot set here"),
            None => return None,
        }
        if let Some(described) = described {
            let _ = write!(text, "\n\n{}", of_recipe(described));
        }
        if let Some(recipe) = recipe.filter(|_| option == "recipe") {
            let _ = write!(text, "\n\n{}", recipe.documentation);
        }
        Some(text)
    }

    /// Where the value comes from, oldest first.
    fn history(&self, value: &OptionValue) -> String {
        let mut text = String::from("\n");
        for item in &value.history {
            let _ = writeln!(text, "- {} {}", item.operation, self.shown(&item.origin.to_string()));
        }
        text
    }

    /// A path as seen from the directory of the configuration.
    fn shown(&self, path: &str) -> String {
        let directory = format!("{}/", self.configuration.directory.display());
        path.strip_prefix(&directory).unwrap_or(path).to_owned()
    }
}

fn cause(error: &OptionError) -> String {
    format!("Only a run shows the value: {error}")
}

fn block(value: &str) -> String {
    let cut: String = value.chars().take(LONGEST).collect();
    let fence = if cut.contains("```") { "~~~~" } else { "```" };
    format!("\n{fence}\n{cut}\n{fence}\n")
}

/// Type, default and meaning of an option.
pub(crate) fn of_recipe(option: &OptionDocumentation) -> String {
    let default = match (&option.default, option.is_required) {
        (Some(default), _) => format!(", default `{default}`"),
        (None, true) => ", required".to_owned(),
        (None, false) => String::new(),
    };
    format!("*{}{default}*\n\n{}", option.form.name(), option.documentation)
}
