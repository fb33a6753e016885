//! The Python runtime: one component with CPython, zc.buildout and what Python recipes need (`recipes/python`).
//!
//! Its inputs are the files of `recipes/python` and `wit`; it is built again only when one of them has changed. The
//! compiler and the packages come from a package index by the machine's own settings, and are checked by their digests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use crate::workspace::{CommandFailure, Workspace, run};

/// Directories of `recipes/python` that are not in the component.
const NOT_INPUTS: [&str; 4] = ["__pycache__", "tests", ".mypy_cache", ".pytest_cache"];
/// Packages of which only the metadata is kept, and modules that no recipe uses. autocommand has a license (LGPL) that
/// would have to be observed, and only scripts of setuptools use it.
const LEFT_OUT: [&str; 7] = [
    "bin",
    "pip",
    "setuptools/_vendor/autocommand",
    "setuptools/tests",
    "wheel",
    "zc/buildout/testing.py",
    "zc/buildout/tests",
];

/// Compresses the component, and writes down its digest, which the host carries.
const PACK: &str = include_str!("pack.py");

/// The component, once it is built. The file that is installed next to the program is `python-runtime.wasm.zst`; the host's
/// build script reads `python-runtime.digest`.
pub fn component(workspace: &Workspace) -> PathBuf {
    directory(workspace).join("python-runtime.wasm")
}

/// Builds the component where that is possible: the host works without it, but then runs no Python recipe.
pub(crate) fn python_runtime_if_possible(workspace: &Workspace) -> Result<(), CommandFailure> {
    if has_python(workspace) {
        return python_runtime(workspace).map(drop);
    }
    eprintln!(
        "xtask: no python3 with venv here: the host is built without the Python runtime, and cannot run recipes in \
         Python"
    );
    Ok(())
}

/// Its tests, where it can be built.
pub(crate) fn test_if_possible(workspace: &Workspace) -> Result<(), CommandFailure> {
    if has_python(workspace) { test(workspace) } else { Ok(()) }
}

/// Whether there is a Python that can make virtual environments.
fn has_python(workspace: &Workspace) -> bool {
    let mut asked = workspace.program("python3", ["-c", "import ensurepip, venv"]);
    asked.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The contract between the component and the host.
fn wit(workspace: &Workspace) -> PathBuf {
    workspace.root.join("wit")
}

fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target.join("python-runtime")
}

/// Builds the component if its inputs have changed; gives its path.
pub fn python_runtime(workspace: &Workspace) -> Result<PathBuf, CommandFailure> {
    let sources = workspace.root.join("recipes/python");
    let (compiler, packages) = set_up(workspace, &sources)?;
    let inputs = package_inputs(&sources)? + &contents(&[sources.clone(), wit(workspace)])?;
    let build = directory(workspace).join("build");
    let is_new = make_once(&build, &inputs, || componentize(workspace, &sources, &compiler, &packages, &build))?;
    let (component, packed) = (component(workspace), component(workspace).with_extension("wasm.zst"));
    if is_new || !packed.exists() {
        let built = build.join("python-runtime.wasm");
        fs::copy(&built, &component).map_err(|error| failure("Cannot copy", &built, &error))?;
        let python = compiler.join("bin/python3");
        let mut pack = workspace.program(&python.to_string_lossy(), ["-c", PACK]);
        run(pack.args([&component, &packed]))?;
    }
    Ok(component)
}

/// Runs the tests that need no component, with the bindings that the component gets.
pub fn test(workspace: &Workspace) -> Result<(), CommandFailure> {
    let sources = workspace.root.join("recipes/python");
    let (compiler, packages) = set_up(workspace, &sources)?;
    let bindings = directory(workspace).join("bindings");
    make_once(&bindings, &contents(&[wit(workspace)])?, || {
        let mut command = componentize_py(workspace, &compiler);
        run(command.arg("bindings").arg(bindings.join("python")))
    })?;
    let path = [&bindings.join("python"), &packages, &sources.join("stand-ins"), &sources];
    let path = std::env::join_paths(path).map_err(|error| CommandFailure::new(error.to_string()))?;
    let python = compiler.join("bin/python3");
    let mut command =
        workspace.program(&python.to_string_lossy(), ["-W", "ignore", "-m", "unittest", "discover", "-t", "."]);
    run(command.args(["-s", "tests"]).current_dir(&sources).env("PYTHONPATH", path).env("PYTHONDONTWRITEBYTECODE", "1"))
}

/// The compiler and the packages, each in a directory.
fn set_up(workspace: &Workspace, sources: &Path) -> Result<(PathBuf, PathBuf), CommandFailure> {
    let (compiler, packages) = (directory(workspace).join("compiler"), directory(workspace).join("packages"));
    make_once(&compiler, &read(&sources.join("compiler.txt"))?, || set_up_compiler(workspace, sources, &compiler))?;
    make_once(&packages, &package_inputs(sources)?, || set_up_packages(workspace, sources, &compiler, &packages))?;
    Ok((compiler, packages))
}

/// What decides which files the packages have.
fn package_inputs(sources: &Path) -> Result<String, CommandFailure> {
    Ok(read(&sources.join("packages.txt"))? + &LEFT_OUT.join("\n"))
}

