//! Built-in recipe `command`: runs a shell command when the part is installed or updated, as `plone.recipe.command` does.
//!
//! `place` creates the directories in which the command makes its paths.

mod place;

use std::time::Duration;

use buildout_recipe::{
    Command, Description, Error, Init, OptionDescription, Options, Paths, Recipe, Runner, Update, activity, info,
    warning,
};

use place::PartPaths;

/// A part that is made by a command.
pub struct ShellCommand {
    directory: String,
    command: String,
    update_command: Option<String>,
    stop_on_error: bool,
    /// The paths that it makes, as written.
    location: Vec<String>,
    places: PartPaths,
}

impl Recipe for ShellCommand {
    fn describe() -> Description {
        let command = "The command to run when the part is installed. It runs in `/bin/sh`, in the buildout directory, and \
                       may have several lines. It can write to the paths in `location` and to the part's own directory \
                       in the parts directory, and has no network.";
        let location = "The path that the command makes, or several paths, one in each line. Whitespace belongs to a path, \
                        except in a line of absolute paths. What the command makes there is removed when the part is \
                        uninstalled; what existed before is kept. Missing parent directories are created. If a path is in \
                        a directory of the buildout other than the standard directories (`var/file`, \
                        `${other:location}/file`), the command can write to that directory. In any other directory, it can \
                        only make the path. The path cannot belong to the system (`/etc`, `/usr`, …), be a mount point, or \
                        contain the buildout or the home directory.";
        Description::new("Runs a shell command when the part is installed or updated.")
            .option(OptionDescription::text("command", command).required())
            .option(OptionDescription::text(
                "update-command",
                "The command to run when the part is already installed and its options have not changed.",
            ))
            .option(
                OptionDescription::choice(
                    "stop-on-error",
                    "Whether a command that exits with a status other than 0 fails the run. If not, it only causes a warning.",
                    &["true", "yes", "on", "false", "no", "off"],
                )
                .default("false"),
            )
            .option(OptionDescription::path("location", location))
            .grant_run("*")
            .grant_write("${buildout:directory}")
            .grant_write("${:location}")
            .grant_write("${:location}/..")
            .grant_read("${buildout:shared-part-list}")
            .grant_timeout(Duration::from_secs(24 * 60 * 60))
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        let command = options.require("command")?;
        if command.trim().is_empty() {
            return Err(Error::user("No command specified"));
        }
        let directory = init.buildout().directory()?;
        let location = paths(&options.get("location")?.unwrap_or_default(), &directory);
        Ok(Self {
            directory,
            command,
            update_command: options.get("update-command")?,
            stop_on_error: stop_on_error(options)?,
            places: PartPaths::of(init, &location)?,
            location,
        })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        self.run(&self.command)?;
        Ok(self.location.iter().collect())
    }
}

impl Update for ShellCommand {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        if let Some(command) = self.update_command.as_deref().filter(|command| !command.trim().is_empty()) {
            self.run(command)?;
        }
        Ok(None)
    }
}

impl ShellCommand {
    fn run(&self, command: &str) -> Result<(), Error> {
        info!("Running {:?}", command.trim());
        activity("command");
        let runner = Runner::open(&["/bin/sh"])?;
        let made = self.places.make()?;
        let shell = Command::new("/bin/sh").arg("-c").arg(command).directory(&self.directory).show();
        let outcome = shell.run(&runner).map_err(Error::from).and_then(|outcome| {
            if outcome.success() {
                return Ok(());
            }
            let message = format!("The command {}", outcome.ending);
            if self.stop_on_error {
                return Err(Error::user(message));
            }
            warning!("{message}");
            Ok(())
        });
        if outcome.is_err() {
            made.remove();
        }
        outcome
    }
}

/// The paths of `location`. The host reads the option in the same way: the buildout directory is one word, whatever its name
/// is.
fn paths(location: &str, directory: &str) -> Vec<String> {
    // No configuration contains NUL.
    let location = location.replace(directory, "\0");
    let is_absolute = |word: &str| word.starts_with(['/', '\0']);
    let mut paths = Vec::new();
    for line in location.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.split_whitespace().all(is_absolute) {
            paths.extend(line.split_whitespace());
        } else {
            paths.push(line);
        }
    }
    paths.into_iter().map(|path| path.replace('\0', directory)).collect()
}

fn stop_on_error(options: &Options) -> Result<bool, Error> {
    let value = options.get_or("stop-on-error", "false")?;
    match value.to_ascii_lowercase().as_str() {
        "yes" | "on" | "true" => Ok(true),
        "no" | "off" | "false" => Ok(false),
        _ => {
            let message =
                format!("Invalid value for option stop-on-error: {value:?} (expected yes, on, true, no, off or false)");
            Err(Error::user(message))
        }
    }
}

buildout_recipe::export! { package "command"; "default" => ShellCommand, "command" => ShellCommand }

#[cfg(test)]
mod tests {
    use super::*;
    use buildout_recipe::log::Level;
    use buildout_recipe::testing::{Buildout, logged, output};

    fn part(directory: &std::path::Path, options: &[(&str, &str)]) -> Result<ShellCommand, Error> {
        let buildout = Buildout::new(directory).section("part", [("recipe", "plone.recipe.command")]);
        buildout.section("part", options.iter().copied()).init("part")
    }

