//! Builds the recipe projects that `[buildout] develop` names.
//!
//! Knows nothing of what a component holds. Cargo alone judges whether a crate must be built again: it knows of sources,
//! build scripts, patches and configuration that a fingerprint of ours would miss. But it goes by times, so what it left
//! alone although the content changed is built anew.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, PipeReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use toml_edit::Document;

use super::sources::{Package, Sources};
use super::toolchain::{Fallback, TARGET, distribution_has_sources, fallback, has_target, says_missing_target};
use super::{ComponentError, Developed, RecipeReference};
use crate::confine::Interrupt;
use crate::environment::Environment;
use crate::event::{Event, Report};

/// How many lines of the compiler's messages are kept for a failure.
const MOST_LINES: usize = 10_000;

/// How much debug information Cargo gives a release. A trap can name the author's lines only where there are line tables.
const DEBUG: &str = "CARGO_PROFILE_RELEASE_DEBUG";

/// Builds one recipe project (or takes it, if it is a `.wasm` file) and writes its link file into the directory
/// `develop_eggs`. Where the run is `offline`, Cargo downloads nothing. What the compiler says is reported as output if it
/// fails, as progress otherwise.
///
/// # Errors
/// When `project` is no recipe project, its build fails, or the link cannot be written.
pub fn develop(
    project: &Path,
    develop_eggs: &Path,
    environment: &Environment,
    offline: bool,
    report: &dyn Report,
    interrupt: &Interrupt,
) -> Result<Developed, ComponentError> {
    let project = environment.directory.join(project);
    let project = project.canonicalize().map_err(|error| read_error(&project, error))?;
    let (package, component) = if project.is_dir() {
        let manifest = Manifest::read(&project)?;
        let component =
            Build { project: &project, manifest: &manifest, environment, offline, report, interrupt }.run()?;
        (manifest.package, component)
    } else {
        (component_name(&project)?, project.clone())
    };
    Developed::write(package, project, component, develop_eggs)
}

fn read_error(path: &Path, error: std::io::Error) -> ComponentError {
    ComponentError::Read { path: path.to_owned(), error: Arc::new(error) }
}

/// The package name of a `.wasm` file: its stem.
fn component_name(file: &Path) -> Result<String, ComponentError> {
    let not_a_project = |reason, hint| ComponentError::NotAProject { project: file.to_owned(), reason, hint };
    if file.extension().is_none_or(|extension| extension != "wasm") {
        let hint = "`develop` takes a directory with the Cargo.toml of a recipe crate, or a .wasm file.";
        return Err(not_a_project("it is neither a directory nor a .wasm file", hint));
    }
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    match stem.parse::<RecipeReference>() {
        Ok(reference) if reference.package == stem => Ok(reference.package),
        _ => Err(not_a_project("its name cannot be a recipe package's name", "Rename it, without spaces and colons.")),
    }
}

/// What a recipe crate's `Cargo.toml` says.
struct Manifest {
    /// The package's name.
    package: String,
    /// Whether it says itself how much debug information a release has.
    sets_debug: bool,
}

impl Manifest {
    fn read(project: &Path) -> Result<Self, ComponentError> {
        let not_a_project = |reason, hint| ComponentError::NotAProject { project: project.to_owned(), reason, hint };
        let document = Document::parse(manifest_text(project)?).map_err(|_| {
            not_a_project("its Cargo.toml is not valid TOML", "Run cargo check there: it tells the line.")
        })?;
        let value = |path: &[&str]| path.iter().try_fold(document.as_item(), |item, key| item.get(key));
        let hint = "Name the directory of the crate itself.";
        let package = value(&["package", "name"]).and_then(toml_edit::Item::as_str);
        let package = package.ok_or_else(|| not_a_project("its Cargo.toml names no package", hint))?.to_owned();
        Ok(Self { package, sets_debug: value(&["profile", "release", "debug"]).is_some() })
    }
}

