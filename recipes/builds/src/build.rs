//! Builds a part: provides the sources, patches them, runs the phases, checks the result.

use std::path::Path;

use buildout_recipe::{Command, Context, Error, Paths, Runner, activity, debug, warning};
use shared_parts::clear;

use crate::environment::{self, BuildVariables};
use crate::inputs::patch;
use crate::phases::BuildPhase;
use crate::reproduce;
use crate::settings::BuildSettings;
use crate::shebang;
use crate::sources::downloader;

/// The directory of the patches in the part's own directory, kept for users who inspect a failed build.
const PATCHES: &str = ".patches";

/// Checks by a recipe while its part is built.
pub trait Checks {
    /// Checks the patched sources in `directory`.
    ///
    /// # Errors
    /// If the sources are wrong. Then nothing is built.
    fn sources(&self, directory: &str) -> Result<(), Error> {
        let _ = directory;
        Ok(())
    }

    /// Checks the installed files.
    ///
    /// # Errors
    /// If the result is wrong. Then the part is not made.
    fn installed(&self, runner: &Runner) -> Result<(), Error> {
        let _ = runner;
        Ok(())
    }
}

/// No checks.
impl Checks for () {}

impl BuildSettings {
    /// Builds and installs the part. Returns the paths that the buildout owns.
    ///
    /// # Errors
    /// If a step or a check fails. Then nothing is left at the location.
    pub fn install(&self, checks: &dyn Checks) -> Result<Paths, Error> {
        let mut paths = self.place.install(|| build(self, checks))?;
        if let Some(kept) = self.kept_directory() {
            paths.push(kept);
        }
        Ok(paths)
    }

    /// Makes a shared part again if it was removed.
    ///
    /// # Errors
    /// As [`Self::install`].
    pub fn update(&self, checks: &dyn Checks) -> Result<Option<Paths>, Error> {
        self.place.update(|| build(self, checks))
    }

    /// The build directory, if it is kept. It then belongs to the part.
    fn kept_directory(&self) -> Option<&str> {
        // It does not exist if another buildout built the shared part.
        let kept = self.keep_build_directory && Path::new(&self.own_directory).is_dir();
        kept.then_some(self.own_directory.as_str())
    }
}

/// Builds a part into its location, which must be an empty directory.
fn build(settings: &BuildSettings, checks: &dyn Checks) -> Result<(), Error> {
    let runner = Runner::open(&["*"])?;
    let directory = settings.build_directory.as_str();
    remove(&runner, &settings.own_directory)?;
    make_parent(&settings.own_directory)?;
    let base = runner.environment();
    let environment = environment::evaluate(&settings.environment, &base)?;
    for (name, value) in &environment {
        debug!("{name}={value}");
    }
    settings.sources.provide(&runner, directory)?;
    let sources = top(directory)?;
    let build = NativeBuild { settings, runner: &runner, directory: &sources, environment: &environment };
    build.patch()?;
    checks.sources(&sources)?;
    let new = make_prefix(settings)?;
    build.run_phases(&base).inspect_err(|_| {
        // Removes only an empty directory.
        let _ = new.map(std::fs::remove_dir);
    })?;
    build.check(&base, checks)?;
    if !settings.keep_build_directory {
        activity("clean up");
        remove(&runner, &settings.own_directory)?;
    }
    check_promises(&settings.promises, &runner)?;
    shebang::repair(&runner, settings.place.location())
}

/// A build in progress.
struct NativeBuild<'a> {
    settings: &'a BuildSettings,
    runner: &'a Runner,
    /// The working directory of the commands.
    directory: &'a str,
    environment: &'a BuildVariables,
}

