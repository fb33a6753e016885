//! Built-in recipe `debug`: prints the options of its part, as the recipe in the documentation of buildout 1.0 does. It
//! makes nothing.

use buildout_recipe::{Description, Error, Init, Options, Paths, Recipe};

/// A part that prints its options.
pub struct Debug {
    options: Options,
}

impl Debug {
    /// `option value`, sorted by option.
    fn lines(&self) -> Result<Vec<String>, Error> {
        let mut names = self.options.keys()?;
        names.sort();
        names.iter().map(|name| Ok(format!("{name} {}", self.options.require(name)?))).collect()
    }
}

impl Recipe for Debug {
    fn describe() -> Description {
        Description::new("Prints the options of its part, sorted by name.")
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        Ok(Self { options: init.options().clone() })
    }

    #[allow(clippy::print_stdout, reason = "printing is what this recipe is for")]
    fn install(&mut self) -> Result<Paths, Error> {
        for line in self.lines()? {
            println!("{line}");
        }
        Ok(Paths::none())
    }
}

buildout_recipe::export! { package "debug"; "default" => Debug, "debug" => Debug }

#[cfg(test)]
mod tests {
    use super::*;
    use buildout_recipe::testing::Buildout;

    #[test]
    fn options_are_sorted_by_name() {
        let options = [("recipe", "recipes:debug"), ("File 2", "b"), ("File 1", "a")];
        let mut recipe = Buildout::new("/b").section("debug", options).init::<Debug>("debug").unwrap();
        assert_eq!(recipe.lines().unwrap(), ["File 1 a", "File 2 b", "recipe recipes:debug"]);
        assert_eq!(recipe.install().unwrap(), Paths::none());
    }

    #[test]
    fn the_documentation_page_is_current() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/built-in/debug.md");
        buildout_recipe::testing::assert_documented(page, "debug", vec![("default", Debug::describe())]);
    }
}