/// A virtual environment with componentize-py.
fn set_up_compiler(workspace: &Workspace, sources: &Path, to: &Path) -> Result<(), CommandFailure> {
    run(workspace.program("python3", ["-m", "venv"]).arg(to))?;
    run(&mut pip(workspace, to, &sources.join("compiler.txt")))
}

/// The packages, without what is not used.
fn set_up_packages(workspace: &Workspace, sources: &Path, compiler: &Path, to: &Path) -> Result<(), CommandFailure> {
    let mut install = pip(workspace, compiler, &sources.join("packages.txt"));
    run(install.args(["--no-deps", "--no-compile", "--target"]).arg(to))?;
    for name in LEFT_OUT {
        let path = to.join(name);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failure("Cannot remove", &path, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn pip(workspace: &Workspace, environment: &Path, requirements: &Path) -> std::process::Command {
    let python = environment.join("bin/python3");
    let mut pip = workspace.program(&python.to_string_lossy(), ["-m", "pip", "install", "--quiet"]);
    pip.args(["--disable-pip-version-check", "--require-hashes", "--requirement"]).arg(requirements);
    pip
}

/// Compiles the runtime and the packages to one component.
fn componentize(
    workspace: &Workspace,
    sources: &Path,
    compiler: &Path,
    packages: &Path,
    to: &Path,
) -> Result<(), CommandFailure> {
    let begin = Instant::now();
    // Python compares the times of its compiled files with those of the sources, which may be too coarse.
    remove_compiled(sources)?;
    let mut command = componentize_py(workspace, compiler);
    command.args(["componentize", "python_runtime"]);
    for directory in [sources, &sources.join("stand-ins"), packages] {
        command.arg("--python-path").arg(directory);
    }
    run(command.arg("--output").arg(to.join("python-runtime.wasm")))?;
    remove_compiled(sources)?;
    eprintln!("xtask: the Python runtime was built in {:.0?}", begin.elapsed());
    Ok(())
}

fn componentize_py(workspace: &Workspace, compiler: &Path) -> std::process::Command {
    let program = compiler.join("bin/componentize-py");
    let mut command = workspace.program(&program.to_string_lossy(), ["--quiet", "--world", "runtime", "--wit-path"]);
    // The packages of such an environment, and of the first python3 on the path, would be looked at, too.
    command.arg(wit(workspace)).env_remove("VIRTUAL_ENV").env("PATH", compiler.join("bin"));
    command
}

fn remove_compiled(directory: &Path) -> Result<(), CommandFailure> {
    for path in entries(directory)? {
        if path.file_name().is_some_and(|name| name == "__pycache__") {
            fs::remove_dir_all(&path).map_err(|error| failure("Cannot remove", &path, &error))?;
        } else if path.is_dir() {
            remove_compiled(&path)?;
        }
    }
    Ok(())
}

/// Does `make` in the empty directory `to`, unless that was done to its end with the same inputs. Gives whether it did.
fn make_once(
    to: &Path,
    inputs: &str,
    make: impl FnOnce() -> Result<(), CommandFailure>,
) -> Result<bool, CommandFailure> {
    let record = to.with_extension("made-of");
    if to.exists() && fs::read_to_string(&record).is_ok_and(|recorded| recorded == inputs) {
        return Ok(false);
    }
    eprintln!("xtask: making {}", to.display());
    if to.exists() {
        fs::remove_dir_all(to).map_err(|error| failure("Cannot remove", to, &error))?;
    }
    let _ = fs::remove_file(&record);
    fs::create_dir_all(to).map_err(|error| failure("Cannot make", to, &error))?;
    make()?;
    fs::write(&record, inputs).map_err(|error| failure("Cannot write", &record, &error))?;
    Ok(true)
}

/// Names and contents of all input files, one after the other.
fn contents(directories: &[PathBuf]) -> Result<String, CommandFailure> {
    let mut files = Vec::new();
    for directory in directories {
        collect(directory, &mut files)?;
    }
    let mut all = String::new();
    for file in files {
        all.push_str(&format!("{}\n{}\n", file.display(), read(&file)?));
    }
    Ok(all)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), CommandFailure> {
    for path in entries(directory)? {
        let is_input = path.file_name().is_some_and(|name| NOT_INPUTS.iter().all(|left_out| name != *left_out));
        if path.is_dir() && is_input {
            collect(&path, files)?;
        } else if is_input
            && path.extension().is_some_and(|ending| ["py", "txt", "wit"].iter().any(|known| ending == *known))
        {
            files.push(path);
        }
    }
    Ok(())
}

/// What is in a directory, sorted.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, CommandFailure> {
    let listed = fs::read_dir(directory).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<PathBuf> = listed.map_err(|error| failure("Cannot read", directory, &error))?;
    paths.sort();
    Ok(paths)
}

fn read(file: &Path) -> Result<String, CommandFailure> {
    fs::read_to_string(file).map_err(|error| failure("Cannot read", file, &error))
}

fn failure(what: &str, path: &Path, error: &std::io::Error) -> CommandFailure {
    CommandFailure::new(format!("{what} {}: {error}", path.display()))
}