/// The text of a recipe crate's `Cargo.toml`.
fn manifest_text(project: &Path) -> Result<String, ComponentError> {
    let not_a_project = |reason, hint| ComponentError::NotAProject { project: project.to_owned(), reason, hint };
    let manifest = project.join("Cargo.toml");
    match std::fs::read_to_string(&manifest) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(read_error(&manifest, error)),
        Err(_) if project.join("recipe.toml").is_file() => {
            let hint = "Build the component with its own tools, and name the .wasm file in develop.";
            Err(not_a_project("recipe.toml is not supported by this version of buildout-host", hint))
        }
        Err(_) if project.join("setup.py").is_file() || project.join("pyproject.toml").is_file() => {
            let hint = "Recipes are WebAssembly components: see the recipe author's guide in docs/.";
            Err(not_a_project("it is a Python project, which this host does not develop", hint))
        }
        Err(_) => {
            let hint = "`develop` takes a directory with the Cargo.toml of a recipe crate, or a .wasm file.";
            Err(not_a_project("it has no Cargo.toml", hint))
        }
    }
}

/// One build of a recipe crate.
struct Build<'a> {
    project: &'a Path,
    manifest: &'a Manifest,
    environment: &'a Environment,
    offline: bool,
    report: &'a dyn Report,
    interrupt: &'a Interrupt,
}

/// What Cargo left.
struct Outcome {
    success: bool,
    built: Built,
    messages: VecDeque<String>,
}

/// What Cargo told of what it built.
#[derive(Default)]
struct Built {
    component: Option<PathBuf>,
    /// The crate, and those that it depends on by path.
    packages: Vec<Package>,
}

impl Outcome {
    fn misses_target(&self) -> bool {
        !self.success && self.messages.iter().any(|line| says_missing_target(line))
    }
}

