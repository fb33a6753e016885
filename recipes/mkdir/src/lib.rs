//! Built-in recipe `mkdir`: makes a directory, as the recipe in the documentation of buildout 1.0 does.
//!
//! The option `path` is relative to the buildout directory; its parent must exist. There is no `update`, so a directory that
//! was removed by hand is made again. The entry point `mkdirectory` is in its own file.

mod mkdirectory;

pub use mkdirectory::Mkdirectory;

use buildout_recipe::text::join;
use buildout_recipe::{Context, Description, Error, Init, OptionDescription, Paths, Recipe};

/// A directory.
pub struct Mkdir {
    path: String,
}

impl Recipe for Mkdir {
    fn describe() -> Description {
        Description::new("Makes a directory.")
            .option(OptionDescription::path("path", "The directory to make. Its parent must exist.").required())
            .grant_read("/")
            .grant_write("${buildout:directory}")
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let path = join(&init.buildout().directory()?, &init.options().require("path")?);
        init.options().set("path", &path)?;
        let (parent, _) = split(&path);
        if !std::path::Path::new(parent).is_dir() {
            buildout_recipe::error!("Cannot create {path}. {parent} is not a directory.");
            return Err(Error::user("Invalid Path"));
        }
        Ok(Self { path })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        if !std::path::Path::new(&self.path).is_dir() {
            let (_, name) = split(&self.path);
            buildout_recipe::info!("Creating directory {name}");
            std::fs::create_dir(&self.path)
                .map_err(|error| Error::user(error.to_string()))
                .context(format!("Cannot create {}", self.path))?;
        }
        Ok(self.path.as_str().into())
    }
}

/// Splits a path into parent and name at the last slash, like `os.path.split`.
fn split(path: &str) -> (&str, &str) {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    match parent.trim_end_matches('/') {
        "" => ("/", name),
        parent => (parent, name),
    }
}

buildout_recipe::export! { package "mkdir"; "default" => Mkdir, "mkdir" => Mkdir, "mkdirectory" => Mkdirectory }

#[cfg(test)]
mod tests {
    use super::*;
    use buildout_recipe::log::Level;
    use buildout_recipe::testing::{Buildout, logged};

    fn buildout(directory: &std::path::Path, path: &str) -> Buildout {
        Buildout::new(directory).section("data-dir", [("recipe", "recipes:mkdir"), ("path", path)])
    }

    #[test]
    fn makes_the_directory_once_and_returns_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mystuff").to_str().unwrap().to_owned();
        let buildout = buildout(directory.path(), "mystuff");
        let mut recipe = buildout.init::<Mkdir>("data-dir").unwrap();
        assert_eq!(buildout.option("data-dir", "path").unwrap(), path);
        assert_eq!(recipe.install().unwrap().as_slice(), [path.as_str()]);
        assert!(directory.path().join("mystuff").is_dir());
        assert_eq!(logged(), [(Level::Info, "Creating directory mystuff".to_owned())]);
        assert_eq!(recipe.install().unwrap().as_slice(), [path.as_str()]);
        assert_eq!(logged(), []);
    }

    #[test]
    fn a_parent_that_is_not_a_directory_is_a_user_error() {
        let directory = tempfile::tempdir().unwrap();
        let error = buildout(directory.path(), "/xxx/mydata").init::<Mkdir>("data-dir").err().unwrap();
        assert!(error.is_user());
        assert_eq!(error.to_string(), "Invalid Path");
        let message = "Cannot create /xxx/mydata. /xxx is not a directory.".to_owned();
        assert_eq!(logged(), [(Level::Error, message)]);
    }

    #[test]
    fn the_option_path_is_required() {
        let buildout = Buildout::new("/b").section("data-dir", [("recipe", "recipes:mkdir")]);
        let error = buildout.init::<Mkdir>("data-dir").err().unwrap();
        assert_eq!(error.to_string(), "Missing option: data-dir:path");
    }

    #[test]
    fn paths_are_split_at_the_last_slash() {
        assert_eq!(split("/a/b"), ("/a", "b"));
        assert_eq!(split("/a"), ("/", "a"));
        assert_eq!(split("/a//b"), ("/a", "b"));
    }

    #[test]
    fn the_documentation_page_is_current() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/built-in/mkdir.md");
        buildout_recipe::testing::assert_documented(
            page,
            "mkdir",
            vec![("default", Mkdir::describe()), ("mkdirectory", Mkdirectory::describe())],
        );
    }
}
