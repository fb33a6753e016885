//! Recipe references: the value of `recipe =`.

use std::fmt;
use std::str::FromStr;

use base::distribution_name::canonical;

/// The entry point of a reference without one.
pub const DEFAULT_ENTRY_POINT: &str = "default";

/// `package[version][:entry-point]`. Printed without the entry point if that is `default`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecipeReference {
    /// The recipe package.
    pub package: String,
    /// What is required of the version of a Python recipe, such as `>=2.0`, without whitespace; usually empty.
    pub version: String,
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

    /// Parses the value of `recipe =`; whitespace at both ends, around the colon and around a version is ignored, as in
    /// zc.buildout.
    fn from_str(text: &str) -> Result<Self, InvalidRecipeReference> {
        let (package, entry_point) = match text.trim().split_once(':') {
            None => (text.trim(), DEFAULT_ENTRY_POINT),
            Some((package, entry_point)) => (package.trim(), entry_point.trim()),
        };
        let (package, version) = package.split_at(package.find(is_of_version).unwrap_or(package.len()));
        let package = package.trim_end();
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
        let version = version.split([' ', '\t']).collect::<String>();
        if version.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(InvalidRecipeReference::Blank);
        }
        Ok(Self { package: package.to_owned(), version, entry_point: entry_point.to_owned() })
    }
}

/// Whether the requirement of a version begins with this character (`[` begins extras).
fn is_of_version(c: char) -> bool {
    matches!(c, '<' | '>' | '=' | '!' | '~' | '[')
}

impl RecipeReference {
    /// The entry point of a package in any version.
    pub fn new(package: impl Into<String>, entry_point: impl Into<String>) -> Self {
        Self { package: package.into(), version: String::new(), entry_point: entry_point.into() }
    }

    /// What the Python distribution has to be: its name, and what is required of its version.
    pub fn requirement(&self) -> String {
        format!("{}{}", self.package, self.version)
    }

    /// Whether the package has this name. Names of Python distributions are compared in their canonical form, or another
    /// spelling of a name would escape what is said about it.
    pub fn is_of(&self, package: &str) -> bool {
        self.package == package || canonical(&self.package) == canonical(package)
    }
}

impl fmt::Display for RecipeReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.package, self.version)?;
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
    fn a_version_may_be_required() {
        let t = |text: &str, package: &str, version: &str, entry_point: &str| {
            let read: RecipeReference = text.parse().unwrap();
            assert_eq!((&*read.package, &*read.version, &*read.entry_point), (package, version, entry_point), "{text}");
            assert_eq!(read.to_string().parse(), Ok(read), "{text}");
        };
        t("zc.recipe.testrunner ==5.0", "zc.recipe.testrunner", "==5.0", "default");
        t("zc.recipe.egg >= 2.0, <4 : scripts", "zc.recipe.egg", ">=2.0,<4", "scripts");
        t("zc.recipe.egg>=2.0:scripts", "zc.recipe.egg", ">=2.0", "scripts");
        t("a[test]~=1", "a", "[test]~=1", "default");
    }

    #[test]
    fn another_spelling_is_the_same_package() {
        let written: RecipeReference = "Collective_Recipe-cmd>=0.1".parse().unwrap();
        assert!(written.is_of("collective.recipe.cmd") && !written.is_of("collective.recipe"));
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
            ("a >=1\nb", InvalidRecipeReference::Blank),
            (">=1", InvalidRecipeReference::NoPackage),
        ] {
            assert_eq!(text.parse::<RecipeReference>(), Err(why), "{text:?}");
        }
    }
}