impl Build<'_> {
    fn run(&self) -> Result<PathBuf, ComponentError> {
        let project = self.project.to_owned();
        // Asked before, not tried: a failed try would make Cargo build everything again the next time.
        let fallback = self.fallback();
        let mut outcome = self.cargo(fallback.as_ref())?;
        if self.forget_stale(&outcome.built, fallback.as_ref())? {
            outcome = self.cargo(fallback.as_ref())?;
        }
        if outcome.misses_target() {
            return Err(ComponentError::MissingTarget { project });
        }
        if !outcome.success {
            for line in &outcome.messages {
                self.report.report(Event::Output { part: &self.manifest.package, lines: line });
            }
            return Err(ComponentError::Build { project });
        }
        let component = outcome.built.component.ok_or(ComponentError::NoComponent { project })?;
        Sources::of(&component).record(&component);
        Ok(component)
    }

    /// Removes what Cargo keeps of packages that it wrongly took for unchanged; tells whether there are any.
    fn forget_stale(&self, built: &Built, fallback: Option<&Fallback>) -> Result<bool, ComponentError> {
        let Some(component) = &built.component else { return Ok(false) };
        let sources = Sources::of(component);
        let stale = sources.stale(&Sources::recorded(component), &built.packages);
        if stale.is_empty() {
            return Ok(false);
        }
        let mut command = self.cargo_command("clean", fallback);
        command.arg("--quiet").args(stale.iter().flat_map(|package| ["--package", &package.id]));
        // Should it fail, Cargo says so again when it builds.
        command.output().map_err(|error| self.start_error(self.program(), error))?;
        Ok(true)
    }

    fn program(&self) -> &str {
        self.environment.variables.get("CARGO").map_or("cargo", String::as_str)
    }

    fn cargo(&self, fallback: Option<&Fallback>) -> Result<Outcome, ComponentError> {
        let mut command = self.cargo_command("build", fallback);
        command.args(["--message-format", "json-render-diagnostics"]);
        if !self.manifest.sets_debug && !self.environment.variables.contains_key(DEBUG) {
            command.env(DEBUG, "line-tables-only");
        }
        command.args(fallback.iter().flat_map(|fallback| fallback.arguments));
        let failed = |error| self.start_error(self.program(), error);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        // Both pipes are read at once: Cargo would stall on a full one.
        let (over, until_over) = std::io::pipe().map_err(failed)?;
        let (built, messages) = std::thread::scope(|scope| {
            scope.spawn(|| self.end_when_interrupted(&child, over));
            let built = scope.spawn(|| stdout.map(|stdout| self.built(BufReader::new(stdout))));
            let messages = stderr.map(|stderr| self.messages(BufReader::new(stderr))).unwrap_or_default();
            let built = built.join().ok().flatten().unwrap_or_default();
            drop(until_over);
            (built, messages)
        });
        let success = child.wait().map_err(failed)?.success();
        Ok(Outcome { success, built, messages })
    }

    /// Ends Cargo if a signal comes before it is over: then `over` has nobody who could write to it.
    fn end_when_interrupted(&self, cargo: &Child, over: PipeReader) {
        let mut watched = [PollFd::new(&over, PollFlags::IN), PollFd::new(self.interrupt, PollFlags::IN)];
        while matches!(poll(&mut watched, None), Err(Errno::INTR)) {}
        if watched[0].revents().is_empty() {
            // Nobody has taken its status yet, so the number is its own.
            let _ = kill_process(Pid::from_child(cargo), Signal::TERM);
        }
    }

    /// Cargo, about to do what it is told with what is built for recipes.
    fn cargo_command(&self, what: &str, fallback: Option<&Fallback>) -> Command {
        let mut command = self.command(self.program());
        command.args([what, "--release", "--target", TARGET]).args(self.offline.then_some("--offline"));
        command.envs(fallback.iter().flat_map(|fallback| &fallback.variables).map(|(name, value)| (name, value)));
        command
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.project).env_clear().envs(&self.environment.variables).stdin(Stdio::null());
        command
    }

    fn start_error(&self, program: &str, error: std::io::Error) -> ComponentError {
        let (program, project) = (program.to_owned(), self.project.to_owned());
        ComponentError::Start { program, project, error: Arc::new(error) }
    }

    /// What Cargo's messages tell. The component is the last WebAssembly file that this crate's library became.
    fn built(&self, messages: impl BufRead) -> Built {
        let manifest = self.project.join("Cargo.toml");
        let mut built = Built::default();
        for line in messages.split(b'\n').map_while(Result::ok) {
            let Ok(artifact) = serde_json::from_slice::<Artifact>(&line) else { continue };
            if artifact.reason != "compiler-artifact" {
                continue;
            }
            let is_library = artifact.target.crate_types.iter().any(|kind| kind == "cdylib");
            if is_library && artifact.manifest_path.canonicalize().is_ok_and(|path| path == manifest) {
                let is_wasm = |file: &&PathBuf| file.extension().is_some_and(|extension| extension == "wasm");
                built.component = artifact.filenames.iter().find(is_wasm).cloned().or(built.component);
            }
            built.packages.extend(artifact.package());
        }
        built
    }

    /// The compiler's messages, each told as progress on its way.
    fn messages(&self, stderr: impl BufRead) -> VecDeque<String> {
        let mut messages = VecDeque::new();
        for line in stderr.split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            self.report.report(Event::Progress { activity: line.trim() });
            if messages.len() == MOST_LINES {
                messages.pop_front();
            }
            messages.push_back(line);
        }
        self.report.report(Event::ProgressEnd);
        messages
    }

    /// What to do otherwise, where Rust has no target for recipes but the distribution has its sources.
    fn fallback(&self) -> Option<Fallback> {
        if !distribution_has_sources() {
            return None;
        }
        let variable = |name| self.environment.variables.get(name).map_or("", String::as_str);
        let output = self.command("rustc").args(["--print", "sysroot"]).output().ok()?;
        let sysroot = String::from_utf8(output.stdout).ok()?;
        let sysroot = Path::new(sysroot.trim());
        if has_target(sysroot) { None } else { fallback(sysroot, variable("PATH"), variable("RUSTFLAGS")) }
    }
}

/// What is read of a message of `cargo build --message-format json` (Cargo reference, "External tools").
#[derive(Deserialize)]
struct Artifact {
    reason: String,
    package_id: String,
    manifest_path: PathBuf,
    target: Target,
    filenames: Vec<PathBuf>,
    fresh: bool,
}

impl Artifact {
    /// The package, unless it comes from a registry or a repository.
    fn package(self) -> Option<Package> {
        let Self { package_id: id, manifest_path, fresh, .. } = self;
        let directory = manifest_path.parent()?.to_owned();
        id.starts_with("path+file:").then_some(Package { id, directory, fresh })
    }
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

#[cfg(test)]
#[path = "develop_tests.rs"]
mod tests;
