//! Entry point `mkdirectory`: makes directories that stay when the part is uninstalled, as
//! `slapos.recipe.build:mkdirectory` does.

use buildout_recipe::{Command, Context, Description, Error, Init, OptionDescription, Paths, Recipe, Runner, Update};

use crate::join;

/// Directories for data.
pub struct Mkdirectory {
    base: String,
    directories: Vec<String>,
    mode: Option<String>,
}

impl Recipe for Mkdirectory {
    fn describe() -> Description {
        let mode = "The permissions of directories that are made, in octal digits, whatever the umask. Example: `700`.";
        Description::new(
            "Makes directories, with those above them.\n\nEach option but `mode` names one, relative to the buildout \
             directory; the option's name says nothing. They hold data: uninstalling the part does not remove them.",
        )
        .option(OptionDescription::text("mode", mode))
        .grant_read("/")
        .grant_write("${buildout:directory}")
        .grant_run("mkdir")
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        let base = init.buildout().directory()?;
        let mode = options.get("mode")?.map(|mode| mode.trim().to_owned()).filter(|mode| !mode.is_empty());
        if let Some(mode) =
            mode.as_ref().filter(|mode| mode.len() > 4 || !mode.bytes().all(|b| matches!(b, b'0'..=b'7')))
        {
            return Err(Error::user(format!("Option mode has up to four octal digits, not {mode:?}")));
        }
        let mut directories = Vec::new();
        for name in options.keys()? {
            if !matches!(name.as_str(), "recipe" | "mode") {
                directories.push(options.require(&name)?.trim().to_owned());
            }
        }
        directories.retain(|directory| !directory.is_empty());
        directories.sort();
        let directories = directories.iter().map(|directory| join(&base, directory)).collect();
        Ok(Self { base, directories, mode })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        let missing = |directory: &&String| !std::path::Path::new(directory.as_str()).is_dir();
        for directory in self.directories.iter().filter(missing) {
            match &self.mode {
                None => std::fs::create_dir_all(directory)
                    .map_err(|error| Error::user(error.to_string()))
                    .context(format!("Cannot create {directory}"))?,
                Some(mode) => {
                    // WASI sets no permissions.
                    let runner = Runner::open(&["mkdir"])?;
                    let command = Command::new("mkdir").args(["-p", "-m", mode.as_str(), "--", directory.as_str()]);
                    command
                        .directory(&self.base)
                        .run(&runner)?
                        .check()
                        .context(format!("Cannot create {directory}"))?;
                }
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
    fn every_option_is_a_directory_and_none_is_owned() {
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
    fn mode_is_kept_and_checked() {
        let directory = tempfile::tempdir().unwrap();
        let part = |mode: &str| Buildout::new(directory.path()).section("dirs", [("a", "deep/a"), ("mode", mode)]);
        part("0700").init::<Mkdirectory>("dirs").unwrap().install().unwrap();
        let made = std::fs::metadata(directory.path().join("deep/a")).unwrap();
        assert_eq!(made.permissions().mode() & 0o7777, 0o700);
        let error = part("rwx").init::<Mkdirectory>("dirs").err().unwrap();
        assert_eq!(error.to_string(), "Option mode has up to four octal digits, not \"rwx\"");
    }
}
