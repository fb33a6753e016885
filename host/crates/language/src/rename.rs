//! Renames a section or an option in all files of the project.

use std::ops::Range;

use crate::Spot;
use crate::analysis::Analysis;
use crate::outlines::EXTENDING;
use crate::symbol::{FoundSymbol, Symbol};

/// Why something cannot be renamed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenameError {
    /// There is nothing here with a name.
    #[error("Only sections and options can be renamed")]
    Nothing,
    /// The name has a meaning.
    #[error("{0} cannot be renamed: buildout-host or its recipe reads it by this name")]
    Meaning(String),
    /// The new name cannot be written in references.
    #[error("A name consists of letters, digits, `-`, `.` and `_`")]
    Name,
    /// The new name is taken.
    #[error("There is already {0}")]
    Taken(String),
}

impl Analysis {
    /// The name at an offset, if it can be renamed.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn renamable(&self, offset: usize) -> Result<Range<usize>, RenameError> {
        self.checked(offset).map(|found| found.span)
    }

    /// All places where the name at an offset is to be replaced.
    ///
    /// # Errors
    /// Why it cannot be renamed, or not to this name.
    pub fn rename(&self, offset: usize, name: &str) -> Result<Vec<Spot>, RenameError> {
        let found = self.checked(offset)?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) {
            return Err(RenameError::Name);
        }
        match found.symbol {
            Symbol::Section(section) => {
                if self.has_section(name) {
                    return Err(RenameError::Taken(format!("a section [{name}]")));
                }
                Ok(self.uses_of_section(&section))
            }
            Symbol::Option { section, option } => {
                if self.options(&section).contains_key(name) {
                    return Err(RenameError::Taken(format!("an option {name} in [{section}]")));
                }
                Ok(self.uses_of_option(&section, &option))
            }
            Symbol::File(_) | Symbol::Recipe(_) => Err(RenameError::Nothing),
        }
    }

    fn checked(&self, offset: usize) -> Result<FoundSymbol, RenameError> {
        let found = self.symbol_at(offset).ok_or(RenameError::Nothing)?;
        match &found.symbol {
            Symbol::Section(section) if section == "buildout" => Err(RenameError::Meaning("[buildout]".into())),
            Symbol::Option { section, option } if self.has_meaning(section, option) => {
                Err(RenameError::Meaning(format!("The option {option}")))
            }
            Symbol::Section(_) | Symbol::Option { .. } => Ok(found),
            Symbol::File(_) | Symbol::Recipe(_) => Err(RenameError::Nothing),
        }
    }

    /// Whether the host or a recipe reads the option.
    fn has_meaning(&self, section: &str, option: &str) -> bool {
        let is_general = ["recipe", "<", "=>", "location"].contains(&option) || option.starts_with('_');
        let of_buildout = section == "buildout"
            && (config::buildout_options().any(|name| name == option) || EXTENDING.contains(&option));
        let of_recipe = self.recipe_of(section).is_some_and(|recipe| recipe.option(option).is_some());
        is_general || of_buildout || of_recipe
    }
}
