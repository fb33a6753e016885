//! Tests of `develop`, with the real Cargo where the build is tested.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use super::*;
use crate::component::{Component, ComponentOrigin};
use base::collections::Set;
use base::environment::Environment;
use base::event::{Event, Report, Silent};
use base::interrupt::Interrupt;
use base::source::Explain as _;

const MANIFEST: &str =
    "[package]\nname = \"my-recipes\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n";

/// A buildout's directory with a recipe project `recipes` and a directory for links.
struct TestProject {
    directory: tempfile::TempDir,
    environment: Environment,
}

impl TestProject {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut environment = Environment::of_process().unwrap();
        environment.directory = directory.path().to_owned();
        // The test's target directory is not the author's.
        environment.variables.remove("CARGO_TARGET_DIR");
        let project = Self { directory, environment };
        fs::create_dir_all(project.path("recipes/src")).unwrap();
        fs::create_dir(project.path("links")).unwrap();
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path("recipes").join(name), text).unwrap();
    }

    fn develop(&self, report: &dyn Report) -> Result<DevelopedRecipe, ComponentError> {
        self.develop_path(Path::new("recipes"), report, false)
    }

    fn develop_path(&self, path: &Path, report: &dyn Report, offline: bool) -> Result<DevelopedRecipe, ComponentError> {
        let (environment, interrupt) = (&self.environment, &Interrupt::new().unwrap());
        develop(path, &self.path("links"), &RecipeBuilder { environment, offline, report, interrupt })
    }

    /// Develops, and keeps what was reported as output.
    fn output(&self, offline: bool) -> Vec<String> {
        let lines = ReportedOutput::default();
        self.develop_path(Path::new("recipes"), &lines, offline).unwrap_err();
        lines.0.into_inner().unwrap()
    }

    /// The reason why it is not a recipe project.
    fn reason(&self) -> String {
        self.develop(&Silent).unwrap_err().to_string()
    }

    /// Replaces `cargo build` by a script: the shell finds it under the name of the first argument.
    fn cargo(mut self, script: &str) -> Self {
        self.write("build", script);
        self.environment.variables.insert("CARGO".to_owned(), "/bin/sh".to_owned());
        self
    }
}

fn component(developed: &DevelopedRecipe) -> Component {
    Component::read(&developed.component, &developed.package, ComponentOrigin::Path(PathBuf::new())).unwrap()
}

fn digest(developed: &DevelopedRecipe) -> base::digest::Digest {
    component(developed).digest
}

fn has_line_tables(project: &TestProject) -> bool {
    component(&project.develop(&Silent).unwrap()).bytes().unwrap().windows(11).any(|window| window == b".debug_line")
}

/// Keeps the lines that were reported as output.
#[derive(Default)]
struct ReportedOutput(Mutex<Vec<String>>);

impl Report for ReportedOutput {
    fn report(&self, event: Event<'_>) {
        if let Event::Output { lines: line, .. } = event {
            self.0.lock().unwrap().push(line.to_owned());
        }
    }
}

