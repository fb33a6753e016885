//! Builds a recipe crate with Cargo.
//!
//! Only Cargo decides whether a crate must be built again: it knows of sources, build scripts, patches and
//! configuration that a fingerprint of ours would miss. But it compares times, so packages that it skipped although
//! their content changed are built again.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde::Deserialize;
use toml_edit::Document;

use super::super::error::ComponentError;
use super::super::sources::{CargoPackage, ComponentSources};
use super::built::{BuiltProject, WHAT_IT_IS};
use super::python::is_python_project;
use super::restore;
use super::tools::{ProjectTools, ToolResults};
use crate::sdk::Language;
use base::files::read_string;
use recipe_toolchain::{Fallback, TARGET, distribution_has_sources, fallback, has_target, says_missing_target};

/// How much debug information Cargo adds to a release. A trap can show the author's lines only if there are line
/// tables.
const DEBUG: &str = "CARGO_PROFILE_RELEASE_DEBUG";

/// The contents of a recipe crate's `Cargo.toml`.
struct CargoManifest {
    /// The package's name.
    package: String,
    /// Whether it sets how much debug information a release has.
    sets_debug: bool,
    /// The SDK, if it is the one that this host carries, in the project itself.
    sdk: Option<Language>,
}

impl CargoManifest {
    fn read(project: &Path) -> Result<Self, ComponentError> {
        let not_a_project = |reason, hint| ComponentError::NotAProject { project: project.to_owned(), reason, hint };
        let document = Document::parse(manifest_text(project)?).map_err(|_| {
            not_a_project("its Cargo.toml is not valid TOML", "Run `cargo check` there: it reports the line.")
        })?;
        let value = |path: &[&str]| path.iter().try_fold(document.as_item(), |item, key| item.get(key));
        let hint = "Specify the directory of the crate itself.";
        let package = value(&["package", "name"]).and_then(toml_edit::Item::as_str);
        let package = package.ok_or_else(|| not_a_project("its Cargo.toml names no package", hint))?.to_owned();
        let sets_debug = value(&["profile", "release", "debug"]).is_some();
        let sdk = value(&["dependencies", "buildout-recipe", "path"]).and_then(toml_edit::Item::as_str);
        Ok(Self { package, sets_debug, sdk: (sdk == Some("sdk/rust")).then_some(Language::Rust) })
    }
}

/// The text of a recipe crate's `Cargo.toml`.
fn manifest_text(project: &Path) -> Result<String, ComponentError> {
    let not_a_project = |reason, hint| ComponentError::NotAProject { project: project.to_owned(), reason, hint };
    let manifest = project.join("Cargo.toml");
    match read_string(&manifest) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ComponentError::read(&manifest, error)),
        Err(_) if is_python_project(project) => Err(ComponentError::PythonProject(project.to_owned())),
        Err(_) => Err(not_a_project("it has no recipe.toml and no Cargo.toml", WHAT_IT_IS)),
    }
}

/// Builds the crate; returns its name and the component.
pub(super) fn build(tools: ProjectTools<'_>, offline: bool) -> Result<BuiltProject, ComponentError> {
    let manifest = CargoManifest::read(tools.project)?;
    restore::sdk(tools.project, manifest.sdk, tools.report)?;
    let component = CargoBuild { tools, manifest: &manifest, offline }.run()?;
    Ok(BuiltProject { package: manifest.package, component })
}

/// This host's SDK in the crate's directory.
pub(super) fn sdk_of(project: &Path) -> Result<Option<Language>, ComponentError> {
    Ok(CargoManifest::read(project)?.sdk)
}

/// One build of a recipe crate.
struct CargoBuild<'a> {
    tools: ProjectTools<'a>,
    manifest: &'a CargoManifest,
    offline: bool,
}

/// The result of a build with Cargo.
type CargoResult = ToolResults<Option<CargoMessages>>;

/// Cargo's messages about what it built.
#[derive(Default)]
struct CargoMessages {
    component: Option<PathBuf>,
    /// The crate, and the crates that it depends on by path.
    packages: Vec<CargoPackage>,
}

