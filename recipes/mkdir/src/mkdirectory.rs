//! Entry point `mkdirectory`: makes directories that are kept when the part is uninstalled, as
//! `slapos.recipe.build:mkdirectory` does.

use buildout_recipe::{Context, Description, Error, Init, OptionDescription, Paths, Recipe, Update, set_mode};

use buildout_recipe::text::join;

/// Directories for data.
pub struct Mkdirectory {
    directories: Vec<String>,
    mode: Option<u32>,
}

impl Recipe for Mkdirectory {
    fn describe() -> Description {
        let mode = "The permissions of new directories, in octal digits, regardless of the umask. Example: `700`.";
        Description::new(
            "Makes directories and their parents.\n\nEach option except `mode` is the path of a directory, relative to the \
             buildout directory. The option names do not matter. The directories are for data, so they are not removed when \
             the part is uninstalled.",
        )
        .option(OptionDescription::text("mode", mode))
        .grant_read("/")
        .grant_write("${buildout:directory}")
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        let base = init.buildout().directory()?;
        let mode = match options.get("mode")?.unwrap_or_default().trim() {
            "" => None,
            mode => match u32::from_str_radix(mode, 8) {
                Ok(mode) if mode <= 0o777 => Some(mode),
                _ => {
                    return Err(Error::user(format!(
                        "Invalid value for option mode: {mode:?} (expected up to three octal digits)"
                    )));
                }
            },
        };
        let mut directories = Vec::new();
        for name in options.keys()? {
            if !matches!(name.as_str(), "recipe" | "mode") {
                directories.push(options.require(&name)?.trim().to_owned());
            }
        }
        directories.retain(|directory| !directory.is_empty());
        directories.sort();
        let directories = directories.iter().map(|directory| join(&base, directory)).collect();
        Ok(Self { directories, mode })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        let missing = |directory: &&String| !std::path::Path::new(directory.as_str()).is_dir();
        for directory in self.directories.iter().filter(missing) {
            std::fs::create_dir_all(directory)
                .map_err(|error| Error::user(error.to_string()))
                .context(format!("Cannot create {directory}"))?;
            if let Some(mode) = self.mode {
                set_mode(directory, mode)?;
            }
        }
        Ok(Paths::none())
    }
}

impl Update for Mkdirectory {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        self.install().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use buildout_recipe::testing::Buildout;

    #[test]
    fn makes_each_directory_and_owns_none() {
        let directory = tempfile::tempdir().unwrap();
        let options =
            [("recipe", "slapos.recipe.build:mkdirectory"), ("log", "var/log"), ("data", "srv/data"), ("x", "")];
        let mut recipe = Buildout::new(directory.path()).section("dirs", options).init::<Mkdirectory>("dirs").unwrap();
        assert_eq!(recipe.install().unwrap(), Paths::none());
        assert!(directory.path().join("var/log").is_dir() && directory.path().join("srv/data").is_dir());
        std::fs::remove_dir(directory.path().join("srv/data")).unwrap();
        assert_eq!(recipe.update().unwrap(), Some(Paths::none()));
        assert!(directory.path().join("srv/data").is_dir());
    }

    #[test]
    fn applies_and_checks_the_mode() {
        let directory = tempfile::tempdir().unwrap();
        let part = |mode: &str| Buildout::new(directory.path()).section("dirs", [("a", "deep/a"), ("mode", mode)]);
        part("0700").init::<Mkdirectory>("dirs").unwrap().install().unwrap();
        let made = std::fs::metadata(directory.path().join("deep/a")).unwrap();
        assert_eq!(made.permissions().mode() & 0o7777, 0o700);
        let error = part("rwx").init::<Mkdirectory>("dirs").err().unwrap();
        assert_eq!(error.to_string(), "Invalid value for option mode: \"rwx\" (expected up to three octal digits)");
    }
}