#[test]
fn a_crate_is_built_again_only_when_it_changed() {
    let project =
        TestProject::new(&[("Cargo.toml", MANIFEST), ("src/lib.rs", "#[unsafe(no_mangle)] pub fn one() -> u8 { 1 }")]);
    let first = project.develop(&Silent).unwrap();
    assert_eq!(first.package, "my-recipes");
    assert_eq!(first.project, project.path("recipes").canonicalize().unwrap());
    assert!(first.component.ends_with("wasm32-wasip2/release/my_recipes.wasm"), "{first:?}");
    let links: Vec<_> = fs::read_dir(project.path("links")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(links, ["my-recipes.egg-link"]);
    let (before, written) = (digest(&first), fs::metadata(&first.component).unwrap().modified().unwrap());
    assert_eq!(project.develop(&Silent).unwrap(), first);
    assert_eq!(fs::metadata(&first.component).unwrap().modified().unwrap(), written, "not built again");
    project.write("src/lib.rs", "#[unsafe(no_mangle)] pub fn one() -> u8 { 2 }");
    assert_ne!(digest(&project.develop(&Silent).unwrap()), before);
}

/// Regardless of the clock: it was set back before an edit, or was far ahead during the first build.
#[test]
fn a_source_with_an_old_time_is_built_again() {
    let manifest = MANIFEST.replace("[workspace]", "[dependencies]\nhelp = { path = \"help\" }\n[workspace]");
    let library = "#[unsafe(no_mangle)] pub fn one() -> u8 { help::HELP }";
    let project = TestProject::new(&[("Cargo.toml", &manifest), ("src/lib.rs", library)]);
    fs::create_dir_all(project.path("recipes/help/src")).unwrap();
    project.write("help/Cargo.toml", "[package]\nname = \"help\"\nedition = \"2024\"\n");
    project.write("help/src/lib.rs", "pub const HELP: u8 = 1;");
    let write_dated = |name: &str, text: &str, days: u64| {
        project.write(name, text);
        let file = fs::File::options().append(true).open(project.path("recipes").join(name)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(days * 86_400)).unwrap();
    };
    let mut digests = Set::default();
    let mut is_new = || digests.insert(digest(&project.develop(&Silent).unwrap()));
    assert!(is_new());
    write_dated("src/lib.rs", &library.replace("help::HELP", "2 + help::HELP"), 1);
    assert!(is_new(), "the crate itself");
    write_dated("help/src/lib.rs", "pub const HELP: u8 = 3;", 1);
    assert!(is_new(), "a crate that it depends on");
    write_dated("src/lib.rs", &library.replace("help::HELP", "5 + help::HELP"), 100_000);
    assert!(is_new());
    write_dated("src/lib.rs", &library.replace("help::HELP", "7 + help::HELP"), 99_999);
    assert!(is_new(), "the future is over");
    assert!(!is_new(), "and nothing to do");
}

/// A script replaces Cargo; a scenario shows how the real one uses the argument.
#[test]
fn cargo_is_offline_if_the_run_is() {
    let project = TestProject::new(&[("Cargo.toml", MANIFEST)]).cargo("echo \"$@\" >&2; exit 1");
    let build = "--release --target wasm32-wasip2";
    let format = "--message-format json-render-diagnostics";
    assert_eq!(project.output(true), [format!("{build} --offline {format}")]);
    assert_eq!(project.output(false), [format!("{build} {format}")]);
}

#[test]
fn what_the_compiler_says_is_reported_as_it_is() {
    let project = TestProject::new(&[("Cargo.toml", MANIFEST), ("src/lib.rs", "pub fn one() -> u8 { \"one\" }")]);
    let lines = ReportedOutput::default();
    let error = project.develop(&lines).unwrap_err();
    assert!(matches!(error, ComponentError::Build { .. }), "{error}");
    let lines = lines.0.into_inner().unwrap();
    assert!(lines.iter().any(|line| line.starts_with("error[E0308]: mismatched types")), "{lines:?}");
    assert!(lines.iter().any(|line| line.trim_start().starts_with("--> src/lib.rs:1:22")), "{lines:?}");
    assert_eq!(fs::read_dir(project.path("links")).unwrap().count(), 0, "no link to what was not built");
}

#[test]
fn a_crate_that_is_not_a_library_makes_no_component() {
    let manifest = "[package]\nname = \"a\"\nedition = \"2024\"\n[workspace]\n";
    let project = TestProject::new(&[("Cargo.toml", manifest), ("src/main.rs", "fn main() {}")]);
    let error = project.develop(&Silent).unwrap_err();
    assert!(matches!(error, ComponentError::NoComponent { .. }), "{error}");
    assert!(error.hints()[0].contains("crate-type = [\"cdylib\"]"));
}

#[test]
fn a_missing_target_is_reported_with_what_to_install() {
    let project = TestProject::new(&[("Cargo.toml", MANIFEST)])
        .cargo("echo '  = note: the `wasm32-wasip2` target may not be installed' >&2; exit 101");
    let error = project.develop(&Silent).unwrap_err();
    assert!(matches!(error, ComponentError::MissingTarget { .. }), "{error}");
    assert!(error.hints()[0].contains("rustup target add wasm32-wasip2"));
}

#[test]
fn without_cargo_the_error_names_it() {
    let mut project = TestProject::new(&[("Cargo.toml", MANIFEST)]);
    project.environment.variables.insert("CARGO".to_owned(), "/nonexistent/cargo".to_owned());
    assert!(project.reason().starts_with("Cannot start /nonexistent/cargo to build "));
}

#[test]
fn what_is_not_a_recipe_project_is_explained() {
    assert!(TestProject::new(&[]).reason().ends_with("it has no recipe.toml and no Cargo.toml"));
    let workspace = TestProject::new(&[("Cargo.toml", "[workspace]\n")]);
    assert!(workspace.reason().ends_with("its Cargo.toml names no package"));
    assert!(TestProject::new(&[("Cargo.toml", "[package")]).reason().ends_with("its Cargo.toml is not valid TOML"));
    let python = TestProject::new(&[("setup.py", "")]);
    assert!(python.reason().ends_with("it is a Python project"));
    let absent = python.develop_path(Path::new("/nonexistent"), &Silent, false).unwrap_err();
    assert!(absent.to_string().starts_with("Cannot read /nonexistent: "), "{absent}");
}

#[test]
fn a_component_file_is_taken_as_it_is() {
    let project = TestProject::new(&[("acme.wasm", "x"), ("a b.wasm", "x"), ("acme.txt", "x")]);
    let take = |name: &str| project.develop_path(&project.path(name), &Silent, false);
    let developed = take("recipes/acme.wasm").unwrap();
    assert_eq!((developed.package.as_str(), &developed.component), ("acme", &developed.project));
    assert!(take("recipes/a b.wasm").unwrap_err().to_string().contains("cannot be a recipe package's name"));
    assert!(take("recipes/acme.txt").unwrap_err().to_string().contains("neither a directory nor a .wasm file"));
}

#[test]
fn a_crate_has_line_tables_unless_it_says_otherwise() {
    let library = ("src/lib.rs", "#[unsafe(no_mangle)] pub fn one(a: &[u8], i: usize) -> u8 { a[i] }");
    assert!(has_line_tables(&TestProject::new(&[("Cargo.toml", MANIFEST), library])));
    let without = format!("{MANIFEST}[profile.release]\ndebug = false\n");
    assert!(!has_line_tables(&TestProject::new(&[("Cargo.toml", &without), library])));
}

/// A project whose build command is this shell script, which is to make `out.wasm`.
fn scripted(script: &str) -> TestProject {
    let command = "[recipe]\nname = \"acme\"\n[build]\ncommand = [\"sh\", \"build\"]\ncomponent = \"out.wasm\"\n";
    let project = TestProject::new(&[("recipe.toml", command), ("build", script)]);
    fs::write(project.path("recipes/a.wasm"), b"\0asm\x0d\0\x01\0").unwrap();
    project
}

#[test]
fn a_version_that_comes_back_is_built_from_the_present_sources() {
    let manifest = |version: &str| MANIFEST.replace("edition", &format!("version = \"{version}\"\nedition"));
    let library = |value: u8| format!("#[unsafe(no_mangle)] pub fn one() -> u8 {{ {value} }}");
    let project = TestProject::new(&[("Cargo.toml", &manifest("0.1.0")), ("src/lib.rs", &library(1))]);
    let first = digest(&project.develop(&Silent).unwrap());
    project.write("Cargo.toml", &manifest("0.2.0"));
    project.write("src/lib.rs", &library(2));
    project.develop(&Silent).unwrap();
    project.write("Cargo.toml", &manifest("0.1.0"));
    // As version control may set it: older than the first build.
    let source = fs::File::options().append(true).open(project.path("recipes/src/lib.rs")).unwrap();
    source.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(86_400)).unwrap();
    assert_ne!(digest(&project.develop(&Silent).unwrap()), first);
}