impl NativeBuild<'_> {
    fn patch(&self) -> Result<(), Error> {
        let patches = &self.settings.patches;
        if patches.files.is_empty() {
            return Ok(());
        }
        activity("patch");
        let kept = format!("{}/{PATCHES}", self.settings.own_directory);
        std::fs::create_dir_all(&kept).context(format!("creating {kept}"))?;
        for (number, address) in patches.files.iter().enumerate() {
            let (request, url) = patch(address);
            let file = format!("{kept}/{}", number + 1);
            let downloader = downloader()?;
            let fetched = request.fetch(&downloader).map_err(Error::from);
            fetched.and_then(|patch| Ok(patch.copy(&file)?)).context(format!("patch {url}"))?;
            let command = format!("{} < {}", patches.command, reproduce::quoted(&file));
            let outcome = self.shell(&command)?;
            if !outcome.success() {
                return Err(Error::user(format!("Cannot apply patch {url} in {}", self.directory)));
            }
        }
        Ok(())
    }

    fn run_phases(&self, base: &BuildVariables) -> Result<(), Error> {
        let phases = self.settings.phases.as_slice();
        for phase in phases {
            activity(phase.name);
            let outcome = self.shell(&phase.command)?;
            if !outcome.success() {
                let again = self.by_hand(base, phase);
                return Err(Error::user(format!(
                    "{} {}. The build directory is {}{again}",
                    phase.name, outcome.ending, self.directory
                )));
            }
        }
        if let Some(first) = phases.first().filter(|_| self.settings.keep_build_directory) {
            let _ = self.write_script(base, first);
        }
        Ok(())
    }

    fn check(&self, base: &BuildVariables, checks: &dyn Checks) -> Result<(), Error> {
        let Err(error) = checks.installed(self.runner) else { return Ok(()) };
        match self.settings.phases.first() {
            Some(first) if error.is_user() => {
                let again = self.by_hand(base, first);
                Err(Error::user(format!("{error}. The build directory is {}{again}", self.directory)))
            }
            _ => Err(error),
        }
    }

    /// Runs shell commands, and stops at the first one that fails.
    fn shell(&self, command: &str) -> Result<buildout_recipe::Outcome, Error> {
        let shell = Command::new("/bin/sh").args(["-c", &format!("set -e;{command}")]);
        Ok(shell.directory(self.directory).environment(self.environment.clone()).run(self.runner)?)
    }

    /// The end of an error message: how to repeat the build by hand.
    fn by_hand(&self, base: &BuildVariables, first: &BuildPhase) -> String {
        let script = self.write_script(base, first);
        script.map_or_else(String::new, |script| {
            format!("; to repeat the build without confinement, run: sh {}", reproduce::quoted(&script))
        })
    }

    /// Writes the script that repeats the build, starting with `first`. If the script cannot be written, this is only a
    /// warning: it must not hide the failure of the build.
    fn write_script(&self, base: &BuildVariables, first: &BuildPhase) -> Option<String> {
        let own = &self.settings.own_directory;
        let path = format!("{own}/{}", reproduce::NAME);
        let script = reproduce::BuildScript {
            directory: self.directory,
            base,
            environment: self.environment,
            phases: &self.settings.phases,
            first: first.name,
        };
        // The directory does not exist if the sources are built in place.
        let written = std::fs::create_dir_all(own).and_then(|()| std::fs::write(&path, script.text()));
        match written {
            Ok(()) => Some(path),
            Err(error) => {
                warning!("Cannot write {path}: {error}");
                None
            }
        }
    }
}

/// The directory of the sources: the only entry of `directory` if that is a directory, else `directory`.
fn top(directory: &str) -> Result<String, Error> {
    let mut entries = std::fs::read_dir(directory)
        .map_err(|error| Error::user(error.to_string()))
        .context(format!("reading {directory}"))?;
    let (Some(first), None) = (entries.next(), entries.next()) else { return Ok(directory.to_owned()) };
    let name = first.context(format!("reading {directory}"))?.file_name().to_string_lossy().into_owned();
    let inner = format!("{directory}/{name}");
    Ok(if Path::new(&inner).is_dir() { inner } else { directory.to_owned() })
}

/// Removes a directory with a native command, which is faster for many files and can also remove protected ones.
fn remove(runner: &Runner, directory: &str) -> Result<(), Error> {
    if !Path::new(directory).is_dir() {
        return clear(directory);
    }
    const SCRIPT: &str = "rm -rf -- \"$1\" 2>/dev/null || { chmod -R u+rwx -- \"$1\"; rm -rf -- \"$1\"; } 2>/dev/null";
    // A command that is confined to the directory cannot remove the directory itself: the recipe does that.
    let _ = Command::new("/bin/sh").args(["-c", SCRIPT, "remove", directory]).run(runner)?;
    clear(directory)
}

/// Creates the parts directory, which is missing if all earlier parts were shared.
fn make_parent(directory: &str) -> Result<(), Error> {
    match Path::new(directory).parent() {
        Some(parent) if !parent.exists() => {
            std::fs::create_dir_all(parent).context(format!("creating {}", parent.display()))
        }
        _ => Ok(()),
    }
}

/// Creates the prefix if it is not in the location, because commands can see only existing directories. Returns the prefix
/// if it is new.
fn make_prefix(settings: &BuildSettings) -> Result<Option<&str>, Error> {
    let Some(prefix) = settings.prefix.as_deref().filter(|prefix| !Path::new(prefix).is_dir()) else { return Ok(None) };
    std::fs::create_dir_all(prefix).map_err(|error| {
        Error::user(format!(
            "Cannot create prefix {prefix} ({}): create it or its parent directory first",
            error.kind()
        ))
    })?;
    Ok(Some(prefix))
}

/// Warns about missing files. A command does the check, because commands see system directories that the recipe does not.
fn check_promises(promises: &[String], runner: &Runner) -> Result<(), Error> {
    let unseen: Vec<&String> = promises.iter().filter(|promise| std::fs::metadata(promise).is_err()).collect();
    if unseen.is_empty() {
        return Ok(());
    }
    const SCRIPT: &str = "for promise in \"$@\"; do [ -e \"$promise\" ]; echo $?; done";
    let look = Command::new("/bin/sh").args(["-c", SCRIPT, "look"]).args(unseen.iter().copied());
    let found = look.capture().run(runner)?.check()?;
    let found = String::from_utf8_lossy(&found);
    for (promise, _) in unseen.into_iter().zip(found.lines()).filter(|(_, status)| *status != "0") {
        warning!("The promised file {promise} does not exist");
    }
    Ok(())
}