    #[test]
    fn runs_in_the_buildout_directory_and_owns_its_location() {
        let directory = tempfile::tempdir().unwrap();
        let command = "mkdir x parts/y 'with space' && touch x/file\necho done";
        let options = [("command", command), ("location", "x\n parts/y\nwith space")];
        let mut recipe = part(directory.path(), &options).unwrap();
        assert_eq!(recipe.install().unwrap().as_slice(), ["x", "parts/y", "with space"]);
        assert!(directory.path().join("x/file").is_file() && directory.path().join("parts/y").is_dir());
        assert_eq!(output(), "done\n");
        assert!(!directory.path().join("parts/part").exists(), "it was not used");
        assert_eq!(logged(), [(Level::Info, format!("Running {command:?}"))]);
        assert_eq!(recipe.update().unwrap(), None);
        assert_eq!(logged(), [], "there is nothing to run in an update");
    }

    #[test]
    fn creates_files_and_directories_in_writable_directories() {
        let directory = tempfile::tempdir().unwrap();
        let command = "echo a > var/new/file && mkdir var/new/directory parts/part && touch parts/part/file";
        let location = "var/new/file\nvar/new/directory\nparts/part";
        let mut recipe = part(directory.path(), &[("command", command), ("location", location)]).unwrap();
        recipe.install().unwrap();
        for (path, is_file) in [("var/new/file", true), ("var/new/directory", false), ("parts/part", false)] {
            assert_eq!(directory.path().join(path).symlink_metadata().unwrap().is_file(), is_file, "{path}");
        }
    }

    #[test]
    fn a_location_does_not_exist_before_the_command_makes_it() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(directory.path().join("template")).unwrap();
        for command in ["mkdir deep/x", "ln -s ../template deep/x", "cp -r template deep/x", "echo > deep/x"] {
            let mut recipe = part(directory.path(), &[("command", command), ("location", "deep/x")]).unwrap();
            recipe.install().unwrap();
            assert_eq!(logged().len(), 1, "{command}");
            shared_parts::clear(directory.path().join("deep").to_str().unwrap()).unwrap();
        }
    }

    #[test]
    fn reads_one_path_from_each_line() {
        assert_eq!(
            paths("/home/me/my project/c\n x \n\n/a /b", "/home/me/my project"),
            ["/home/me/my project/c", "x", "/a", "/b"]
        );
        assert_eq!(paths("/a\nb/parts/c /d", "/a\nb"), ["/a\nb/parts/c", "/d"]);
    }

    #[test]
    fn a_failure_leaves_only_existing_files() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("there")).unwrap();
        std::fs::write(directory.path().join("there/mine"), "mine").unwrap();
        let fail = |command: &str, location: &str| {
            let options = [("command", command), ("location", location), ("stop-on-error", "true")];
            let error = part(directory.path(), &options).unwrap().install().unwrap_err().to_string();
            let left: Vec<_> =
                std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert!(left.iter().all(|name| name == "there" || name == "parts"), "{left:?}");
            assert_eq!(std::fs::read(directory.path().join("there/mine")).unwrap(), b"mine");
            assert!(!directory.path().join("parts/part").exists());
            error
        };
        let ended = "The command exited with status 1";
        assert_eq!(fail("mkdir new/x/y; touch new/x/y/z; false", "new/x/y"), ended);
        assert_eq!(fail("touch there/new; false", "there/new\nthere/mine"), ended);
        assert_eq!(fail("mkdir made; touch made/file; false", "made\nthere"), ended);
        assert_eq!(fail("echo > made; exit 1", "made"), ended);
    }

    #[test]
    fn an_update_runs_its_own_command() {
        let directory = tempfile::tempdir().unwrap();
        let mut recipe = part(directory.path(), &[("command", "touch a"), ("update-command", "touch b")]).unwrap();
        assert_eq!(recipe.update().unwrap(), None);
        assert!(directory.path().join("b").exists() && !directory.path().join("a").exists());
    }

    #[test]
    fn a_failure_stops_the_run_only_with_stop_on_error() {
        let directory = tempfile::tempdir().unwrap();
        part(directory.path(), &[("command", "exit 3")]).unwrap().install().unwrap();
        assert_eq!(logged().pop(), Some((Level::Warning, "The command exited with status 3".to_owned())));
        let options = [("command", "kill -9 $$"), ("stop-on-error", "Yes")];
        let error = part(directory.path(), &options).unwrap().install().unwrap_err();
        assert!(error.is_user());
        assert_eq!(error.to_string(), "The command was killed by signal 9");
    }

    #[test]
    fn rejects_invalid_options_before_anything_runs() {
        let directory = tempfile::tempdir().unwrap();
        for (options, message) in [
            (&[("x", "y")][..], "Missing option: part:command"),
            (&[("command", " ")], "No command specified"),
            (
                &[("command", "true"), ("stop-on-error", "maybe")],
                "Invalid value for option stop-on-error: \"maybe\" (expected yes, on, true, no, off or false)",
            ),
        ] {
            assert_eq!(part(directory.path(), options).err().unwrap().to_string(), message);
        }
    }

    #[test]
    fn the_documentation_page_is_current() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/built-in/command.md");
        buildout_recipe::testing::assert_documented(page, "command", vec![("default", ShellCommand::describe())]);
    }
}