/// Lets a build end when another one waits for it.
struct EndsWhenAnotherWaits(PathBuf);

impl Report for EndsWhenAnotherWaits {
    fn report(&self, event: Event<'_>) {
        if let Event::Log { message, .. } = event
            && message.starts_with("Waiting for another build of ")
        {
            fs::write(&self.0, "").unwrap();
        }
    }
}

#[test]
fn builds_of_one_project_take_turns() {
    let project = scripted(
        "mkdir busy || exit 1\ntouch started\nuntil [ -e go ]; do sleep 0.01; done\ncp a.wasm out.wasm\nrmdir busy\n",
    );
    let report = EndsWhenAnotherWaits(project.path("recipes/go"));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| project.develop(&Silent));
        while !project.path("recipes/started").exists() {
            assert!(!first.is_finished());
            std::thread::yield_now();
        }
        project.develop(&report).unwrap();
        first.join().unwrap().unwrap();
    });
}

#[test]
fn a_build_ends_when_its_tool_ends() {
    let project = scripted("cp a.wasm out.wasm\nsleep 600 &\necho $! > background\n");
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| sender.send(project.develop(&Silent).is_ok()).unwrap());
        let built = receiver.recv_timeout(std::time::Duration::from_secs(120));
        let background = fs::read_to_string(project.path("recipes/background")).unwrap();
        let background = rustix::process::Pid::from_raw(background.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(background, rustix::process::Signal::KILL).unwrap();
        assert_eq!(built, Ok(true));
    });
}
