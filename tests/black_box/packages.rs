//! The packages of `cargo xtask package`, each installed in a clean place, used and removed. They are made of the program
//! under test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use test_support::{Space, host, printed, repository, target_directory};

const CONFIGURATION: &str = "[buildout]\nparts = data\n[data]\nrecipe = mkdir\npath = data\n";

/// The packages, made once.
fn packages() -> &'static Path {
    static MADE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let directory = MADE.get_or_init(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let key = directory.path().join("publisher");
        let mut keys = Command::new(host());
        run(keys.args(["key", "generate", "--output"]).arg(&key).env("COSIGN_PASSWORD", "x"));
        let mut package = Command::new(target_directory().join("release/xtask"));
        package.current_dir(repository()).args(["package", "--program"]).arg(host());
        package.arg("--key").arg(key.with_extension("key")).arg("--output").arg(directory.path().join("packages"));
        run(package.env("COSIGN_PASSWORD", "x").env("SOURCE_DATE_EPOCH", "1700000000"));
        directory
    });
    directory.path()
}

#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", printed(&output));
    printed(&output)
}

fn package(ending: &str) -> PathBuf {
    let entries = std::fs::read_dir(packages().join("packages")).expect("packages");
    let mut paths = entries.map(|entry| entry.expect("an entry").path());
    paths.find(|path| path.to_string_lossy().ends_with(ending)).unwrap_or_else(|| panic!("no {ending}"))
}

/// Uses an installed program as a new user does, with nothing else of ours on the PATH.
#[track_caller]
fn works(prefix: &Path) {
    let space = Space::new();
    space.write("buildout.cfg", CONFIGURATION);
    let program = prefix.join("bin/buildout-host");
    let printed = run(space.command(&program).arg("run").env("PATH", "/usr/bin:/bin"));
    assert!(printed.contains("data: Creating directory data") && space.exists("data"), "{printed}");
    let version = run(space.command(&program).args(["--version", "--verbose"]));
    let target = format!("target: {}-unknown-linux-", std::env::consts::ARCH);
    assert!(version.starts_with("buildout-host ") && version.contains("\ncommit: ") && version.contains(&target));
    let checks = printed_of(space.command(&program).arg("doctor"));
    let runtime = prefix.canonicalize().expect("the prefix").join("share/buildout-host/python-runtime.wasm.zst");
    assert!(checks.contains(&format!("ok          Python runtime       {}", runtime.display())), "{checks}");
    for file in [
        "share/man/man1/buildout-host.1",
        "share/man/man1/buildout-host-run.1",
        "share/bash-completion/completions/buildout-host",
        "share/zsh/site-functions/_buildout-host",
        "share/fish/vendor_completions.d/buildout-host.fish",
        "share/doc/buildout-host/licenses.txt",
        "share/doc/buildout-host/sbom.cdx.json",
    ] {
        assert!(prefix.join(file).is_file(), "{file}");
    }
    let text = |name: &str| std::fs::read_to_string(prefix.join("share/doc/buildout-host").join(name)).expect(name);
    assert!(text("licenses.txt").contains("\nwasmtime 48."), "wasmtime is linked");
    let bill: serde_json::Value = serde_json::from_str(&text("sbom.cdx.json")).expect("JSON");
    assert_eq!(bill["bomFormat"], "CycloneDX");
    let components = bill["components"].as_array().expect("components");
    assert!(components.iter().any(|component| component["name"] == "wasmtime"));
    assert!(!components.iter().any(|component| component["name"] == "proptest"), "tests are not linked");
}

fn printed_of(command: &mut Command) -> String {
    printed(&command.output().expect("it runs"))
}

#[test]
fn the_wheel_installs_runs_and_goes() {
    let directory = tempfile::tempdir().expect("a directory");
    let environment = directory.path().join("environment");
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
    let before = files(&environment);
    let pip = || {
        let mut pip = Command::new(environment.join("bin/python"));
        pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet"]);
        pip
    };
    let wheel = package(".whl");
    run(pip().args(["install", "--no-index", "--no-compile"]).arg(&wheel));
    works(&environment);
    // A second version, installed over the first.
    run(pip().args(["install", "--no-index", "--no-compile", "--force-reinstall"]).arg(&wheel));
    works(&environment);
    run(pip().args(["uninstall", "--yes", "buildout-host"]));
    let left: Vec<String> = files(&environment).into_iter().filter(|file| !before.contains(file)).collect();
    assert!(!left.iter().any(|file| file.contains("buildout")), "{left:?}");
}

#[test]
fn the_debian_package_unpacks_and_runs() {
    let root = tempfile::tempdir().expect("a directory");
    let package = package(".deb");
    let control = run(Command::new("dpkg-deb").arg("--field").arg(&package));
    assert!(control.contains("Package: buildout-host") && control.contains("Depends: libc6 (>= 2."), "{control}");
    run(Command::new("dpkg-deb").arg("--extract").arg(&package).arg(root.path()));
    works(&root.path().join("usr"));
}

#[test]
fn the_tarball_has_signed_checksums() {
    let (directory, packages) = (tempfile::tempdir().expect("a directory"), packages());
    run(Command::new("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(packages.join("packages")));
    let decode = "base64 -d SHA256SUMS.sig > ../decoded && \
                  openssl dgst -sha256 -verify ../publisher.pub -signature ../decoded SHA256SUMS";
    run(Command::new("sh").args(["-c", decode]).current_dir(packages.join("packages")));
    run(Command::new("tar").arg("-xf").arg(package(".tar.gz")).arg("-C").arg(directory.path()));
    let entries = std::fs::read_dir(directory.path()).expect("the unpacked tarball");
    let prefix = entries.map(|entry| entry.expect("an entry").path()).next().expect("one directory");
    works(&prefix);
}

/// All files below a directory.
fn files(directory: &Path) -> Vec<String> {
    let found = run(Command::new("find").arg(directory));
    found.lines().map(str::to_owned).collect()
}
