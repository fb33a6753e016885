//! Recipe references: the value of `recipe =`.

use std::fmt;
use std::str::FromStr;

/// The entry point of a reference without one.
pub const DEFAULT_ENTRY_POINT: &str = "default";

/// `package[:entry-point]`. Printed without the entry point if that is `default`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecipeReference {
    /// The recipe package.
    pub package: String,
    /// The entry point in it; `default` if none is specified.
    pub entry_point: String,
}

/// Why a string is not a recipe reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecipeReference {
    /// The part before the colon is empty, or the whole string is.
    #[error("the package's name is missing")]
    NoPackage,
    /// The part after the colon is empty.
    #[error("the entry point's name is missing after the colon")]
    NoEntryPoint,
    /// A second colon.
    #[error("there is more than one colon")]
    ManyColons,
    /// It contains whitespace or a control character.
    #[error("it contains whitespace or a control character")]
    Blank,
}

impl FromStr for RecipeReference {
    type Err = InvalidRecipeReference;

    /// Parses the value of `recipe =`; whitespace at both ends and around the colon is ignored, as in zc.buildout.
    fn from_str(text: &str) -> Result<Self, InvalidRecipeReference> {
        let (package, entry_point) = match text.trim().split_once(':') {
            None => (text.trim(), DEFAULT_ENTRY_POINT),
            Some((package, entry_point)) => (package.trim(), entry_point.trim()),
        };
        if package.is_empty() {
            return Err(InvalidRecipeReference::NoPackage);
        }
        if entry_point.is_empty() {
            return Err(InvalidRecipeReference::NoEntryPoint);
        }
        if entry_point.contains(':') {
            return Err(InvalidRecipeReference::ManyColons);
        }
        if package.chars().chain(entry_point.chars()).any(|c| c.is_whitespace() || c.is_control()) {
            return Err(InvalidRecipeReference::Blank);
        }
        Ok(Self { package: package.to_owned(), entry_point: entry_point.to_owned() })
    }
}

impl fmt::Display for RecipeReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.package)?;
        if self.entry_point == DEFAULT_ENTRY_POINT { Ok(()) } else { write!(formatter, ":{}", self.entry_point) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_point_is_default_if_none_is_written() {
        let bare: RecipeReference = "mkdir".parse().unwrap();
        assert_eq!((bare.package.as_str(), bare.entry_point.as_str()), ("mkdir", "default"));
        assert_eq!(bare.to_string(), "mkdir");
        assert_eq!("mkdir:default".parse(), Ok(bare));
        assert_eq!("recipes:mkdir".parse::<RecipeReference>().unwrap().to_string(), "recipes:mkdir");
        assert_eq!(" a : b ".parse::<RecipeReference>().unwrap().to_string(), "a:b");
    }

    #[test]
    fn says_why_a_string_is_not_a_reference() {
        for (text, why) in [
            ("", InvalidRecipeReference::NoPackage),
            (":mkdir", InvalidRecipeReference::NoPackage),
            ("mkdir:", InvalidRecipeReference::NoEntryPoint),
            ("a:b:c", InvalidRecipeReference::ManyColons),
            ("a b", InvalidRecipeReference::Blank),
            ("a\nb", InvalidRecipeReference::Blank),
        ] {
            assert_eq!(text.parse::<RecipeReference>(), Err(why), "{text:?}");
        }
    }
}