impl CargoBuild<'_> {
    fn run(&self) -> Result<PathBuf, ComponentError> {
        let project = self.tools.project.to_owned();
        // Checked in advance: after a failed attempt, Cargo would build everything again next time.
        let fallback = self.fallback();
        let mut outcome = self.cargo(fallback.as_ref())?;
        if self.forget_stale(outcome.read.as_ref(), fallback.as_ref())? {
            outcome = self.cargo(fallback.as_ref())?;
        }
        if !outcome.success {
            if outcome.messages.iter().any(|line| says_missing_target(line)) {
                return Err(ComponentError::MissingTarget { project });
            }
            self.tools.show(&self.manifest.package, &outcome.messages);
            return Err(ComponentError::Build { project });
        }
        let CargoMessages { component, packages } = outcome.read.unwrap_or_default();
        let component = component.ok_or(ComponentError::NoComponent { project })?;
        ComponentSources::of(&component, &packages).record(&component);
        Ok(component)
    }

    /// Removes Cargo's files of packages that it wrongly considered unchanged; returns whether there are any.
    fn forget_stale(&self, built: Option<&CargoMessages>, fallback: Option<&Fallback>) -> Result<bool, ComponentError> {
        let Some((built, component)) = built.and_then(|built| Some((built, built.component.as_ref()?))) else {
            return Ok(false);
        };
        let sources = ComponentSources::of(component, &built.packages);
        let stale = sources.stale(&ComponentSources::recorded(component), &built.packages);
        if stale.is_empty() {
            return Ok(false);
        }
        let mut command = self.cargo_command("clean", fallback);
        command.arg("--quiet").args(stale.iter().flat_map(|package| ["--package", &package.id]));
        // If this fails, Cargo reports it again when it builds.
        command.output().map_err(|error| self.start_error(error))?;
        Ok(true)
    }

    fn program(&self) -> &str {
        self.tools.environment.variables.get("CARGO").map_or("cargo", String::as_str)
    }

    fn cargo(&self, fallback: Option<&Fallback>) -> Result<CargoResult, ComponentError> {
        let mut command = self.cargo_command("build", fallback);
        command.args(["--message-format", "json-render-diagnostics"]);
        if !self.manifest.sets_debug && !self.tools.environment.variables.contains_key(DEBUG) {
            command.env(DEBUG, "line-tables-only");
        }
        command.args(fallback.iter().flat_map(|fallback| fallback.arguments));
        self.tools.run(command, |stdout| self.built(stdout)).map_err(|error| self.start_error(error))
    }

    /// Cargo, with the settings for building recipes.
    fn cargo_command(&self, what: &str, fallback: Option<&Fallback>) -> Command {
        let mut command = self.tools.command(self.program());
        command.args([what, "--release", "--target", TARGET]).args(self.offline.then_some("--offline"));
        command.envs(fallback.iter().flat_map(|fallback| &fallback.variables).map(|(name, value)| (name, value)));
        command
    }

    fn start_error(&self, error: std::io::Error) -> ComponentError {
        let (program, project) = (self.program().to_owned(), self.tools.project.to_owned());
        let hint = "Install Rust with rustup, or put cargo on the PATH.";
        ComponentError::Start { program, project, error: Arc::new(error), hint }
    }

    /// The contents of Cargo's messages. The component is the last WebAssembly file of this crate's library.
    fn built(&self, messages: impl BufRead) -> CargoMessages {
        let manifest = self.tools.project.join("Cargo.toml");
        let mut built = CargoMessages::default();
        for line in messages.split(b'\n').map_while(Result::ok) {
            let Ok(artifact) = serde_json::from_slice::<CargoArtifact>(&line) else { continue };
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

    /// The remedy if Rust has no target for recipes but the distribution has its sources.
    fn fallback(&self) -> Option<Fallback> {
        if !distribution_has_sources() {
            return None;
        }
        let variable = |name| self.tools.environment.variables.get(name).map_or("", String::as_str);
        let output = self.tools.command("rustc").args(["--print", "sysroot"]).output().ok()?;
        let sysroot = String::from_utf8(output.stdout).ok()?;
        let sysroot = Path::new(sysroot.trim());
        if has_target(sysroot) { None } else { fallback(sysroot, variable("PATH"), variable("RUSTFLAGS")) }
    }
}

/// The part that is read of a message of `cargo build --message-format json` (Cargo reference, "External tools").
#[derive(Deserialize)]
struct CargoArtifact {
    reason: String,
    package_id: String,
    manifest_path: PathBuf,
    target: CargoTarget,
    filenames: Vec<PathBuf>,
    fresh: bool,
}

impl CargoArtifact {
    /// The package, unless it comes from a registry or a repository.
    fn package(self) -> Option<CargoPackage> {
        let Self { package_id: id, manifest_path, fresh, .. } = self;
        let directory = manifest_path.parent()?.to_owned();
        id.starts_with("path+file:").then_some(CargoPackage { id, directory, fresh })
    }
}

#[derive(Deserialize)]
struct CargoTarget {
    crate_types: Vec<String>,
}
